//! Moving commits from SQLite's log into the database file, beside the writer.
//!
//! Left to itself SQLite does it inside every commit that finds the log long, and a sender waits for it.
//! The log's file keeps its length: to write over what is there is quicker than to make a file longer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::{Access, Owner, Result, connection::wait_at_most, file::Opened, writing_connection};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Pages in the log, of 8 KiB, from which on it pays to move them.
const WORTH_IT: i64 = 500;

/// Pages that may be written between two looks that yet count as calm.
const CALM: i64 = 125;

/// Pages from which on it is moved however busy the writer is: 32 MiB. Afterwards the database is synced, and more
/// would keep the disk from syncing commits for longer.
const TOO_LONG: i64 = 4_096;

/// How long the log's file may stay, in bytes: as long as it gets in busy times. What is longer is given back.
pub(super) const LONGEST_KEPT: i64 = 64 << 20;

/// How long the writer may be made to wait for somebody who reads a long list: then it is tried again later.
const PATIENCE: Duration = Duration::from_millis(10);

/// So few pages are moved while the writer waits.
const LITTLE: i64 = 125;

/// How often is tried to come so near to the writer.
const MOST_PASSES: usize = 8;

/// The thread that does it; it ends with its handle.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(path: PathBuf, opened: Arc<Opened>, writing: Arc<Mutex<()>>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || {
            let (mut connection, mut before) = (None, 0);
            again_until_stopped(&stopped, LOOK, || {
                if let Err(error) = look(&path, &opened, &writing, &mut connection, &mut before) {
                    // The log only grows until it works again; a commit that cannot write reports it itself.
                    tracing::debug!("the log could not be moved into the database: {error}");
                    connection = None;
                }
            });
        });
        if let Err(error) = &thread {
            tracing::error!("no thread could be made that moves SQLite's log into the database: {error}");
        }
        Self { stop: Some(stop), thread: thread.ok() }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Works after every pause until the other end of the channel is gone. Work that panics is logged, counted and done
/// again after the next pause: without this thread the log would grow until the disk is full.
fn again_until_stopped(stopped: &mpsc::Receiver<()>, pause: Duration, mut work: impl FnMut()) {
    while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
        if catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
            metrics::counter!("forstok_accurate_task_panics_total", "task" => "checkpoints").increment(1);
            tracing::error!("moving SQLite's log into the database panicked; it is tried again");
        }
    }
}

/// Moves what is in the log, when it pays and nobody is in a hurry.
fn look(
    path: &Path,
    opened: &Opened,
    writing: &Mutex<()>,
    connection: &mut Option<Connection>,
    before: &mut i64,
) -> Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => {
            let connected = writing_connection(path, Access::Write, Owner::Service)?;
            wait_at_most(&connected, PATIENCE)?;
            none.insert(connected)
        }
    };
    // Only a look.
    let Log { pages, left } = Log::after("NOOP", connection)?;
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
        if Log::after("PASSIVE", connection)?.left < LITTLE {
            break;
        }
    }
    // To its end, while the writer waits: only then is the log written from its beginning again. The writer waits for
    // this lock and goes on at once; for the file's lock it would ask again and again, after pauses that get longer.
    let _writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
    Log::after("RESTART", connection)?;
    Ok(())
}

/// How much is in the log, in pages.
pub(super) struct Log {
    pub(super) pages: i64,
    /// Those that are not in the database file yet.
    left: i64,
}

impl Log {
    pub(super) fn after(mode: &str, connection: &Connection) -> Result<Self> {
        let count = |row: &rusqlite::Row<'_>| Ok((row.get("log")?, row.get::<_, i64>("checkpointed")?));
        let (pages, moved): (i64, i64) = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], count)?;
        Ok(Self { pages, left: pages - moved })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_panics_is_done_again_until_it_is_stopped() {
        let (stop, stopped) = mpsc::channel();
        let (mut stop, mut times) = (Some(stop), 0);
        again_until_stopped(&stopped, Duration::from_millis(1), || {
            times += 1;
            assert!(times > 2, "on purpose");
            stop.take();
        });
        assert_eq!(times, 3);
    }
}
