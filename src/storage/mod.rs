//! The database: deliveries, orders, documents with their states and leases, timelines, mappings.
//!
//! A document's row is also its job: there is no separate queue that could disagree with it.

mod after_sale;
mod allowance;
mod attempts;
mod claim;
mod copy;
mod decide;
mod dialect;
mod figures;
mod fold;
mod hints;
mod imports;
mod list;
mod manual;
mod mappings;
mod masters;
mod notices;
mod old_bodies;
mod order_recheck;
mod pages;
mod past;
mod postgres;
mod read;
mod recheck;
mod reconciliation;
mod records;
mod remedy;
mod restored;
mod rows;
mod seen;
mod sessions;
mod settle;
mod shadow;
mod sql;
mod sqlite;
mod timeline;
mod traits;

use std::{fmt, path::PathBuf, sync::Arc};

use secrecy::SecretString;

pub(crate) use self::postgres::{address_of, examine as examine_url};
pub use self::{
    after_sale::approve::Approving,
    allowance::{Allowance, Borrowed, borrow},
    copy::{Moved, Progress, copy},
    mappings::MAPPING_FILE_AUTHORS,
    postgres::Postgres,
    records::*,
    rows::hundredths,
    sessions::SESSION_LASTS,
    sqlite::{Existing, Held, Restored, Sqlite, Verified, backup, restore, verify},
    traits::*,
};
use crate::{clock::SharedClock, domain::order::OrderId};

/// The location of a database.
#[derive(Clone, Debug)]
pub enum Database {
    /// An SQLite file; its folder is created if it is missing.
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server. The URL may hold a password.
    Postgres(SecretString),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&address_of(url)),
        }
    }
}

/// Opens the database for the service: a file exclusively, a server together with other replicas.
pub async fn open(database: &Database) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open(url).await?),
    })
}

/// As [`open`], for a simulation: this clock also replaces the server's.
pub async fn open_by(database: &Database, clock: SharedClock) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open(url).await?.by_clock(clock)),
    })
}

/// Opens an existing database for a command that claims no orders; a service may be running.
pub async fn open_beside(database: &Database) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open_beside(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open_beside(url).await?),
    })
}

/// Opens a database to read it; creates and changes nothing.
pub async fn open_to_read(database: &Database) -> Result<Readable> {
    match database {
        Database::Sqlite(path) => Sqlite::open_to_read(path).await,
        Database::Postgres(url) => Postgres::open_to_read(url).await,
    }
}

/// A database opened to read.
pub enum Readable {
    /// There is no database, or none of our tables: the service creates them at its first start.
    Absent,
    /// The database of an earlier version: the service migrates it at its next start.
    Older,
    /// A database of this version, or of a newer compatible one.
    Now(Arc<dyn Storage>),
}

/// Why an operation of the storage failed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A PostgreSQL statement failed, or the connection did.
    #[error("the database failed: {0}; {remedy}", remedy = remedy::of(.0))]
    Database(#[from] sqlx::Error),
    /// An SQLite statement failed.
    #[error("the database failed: {0}; {remedy}", remedy = remedy::of_file(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// The database was already closed.
    #[error("the database is closed")]
    Closed,
    /// A migration failed.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row contains something that this version of the program does not write.
    #[error("the database holds something this version cannot read: {0}")]
    Unreadable(String),
    /// Other writes kept the writing connection for longer than the time limit.
    #[error("the database is busy: earlier writes have not finished in time; the log says why")]
    Busy,
    /// An order may not change from one state to the other; nothing was written.
    #[error("order {order_id} must not go from {from} to {to}: nothing was written", from = .from.as_str(), to = .to.as_str())]
    Unlawful {
        /// Which order.
        order_id: OrderId,
        /// The state that it is in.
        from: State,
        /// The state that it was to get.
        to: State,
    },
    /// The file is damaged; nothing is written any more.
    #[error("{0}")]
    Damaged(String),
    /// The last write failed, with this error.
    #[error("{0}")]
    Failing(String),
    /// The file or its folder cannot be used.
    #[error("{path} cannot be used as a database: {why}")]
    File {
        /// The file.
        path: String,
        /// The reason, and the remedy if there is one.
        why: String,
    },
    /// Another process works on the file.
    #[error(
        "{path} cannot be used as a database: another forstok-accurate works on it; stop that one first, or give this one its own database"
    )]
    InUse {
        /// The file.
        path: String,
    },
    /// The server cannot be used.
    #[error("{server} cannot be used as a database: {why}")]
    Server {
        /// The server and database, without the password.
        server: String,
        /// The reason, and the remedy if there is one.
        why: String,
    },
    /// The server did not answer within the time limit.
    #[error("the database did not answer in time: {}", remedy::UNREACHABLE)]
    Late,
}

/// The result of a storage operation.
pub type Result<T> = std::result::Result<T, StorageError>;

/// The names of the migrations in a folder, sorted.
#[cfg(test)]
fn migration_files(database: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let files = std::fs::read_dir(folder).expect("it is there").map(|file| file.expect("readable").path());
    let name = |file: std::path::PathBuf| file.file_stem().and_then(|name| name.to_str()).expect("UTF-8").to_owned();
    let mut names: Vec<_> = files.map(name).collect();
    names.sort();
    names
}
