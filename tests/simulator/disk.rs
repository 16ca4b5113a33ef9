//! Where the databases of worlds lie: in memory where the machine has such a place, for a sync costs nothing there.

use std::path::{Path, PathBuf};

use forstok_accurate::{
    domain::mapping::Mapping,
    sandbox::samples::MAPPING,
    store::{NewMapping, Sqlite, Store},
};
use jiff::Timestamp;
use tempfile::TempDir;

/// A folder for databases, and a new database to copy: making the schema takes longer than many a world.
pub(crate) struct Disk {
    folder: TempDir,
    new: Vec<u8>,
}

impl Disk {
    pub(crate) async fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder for databases can be made");
        let path = folder.path().join("new.db");
        let store = Sqlite::open(&path).await.expect("a database can be made");
        Mapping::parse("mapping.toml", MAPPING).expect("the sample mapping is valid");
        let new =
            NewMapping { document: MAPPING.to_owned(), who: "simulator".to_owned(), changes: Vec::new(), replaces: 0 };
        store.put_mapping(&new, Timestamp::UNIX_EPOCH).await.expect("written");
        store.close().await;
        drop(store);
        let new = std::fs::read(&path).expect("the new database can be read");
        Self { folder, new }
    }

    /// A new database for a world.
    pub(crate) fn new_file(&self, seed: u64) -> PathBuf {
        let path = self.folder.path().join(format!("{seed}.db"));
        self.clear(seed);
        std::fs::write(&path, &self.new).expect("a database can be written");
        path
    }

    /// The world is over.
    pub(crate) fn clear(&self, seed: u64) {
        for end in ["", "-wal", "-shm", ".lock"] {
            // Not all of them are there each time.
            let _ = std::fs::remove_file(self.folder.path().join(format!("{seed}.db{end}")));
        }
    }
}
