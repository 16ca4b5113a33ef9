//! Connections that read: pages and metrics must not wait for each other.

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

/// How many there are at most.
const READERS: u32 = 4;

/// Connections that read, made when they are needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    access: Access,
    idle: Mutex<Vec<Connection>>,
    room: Arc<Semaphore>,
}

impl Readers {
    /// With one connection. As long as it is there, SQLite keeps the log (`-wal`).
    pub(super) fn open(path: PathBuf, access: Access) -> Result<Arc<Self>> {
        let first = connect(&path, access)?;
        // A file that is no database shows only when it is read.
        first.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        let room = Arc::new(Semaphore::new(READERS as usize));
        Ok(Arc::new(Self { path, access, idle: Mutex::new(vec![first]), room }))
    }

    /// A connection for one piece of work.
    pub(super) async fn one(self: &Arc<Self>) -> Result<Reading> {
        let place = self.room.clone().acquire_owned().await.map_err(|_| StorageError::Closed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => in_place(|| connect(&self.path, self.access))?,
        };
        Ok(Reading { connection: Some(connection), readers: self.clone(), _place: place })
    }

    /// Ends them all, each when its work has ended.
    pub(super) async fn close(&self) {
        let _all = self.room.acquire_many(READERS).await;
        self.room.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, until it is dropped.
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
