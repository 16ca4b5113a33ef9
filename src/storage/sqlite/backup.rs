//! Backs up the database file while the service may be using it.

use std::{ffi::OsString, fmt::Display, os::unix::fs::FileExt, path::Path};

use tempfile::NamedTempFile;

use super::{
    Access, Result, StorageError, connect, execute,
    file::{MARK_AT, must_exist, refused, refused_by},
    in_place, schema,
    verify::Held,
};
use crate::storage::{dialect::Value, remedy};

/// Copies the database to a new file, as a consistent snapshot, without blocking readers or writers. On return the new
/// file is on disk and checked; until then, nothing exists under its name.
pub async fn backup(source: &Path, target: &Path) -> Result<Held> {
    in_place(|| copy(source, target))
}

fn copy(source: &Path, target: &Path) -> Result<Held> {
    must_exist(source)?;
    if target.exists() {
        return Err(refused(target, &"it exists already; give another name"));
    }
    let part = copied(source, Access::Write, target)?;
    let held = check_copy(part.path(), target)?;
    let on_disk = || -> std::io::Result<()> {
        part.as_file().sync_all()?;
        part.persist_noclobber(target).map_err(|error| error.error)?;
        sync_folder_of(target)
    };
    on_disk().map_err(|error| refused(target, &error))?;
    Ok(held)
}

/// Copies a database to a temporary file beside the target. The file is removed unless it is persisted as the target.
pub(super) fn copied(source: &Path, access: Access, target: &Path) -> Result<NamedTempFile> {
    let part = part_beside(target).map_err(|error| refused(target, &error))?;
    // Opened without migrations: a newer program must be able to back up a database before it migrates it.
    // `VACUUM INTO` reads in one transaction: it sees one snapshot, and in WAL mode readers do not block the writer.
    let connection = connect(source, access).map_err(|error| refused_by(source, error))?;
    schema::is_ours(source, &connection).map_err(|error| refused_by(source, error))?;
    let written = execute(&connection, "VACUUM INTO $1", &[Value::Text(text(part.path())?)]);
    drop(connection);
    written.map_err(|error| refused_by(if is_about_the_target(&error) { target } else { source }, error))?;
    // Clears the service's mark, so that a copy put in place of the marked file is detected.
    part.as_file().write_all_at(&[0; 4], MARK_AT).map_err(|error| refused(target, &error))?;
    Ok(part)
}

/// Syncs the target's folder, so that a file just renamed or linked into it survives a power cut.
pub(super) fn sync_folder_of(target: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder_of(target))?.sync_all()
}

pub(super) fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether writing the copy failed, as opposed to reading the source.
fn is_about_the_target(error: &StorageError) -> bool {
    matches!(error, StorageError::Sqlite(error) if remedy::is_about_writing(error))
}

/// Creates a temporary file beside the target; only its owner can read it.
fn part_beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().ok_or(std::io::ErrorKind::IsADirectory)?);
    prefix.push(".");
    tempfile::Builder::new().prefix(&prefix).suffix(".part").tempfile_in(folder_of(target))
}

/// Checks that the whole copy, which will be the target, can be read, and counts its contents.
fn check_copy(copy: &Path, target: &Path) -> Result<Held> {
    let damaged = |found: &dyn Display| {
        let why = format!(
            "the copy was read back and is damaged ({found}), so no backup was made: check the database with `store \
             verify`, and the disk of this file"
        );
        refused(target, &why)
    };
    let checked = || {
        let connection = connect(copy, Access::Read)?;
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" { Held::by(copy, &connection) } else { Err(damaged(&found)) }
    };
    checked().map_err(|error| match error {
        StorageError::Sqlite(error) if remedy::is_damage(&error) => damaged(&error),
        error => error,
    })
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| StorageError::File {
        path: path.display().to_string(),
        why: "SQLite takes only names in UTF-8; give another one".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_read_back_damaged_is_no_backup_and_nothing_is_said_about_replacing_the_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let (copy, target) = (folder.path().join(".backup.part"), folder.path().join("backup.db"));
        let connection = rusqlite::Connection::open(&copy).expect("a new file");
        let rows = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT);
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                    INSERT INTO orders SELECT i, 'an order with a long name ' || i FROM n";
        connection.execute_batch(rows).expect("written");
        drop(connection);
        let whole = std::fs::read(&copy).expect("it is there");
        for damaged in [4_096 * 3..4_096 * 6, 100..4_096] {
            let mut bytes = whole.clone();
            bytes[damaged].fill(0x55);
            std::fs::write(&copy, bytes).expect("it is ours");
            let said = check_copy(&copy, &target).expect_err("it is damaged").to_string();
            assert!(said.starts_with(&target.display().to_string()), "{said}");
            assert!(said.contains("so no backup was made: check the database with `store verify`"), "{said}");
            assert!(!said.contains("stop the service"), "{said}");
        }
    }
}
