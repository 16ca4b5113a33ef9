//! When a backup was last made: a file beside the SQLite database, because `store backup` may only read the database.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

/// Records that a backup of this database was made.
pub fn note(database: &Path, at: Timestamp) -> io::Result<()> {
    std::fs::write(file(database), at.to_string())
}

/// When the last backup of this database was made; `None` if none was recorded.
pub fn latest(database: &Path) -> Option<Timestamp> {
    std::fs::read_to_string(file(database)).ok()?.trim().parse().ok()
}

fn file(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".last-backup");
    database.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_backup_is_remembered_beside_the_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("orders.db");
        assert_eq!(latest(&database), None);
        let at = "2026-11-26T01:00:00Z".parse().expect("a time");
        note(&database, at).expect("the folder takes files");
        assert_eq!(latest(&database), Some(at));
    }
}
