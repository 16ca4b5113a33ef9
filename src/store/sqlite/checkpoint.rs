//! Moving commits from SQLite's log into the database file, beside the writer.
//!
//! Left to itself SQLite does it inside every commit that finds the log long, and a sender waits for it.
//! The log's file keeps its length: to write over what is there is quicker than to make a file longer.

use std::{sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinHandle;

use super::file::Opened;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Pages in the log, of 8 KiB, from which on it pays to move them.
const WORTH_IT: i64 = 500;

/// Pages that may be written between two looks that yet count as calm.
const CALM: i64 = 125;

/// Pages from which on it is moved however busy the writer is: 256 MiB.
const TOO_LONG: i64 = 32_768;

/// How long the log's file may stay, in bytes: as long as it gets in busy times. What is longer is given back.
pub(super) const LONGEST_KEPT: &str = "268435456";

/// How long the writer may be made to wait for somebody who reads a long list: then it is tried again later.
const PATIENCE: Duration = Duration::from_millis(10);

/// So few pages are moved while the writer waits.
const LITTLE: i64 = 125;

/// How often is tried to come so near to the writer.
const MOST_PASSES: usize = 8;

/// The task that does it; it ends with its handle.
#[derive(Debug)]
pub(super) struct Checkpointer(JoinHandle<()>);

impl Checkpointer {
    pub(super) fn start(options: SqliteConnectOptions, opened: Arc<Opened>) -> Self {
        let options = options.busy_timeout(PATIENCE);
        Self(tokio::spawn(async move {
            let (mut connection, mut before) = (None, 0);
            loop {
                tokio::time::sleep(LOOK).await;
                if let Err(error) = look(&options, &opened, &mut connection, &mut before).await {
                    // The log only grows until it works again; whoever cannot write is told by the commit itself.
                    tracing::debug!("the log could not be moved into the database: {error}");
                    connection = None;
                }
            }
        }))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Moves what is in the log, when it pays and nobody is in a hurry.
async fn look(
    options: &SqliteConnectOptions,
    opened: &Opened,
    connection: &mut Option<SqliteConnection>,
    before: &mut i64,
) -> sqlx::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(SqliteConnection::connect_with(options).await?),
    };
    // Only a look.
    let Log { pages, left } = Log::after("NOOP", connection).await?;
    let calm = pages <= *before + CALM;
    *before = pages;
    if !opened.log_holds(pages) {
        // What is missing in it would be written into the database as zeros.
        return Ok(());
    }
    if left < WORTH_IT || !(calm || left > TOO_LONG) {
        return Ok(());
    }
    for _ in 0..MOST_PASSES {
        if Log::after("PASSIVE", connection).await?.left < LITTLE {
            break;
        }
    }
    // To its end, while the writer waits: only then is the log written from its beginning again.
    Log::after("RESTART", connection).await?;
    Ok(())
}

/// How much is in the log, in pages.
pub(super) struct Log {
    pub(super) pages: i64,
    /// Those that are not in the database file yet.
    left: i64,
}

impl Log {
    pub(super) async fn after(mode: &str, connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let sql = AssertSqlSafe(format!("PRAGMA wal_checkpoint({mode})"));
        let row = sqlx::query(sql).fetch_one(connection).await?;
        let pages = row.try_get("log")?;
        Ok(Self { pages, left: pages - row.try_get::<i64, _>("checkpointed")? })
    }
}
