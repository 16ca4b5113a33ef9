//! The store in one SQLite file: one writer, several readers, every commit synced to disk.

mod allowance;
mod backup;
mod checkpoint;
mod file;
mod record;

use std::{
    borrow::Cow,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{
    Connection, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(super) use self::allowance::LockOnFile;
pub use self::backup::{Copied, backup};
pub(super) use self::file::{lock_if_free, refused, refused_by};
use self::{
    checkpoint::{Checkpointer, LONGEST_KEPT, Log},
    file::{Opened, Trouble, beside, examine, lock_beside, make_folder, make_private, must_exist},
};
use super::{
    Delivery, Fold, Hold, Readable, Receipt, Result, StoreError, remedy,
    sql::{Base, Size, Sql},
    talk::{Talk, Value, query},
};

/// Reading connections: pages and metrics must not wait for each other.
const READERS: u32 = 4;

/// How long a statement waits for another process (a backup, a person's shell) to let go of the file. Our own
/// commands hold it for milliseconds; who holds it for longer than this holds it for minutes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a sender's delivery waits for its turn to be written. Together with [`BUSY_TIMEOUT`] it bounds how long
/// a sender waits for a 503: four seconds, less than any sender's patience that is known.
const LONGEST_TURN: Duration = Duration::from_secs(2);

/// Pages that a connection keeps in memory, in KiB below zero as SQLite wants it.
const CACHE: &str = "-4096";

/// How long a write of a ping proves that the database can be written to.
const PING_HOLDS: Duration = Duration::from_secs(1);

/// How long a write that failed speaks for the database, unless a delivery is recorded meanwhile.
const TROUBLE_HOLDS: Duration = Duration::from_secs(5);

/// The store in one SQLite file.
pub type Sqlite = Sql<SqliteFile>;

/// One SQLite file.
#[derive(Debug)]
pub struct SqliteFile {
    /// SQLite has one writer; waiting for it here, first come first served, beats waiting on the file's lock.
    writer: Arc<Mutex<Option<Connected>>>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    checkpointer: std::sync::Mutex<Option<Checkpointer>>,
    /// When a ping last wrote: probes may come often, and each write syncs the disk.
    pinged: std::sync::Mutex<Option<std::time::Instant>>,
    /// The files that were opened.
    opened: Arc<Opened>,
    /// Once damage was met nothing more is written: it could be lost with what it rests on.
    damage: OnceLock<String>,
    /// When a write last failed, and what it said; nothing once a delivery was recorded.
    trouble: std::sync::Mutex<Option<(std::time::Instant, String)>>,
    /// Held while the process lives: leases of a second process on the same file could not be told from our own.
    _only_us: Option<std::fs::File>,
}

impl Sqlite {
    /// Opens the file for the one service that works on it: makes it and its folder when they are missing,
    /// and brings the schema up to date.
    pub async fn open(path: &Path) -> Result<Self> {
        make_folder(path)?;
        let lock = lock_beside(path)?;
        make_private(path)?;
        Ok(Self(SqliteFile::connect(path, Some(lock)).await?))
    }

    /// Opens the file, which must exist, beside a service that may be working on it, for a command that claims no
    /// order.
    pub async fn open_beside(path: &Path) -> Result<Self> {
        must_exist(path)?;
        Ok(Self(SqliteFile::connect(path, None).await?))
    }

    /// Opens the file to read it, beside a service or without one, and leaves nothing behind: no file that is new,
    /// no schema that is newer.
    pub async fn open_to_read(path: &Path) -> Result<Readable> {
        if !path.try_exists().map_err(|error| refused(path, &error))? {
            return Ok(Readable::Absent);
        }
        must_exist(path)?;
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        // Without a log nobody works on the file. Opened in the usual way, SQLite would make a log of this user's,
        // which the service's user could not write to.
        let options = options.immutable(!beside(path, "-wal").exists());
        let connecting = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.clone());
        let readers = connecting.await.map_err(|error| refused_by(path, &error))?;
        let newest = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success");
        let newest: Option<i64> = newest.fetch_one(&readers).await.ok();
        if newest < migrations().iter().map(|migration| migration.version).max() {
            return Ok(Readable::Older);
        }
        Ok(Readable::Now(Arc::new(Self(SqliteFile {
            writer: Arc::default(),
            options,
            readers,
            checkpointer: std::sync::Mutex::default(),
            pinged: std::sync::Mutex::default(),
            opened: Arc::new(Opened::at(path, 0)),
            damage: OnceLock::new(),
            trouble: std::sync::Mutex::default(),
            _only_us: None,
        }))))
    }
}

impl SqliteFile {
    async fn connect(path: &Path, lock: Option<std::fs::File>) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // Of a new file. Bodies are 2 to 3 KB: of three a page less is lost than of one, and fewer pages are written.
            .page_size(8192)
            // What was answered with 2xx must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(200)
            .pragma("cache_size", CACHE)
            .pragma("journal_size_limit", LONGEST_KEPT);
        // The one service has a task for that; a command that is soon over leaves it to SQLite.
        let options = if lock.is_some() { options.pragma("wal_autocheckpoint", "0") } else { options };
        let connected = SqliteConnection::connect_with(&options).await;
        let mut writer = connected.map_err(|error| refused_by(path, &error))?;
        if lock.is_some() {
            examine(path, &mut writer).await?;
        }
        migrations().run(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            // As long as a reader is there, SQLite keeps the log (`-wal`) that is looked for below.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().read_only(true))
            .await?;
        let page_size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut writer).await?;
        let opened = Arc::new(Opened::at(path, page_size.unsigned_abs()));
        let checkpointer = lock.as_ref().map(|_| Checkpointer::start(options.clone(), opened.clone()));
        Ok(Self {
            writer: Arc::new(Mutex::new(Some(Connected { connection: writer, next_delivery: None }))),
            options,
            readers,
            checkpointer: std::sync::Mutex::new(checkpointer),
            pinged: std::sync::Mutex::default(),
            opened,
            damage: OnceLock::new(),
            trouble: std::sync::Mutex::default(),
            _only_us: lock,
        })
    }

    fn last_ping(&self) -> std::sync::MutexGuard<'_, Option<std::time::Instant>> {
        self.pinged.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The writing connection for somebody who has no time to wait.
    async fn writer_soon(&self) -> Result<Writer> {
        let slot = tokio::time::timeout(LONGEST_TURN, self.writer.clone().lock_owned()).await;
        self.write_with(slot.map_err(|_| StoreError::Busy)?).await
    }

    /// The writing connection; made anew after an error.
    async fn write_with(&self, mut slot: OwnedMutexGuard<Option<Connected>>) -> Result<Writer> {
        if let Some(damage) = self.damage.get() {
            return Err(StoreError::Damaged(damage.clone()));
        }
        self.are_whole(slot.as_mut()).await?;
        if slot.is_none() {
            let connection = SqliteConnection::connect_with(&self.options).await?;
            *slot = Some(Connected { connection, next_delivery: None });
        }
        Ok(Writer { slot, went_well: false })
    }

    async fn record_now(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>> {
        let mut writer = self.writer_soon().await?;
        let result = match writer.next_delivery(deliveries.len()).await {
            Ok(first_id) => record::record(writer.connection()?, first_id, deliveries, fold).await,
            Err(error) => Err(error),
        };
        // What is answered must not rest on a file that was taken away meanwhile.
        let whole = self.are_whole(writer.slot.as_mut()).await;
        self.give_back(writer, result.and_then(|receipts| whole.map(|()| receipts)))
    }

    fn give_back<T>(&self, mut writer: Writer, result: Result<T>) -> Result<T> {
        writer.went_well = result.is_ok();
        self.wrote(result)
    }

    /// Makes sure that nobody has taken the files away or cut them short.
    async fn are_whole(&self, writer: Option<&mut Connected>) -> Result<()> {
        let cut = match self.opened.look() {
            Ok(()) => return Ok(()),
            Err(Trouble::Gone(error)) => {
                if let Some(writer) = writer {
                    // When only the log is gone, this brings what it holds, and we still see, into the database.
                    let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await;
                }
                return Err(error);
            }
            Err(Trouble::Cut(error)) => error,
            Err(Trouble::LogIsShorter) => {
                let pages = match writer {
                    Some(writer) => Log::after("NOOP", &mut writer.connection).await?.pages,
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
            *self.last_trouble() = Some((std::time::Instant::now(), error.to_string()));
        }
        result
    }

    fn last_trouble(&self) -> std::sync::MutexGuard<'_, Option<(std::time::Instant, String)>> {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The writing connection, and what it knows without asking.
#[derive(Debug)]
struct Connected {
    connection: SqliteConnection,
    /// The id of the next delivery. Nobody else adds any.
    next_delivery: Option<i64>,
}

/// The writing connection, held by one at a time.
pub struct Writer {
    slot: OwnedMutexGuard<Option<Connected>>,
    went_well: bool,
}

impl Drop for Writer {
    /// After an error the connection goes: SQLite may have ended the transaction on its own (a full disk does),
    /// and a connection that believes it is still inside one would fail for ever.
    fn drop(&mut self) {
        if !self.went_well {
            *self.slot = None;
        }
    }
}

impl Writer {
    fn connection(&mut self) -> Result<&mut SqliteConnection> {
        Ok(&mut self.connected()?.connection)
    }

    fn connected(&mut self) -> Result<&mut Connected> {
        self.slot.as_mut().ok_or(StoreError::Database(sqlx::Error::PoolClosed))
    }

    /// The first of so many ids of new deliveries.
    async fn next_delivery(&mut self, count: usize) -> Result<i64> {
        let connected = self.connected()?;
        let first = if let Some(id) = connected.next_delivery {
            id
        } else {
            let row = sqlx::query("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM deliveries");
            row.fetch_one(&mut connected.connection).await?.try_get("id")?
        };
        connected.next_delivery = Some(first + count as i64);
        Ok(first)
    }
}

fn migrations() -> sqlx::migrate::Migrator {
    let mut migrations = sqlx::migrate!("migrations/sqlite");
    // A newer version may have been here: it only adds, so that this one goes on.
    migrations.set_ignore_missing(true);
    migrations
}

macro_rules! speaks_sqlite {
    ($talk:ty, $it:ident => $connection:expr) => {
        impl Talk for $talk {
            type Row = SqliteRow;

            const ROWS: &'static str = "json_each($1) AS v";
            const GREATEST: &'static str = "MAX";
            const LEAST: &'static str = "MIN";
            const THEN_JOIN: &'static str = "CROSS JOIN";
            // Left to itself SQLite reads every order that is due.
            const BY_DUE_SINCE: &'static str = " INDEXED BY orders_due_since";
            const ID_IN_BYTES: &'static str = "CAST(id AS BLOB)";
            const UNLESS_LOCKED: &'static str = "";

            // There is one process, so there is one clock.
            fn now(&self, ours: &'static str) -> Cow<'static, str> {
                ours.into()
            }

            async fn fetch(
                &mut self,
                sql: impl Into<Cow<'static, str>> + Send,
                values: &[Value<'_>],
            ) -> Result<Vec<SqliteRow>> {
                let $it = self;
                Ok(query(sql, values).fetch_all($connection).await?)
            }

            async fn execute(&mut self, sql: impl Into<Cow<'static, str>> + Send, values: &[Value<'_>]) -> Result<u64> {
                let $it = self;
                Ok(query(sql, values).execute($connection).await?.rows_affected())
            }
        }
    };
}

speaks_sqlite!(SqlitePool, readers => &*readers);
speaks_sqlite!(SqliteConnection, connection => connection);
speaks_sqlite!(Writer, writer => writer.connection()?);

#[async_trait::async_trait]
impl Base for SqliteFile {
    type Reading = SqlitePool;
    type Writing = Writer;

    async fn reading(&self) -> Result<SqlitePool> {
        Ok(self.readers.clone())
    }

    async fn writing(&self, _: Size) -> Result<Writer> {
        let mut writer = self.write_with(self.writer.clone().lock_owned().await).await?;
        match sqlx::query("BEGIN IMMEDIATE").execute(writer.connection()?).await {
            Ok(_) => Ok(writer),
            Err(error) => self.give_back(writer, Err(error.into())),
        }
    }

    async fn end<T: Send>(&self, mut writer: Writer, result: Result<T>) -> Result<T> {
        let result = match result {
            Ok(value) => sqlx::query("COMMIT").execute(writer.connection()?).await.map(|_| value).map_err(Into::into),
            error => error,
        };
        self.give_back(writer, result)
    }

    /// Remembers what a statement said about the file.
    fn met<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error @ StoreError::Database(cause)) = &result else { return result };
        if remedy::is_damage(cause) && self.damage.set(error.to_string()).is_ok() {
            tracing::error!("{error}");
        }
        result
    }

    async fn record(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>> {
        let result = self.record_now(deliveries, fold).await;
        match &result {
            Ok(_) => *self.last_trouble() = None,
            // Whoever probes now is to hear of it.
            Err(_) => *self.last_ping() = None,
        }
        result
    }

    // A lock file lets only one process work on the file: there is nobody to share a book with.
    async fn hold_book(&self, _: &str, _: &str, _: Duration, _: Option<&str>) -> Result<Hold> {
        Ok(Hold::Ours)
    }

    async fn let_go(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn called(&self) {
        std::future::pending::<()>().await;
    }

    async fn call_others(&self) -> Result<()> {
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        let recently = |at: &std::time::Instant| at.elapsed() < PING_HOLDS;
        if self.last_ping().as_ref().is_some_and(recently) {
            return Ok(());
        }
        // A small write may find room where a delivery does not.
        if let Some((_, words)) = self.last_trouble().as_ref().filter(|(at, _)| at.elapsed() < TROUBLE_HOLDS) {
            return Err(StoreError::Failing(words.clone()));
        }
        let mut writer = self.writer_soon().await?;
        // A real write: a full disk or a read-only file shows only then.
        let result = sqlx::query("UPDATE pulse SET beats = beats + 1 WHERE id = 1").execute(writer.connection()?).await;
        self.give_back(writer, result.map_err(Into::into))?;
        *self.last_ping() = Some(std::time::Instant::now());
        Ok(())
    }

    async fn close(&self) {
        self.checkpointer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        self.readers.close().await;
        let Some(Connected { connection: mut writer, .. }) = self.writer.lock().await.take() else { return };
        // Leaves one file behind instead of a file and its log.
        let tidied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer).await;
        if let Err(error) = tidied.map(drop).and(writer.close().await) {
            tracing::warn!("the database could not be tidied up: {error}");
        }
    }
}
