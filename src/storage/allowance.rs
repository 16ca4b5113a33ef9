//! Accurate counts the calls of all processes that use a token. The service uses the whole limit and lends half of it
//! to a command on request. A lock decides, so that the limit of a process that dies is free again.
//!
//! The service and its replicas share the lock; a command holds it alone. When a command waits for the lock, the
//! service notices, stops using half of its slots, and releases the lock. Once the command has ended, the service takes
//! the lock and the slots again.

use std::time::Duration;

use super::Database;
use super::{Result, postgres::LockOnServer, sqlite::LockOnFile};
use crate::clock::Clock;

/// How long a command waits for its half. A call that the service has under way may take that long.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The service's side.
#[derive(Debug)]
pub enum Allowance {
    /// Beside a database file.
    File(LockOnFile),
    /// In a database on a server.
    Server(LockOnServer),
}

impl Allowance {
    /// The allowance for this database; [`Allowance::is_ours`] says whether the service may use all of it.
    pub async fn of(database: &Database, clock: &dyn Clock) -> Result<Self> {
        let mut allowance = match database {
            Database::Sqlite(path) => Self::File(LockOnFile::made(path)?),
            Database::Postgres(url) => Self::Server(LockOnServer::new(url)),
        };
        allowance.take_back(clock).await;
        Ok(allowance)
    }

    /// Whether all of it may be used: no command has a part of it or asks for one.
    pub async fn is_ours(&mut self, clock: &dyn Clock) -> bool {
        match self {
            Self::File(lock) => lock.is_shared() && !lock.is_wanted(clock),
            Self::Server(lock) => lock.check_unwanted().await,
        }
    }

    /// Lends a command the half that it asks for; call this once no call of this process uses that half any more.
    pub async fn lend(&mut self) {
        match self {
            Self::File(lock) => lock.release(),
            Self::Server(lock) => lock.release().await,
        }
    }

    /// Takes the lent half back and returns true; false if a command still has it, or another one waits for it.
    pub async fn take_back(&mut self, clock: &dyn Clock) -> bool {
        match self {
            Self::File(lock) => !lock.is_wanted(clock) && lock.try_share(),
            Self::Server(lock) => lock.try_share().await,
        }
    }
}

/// The half that a command has borrowed, until this is dropped.
#[derive(Debug)]
pub struct Borrowed(#[expect(dead_code, reason = "it is held, not read")] Part);

#[derive(Debug)]
#[expect(dead_code, reason = "it is held, not read")]
enum Part {
    File(LockOnFile),
    Server(LockOnServer),
}

/// Waits until a service on this database, if there is one, has lent its half. `None` where no service has ever run
/// that could lend.
pub async fn borrow(database: &Database, clock: &dyn Clock) -> Result<Option<Borrowed>> {
    let part = match database {
        Database::Sqlite(path) => LockOnFile::borrowed(path, LONGEST_WAIT, clock).await?.map(Part::File),
        Database::Postgres(url) => Some(Part::Server(LockOnServer::borrowed(url, LONGEST_WAIT).await?)),
    };
    Ok(part.map(Borrowed))
}
