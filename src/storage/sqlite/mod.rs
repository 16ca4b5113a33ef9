//! Storage in one SQLite file: one writer, several readers, every commit synced to disk.

mod allowance;
mod backup;
mod base;
mod checkpoint;
mod connection;
mod file;
mod readers;
mod record;
mod restore;
mod schema;
mod sync;
mod verify;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex as Lock, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(super) use self::{
    allowance::LockOnFile,
    connection::{Access, SqliteRow, connect, execute, fetch, in_place, number},
    file::{lock_if_free, refused, refused_by},
};
pub use self::{
    backup::backup,
    restore::{Existing, Restored, restore},
    verify::{Held, Verified, verify},
};
use self::{
    checkpoint::{Checkpointer, Log},
    file::{
        Mark, Opened, Trouble, beside, close_to_others, examine, lock_beside, make_folder, make_private,
        may_be_created, must_exist,
    },
    readers::Readers,
    sync::Syncs,
    writer::{Committed, Owner, Writer, writing_connection},
};
use super::{Readable, Result, StorageError, remedy, sql::Sql};

/// How long a statement waits for a lock that another process (a backup, a person's shell) has on the file. Our own
/// commands keep it for milliseconds; a process that keeps it longer than this keeps it for minutes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a sender's delivery waits for the writing connection. Together with [`BUSY_TIMEOUT`], a sender gets a 503
/// within four seconds, which is less than any known sender's timeout.
const LONGEST_WAIT_FOR_WRITER: Duration = Duration::from_secs(2);

/// Storage in one SQLite file.
pub type Sqlite = Sql<SqliteFile>;

/// One SQLite file.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    /// SQLite has one writer. Tasks wait for it here, in the order of arrival, instead of polling the file's lock.
    writer: Arc<Mutex<Option<Connection>>>,
    /// Locked during each transaction, and while the log is restarted (see `checkpoint`).
    writing: Arc<Lock<()>>,
    /// Locked by every write except those of deliveries and pings, so that a delivery waits for at most one of them.
    behind_deliveries: Mutex<()>,
    /// The service syncs after its commits; in a command (`None`), SQLite syncs inside each commit.
    syncs: Option<Syncs>,
    readers: Arc<Readers>,
    checkpointer: Lock<Option<Checkpointer>>,
    /// When a ping last wrote. Probes may be frequent, and each write syncs the disk.
    pinged: Lock<Option<Instant>>,
    /// The files that were opened. Declared after the connections, so that it is dropped after them.
    opened: Arc<Opened>,
    /// Set once damage is found. Nothing is written from then on, because it could be lost with the damaged file.
    damage: OnceLock<String>,
    /// When a write last failed, and its error; cleared when a delivery is recorded.
    trouble: Lock<Option<(Instant, String)>>,
    /// The lock file of the service, kept for the life of the process: leases of a second service on the same file
    /// could not be distinguished from ours.
    lock_file: Option<std::fs::File>,
}

impl Sqlite {
    /// Opens the file for the service: creates it and its folder if they are missing, and applies migrations.
    #[expect(clippy::unused_async, reason = "the function of the same name for PostgreSQL is async")]
    pub async fn open(path: &Path) -> Result<Self> {
        in_place(|| {
            make_folder(path)?;
            may_be_created(path)?;
            let lock = lock_beside(path)?;
            make_private(path)?;
            let file = SqliteFile::open(path, Some(lock))?;
            // Only now: the permissions of another program's file, or of a folder, must not be changed.
            close_to_others(path);
            Ok(Self(file))
        })
    }

    /// Opens an existing file for a command that claims no orders; a service may be running.
    #[expect(clippy::unused_async, reason = "the function of the same name for PostgreSQL is async")]
    pub async fn open_beside(path: &Path) -> Result<Self> {
        in_place(|| {
            must_exist(path)?;
            Ok(Self(SqliteFile::open(path, None)?))
        })
    }

