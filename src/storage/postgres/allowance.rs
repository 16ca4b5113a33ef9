//! The advisory lock that services and their commands share on a PostgreSQL server; see `storage/allowance.rs`.

use std::time::Duration;

use secrecy::SecretString;
use sqlx::PgConnection;

use super::{connect, refused_because, session::make_ready};
use crate::storage::Result;

/// The lock's key: "forstoc" in ASCII.
const CALLS: i64 = 0x66_6f72_7374_6f63;

/// How long a query about the lock may take. After that, the connection counts as lost, and the lock with it.
const LONGEST_QUERY: Duration = Duration::from_secs(1);

/// How long a command waits after it has got the lock: a service that has lost its connection, and with it its lock,
/// notices within this time.
const NOTICED: Duration = Duration::from_secs(3);

/// Whether a process is waiting for the lock.
const IS_WANTED: &str = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND CAST(classid AS BIGINT) = $1 >> 32 AND CAST(objid AS BIGINT) = $1 & 4294967295)";

/// A connection, and whether it shares the lock. The server releases the lock when the connection ends.
#[derive(Debug)]
pub struct LockOnServer {
    url: SecretString,
    connection: Option<PgConnection>,
    shared: bool,
}

impl LockOnServer {
    /// For the service; does not connect yet.
    pub(in crate::storage) fn new(url: &SecretString) -> Self {
        Self { url: url.clone(), connection: None, shared: false }
    }

    /// For a command: waits until no service shares the lock.
    pub(in crate::storage) async fn borrowed(url: &SecretString, wait: Duration) -> Result<Self> {
        let (mut connection, address) = connect(url).await?;
        let taken = sqlx::query("SELECT pg_advisory_lock($1)").bind(CALLS).execute(&mut connection);
        let taken = tokio::time::timeout(wait, taken).await.map_err(|_| {
            let why = format!("the running service lent none of its calls within {} s", wait.as_secs());
            refused_because(&address, &why)
        })?;
        taken?;
        tokio::time::sleep(NOTICED).await;
        Ok(Self { url: url.clone(), connection: Some(connection), shared: false })
    }

    /// Asks whether this process shares the lock and no command is waiting for it. If the connection failed, the lock is
    /// gone with it.
    pub(in crate::storage) async fn check_unwanted(&mut self) -> bool {
        if !self.shared {
            return false;
        }
        let wanted = self.ask(IS_WANTED).await;
        if wanted.is_none() {
            self.connection = None;
            self.shared = false;
        }
        wanted == Some(false)
    }

    /// Shares the lock, unless a command has it or is waiting for it.
    pub(in crate::storage) async fn try_share(&mut self) -> bool {
        // A lock taken twice would have to be released twice.
        if self.shared {
            return true;
        }
        if self.connection.is_none() {
            let made = async {
                let (mut connection, _) = connect(&self.url).await.ok()?;
                make_ready(&mut connection).await.ok()?;
                Some(connection)
            };
            self.connection = made.await;
        }
        self.shared = self.ask("SELECT pg_try_advisory_lock_shared($1)").await == Some(true);
        self.shared
    }

    pub(in crate::storage) async fn release(&mut self) {
        if self.ask("SELECT pg_advisory_unlock_shared($1)").await.is_none() {
            self.connection = None;
        }
        self.shared = false;
    }

    /// Runs a query about the lock; `None` if it fails or takes too long, which closes the connection.
    async fn ask(&mut self, question: &'static str) -> Option<bool> {
        let asked = sqlx::query_scalar(question).bind(CALLS).fetch_one(self.connection.as_mut()?);
        let answer = tokio::time::timeout(LONGEST_QUERY, asked).await.ok().and_then(sqlx::Result::ok);
        if answer.is_none() {
            self.connection = None;
        }
        answer
    }
}
