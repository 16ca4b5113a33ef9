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

/// The writing connection, and what it knows without asking.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) connection: Connection,
    /// The id of the next delivery. Nobody else adds any.
    pub(super) next_delivery: Option<i64>,
}

/// What a transaction came to.
pub(super) struct Committed<T> {
    pub(super) value: T,
    /// For whom it is to be on the disk.
    pub(super) commit: Option<Commit>,
}

/// The writing connection, held by one at a time.
pub struct Writer {
    pub(super) slot: OwnedMutexGuard<Option<Connected>>,
    pub(super) went_well: bool,
}

impl Drop for Writer {
    /// After an error the connection goes: SQLite may have ended the transaction on its own (a full disk does),
    /// and a connection that believes it is still inside one would fail for ever.
    fn drop(&mut self) {
        if !self.went_well {
            *self.slot = None;
        }
    }
}

impl OnFile for Writer {
    fn connection(&self) -> Result<&Connection> {
        Ok(&self.slot.as_ref().ok_or(StorageError::Closed)?.connection)
    }
}

impl Writer {
    pub(super) fn run(&self, sql: &str) -> Result<()> {
        execute(self.connection()?, sql, &[]).map(drop)
    }

    /// The first of so many ids of new deliveries.
    fn next_delivery(&mut self, count: usize) -> Result<i64> {
        let connected = self.slot.as_mut().ok_or(StorageError::Closed)?;
        let first = match connected.next_delivery {
            Some(id) => id,
            None => number(&connected.connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM deliveries")?,
        };
        connected.next_delivery = Some(first + count as i64);
        Ok(first)
    }

    pub(super) fn record(&mut self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let first_id = self.next_delivery(deliveries.len())?;
        record::append(self.connection()?, first_id, deliveries)
    }
}
