//! Reading connections: several, so that pages and metrics do not wait for each other.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Result, StorageError,
    connection::{Access, OnFile, connect, in_place},
};

/// Most reading connections.
const READERS: u32 = 4;

/// A pool of reading connections, opened on demand.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    access: Access,
    idle: Mutex<Vec<Connection>>,
    room: Arc<Semaphore>,
}

impl Readers {
    /// Opens the first connection. As long as it is open, SQLite keeps the log (`-wal`).
    pub(super) fn open(path: PathBuf, access: Access) -> Result<Arc<Self>> {
        let first = connect(&path, access)?;
        // SQLite detects that a file is not a database only when it reads it.
        first.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        let room = Arc::new(Semaphore::new(READERS as usize));
        Ok(Arc::new(Self { path, access, idle: Mutex::new(vec![first]), room }))
    }

    /// Takes a connection from the pool; waits if all are in use.
    pub(super) async fn one(self: &Arc<Self>) -> Result<Reading> {
        let place = self.room.clone().acquire_owned().await.map_err(|_| StorageError::Closed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => in_place(|| connect(&self.path, self.access))?,
        };
        Ok(Reading { connection: Some(connection), readers: self.clone(), _place: place })
    }

    /// Waits until no connection is in use, then closes them all.
    pub(super) async fn close(&self) {
        let _all = self.room.acquire_many(READERS).await;
        self.room.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection; dropping this returns it to the pool.
#[derive(Debug)]
pub struct Reading {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.readers.idle().extend(self.connection.take());
    }
}

impl OnFile for Reading {
    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or(StorageError::Closed)
    }
}
