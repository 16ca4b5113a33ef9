//! Syncing SQLite's log to the disk, once for all commits that wait for it.
//!
//! With `synchronous = FULL` SQLite syncs inside each commit, while everybody else waits to write. With `NORMAL` a
//! commit is only written into the log, and the sync that `FULL` adds to it is made here, behind it: the next
//! transaction is written meanwhile, and one sync serves all that were committed before it began. The other syncs
//! (of the log before a checkpoint, of the database after it, of the log's new header) are SQLite's own with both.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Syncs of one log.
#[derive(Debug)]
pub(super) struct Syncs {
    file: File,
    committed: AtomicU64,
    synced: Mutex<Synced>,
}

#[derive(Debug, Default)]
struct Synced {
    commits: u64,
    has_failed: bool,
}

/// A commit that has been written into the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit(u64);

impl Syncs {
    /// Of the log in this file. To close the file takes no lock away: SQLite has none on it.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, committed: AtomicU64::new(0), synced: Mutex::default() })
    }

    /// Counts a commit that has just been written.
    pub(super) fn committed(&self) -> Commit {
        Commit(self.committed.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Returns when this commit is on the disk. After one failure it never is again: of what the disk refused once the
    /// kernel may forget that it was to be written.
    pub(super) fn wait_for(&self, commit: Commit) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if synced.has_failed {
            return Err(io::Error::other("an earlier sync failed"));
        }
        if synced.commits < commit.0 {
            let committed = self.committed.load(Ordering::SeqCst);
            synced.has_failed = true;
            self.file.sync_data()?;
            *synced = Synced { commits: committed, has_failed: false };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sync_serves_all_that_were_committed_before_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let syncs = Syncs::of(file.path()).expect("it is there");
        let commits = [(); 3].map(|()| syncs.committed());
        syncs.wait_for(commits[0]).expect("synced");
        let synced = || syncs.synced.lock().expect("not poisoned").commits;
        assert_eq!(synced(), 3);
        syncs.wait_for(commits[2]).expect("on the disk already");
        syncs.wait_for(syncs.committed()).expect("synced");
        assert_eq!(synced(), 4);
    }

    #[test]
    fn after_a_sync_that_failed_nothing_counts_as_synced() {
        // What is no file on a disk cannot be synced.
        let syncs = Syncs::of(Path::new("/dev/null")).expect("every machine has it");
        let commits = [syncs.committed(), syncs.committed()];
        for commit in commits {
            syncs.wait_for(commit).expect_err("it cannot be synced");
        }
        syncs.wait_for(syncs.committed()).expect_err("nor later");
    }
}
