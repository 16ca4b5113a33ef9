//! The store in one SQLite file: one writer, several readers, every commit synced to disk.

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
        Mark, Opened, Trouble, beside, close_to_others, examine, lock_beside, make_folder, make_private, may_be_made,
        must_exist,
    },
    readers::Readers,
    sync::Syncs,
    writer::{Committed, Owner, Writer, writing_connection},
};
use super::{Readable, Result, StorageError, remedy, sql::Sql};

/// How long a statement waits for another process (a backup, a person's shell) to let go of the file. Our own
/// commands hold it for milliseconds; who holds it for longer than this holds it for minutes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a sender's delivery waits for its turn to be written. Together with [`BUSY_TIMEOUT`] it bounds how long
/// a sender waits for a 503: four seconds, less than any sender's patience that is known.
const LONGEST_TURN: Duration = Duration::from_secs(2);

/// The store in one SQLite file.
pub type Sqlite = Sql<SqliteFile>;

/// One SQLite file.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    /// SQLite has one writer; waiting for it here, first come first served, beats waiting on the file's lock.
    writer: Arc<Mutex<Option<Connection>>>,
    /// Held during each transaction, and while the log is written from its beginning again.
    writing: Arc<Lock<()>>,
    /// Held by whoever writes anything but deliveries, so that a delivery waits for one of them at most.
    behind_deliveries: Mutex<()>,
    /// The one service syncs behind its commits. A command has SQLite do it in each commit.
    syncs: Option<Syncs>,
    readers: Arc<Readers>,
    checkpointer: Lock<Option<Checkpointer>>,
    /// When a ping last wrote: probes may come often, and each write syncs the disk.
    pinged: Lock<Option<Instant>>,
    /// The files that were opened. Named after the connections, so that it goes after them.
    opened: Arc<Opened>,
    /// Once damage was met nothing more is written: it could be lost with what it rests on.
    damage: OnceLock<String>,
    /// When a write last failed, and what it said; nothing once a delivery was recorded.
    trouble: Lock<Option<(Instant, String)>>,
    /// Held while the process lives: leases of a second process on the same file could not be told from our own.
    only_us: Option<std::fs::File>,
}

impl Sqlite {
    /// Opens the file for the one service that works on it: makes it and its folder when they are missing,
    /// and brings the schema up to date.
    #[expect(clippy::unused_async, reason = "PostgreSQL, behind the same name, is waited for")]
    pub async fn open(path: &Path) -> Result<Self> {
        in_place(|| {
            make_folder(path)?;
            may_be_made(path)?;
            let lock = lock_beside(path)?;
            make_private(path)?;
            let file = SqliteFile::open(path, Some(lock))?;
            // Not before: another program's file, or a folder, is none of our business.
            close_to_others(path);
            Ok(Self(file))
        })
    }

    /// Opens the file, which must exist, beside a service that may be working on it, for a command that claims no
    /// order.
    #[expect(clippy::unused_async, reason = "PostgreSQL, behind the same name, is waited for")]
    pub async fn open_beside(path: &Path) -> Result<Self> {
        in_place(|| {
            must_exist(path)?;
            Ok(Self(SqliteFile::open(path, None)?))
        })
    }

    /// Opens the file to read it, beside a service or without one, and leaves nothing behind: no file that is new,
    /// no schema that is newer.
    #[expect(clippy::unused_async, reason = "PostgreSQL, behind the same name, is waited for")]
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
                Ok((readers, schema::is_of_now(path, &connection)?))
            };
            let (readers, is_of_now) = read().map_err(|error| refused_by(path, error))?;
            if !is_of_now {
                return Ok(Readable::Older);
            }
            Ok(Readable::Now(Arc::new(Self(SqliteFile::new(path, None, readers, Opened::at(path, 0, None), None)))))
        })
    }
}

