//! The store in one SQLite file: one writer, several readers, every commit synced to disk.

mod backup;
mod checkpoint;
mod claim;
mod decide;
mod file;
mod fold;
mod mappings;
mod old_bodies;
mod read;
mod record;
mod rows;
mod wait;

use std::{path::Path, sync::OnceLock, time::Duration};

use jiff::Timestamp;
use sqlx::{
    Connection, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};

pub use self::backup::{Copied, backup};
use self::{
    checkpoint::Checkpointer,
    file::{Opened, examine, lock_beside, make_folder, refused, refused_by},
};
use super::{
    Claim, Claimable, Cleared, Count, Delivery, Filter, Fold, MappingRevision, NewMapping, OrderRecord, Receipt,
    Result, Settlement, Store, StoreError, Undecided, Unfolded, UnreadableDelivery, Verdict, Wait, Wanted, remedy,
};
use crate::domain::{order::OrderId, reason::Warning, timeline::Entry, waiting::Subject};

/// Reading connections: pages and metrics must not wait for each other.
const READERS: u32 = 4;

/// How long a statement waits for another process (a backup, a person's shell) to let go of the file. Our own
/// commands hold it for milliseconds; who holds it for longer than this holds it for minutes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

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
#[derive(Debug)]
pub struct Sqlite {
    /// SQLite has one writer; waiting for it here, first come first served, beats waiting on the file's lock.
    writer: Mutex<Option<Connected>>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    checkpointer: std::sync::Mutex<Option<Checkpointer>>,
    /// When a ping last wrote: probes may come often, and each write syncs the disk.
    pinged: std::sync::Mutex<Option<std::time::Instant>>,
    /// The files that were opened.
    opened: Opened,
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
        let lock = lock_beside(path).map_err(|why| refused(path, &why))?;
        Self::connect(path, Some(lock)).await
    }

    /// Opens the file beside a service that may be working on it, for a command that claims no order.
    pub async fn open_beside(path: &Path) -> Result<Self> {
        make_folder(path)?;
        Self::connect(path, None).await
    }

    async fn connect(path: &Path, lock: Option<std::fs::File>) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered with 2xx must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(200)
            .pragma("cache_size", CACHE);
        // The one service has a task for that; a command that is soon over leaves it to SQLite.
        let options = if lock.is_some() { options.pragma("wal_autocheckpoint", "0") } else { options };
        let connected = SqliteConnection::connect_with(&options).await;
        let mut writer = connected.map_err(|error| refused_by(path, &error))?;
        if lock.is_some() {
            examine(path, &mut writer).await?;
        }
        sqlx::migrate!("migrations/sqlite").run(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            // As long as a reader is there, SQLite keeps the log (`-wal`) that is looked for below.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().create_if_missing(false).read_only(true))
            .await?;
        let checkpointer = lock.as_ref().map(|_| Checkpointer::start(options.clone().create_if_missing(false)));
        Ok(Self {
            writer: Mutex::new(Some(Connected { connection: writer, next_delivery: None })),
            options,
            readers,
            checkpointer: std::sync::Mutex::new(checkpointer),
            pinged: std::sync::Mutex::default(),
            opened: Opened::at(path),
            damage: OnceLock::new(),
            trouble: std::sync::Mutex::default(),
            _only_us: lock,
        })
    }

    fn last_ping(&self) -> std::sync::MutexGuard<'_, Option<std::time::Instant>> {
        self.pinged.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The writing connection; made anew after an error.
    async fn writer(&self) -> Result<Writer<'_>> {
        self.write_with(self.writer.lock().await).await
    }

    /// The same for somebody who has no time to wait.
    async fn writer_soon(&self) -> Result<Writer<'_>> {
        let slot = tokio::time::timeout(LONGEST_TURN, self.writer.lock()).await;
        self.write_with(slot.map_err(|_| StoreError::Busy)?).await
    }

    async fn write_with<'a>(&'a self, mut slot: MutexGuard<'a, Option<Connected>>) -> Result<Writer<'a>> {
        if let Some(damage) = self.damage.get() {
            return Err(StoreError::Damaged(damage.clone()));
        }
        self.still_there(slot.as_mut()).await?;
        if slot.is_none() {
            let connection = SqliteConnection::connect_with(&self.options.clone().create_if_missing(false)).await?;
            *slot = Some(Connected { connection, next_delivery: None });
        }
        Ok(Writer { slot, store: self })
    }

    async fn record_now(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>> {
        let mut writer = self.writer_soon().await?;
        let result = match writer.next_delivery(deliveries.len()).await {
            Ok(first_id) => record::record(writer.connection()?, first_id, deliveries, fold).await,
            Err(error) => Err(error),
        };
        // What is answered must not rest on a file that was taken away meanwhile.
        let there = self.still_there(writer.slot.as_mut()).await;
        writer.give_back(result.and_then(|receipts| there.map(|()| receipts)))
    }

    /// Makes sure that nobody has taken the files away.
    async fn still_there(&self, writer: Option<&mut Connected>) -> Result<()> {
        let there = self.opened.still_there();
        if let (Err(_), Some(writer)) = (&there, writer) {
            // When only the log is gone, this brings what it holds, and we still see, into the database itself.
            let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await;
        }
        there
    }

    /// Remembers what a statement said about the file.
    fn met<T>(&self, result: Result<T>) -> Result<T> {
        let Err(error @ StoreError::Database(cause)) = &result else { return result };
        if remedy::is_damage(cause) && self.damage.set(error.to_string()).is_ok() {
            tracing::error!("{error}");
        }
        result
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
struct Writer<'a> {
    slot: MutexGuard<'a, Option<Connected>>,
    store: &'a Sqlite,
}

impl Writer<'_> {
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

    /// After an error the connection goes: SQLite may have ended the transaction on its own (a full disk does),
    /// and a connection that believes it is still inside one would fail for ever.
    fn give_back<T>(mut self, result: Result<T>) -> Result<T> {
        let result = self.store.wrote(result);
        if result.is_err() {
            *self.slot = None;
        }
        result
    }
}

