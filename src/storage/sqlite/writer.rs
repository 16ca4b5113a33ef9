//! The connection that writes, and the transaction on it.

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

/// Who writes to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The one service, which has a thread for checkpoints.
    Service,
    /// A command beside it, which is soon over and leaves checkpoints to SQLite.
    Command,
}

impl Owner {
    /// The service holds the lock of the file.
    pub(super) fn holding(lock: Option<&std::fs::File>) -> Self {
        lock.map_or(Self::Command, |_| Self::Service)
    }
}

/// A connection that writes.
pub(super) fn writing_connection(path: &Path, access: Access, owner: Owner) -> Result<Connection> {
    let connection = connect(path, access)?;
    // Of a new file. Bodies are 2 to 3 KB: of three a page less is lost than of one, and fewer pages are written.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was answered with 2xx must survive a power cut: the service syncs behind its commits.
    connection.pragma_update(None, "synchronous", if owner == Owner::Service { "NORMAL" } else { "FULL" })?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_KEPT)?;
    if owner == Owner::Service {
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    }
    Ok(connection)
}

/// What a transaction came to.
pub(super) struct Committed<T> {
    pub(super) value: T,
    /// For whom it is to be on the disk.
    pub(super) commit: Option<Commit>,
}

/// The writing connection, held by one at a time.
pub struct Writer {
    pub(super) slot: OwnedMutexGuard<Option<Connection>>,
    pub(super) went_well: bool,
}

impl Drop for Writer {
    /// After an error the connection goes: SQLite may have ended the transaction on its own (a full disk does),
    /// and a connection that believes it is still inside one would fail forever.
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

    /// Within a transaction, because a command beside the service also adds deliveries.
    pub(super) fn record(&mut self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let connection = self.connection()?;
        let first_id = number(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM deliveries")?;
        record::append(connection, first_id, deliveries)
    }
}
