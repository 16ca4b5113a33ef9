//! Connections to the server: how long they may take, and when one is trusted no more.

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

/// How long a webhook, a ping or a hold may take in all: a sender is to hear 503 within two seconds.
pub(super) const SOON: Duration = Duration::from_millis(1_500);

/// How long anything else may take that touches a batch.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// The same for what touches all orders that there are.
const LONGEST_FOR_ALL: Duration = Duration::from_secs(30);

/// How long a connection may have been idle to be trusted without a look.
const TRUSTED: Duration = Duration::from_millis(500);

/// How long that look may take.
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// How long a ping waits for a table that somebody has locked: less than [`SOON`], so that the server says why.
const LONGEST_LOCK: Duration = Duration::from_secs(1);

/// Whoever changes orders holds this lock, "forstok" in letters; it ends with the transaction.
const ONE_AT_A_TIME: i64 = 0x66_6f72_7374_6f6b;

/// How a connection is prepared. The server ends the transaction of a suspended replica, so that the others can
/// continue.
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

/// Sets what every connection needs.
pub(super) async fn make_ready(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(READY).execute(connection).await.map(drop)
}

/// How long it may take to write.
pub(super) fn within(size: Size) -> Duration {
    match size {
        Size::Small | Size::Derived => LONGEST,
        Size::Large => LONGEST_FOR_ALL,
    }
}

/// Since when connections are doubted: what ended one of them has ended, or left behind, those that are as old.
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

/// So many connections, made when they are needed.
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
                let looked = tokio::time::timeout(LONGEST_LOOK, connection.ping()).await;
                Ok(matches!(looked, Ok(Ok(()))))
            })
        })
        .connect_lazy_with(options.clone().statement_cache_capacity(200))
}

/// A connection for one piece of work, with an end to its time. After whatever did not go well it is closed: nobody
/// knows what it would still hear.
pub struct Session {
    connection: Option<PoolConnection<Postgres>>,
    deadline: Instant,
    doubts: Doubts,
    /// Nothing is under way on it.
    is_idle: bool,
    /// Nothing is to be committed on it.
    is_over: bool,
    /// The server's time in a simulation; otherwise the server tells it.
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

    /// In a simulation the server's clock shows this.
    pub(super) fn play(&mut self, now: Option<Timestamp>) {
        self.played_now = now.map(Timestamp::as_microsecond);
    }

    /// Begins a transaction as the only one that changes orders.
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

    /// Writes something, with the locks that a webhook needs: a server that only takes reads shows only then, and so
    /// does a table that somebody has locked.
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

    /// Several statements without values at once.
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