#[async_trait::async_trait]
impl Store for Sqlite {
    async fn record(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>> {
        let result = self.record_now(deliveries, fold).await;
        match &result {
            Ok(_) => *self.last_trouble() = None,
            // Whoever probes now is to hear of it.
            Err(_) => *self.last_ping() = None,
        }
        result
    }

    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
        self.met(fold::unfolded(&self.readers, order_id, limit).await)
    }

    async fn fold(&self, deliveries: &[(i64, Delivery)]) -> Result<()> {
        let mut writer = self.writer().await?;
        let result = fold::fold(writer.connection()?, deliveries).await;
        writer.give_back(result)
    }

    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<Vec<Undecided>> {
        self.met(decide::undecided(&self.readers, now, limit).await)
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<usize> {
        let mut writer = self.writer().await?;
        let result = decide::decide(writer.connection()?, verdicts, now).await;
        writer.give_back(result)
    }

    async fn claim(&self, book: &str, wanted: Wanted, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claim>> {
        let mut writer = self.writer().await?;
        let result = claim::claim(writer.connection()?, book, wanted, now, lease_until).await;
        writer.give_back(result)
    }

    async fn claimable(&self, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
        self.met(claim::claimable(&self.readers, book, now, most).await)
    }

    async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> Result<Vec<bool>> {
        let mut writer = self.writer().await?;
        let result = claim::settle(writer.connection()?, settlements, now).await;
        writer.give_back(result)
    }

    async fn next_attempt_at(&self, book: &str) -> Result<Option<Timestamp>> {
        self.met(claim::next_attempt_at(&self.readers, book).await)
    }

    async fn hasten(&self, book: &str, now: Timestamp) -> Result<u64> {
        let mut writer = self.writer().await?;
        let result = claim::hasten(writer.connection()?, book, now).await;
        writer.give_back(result)
    }

    async fn end_leases(&self, now: Timestamp) -> Result<u64> {
        let mut writer = self.writer().await?;
        let result = claim::end_leases(writer.connection()?, now).await;
        writer.give_back(result)
    }

    async fn rearm(&self, filter: &Filter, now: Timestamp) -> Result<u64> {
        let mut writer = self.writer().await?;
        let result = decide::rearm(writer.connection()?, filter, now).await;
        writer.give_back(result)
    }

    async fn rearm_one(&self, order_id: &OrderId, now: Timestamp) -> Result<Option<u64>> {
        let mut writer = self.writer().await?;
        let result = decide::rearm_one(writer.connection()?, order_id, now).await;
        writer.give_back(result)
    }

    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        self.met(read::order(&self.readers, order_id).await)
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        read::timeline(&self.readers, order_id).await
    }

    async fn orders(&self, filter: &Filter, before: Option<i64>, limit: i64) -> Result<Vec<OrderRecord>> {
        self.met(read::orders(&self.readers, filter, before, limit).await)
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        read::waiting_bodies(&self.readers, limit).await
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        self.met(read::counts(&self.readers).await)
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        read::oldest_due(&self.readers).await
    }

    async fn unreadable(&self, limit: i64) -> Result<(i64, Vec<UnreadableDelivery>)> {
        read::unreadable(&self.readers, limit).await
    }

    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        mappings::in_force(&self.readers).await
    }

    async fn mapping_revision(&self) -> Result<i64> {
        mappings::newest_revision(&self.readers).await
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Option<MappingRevision>> {
        let mut writer = self.writer().await?;
        let result = mappings::put(writer.connection()?, new, now).await;
        writer.give_back(result)
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        mappings::history(&self.readers, limit).await
    }

    async fn due_wait(&self, book: &str, now: Timestamp) -> Result<Option<Wait>> {
        wait::due(&self.readers, book, now).await
    }

    async fn next_look_at(&self, book: &str) -> Result<Option<Timestamp>> {
        wait::next_look_at(&self.readers, book).await
    }

    async fn wait_on(&self, book: &str, subject: &Subject, until: Timestamp) -> Result<()> {
        let mut writer = self.writer().await?;
        let result = wait::wait_on(writer.connection()?, book, subject, until).await;
        writer.give_back(result)
    }

    async fn end_wait(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        let mut writer = self.writer().await?;
        let result = wait::end(writer.connection()?, book, subject, now).await;
        writer.give_back(result)
    }

    async fn try_one_waiting(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        let mut writer = self.writer().await?;
        let result = wait::try_one(writer.connection()?, book, subject, now).await;
        writer.give_back(result)
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        read::warning_counts(&self.readers).await
    }

    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        let old = self.met(old_bodies::find(&self.readers, older_than, now, step).await)?;
        let mut writer = self.writer().await?;
        let result = old_bodies::clear(writer.connection()?, &old, now).await;
        writer.give_back(result)
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
        writer.give_back(result.map_err(Into::into))?;
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
