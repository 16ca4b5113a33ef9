//! The writing connection and its transactions.

use std::path::Path;

use rusqlite::Connection;
use tokio::sync::OwnedMutexGuard;

use super::{
    checkpoint::LONGEST_KEPT,
    connection::{Access, OnFile, connect, execute, number},
    record,
    sync::Commit,
};
use crate::storage::{Delivery, Receipt, Result, StorageError};

/// Which kind of process writes to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The service, which has a checkpoint thread and syncs after its commits.
    Service,
    /// A command, which runs briefly and leaves checkpoints and syncs to SQLite.
    Command,
}

impl Owner {
    /// The service, if there is a lock on the file; otherwise a command.
    pub(super) fn of_lock(lock: Option<&std::fs::File>) -> Self {
        lock.map_or(Self::Command, |_| Self::Service)
    }
}

/// Opens a writing connection.
pub(super) fn writing_connection(path: &Path, access: Access, owner: Owner) -> Result<Connection> {
    let connection = connect(path, access)?;
    // Takes effect in a new file only. Bodies are 2 to 3 KB: three bodies per page waste less space than one, and fewer
    // pages are written.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A delivery that was answered with 2xx must survive a power cut: the service syncs after its commits.
    connection.pragma_update(None, "synchronous", if owner == Owner::Service { "NORMAL" } else { "FULL" })?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_KEPT)?;
    if owner == Owner::Service {
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    }
    Ok(connection)
}

/// The result of a committed transaction.
pub(super) struct Committed<T> {
    pub(super) value: T,
    /// To wait for until the commit is on the disk; `None` if SQLite has synced it already.
    pub(super) commit: Option<Commit>,
}

/// The writing connection, exclusively locked.
pub struct Writer {
    pub(super) slot: OwnedMutexGuard<Option<Connection>>,
    pub(super) went_well: bool,
}

impl Drop for Writer {
    /// Closes the connection after an error: SQLite may have ended the transaction itself (as it does on a full disk),
    /// and a connection that still assumes one would keep failing.
    fn drop(&mut self) {
        if !self.went_well {
            *self.slot = None;
        }
    }
}

impl OnFile for Writer {
    fn connection(&self) -> Result<&Connection> {
        self.slot.as_ref().ok_or(StorageError::Closed)
    }
}

impl Writer {
    pub(super) fn run(&self, sql: &str) -> Result<()> {
        execute(self.connection()?, sql, &[]).map(drop)
    }

    /// Must run in a transaction, because a command may add deliveries at the same time.
    pub(super) fn record(&mut self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let connection = self.connection()?;
        let first_id = number(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM deliveries")?;
        record::append(connection, first_id, deliveries)
    }
}
