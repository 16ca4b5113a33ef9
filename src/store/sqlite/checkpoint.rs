//! Moving commits from SQLite's log into the database file, beside the writer.
//!
//! Left to itself SQLite does it inside every commit that finds the log long, and a sender waits for it.

use std::time::Duration;

use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinHandle;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Pages in the log, of 4 KiB, from which on it pays to move them.
const WORTH_IT: i64 = 1_000;

/// Pages from which on writers wait a moment so that the log can begin anew: 64 MiB.
const TOO_LONG: i64 = 16_384;

/// The task that does it; it ends with its handle.
#[derive(Debug)]
pub(super) struct Checkpointer(JoinHandle<()>);

impl Checkpointer {
    pub(super) fn start(options: SqliteConnectOptions) -> Self {
        Self(tokio::spawn(async move {
            let mut connection = None;
            loop {
                tokio::time::sleep(LOOK).await;
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
    let length = std::fs::metadata(log_of(options)).map_or(0, |log| log.len() as i64) / 4096;
    if length < WORTH_IT {
        return Ok(());
    }
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(SqliteConnection::connect_with(options).await?),
    };
    let pages: i64 = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *connection).await?.try_get("log")?;
    if pages > TOO_LONG {
        sqlx::query("PRAGMA wal_checkpoint(RESTART)").fetch_one(connection).await?;
    }
    Ok(())
}

fn log_of(options: &SqliteConnectOptions) -> std::path::PathBuf {
    let mut name = options.get_filename().as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
