//! Moving commits from SQLite's log into the database file, beside the writer.
//!
//! Left to itself SQLite does it inside every commit that finds the log long, and a sender waits for it.

use std::time::Duration;

use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinHandle;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Pages in the log, of 4 KiB, from which on it pays to move them.
const WORTH_IT: u64 = 1_000;

/// Pages that the log may grow by between two looks and yet count as calm.
const CALM: u64 = 250;

/// Pages from which on it is moved however busy the writer is: 256 MiB.
const TOO_LONG: u64 = 65_536;

/// How long the writer may be made to wait for somebody who reads a long list: then it is tried again later.
const PATIENCE: Duration = Duration::from_millis(10);

/// So few pages are moved while the writer waits.
const LITTLE: i64 = 250;

/// How often is tried to come so near to the writer.
const MOST_PASSES: usize = 8;

/// The task that does it; it ends with its handle.
#[derive(Debug)]
pub(super) struct Checkpointer(JoinHandle<()>);

impl Checkpointer {
    pub(super) fn start(options: SqliteConnectOptions) -> Self {
        let options = options.busy_timeout(PATIENCE);
        Self(tokio::spawn(async move {
            let (mut connection, mut before) = (None, 0);
            loop {
                tokio::time::sleep(LOOK).await;
                let pages = std::fs::metadata(log_of(&options)).map_or(0, |log| log.len() / 4096);
                let calm = pages <= before + CALM;
                before = pages;
                if pages < WORTH_IT || !(calm || pages > TOO_LONG) {
                    continue;
                }
                if let Err(error) = checkpoint(&options, &mut connection).await {
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

async fn checkpoint(options: &SqliteConnectOptions, connection: &mut Option<SqliteConnection>) -> sqlx::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(SqliteConnection::connect_with(options).await?),
    };
    for _ in 0..MOST_PASSES {
        let row = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *connection).await?;
        let left = row.try_get::<i64, _>("log")? - row.try_get::<i64, _>("checkpointed")?;
        if left < LITTLE {
            break;
        }
    }
    // Truncated, so that its length tells again how much is in it.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(())
}

fn log_of(options: &SqliteConnectOptions) -> std::path::PathBuf {
    let mut name = options.get_filename().as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
