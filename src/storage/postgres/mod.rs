//! Storage on a PostgreSQL server, for any number of replicas.
//!
//! Every transaction that changes an order first takes one advisory lock, so that everything that is true with SQLite's
//! single writer stays true with any number of replicas. Webhooks are only appended, without that lock.

mod address;
mod allowance;
mod leaders;
mod notifications;
mod record;
mod session;
mod statistics;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::{
    Connection, PgConnection, PgPool, Row, SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
};

pub(crate) use self::address::{address_of, examine};
pub(super) use self::allowance::LockOnServer;
use self::{
    address::{address, options},
    notifications::Notifications,
    session::{Doubts, LONGEST, SOON, Session, make_ready, pool, within},
};
use super::{
    Delivery, Leadership, Readable, Receipt, Result, StorageError,
    dialect::{Columns as _, Dialect as _},
    remedy,
    rows::timestamp,
    sql::{Base, Size, Sql, Work},
};
use crate::clock::SharedClock;

/// Connections for recording webhooks, pings and leadership: short statements only.
const RECORDING: u32 = 3;

/// Connections for folding, deciding, claiming and settling: one works while the other waits for the lock.
const WORKING: u32 = 2;

/// Connections for pages, metrics, and checks for due work. With the one that listens, there are eight in all.
const READING: u32 = 2;

/// How long connecting at startup may take.
const LONGEST_START: Duration = Duration::from_secs(10);

/// How long a ping's write proves that the database is writable.
const PING_HOLDS: Duration = Duration::from_secs(1);

/// How long closing all connections may take.
const LONGEST_END: Duration = Duration::from_secs(2);

/// Storage on a PostgreSQL server.
pub type Postgres = Sql<Server>;

/// One database on a PostgreSQL server.
pub struct Server {
    address: String,
    recording: PgPool,
    working: PgPool,
    reading: PgPool,
    doubts: Doubts,
    notifications: Notifications,
    /// When a ping last wrote.
    pinged: Mutex<Option<Instant>>,
    /// Replaces the server's clock in a simulation.
    played_clock: Option<SharedClock>,
}

impl Postgres {
    /// Connects to the server and applies migrations; if replicas start together, only one of them does so.
    pub async fn open(url: &SecretString) -> Result<Self> {
        let (connection, address) = connect_and_migrate(url).await?;
        Self::on(connection, address, options(url)?).await
    }

    /// As `open`, but fails if no service has created its tables there.
    pub async fn open_beside(url: &SecretString) -> Result<Self> {
        let (mut connection, address) = connect(url).await?;
        if version(&mut connection, &address).await?.is_none() {
            let why = "it holds no tables of forstok-accurate; correct database.url, or start the service once, which makes them";
            return Err(refused_because(&address, why));
        }
        Self::open(url).await
    }

    /// Connects to the server to read; applies no migrations.
    pub async fn open_to_read(url: &SecretString) -> Result<Readable> {
        let (mut connection, address) = connect(url).await?;
        match version(&mut connection, &address).await? {
            None => Ok(Readable::Absent),
            Some(older) if older < newest_migration() => Ok(Readable::Older),
            Some(_) => Ok(Readable::Now(Arc::new(Self::on(connection, address, options(url)?).await?))),
        }
    }

    async fn on(mut connection: PgConnection, address: String, options: PgConnectOptions) -> Result<Self> {
        let refused = |error: &sqlx::Error| refused(&address, error);
        let unfinished = sqlx::query_scalar("SELECT path FROM copies WHERE finished_at IS NULL");
        if let Some(path) = unfinished.fetch_optional(&mut connection).await.map_err(|error| refused(&error))? {
            let path: String = path;
            let why = format!(
                "the copy of {path} into it is not finished: stop the service that works there, and run store copy again"
            );
            return Err(refused_because(&address, &why));
        }
        let needs = sqlx::query_scalar("SELECT needs FROM compatibility");
        let needs: i64 = needs.fetch_one(&mut connection).await.map_err(|error| refused(&error))?;
        if needs > newest_migration() {
            let why = remedy::incompatible(needs, newest_migration());
            return Err(refused_because(&address, &why));
        }
        // A server that is too old for these settings fails now, not at the first webhook.
        make_ready(&mut connection).await.map_err(|error| refused(&error))?;
        let name = sqlx::query("SELECT md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text)");
        let name = name.fetch_one(&mut connection).await.map_err(|error| refused(&error))?.try_get(0)?;
        connection.close().await?;
        let doubts = Doubts::default();
        Ok(Self(Server {
            recording: pool(&options, RECORDING, SOON, &doubts),
            working: pool(&options, WORKING, LONGEST, &doubts),
            reading: pool(&options, READING, LONGEST, &doubts),
            notifications: Notifications::new(options, name),
            address,
            doubts,
            pinged: Mutex::default(),
            played_clock: None,
        }))
    }

    /// Replaces the server's clock by this one, for a simulation.
    #[must_use]
    pub fn by_clock(mut self, clock: SharedClock) -> Self {
        self.0.played_clock = Some(clock);
        self
    }
}