/// How a file is opened that may belong to somebody else, so that nothing is left behind.
fn access_to_read(path: &Path) -> Access {
    // Without a log nobody works on the file. Opened in the usual way, SQLite would make a log of this user's, which
    // the service's user could not write to.
    if beside(path, "-wal").exists() { Access::Read } else { Access::ReadUnchanging }
}

impl SqliteFile {
    fn open(path: &Path, lock: Option<std::fs::File>) -> Result<Self> {
        let opened = || -> Result<_> {
            let mut writer = writing_connection(path, Access::Make, Owner::holding(lock.as_ref()))?;
            if lock.is_some() {
                examine(path, &mut writer)?;
            }
            schema::migrate(path, &mut writer)?;
            let readers = Readers::open(path.to_owned(), Access::Read)?;
            let page_size = number(&writer, "PRAGMA page_size")?;
            let mark = lock.is_some().then(|| Mark::make(path, &writer)).transpose()?;
            // Making the mark has made the log.
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
        only_us: Option<std::fs::File>,
    ) -> Self {
        let opened = Arc::new(opened);
        let writing = Arc::default();
        let start = |_| Checkpointer::start(path.to_owned(), opened.clone(), Arc::clone(&writing));
        let checkpointer = only_us.as_ref().map(start);
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
            only_us,
        }
    }

    fn last_ping(&self) -> MutexGuard<'_, Option<Instant>> {
        self.pinged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to write for somebody who has no time to wait.
    async fn turn_soon(&self) -> Result<OwnedMutexGuard<Option<Connection>>> {
        let turn = tokio::time::timeout(LONGEST_TURN, self.writer.clone().lock_owned()).await;
        turn.map_err(|_| StorageError::Busy)
    }

    /// The writing connection; reopened after an error.
    fn write_with(&self, mut slot: OwnedMutexGuard<Option<Connection>>) -> Result<Writer> {
        if let Some(damage) = self.damage.get() {
            return Err(StorageError::Damaged(damage.clone()));
        }
        self.are_whole(slot.as_ref())?;
        if slot.is_none() {
            let connection = writing_connection(&self.path, Access::Make, Owner::holding(self.only_us.as_ref()))?;
            *slot = Some(connection);
        }
        Ok(Writer { slot, went_well: false })
    }

    /// Runs a transaction, commits what went well and lets the next one begin. Returns what it comes to, not yet
    /// synced.
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
        // What is answered must not rest on a file that was taken away meanwhile.
        let result = result.and_then(|value| self.are_whole(writer.slot.as_ref()).map(|()| value));
        writer.went_well = result.is_ok();
        let value = self.wrote(result)?;
        Ok(Committed { value, commit: self.syncs.as_ref().map(Syncs::committed) })
    }

    /// Returns what a transaction came to when it is on the disk.
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

    /// Makes sure that nobody has taken the files away, cut them short or written over them.
    fn are_whole(&self, writer: Option<&Connection>) -> Result<()> {
        let cut = match self.opened.look() {
            Ok(()) => return Ok(()),
            Err(Trouble::Gone(error)) => {
                if let Some(writer) = writer {
                    // When only the log is gone, this brings what it holds, and we still see, into the database.
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

    /// Remembers how a write went.
    fn wrote<T>(&self, result: Result<T>) -> Result<T> {
        let result = self.met(result);
        if let Err(error) = &result {
            *self.last_ping() = None;
            *self.last_trouble() = Some((Instant::now(), error.to_string()));
        }
        result
    }

    /// Remembers what a statement said about the file. SQLite only sees that a page is wrong; the files may say why.
    fn met<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error @ StorageError::Sqlite(cause)) = &result else { return result };
        if remedy::is_damage(cause) {
            let damage = match self.opened.look() {
                Err(Trouble::Cut(cut)) => cut.to_string(),
                Err(Trouble::LogIsShorter) => self.opened.log_was_cut().to_string(),
                Err(Trouble::Gone(_)) | Ok(()) => error.to_string(),
            };
            if self.damage.set(damage.clone()).is_ok() {
                tracing::error!("{damage}");
            }
        }
        result
    }

    fn last_trouble(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
