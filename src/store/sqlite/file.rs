//! The database file on its disk: who may work on it, whether it is whole, whether it is still there.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;

use super::super::{Result, StoreError, remedy};

/// How long is looked for damage at start. Some tens of megabytes are read through in that time; of a larger file
/// only a part, since webhooks wait meanwhile.
const LONGEST_LOOK: Duration = Duration::from_millis(100);

/// How many of SQLite's steps pass between two looks at the time.
const STEPS: i32 = 10_000;

/// Result code of a statement that was ended by the time.
const INTERRUPTED: u32 = 9;

/// A file that cannot be worked on, and why.
pub(in crate::store) fn refused(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::File { path: path.display().to_string(), why: format!("{why}") }
}

/// The same with what SQLite said.
pub(in crate::store) fn refused_by(path: &Path, error: &sqlx::Error) -> StoreError {
    refused(path, &format!("{error}; {}", remedy::of(error)))
}

pub(super) fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| refused(path, &error))
}

/// Takes the lock of a database file, or says why not. The lock goes with the process, however that ends.
pub(super) fn lock_beside(path: &Path) -> Result<std::fs::File> {
    let others = "another forstok-accurate works on it; stop that one first, or give this one its own database";
    lock_if_free(path)?.ok_or_else(|| refused(path, &others))
}

/// The same, or nothing when somebody holds it.
pub(in crate::store) fn lock_if_free(path: &Path) -> Result<Option<std::fs::File>> {
    // Another name for the same file is no other file.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = beside(&real, ".lock");
    let file = std::fs::File::options().create(true).truncate(false).write(true).open(&name);
    let file = file.map_err(|error| {
        let name = name.display();
        refused(path, &format!("{name}: {error}; let the service's user write to this file and its folder"))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(refused(path, &error)),
    }
}

/// Makes sure that the file can be written to and is whole, as far as that can be seen in [`LONGEST_LOOK`].
pub(super) async fn examine(path: &Path, connection: &mut SqliteConnection) -> Result<()> {
    let examined = async {
        // SQLite opens what may only be read all the same, and says so with the first write.
        sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut *connection).await?;
        let begun = Instant::now();
        connection.lock_handle().await?.set_progress_handler(STEPS, move || begun.elapsed() < LONGEST_LOOK);
        let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
        connection.lock_handle().await?.remove_progress_handler();
        found
    };
    match examined.await {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(refused(path, &format!("{}; {}", found.replace('\n', " "), remedy::DAMAGED))),
        Err(error) if remedy::code(&error) == Some(INTERRUPTED) => Ok(()),
        Err(error) => Err(refused_by(path, &error)),
    }
}

/// Which files were opened: what is written into a file that somebody has taken away is lost with the process.
#[derive(Debug)]
pub(super) struct Opened(Vec<(PathBuf, Option<(u64, u64)>)>);

impl Opened {
    /// The file and its companions as they are now.
    pub(super) fn at(path: &Path) -> Self {
        let files = [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")];
        Self(files.map(|file| (file.clone(), identity(&file))).into())
    }

    /// Makes sure that they are still there.
    pub(super) fn still_there(&self) -> Result<()> {
        match self.0.iter().find(|(file, then)| identity(file) != *then) {
            None => Ok(()),
            Some((file, _)) => Err(refused(
                file,
                &"it was removed or replaced while the service runs: put it back as it was, or start the service again; \
                 nothing more is taken until then",
            )),
        }
    }
}

fn identity(file: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