/// Connects to a server; also returns its address, without the password.
async fn connect(url: &SecretString) -> Result<(PgConnection, String)> {
    let options = options(url)?;
    let address = address(&options);
    let connecting = PgConnection::connect_with(&options);
    let connected = tokio::time::timeout(LONGEST_START, connecting).await.map_err(|_| {
        let seconds = LONGEST_START.as_secs();
        refused_because(&address, &format!("it did not answer within {seconds} s; {}", remedy::UNREACHABLE.to_do))
    })?;
    let connection = connected.map_err(|error| refused(&address, &error))?;
    Ok((connection, address))
}

/// The newest migration applied to the database; `None` if it contains none of our tables.
async fn version(connection: &mut PgConnection, address: &str) -> Result<Option<i64>> {
    let refused = |error: sqlx::Error| refused(address, &error);
    let is_there =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL AND to_regclass('orders') IS NOT NULL");
    let is_there: bool = is_there.fetch_one(&mut *connection).await.map_err(refused)?;
    if !is_there {
        return Ok(None);
    }
    let newest = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success");
    newest.fetch_one(connection).await.map(Some).map_err(refused)
}

/// Connects to a server and applies migrations; also returns its address, without the password.
pub(super) async fn connect_and_migrate(url: &SecretString) -> Result<(PgConnection, String)> {
    let (mut connection, address) = connect(url).await?;
    let refused = |error: &sqlx::Error| refused(&address, error);
    migrations().run(&mut connection).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => refused(&error),
        error => error.into(),
    })?;
    Ok((connection, address))
}

fn refused(address: &str, error: &sqlx::Error) -> StorageError {
    refused_because(address, &format!("{error}; {}", remedy::of(error).to_do))
}

pub(super) fn refused_because(address: &str, why: &str) -> StorageError {
    StorageError::Server { server: address.to_owned(), why: why.to_owned() }
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        [$(($version, $name, include_str!(concat!("../../../migrations/postgres/", $name, ".sql")))),+]
    };
}

/// All migrations: number, file name and SQL.
const MIGRATIONS: [(i64, &str, &str); 1] = migrations![1 "0001_first"];

/// The newest migration that this version knows.
fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

fn migrations() -> Migrator {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrations = Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect());
    // A newer version may have migrated the database. It only adds, so this version can use it.
    migrations.set_ignore_missing(true);
    migrations
}

impl Server {
    /// A session for work that must end within [`SOON`].
    async fn soon(&self) -> Result<Session> {
        Session::on(&self.recording, SOON, &self.doubts).await
    }

    fn last_ping(&self) -> MutexGuard<'_, Option<Instant>> {
        self.pinged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Base for Server {
    type Reading = Session;
    type Writing = Session;

    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Session, T>) -> Result<T> {
        let session = Session::on(&self.reading, LONGEST, &self.doubts).await?;
        let (_session, result) = work(session).await;
        result
    }

    async fn write<'a, T: Send + 'a>(&self, size: Size, work: Work<'a, Session, T>) -> Result<T> {
        let mut session = Session::on(&self.working, within(size), &self.doubts).await?;
        session.play(self.played_clock.as_ref().map(|clock| clock.now()));
        session.begin(size).await?;
        let (mut session, result) = work(session).await;
        let value = result?;
        session.commit().await?;
        Ok(value)
    }

    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let recording = async { record::record(&mut self.soon().await?, deliveries).await };
        let result = recording.await;
        if result.is_err() {
            // The next ping must not rely on an earlier one.
            *self.last_ping() = None;
        }
        result
    }

    async fn ping(&self) -> Result<()> {
        if self.last_ping().is_some_and(|at| at.elapsed() < PING_HOLDS) {
            return Ok(());
        }
        self.soon().await?.try_to_write().await?;
        *self.last_ping() = Some(Instant::now());
        Ok(())
    }

    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership> {
        leaders::lead(&mut self.soon().await?, book, holder, lease, pause).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        leaders::resign(&mut self.soon().await?, holder).await
    }

    async fn notified(&self) {
        self.notifications.notified().await;
    }

    async fn notify_others(&self) -> Result<()> {
        self.notifications.notify(&mut self.soon().await?).await
    }

    async fn refresh_statistics(&self) -> Result<()> {
        let mut session = Session::on(&self.reading, LONGEST, &self.doubts).await?;
        statistics::refresh(&mut session).await
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>> {
        let mut session = Session::on(&self.reading, LONGEST, &self.doubts).await?;
        let rows = session.fetch("SELECT made_at FROM backups WHERE id = 1", &[]).await?;
        rows.first().map(|row| timestamp(row.number("made_at")?)).transpose()
    }

    async fn close(&self) {
        let all = async { tokio::join!(self.recording.close(), self.working.close(), self.reading.close()) };
        // Statements still running have their own time limits, and the server notices closed connections.
        let _ = tokio::time::timeout(LONGEST_END, all).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_listed() {
        let listed: Vec<_> = MIGRATIONS.iter().map(|(_, name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, crate::storage::migration_files("postgres"));
        for (version, name, _) in MIGRATIONS {
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
        }
    }
}
