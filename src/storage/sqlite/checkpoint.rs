//! Checkpoints: moves commits from SQLite's write-ahead log into the database file, on a thread of its own.
//!
//! By default SQLite checkpoints inside any commit that finds the log too long, and the sender waits for it.
//! The log file keeps its length, because overwriting it is faster than extending it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::{Access, Owner, Result, connection::wait_at_most, file::Opened, writing_connection};

/// How often the length of the log is checked.
const CHECK_EVERY: Duration = Duration::from_millis(200);

/// Unmoved pages (8 KiB each) from which a checkpoint is worthwhile.
const WORTH_IT: i64 = 500;

/// Most pages written between two checks for the writer to count as calm.
const CALM: i64 = 125;

/// Unmoved pages (32 MiB) from which they are moved even if the writer is busy. The database is synced afterwards, and
/// more pages would delay the syncs of commits for longer.
const TOO_LONG: i64 = 4_096;

/// Size to which SQLite truncates a longer log file, in bytes: the size that it reaches at busy times.
pub(super) const LONGEST_KEPT: i64 = 64 << 20;

/// Longest wait of a checkpoint for readers, while it blocks the writer. After that, it is retried later.
const LONGEST_BUSY_WAIT: Duration = Duration::from_millis(10);

/// Target for the number of pages that remain to be moved while the writer waits.
const FEW: i64 = 125;

/// Most passive checkpoints made to get below [`FEW`] pages.
const MOST_PASSES: usize = 8;

/// The checkpoint thread; dropping this stops it.
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
            again_until_stopped(&stopped, CHECK_EVERY, || {
                if let Err(error) = check(&path, &opened, &writing, &mut connection, &mut before) {
                    // Until this works again, the log only grows; a commit that cannot write reports its own error.
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

/// Runs `work` after every pause until the sender is dropped. A panic is logged and counted, and does not end the loop:
/// without this thread the log would grow until the disk is full.
fn again_until_stopped(stopped: &mpsc::Receiver<()>, pause: Duration, mut work: impl FnMut()) {
    while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
        if catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
            metrics::counter!("forstok_accurate_task_panics_total", "task" => "checkpoints").increment(1);
            tracing::error!("moving SQLite's log into the database panicked; it is tried again");
        }
    }
}

/// Makes a checkpoint if the log is long enough and the writer calm, or if the log is too long.
fn check(
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
            wait_at_most(&connected, LONGEST_BUSY_WAIT)?;
            none.insert(connected)
        }
    };
    // Measures the log without moving anything.
    let Log { pages, left } = Log::after("NOOP", connection)?;
    let calm = pages <= *before + CALM;
    *before = pages;
    if !opened.log_holds(pages) {
        // The log file was cut: the missing pages would be written into the database as zeros.
        return Ok(());
    }
    if left < WORTH_IT || !(calm || left > TOO_LONG) {
        return Ok(());
    }
    for _ in 0..MOST_PASSES {
        if Log::after("PASSIVE", connection)?.left < FEW {
            break;
        }
    }
    // Moves the rest while the writer waits, because only then can the log be overwritten from its beginning. On this
    // lock the writer continues immediately; on the file's lock it would poll with growing delays.
    let _writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
    Log::after("RESTART", connection)?;
    Ok(())
}

/// The length of the log, in pages.
pub(super) struct Log {
    pub(super) pages: i64,
    /// Pages that are not in the database file yet.
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
