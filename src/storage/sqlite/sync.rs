//! Syncs SQLite's log to the disk, once for all commits that wait for it.
//!
//! With `synchronous = FULL`, SQLite syncs inside each commit while all other writers wait. With `NORMAL`, a commit is
//! only written to the log, and the sync that `FULL` would add is made here, after the commit: the next transaction
//! runs in the meantime, and one sync covers every commit made before it began. SQLite makes the other syncs (of the
//! log before a checkpoint, of the database after it, of the log's new header) in both modes.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Syncs one log file.
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
    /// For the log in this file. Closing the file releases no lock, because SQLite has none on it.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, committed: AtomicU64::new(0), synced: Mutex::default() })
    }

    /// Counts a commit that was just written to the log.
    pub(super) fn committed(&self) -> Commit {
        Commit(self.committed.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Waits until this commit is on the disk. After one failed sync, every later call fails too: the kernel may no
    /// longer write the pages that the disk refused.
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
        // Only a file on a disk can be synced.
        let syncs = Syncs::of(Path::new("/dev/null")).expect("every machine has it");
        let commits = [syncs.committed(), syncs.committed()];
        for commit in commits {
            syncs.wait_for(commit).expect_err("it cannot be synced");
        }
        syncs.wait_for(syncs.committed()).expect_err("nor later");
    }
}