    /// Opens the file to read it, while a service may be running. Creates no files and applies no migrations.
    #[expect(clippy::unused_async, reason = "the function of the same name for PostgreSQL is async")]
    pub async fn open_to_read(path: &Path) -> Result<Readable> {
        in_place(|| {
            if !path.try_exists().map_err(|error| refused(path, &error))? {
                return Ok(Readable::Absent);
            }
            must_exist(path)?;
            let access = access_to_read(path);
            let read = || -> Result<_> {
                let readers = Readers::open(path.to_owned(), access)?;
                let connection = connect(path, access)?;
                schema::is_ours(path, &connection)?;
                Ok((readers, schema::is_current(path, &connection)?))
            };
            let (readers, is_current) = read().map_err(|error| refused_by(path, error))?;
            if !is_current {
                return Ok(Readable::Older);
            }
            Ok(Readable::Now(Arc::new(Self(SqliteFile::new(path, None, readers, Opened::at(path, 0, None), None)))))
        })
    }
}

/// How to open a file that may belong to another user, so that SQLite creates no files beside it.
fn access_to_read(path: &Path) -> Access {
    // Without a log, nobody is using the file. Opened normally, SQLite would create a log that belongs to this user
    // and that the service's user could not write to.
    if beside(path, "-wal").exists() { Access::Read } else { Access::ReadUnchanging }
}

impl SqliteFile {
    fn open(path: &Path, lock: Option<std::fs::File>) -> Result<Self> {
        let opened = || -> Result<_> {
            let mut writer = writing_connection(path, Access::Make, Owner::of_lock(lock.as_ref()))?;
            if lock.is_some() {
                examine(path, &mut writer)?;
            }
            schema::migrate(path, &mut writer)?;
            let readers = Readers::open(path.to_owned(), Access::Read)?;
            let page_size = number(&writer, "PRAGMA page_size")?;
            let mark = lock.is_some().then(|| Mark::make(path, &writer)).transpose()?;
            // Writing the mark has created the log.
            let syncs = lock.is_some().then(|| Syncs::of(&beside(path, "-wal"))).transpose();
            let syncs = syncs.map_err(|error| refused(path, &error))?;
            Ok((writer, readers, Opened::at(path, page_size.unsigned_abs(), mark), syncs))
        };
        let (writer, readers, opened, syncs) = opened().map_err(|error| refused_by(path, error))?;
        Ok(Self { syncs, ..Self::new(path, Some(writer), readers, opened, lock) })
    }

    fn new(
        path: &Path,
        writer: Option<Connection>,
        readers: Arc<Readers>,
        opened: Opened,
        lock_file: Option<std::fs::File>,
    ) -> Self {
        let opened = Arc::new(opened);
        let writing = Arc::default();
        let start = |_| Checkpointer::start(path.to_owned(), opened.clone(), Arc::clone(&writing));
        let checkpointer = lock_file.as_ref().map(start);
        Self {
            path: path.to_owned(),
            writer: Arc::new(Mutex::new(writer)),
            writing,
            behind_deliveries: Mutex::default(),
            syncs: None,
            readers,
            checkpointer: Lock::new(checkpointer),
            pinged: Lock::default(),
            opened,
            damage: OnceLock::new(),
            trouble: Lock::default(),
            lock_file,
        }
    }

    fn last_ping(&self) -> MutexGuard<'_, Option<Instant>> {
        self.pinged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the writing connection; fails with [`StorageError::Busy`] after [`LONGEST_WAIT_FOR_WRITER`].
    async fn lock_writer(&self) -> Result<OwnedMutexGuard<Option<Connection>>> {
        let slot = tokio::time::timeout(LONGEST_WAIT_FOR_WRITER, self.writer.clone().lock_owned()).await;
        slot.map_err(|_| StorageError::Busy)
    }

