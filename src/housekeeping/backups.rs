//! When a backup was last made: a file beside the SQLite database, because `store backup` may only read the database.

use std::{
    io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

/// Records that a backup of this database was made.
///
/// If root makes one, the file gets the owner of its folder, because the service reads it and its nightly backup
/// replaces it.
pub fn note(database: &Path, at: Timestamp) -> io::Result<()> {
    let file = file(database);
    let part = file.with_extension("last-backup.part");
    std::fs::write(&part, at.to_string())?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (made, folder) = (std::fs::metadata(&part)?, std::fs::metadata(folder)?);
    if made.uid() == 0 && folder.uid() != 0 {
        chown(&part, Some(folder.uid()), Some(folder.gid()))?;
    }
    std::fs::rename(part, file)
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
