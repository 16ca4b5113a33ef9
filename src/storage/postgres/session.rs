//! Connections to the server: their time limits, and when one is replaced.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::time::{Instant, timeout_at};

use crate::storage::{
    Result, StorageError,
    dialect::{Dialect, Value, query},
    remedy,
    sql::Size,
};

/// How long recording a webhook, a ping or a leadership renewal may take: a sender must get its 503 within two seconds.
pub(super) const SOON: Duration = Duration::from_millis(1_500);

/// How long any other work on a batch may take.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// How long a change that may affect every order may take.
const LONGEST_FOR_ALL: Duration = Duration::from_secs(30);

/// A connection that has been idle for less than this is used without a check.
const TRUSTED: Duration = Duration::from_millis(500);

/// How long checking an idle connection may take.
const LONGEST_CHECK: Duration = Duration::from_millis(500);

/// How long a ping waits for a locked table: less than [`SOON`], so that the server's own error is reported.
const LONGEST_LOCK: Duration = Duration::from_secs(1);

/// Key of the advisory lock of every transaction that changes orders: "forstok" in ASCII. It ends with the transaction.
const ONE_AT_A_TIME: i64 = 0x66_6f72_7374_6f6b;

/// Settings of every connection. The server ends the transaction of a suspended replica after three seconds, so that
/// the others can continue.
const READY: &str = "
    SET idle_in_transaction_session_timeout = '3s';
    SET statement_timeout = '9s';
    SET default_transaction_isolation = 'read committed';
    SET jit = off;
    SET tcp_keepalives_idle = 5;
    SET tcp_keepalives_interval = 2;
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Applies [`READY`] to a connection.
pub(super) async fn make_ready(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(READY).execute(connection).await.map(drop)
}

/// How long a write of this size may take.
pub(super) fn within(size: Size) -> Duration {
    match size {
        Size::Small | Size::Derived => LONGEST,
        Size::Large => LONGEST_FOR_ALL,
    }
}

/// The time of the last connection failure or timeout. Connections opened before it are replaced, because its cause may
/// have ended them too.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts(Arc<Mutex<Option<Instant>>>);

impl Doubts {
    fn raise(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn concern(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|since| since.elapsed() <= age)
    }
}

/// A pool of at most this many connections, opened on demand.
pub(super) fn pool(options: &PgConnectOptions, most: u32, longest_wait: Duration, doubts: &Doubts) -> PgPool {
    let doubts = doubts.clone();
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(longest_wait)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(make_ready(connection)))
        .before_acquire(move |connection, known| {
            let is_doubted = doubts.concern(known.age);
            Box::pin(async move {
                if is_doubted || known.idle_for < TRUSTED {
                    return Ok(!is_doubted);
                }
                let checked = tokio::time::timeout(LONGEST_CHECK, connection.ping()).await;
                Ok(matches!(checked, Ok(Ok(()))))
            })
        })
        .connect_lazy_with(options.clone().statement_cache_capacity(200))
}

/// A connection for one piece of work, with a deadline. After any failure the connection is closed, because a late
/// reply may still arrive on it.
pub struct Session {
    connection: Option<PoolConnection<Postgres>>,
    deadline: Instant,
    doubts: Doubts,
    /// No statement is running, and none has failed.
    is_idle: bool,
    /// No transaction is open.
    is_over: bool,
    /// Replaces the server's time in a simulation, in microseconds since 1970.
    played_now: Option<i64>,
}

impl Session {
    pub(super) async fn on(pool: &PgPool, longest: Duration, doubts: &Doubts) -> Result<Self> {
        let deadline = Instant::now() + longest;
        let connection = within_time(deadline, doubts, pool.acquire()).await?;
        Ok(Self {
            connection: Some(connection),
            deadline,
            doubts: doubts.clone(),
            is_idle: true,
            is_over: true,
            played_now: None,
        })
    }

    /// Sets the server's time in a simulation.
    pub(super) fn play(&mut self, now: Option<Timestamp>) {
        self.played_now = now.map(Timestamp::as_microsecond);
    }

    /// Begins a transaction and takes the lock, so that no other transaction changes orders.
    pub(super) async fn begin(&mut self, size: Size) -> Result<()> {
        let longer = match size {
            Size::Small => String::new(),
            Size::Derived => "SET LOCAL synchronous_commit = off;".to_owned(),
            Size::Large => format!("SET LOCAL statement_timeout = {};", LONGEST_FOR_ALL.as_millis()),
        };
        self.is_over = false;
        self.run(format!("BEGIN; {longer} SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")).await?;
        Ok(())
    }

    /// Writes a row, with the locks that recording a webhook needs: only this detects a read-only server or a locked
    /// table.
    pub(super) async fn try_to_write(&mut self) -> Result<()> {
        let longest = LONGEST_LOCK.as_millis();
        self.is_over = false;
        self.run(format!(
            "BEGIN; SET LOCAL lock_timeout = {longest};
             LOCK TABLE deliveries, unfolded, orders IN ROW EXCLUSIVE MODE;
             UPDATE write_probe SET writes = writes + 1 WHERE id = 1"
        ))
        .await?;
        self.commit().await
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.run("COMMIT".to_owned()).await?;
        self.is_over = true;
        Ok(())
    }

    /// Runs several statements without values in one round trip.
    async fn run(&mut self, sql: String) -> Result<Vec<PgRow>> {
        self.under_way(async |connection| sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await).await
    }

    pub(super) async fn under_way<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        let Some(connection) = self.connection.as_deref_mut() else {
            return Err(StorageError::Database(sqlx::Error::PoolClosed));
        };
        self.is_idle = false;
        let result = within_time(self.deadline, &self.doubts, work(connection)).await?;
        self.is_idle = true;
        Ok(result)
    }
}

async fn within_time<T>(deadline: Instant, doubts: &Doubts, work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let result = match timeout_at(deadline, work).await {
        Ok(Err(error)) if remedy::is_about_the_connection(&error) => Err(error.into()),
        Ok(result) => return Ok(result?),
        Err(_) => Err(StorageError::Late),
    };
    doubts.raise();
    result
}

impl Drop for Session {
    fn drop(&mut self) {
        if let (Some(connection), false) = (self.connection.take(), self.is_idle && self.is_over) {
            drop(connection.detach());
        }
    }
}

impl Dialect for Session {
    type Row = PgRow;

    const ROWS: &'static str = "json_array_elements(CAST($1 AS json)) AS v (value)";
    const GREATEST: &'static str = "GREATEST";
    const LEAST: &'static str = "LEAST";
    const THEN_JOIN: &'static str = "JOIN";
    const BY_DUE_SINCE: &'static str = "";
    const ID_IN_BYTES: &'static str = "CAST(CAST(id AS TEXT) AS BYTEA)";
    const UNLESS_LOCKED: &'static str = " FOR UPDATE SKIP LOCKED";

    fn now(&self, _: &'static str) -> Cow<'static, str> {
        match self.played_now {
            Some(now) => now.to_string().into(),
            None => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)".into(),
        }
    }

    async fn fetch(&mut self, sql: impl Into<Cow<'static, str>> + Send, values: &[Value<'_>]) -> Result<Vec<PgRow>> {
        let query = query(sql, values);
        self.under_way(async |connection| query.fetch_all(connection).await).await
    }

    async fn execute(&mut self, sql: impl Into<Cow<'static, str>> + Send, values: &[Value<'_>]) -> Result<u64> {
        let query = query(sql, values);
        self.under_way(async |connection| Ok(query.execute(connection).await?.rows_affected())).await
    }
}