    /// The writing connection; reopened if an error closed it.
    fn write_with(&self, mut slot: OwnedMutexGuard<Option<Connection>>) -> Result<Writer> {
        if let Some(damage) = self.damage.get() {
            return Err(StorageError::Damaged(damage.clone()));
        }
        self.are_whole(slot.as_ref())?;
        if slot.is_none() {
            let connection = writing_connection(&self.path, Access::Make, Owner::of_lock(self.lock_file.as_ref()))?;
            *slot = Some(connection);
        }
        Ok(Writer { slot, went_well: false })
    }

    /// Runs a transaction and commits it if `work` succeeded. On return, the commit is not synced yet, and the next
    /// transaction can begin.
    fn transact<T>(
        &self,
        slot: OwnedMutexGuard<Option<Connection>>,
        work: impl FnOnce(Writer) -> (Writer, Result<T>),
    ) -> Result<Committed<T>> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.write_with(slot)?;
        let result = match writer.run("BEGIN IMMEDIATE") {
            Ok(()) => {
                let (worked, result) = work(writer);
                writer = worked;
                result.and_then(|value| writer.run("COMMIT").map(|()| value))
            }
            Err(error) => Err(error),
        };
        // A commit to a file that was removed in the meantime must not count as successful.
        let result = result.and_then(|value| self.are_whole(writer.slot.as_ref()).map(|()| value));
        writer.went_well = result.is_ok();
        let value = self.note_failure(result)?;
        Ok(Committed { value, commit: self.syncs.as_ref().map(Syncs::committed) })
    }

    /// Waits until a transaction is on the disk, then returns its result.
    fn synced<T>(&self, committed: Committed<T>) -> Result<T> {
        let Some((syncs, commit)) = self.syncs.as_ref().zip(committed.commit) else { return Ok(committed.value) };
        syncs.wait_for(commit).map(|()| committed.value).map_err(|error| {
            let why = format!("its log could not be synced to the disk ({error}); {}", remedy::DAMAGED);
            let damage = refused(&self.path, &why).to_string();
            if self.damage.set(damage.clone()).is_ok() {
                tracing::error!("{damage}");
            }
            StorageError::Damaged(damage)
        })
    }

    /// Checks that the files were not removed, truncated or overwritten.
    fn are_whole(&self, writer: Option<&Connection>) -> Result<()> {
        let cut = match self.opened.check() {
            Ok(()) => return Ok(()),
            Err(Trouble::Gone(error)) => {
                if let Some(writer) = writer {
                    // If only the log was removed, we can still read it: this moves its commits into the database.
                    let _ = Log::after("TRUNCATE", writer);
                }
                return Err(error);
            }
            Err(Trouble::Cut(error)) => error,
            Err(Trouble::LogIsShorter) => {
                let pages = match writer {
                    Some(writer) => Log::after("NOOP", writer)?.pages,
                    None => 0,
                };
                if self.opened.log_holds(pages) {
                    self.opened.log_may_be_shorter();
                    return Ok(());
                }
                self.opened.log_was_cut()
            }
        };
        if self.damage.set(cut.to_string()).is_ok() {
            tracing::error!("{cut}");
        }
        Err(cut)
    }

    /// Records the error of a failed write.
    fn note_failure<T>(&self, result: Result<T>) -> Result<T> {
        let result = self.note_damage(result);
        if let Err(error) = &result {
            *self.last_ping() = None;
            *self.last_trouble() = Some((Instant::now(), error.to_string()));
        }
        result
    }

    fn note_damage<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.note_damage_in(error);
        }
        result
    }

    /// Records damage that a statement reported. SQLite only reports a malformed page; the files may show why.
    fn note_damage_in(&self, error: &StorageError) {
        let StorageError::Sqlite(cause) = error else { return };
        if !remedy::is_damage(cause) {
            return;
        }
        let damage = match self.opened.check() {
            Err(Trouble::Cut(cut)) => cut.to_string(),
            Err(Trouble::LogIsShorter) => self.opened.log_was_cut().to_string(),
            Err(Trouble::Gone(_)) | Ok(()) => error.to_string(),
        };
        if self.damage.set(damage.clone()).is_ok() {
            tracing::error!("{damage}");
        }
    }

    fn last_trouble(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
