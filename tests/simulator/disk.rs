//! The location of the worlds' databases: in memory if the machine has such a file system, because a sync costs nothing
//! there; or on a PostgreSQL server.

use std::path::{Path, PathBuf};

use forstok_accurate::{
    domain::mapping::Mapping,
    sandbox::samples::MAPPING,
    settings::Database,
    storage::{self, NewMapping},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::world::postgres;

/// The database of the worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Sqlite,
    Postgres,
}

impl Base {
    /// The database of a longer run: `SIMULATOR_STORE=postgres`.
    pub(crate) fn wanted() -> Self {
        match std::env::var("SIMULATOR_STORE").as_deref() {
            Err(_) | Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("SIMULATOR_STORE must be sqlite or postgres, not {other:?}"),
        }
    }
}

/// A place for databases, used one after the other.
pub(crate) enum Disk {
    /// A folder for files, and a new file to copy, because creating the schema takes longer than many a world.
    Folder(TempDir, Vec<u8>),
    /// One database, which is emptied for each world.
    Server(Database),
}

/// The content of a new database on a server.
const AS_NEW: &str = "
    TRUNCATE deliveries, delivery_counts, unfolded, orders, documents, timeline, rechecks, order_counts, order_warnings, warning_counts, leaders,
             settlement_rows, settlement_counts, fee_kinds, payout_lines, unsettled, owing, receivables
        RESTART IDENTITY;
    DELETE FROM mappings WHERE revision > 1";

impl Disk {
    pub(crate) async fn new(base: Base) -> Self {
        if base == Base::Postgres {
            let place = postgres::new_database().await;
            put_mapping(&place).await;
            return Self::Server(place);
        }
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder for databases can be made");
        let path = folder.path().join("new.db");
        put_mapping(&Database::Sqlite(path.clone())).await;
        let new = std::fs::read(&path).expect("the new database can be read");
        Self::Folder(folder, new)
    }

    /// Whether it is a server, which has a clock of its own.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// A new database for a world.
    pub(crate) async fn new_place(&self, seed: u64) -> Database {
        match self {
            Self::Folder(folder, new) => {
                let path = folder.path().join(format!("{seed}.db"));
                self.clear(seed);
                std::fs::write(&path, new).expect("a database can be written");
                Database::Sqlite(path)
            }
            Self::Server(place) => {
                let Database::Postgres(url) = place else { panic!("a server's") };
                let mut connection = PgConnection::connect(url.expose_secret()).await.expect("the server is there");
                sqlx::raw_sql(AS_NEW).execute(&mut connection).await.expect("emptied");
                connection.close().await.expect("closed");
                place.clone()
            }
        }
    }

    /// The database file of a world; `None` on a server.
    pub(crate) fn file(&self, seed: u64) -> Option<PathBuf> {
        match self {
            Self::Folder(folder, _) => Some(folder.path().join(format!("{seed}.db"))),
            Self::Server(_) => None,
        }
    }

    /// The world has ended.
    pub(crate) fn clear(&self, seed: u64) {
        if let Self::Folder(folder, _) = self {
            for end in ["", "-wal", "-shm", ".lock"] {
                // Not all of these files always exist.
                let _ = std::fs::remove_file(folder.path().join(format!("{seed}.db{end}")));
            }
        }
    }
}

async fn put_mapping(place: &Database) {
    let storage = storage::open(place).await.expect("a database can be made");
    let posting = Mapping::parse("mapping.toml", MAPPING).expect("the sample mapping is valid").posting;
    let (document, who) = (MAPPING.to_owned(), "simulator".to_owned());
    let new = NewMapping { document, who, note: String::new(), changes: Vec::new(), posting, replaces: 0 };
    storage.put_mapping(&new, Timestamp::UNIX_EPOCH).await.expect("written").expect("nobody else applies one");
    storage.close().await;
}
