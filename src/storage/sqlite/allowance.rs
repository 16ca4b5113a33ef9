//! The lock that a service and its commands share beside a database file; see `storage/allowance.rs`.

use std::{
    fs::{File, TryLockError},
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::file::{beside, private, refused};
use crate::{clock::Clock, storage::Result};

/// How often a waiting command writes to the file.
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// A command is waiting if the file was written within this time.
const IS_WANTED: SignedDuration = SignedDuration::from_secs(3);

/// The file, and whether this process shares its lock.
#[derive(Debug)]
pub struct LockOnFile {
    file: File,
    shared: bool,
}

impl LockOnFile {
    /// For the service; creates the file if it is missing.
    pub(in crate::storage) fn made(path: &Path) -> Result<Self> {
        let name = beside(path, ".calls");
        let file = private().create(true).truncate(false).open(&name);
        Ok(Self { file: file.map_err(|error| refused(&name, &error))?, shared: false })
    }

    /// For a command: waits until no service shares the lock. `None` if there is no such file.
    pub(in crate::storage) async fn borrowed(path: &Path, wait: Duration, clock: &dyn Clock) -> Result<Option<Self>> {
        let name = beside(path, ".calls");
        let file = match File::options().write(true).open(&name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| refused(&name, &error))?,
        };
        let end = clock.monotonic() + wait;
        loop {
            // The service sees from the file's modification time that a command is waiting.
            file.write_all_at(b"1", 0).map_err(|error| refused(&name, &error))?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { file, shared: false })),
                Err(TryLockError::Error(error)) => return Err(refused(&name, &error)),
                Err(TryLockError::WouldBlock) if clock.monotonic() >= end => {
                    let why = format!("the running service lent none of its calls within {} s", wait.as_secs());
                    return Err(refused(&name, &why));
                }
                Err(TryLockError::WouldBlock) => clock.sleep(BETWEEN_WRITES).await,
            }
        }
    }

    pub(in crate::storage) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether a command is waiting for the lock.
    pub(in crate::storage) fn is_wanted(&self, clock: &dyn Clock) -> bool {
        let metadata = self.file.metadata().ok();
        // An empty file was created by a service; no command has written to it yet.
        let metadata = metadata.filter(|metadata| metadata.len() > 0);
        let written = metadata.and_then(|metadata| Timestamp::try_from(metadata.modified().ok()?).ok());
        written.is_some_and(|at| clock.now().duration_since(at).abs() < IS_WANTED)
    }

    pub(in crate::storage) fn try_share(&mut self) -> bool {
        self.shared = self.file.try_lock_shared().is_ok();
        self.shared
    }

    pub(in crate::storage) fn release(&mut self) {
        // If this fails, the lock stays shared: the command keeps waiting, which is harmless.
        self.shared = self.file.unlock().is_err();
    }
}
