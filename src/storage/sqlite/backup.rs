//! A copy of the database file beside the service that works on it.

use std::{ffi::OsString, os::unix::fs::FileExt, path::Path};

use tempfile::NamedTempFile;

use super::{
    Access, Result, StorageError, connect, execute,
    file::{MARK_AT, must_exist, refused, refused_by},
    in_place, schema,
    verify::Held,
};
use crate::storage::{dialect::Value, remedy};

/// Copies the database in one file into another that is not there yet, as it stands at one moment. Nobody waits for
/// it meanwhile. The new file is on disk and was looked through when this returns; before, its name is free.
pub async fn backup(source: &Path, target: &Path) -> Result<Held> {
    in_place(|| copy(source, target))
}

fn copy(source: &Path, target: &Path) -> Result<Held> {
    must_exist(source)?;
    if target.exists() {
        return Err(refused(target, &"it exists already; give another name"));
    }
    let part = copied(source, Access::Write, target)?;
    let held = look_through(part.path())?;
    let on_disk = || -> std::io::Result<()> {
        part.as_file().sync_all()?;
        part.persist_noclobber(target).map_err(|error| error.error)?;
        sync_folder_of(target)
    };
    on_disk().map_err(|error| refused(target, &error))?;
    Ok(held)
}

/// A copy of a database in a file beside the target. It is removed unless it is made the target in the end.
pub(super) fn copied(source: &Path, access: Access, target: &Path) -> Result<NamedTempFile> {
    let part = part_beside(target).map_err(|error| refused(target, &error))?;
    // Only the bare file: a newer program must be able to back a database up before it brings it up to date.
    // One statement that reads: it sees one moment, and in this mode readers hold up no writer.
    let connection = connect(source, access).map_err(|error| refused_by(source, error))?;
    schema::is_ours(source, &connection).map_err(|error| refused_by(source, error))?;
    let written = execute(&connection, "VACUUM INTO $1", &[Value::Text(text(part.path())?)]);
    drop(connection);
    written.map_err(|error| refused_by(if is_about_the_target(&error) { target } else { source }, error))?;
    // A copy is not the file that a service has marked, even if it is put in its place.
    part.as_file().write_all_at(&[0; 4], MARK_AT).map_err(|error| refused(target, &error))?;
    Ok(part)
}

/// Makes sure that a name which was just given survives a power cut.
pub(super) fn sync_folder_of(target: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder_of(target))?.sync_all()
}

pub(super) fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether what failed is writing the copy: the source is only read.
fn is_about_the_target(error: &StorageError) -> bool {
    matches!(error, StorageError::Sqlite(error) if remedy::is_about_writing(error))
}

/// A file beside the target, readable by its owner alone.
fn part_beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().ok_or(std::io::ErrorKind::IsADirectory)?);
    prefix.push(".");
    tempfile::Builder::new().prefix(&prefix).suffix(".part").tempfile_in(folder_of(target))
}

/// Makes sure that the copy can be read from end to end, and counts.
fn look_through(copy: &Path) -> Result<Held> {
    let connection = connect(copy, Access::Read)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(refused(copy, &format!("{found}; {}", remedy::DAMAGED)));
    }
    Held::by(copy, &connection)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| StorageError::File {
        path: path.display().to_string(),
        why: "SQLite takes only names in UTF-8; give another one".to_owned(),
    })
}
