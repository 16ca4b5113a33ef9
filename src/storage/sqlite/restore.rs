//! Restores a backup: replaces the database with it.

use std::{
    ffi::OsString,
    fs::Permissions,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    Access, Result, access_to_read,
    backup::{copied, folder_of, sync_folder_of},
    connect,
    connection::in_place,
    file::{PRIVATE, beside, lock_beside, make_folder, refused, refused_by},
    verify::{Held, Verified, verify},
};
use crate::storage::rows::micros;

/// What happens to an existing database at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The restore is refused, and nothing changes.
    Refuse,
    /// The database is renamed, together with its log.
    KeepAside,
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The backup is in place: its contents, and the new name of the previous database, if there was one.
    Done(Held, Option<PathBuf>),
    /// The backup has these problems; nothing was changed.
    Problems(Verified),
}

/// Verifies a backup, then replaces the database with a copy of it. On return the copy is on disk; at every moment
/// before, either the previous database or the restored one is in place.
pub async fn restore(backup: &Path, target: &Path, existing: Existing, now: Timestamp) -> Result<Restored> {
    let is_itself = |there: PathBuf| backup.canonicalize().is_ok_and(|backup| backup == there);
    if target.canonicalize().is_ok_and(is_itself) {
        return Err(refused(backup, &"it is the database itself; name the file that `store backup` wrote"));
    }
    let verified = verify(backup).await?;
    let Some(held) = verified.held.filter(|_| verified.problems.is_empty()) else {
        return Ok(Restored::Problems(verified));
    };
    in_place(|| {
        make_folder(target)?;
        let lock = lock_beside(target)?;
        let part = copied(backup, access_to_read(backup), target)?;
        let mut connection = connect(part.path(), Access::Write)?;
        look_up_first(&mut connection, now).map_err(|error| refused_by(backup, error))?;
        drop(connection);
        belongs_to_the_folder(target, &[part.path(), &beside(target, ".lock")])
            .and_then(|()| part.as_file().sync_all())
            .map_err(|error| refused(target, &error))?;
        let aside = if is_there(target) { Some(keep_aside(target, existing, now)?) } else { None };
        part.persist(target).map_err(|error| refused(target, &error.error))?;
        sync_folder_of(target).map_err(|error| refused(target, &error))?;
        drop(lock);
        Ok(Restored::Done(held, aside))
    })
}

/// Marks documents that may exist in Accurate because they were created after the backup was made. Each due document is
/// treated as if its save had been sent just now, and each blocked or deleted one is looked up if it is wanted again;
/// `storage::restored` does the same for documents that the backup does not contain.
fn look_up_first(connection: &mut Connection, now: Timestamp) -> Result<()> {
    let now = micros(now);
    let transaction = connection.transaction()?;
    transaction.execute("INSERT INTO restores (at) VALUES ($1) ON CONFLICT (at) DO NOTHING", params![now])?;
    transaction.execute(
        "UPDATE documents SET tries = MAX(tries, 1),
                doubt_since = CASE WHEN wanted = 'exist' THEN MAX(doubt_since, $1) ELSE doubt_since END
         WHERE state = 'due'",
        params![now],
    )?;
    transaction.execute("UPDATE documents SET tries = MAX(tries, 1) WHERE state IN ('blocked', 'gone')", [])?;
    Ok(transaction.commit()?)
}

/// Whether a database, or the log of one, exists at the target.
fn is_there(target: &Path) -> bool {
    target.symlink_metadata().is_ok() || beside(target, "-wal").exists()
}

/// Renames the previous database, and moves its log away from the restored one.
fn keep_aside(target: &Path, existing: Existing, now: Timestamp) -> Result<PathBuf> {
    if existing == Existing::Refuse {
        let why = "a database is there already; with --keep-aside it gets another name, and the backup takes its place";
        return Err(refused(target, &why));
    }
    let mut name = OsString::from(target);
    name.push(now.strftime(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    let aside = PathBuf::from(name);
    // Moves the log into the database. A damaged database keeps its log, under the new name.
    let _ = connect(target, Access::Write)
        .and_then(|connection| Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?));
    let files = ["", "-wal", "-shm"].map(|end| (beside(target, end), beside(&aside, end)));
    let files: Vec<_> = files.into_iter().filter(|(from, _)| from.exists()).collect();
    let kept = || -> std::io::Result<()> {
        for (from, to) in &files {
            std::fs::hard_link(from, to)?;
        }
        sync_folder_of(target)?;
        // The database itself is replaced by the restored one.
        files.iter().filter(|(from, _)| from != target).try_for_each(|(from, _)| std::fs::remove_file(from))
    };
    kept().map_err(|error| refused(target, &error))?;
    Ok(aside)
}

/// Gives files that root created the owner of their folder, because the service could not open them otherwise. Other
/// users cannot read them.
fn belongs_to_the_folder(target: &Path, files: &[&Path]) -> std::io::Result<()> {
    let folder = std::fs::metadata(folder_of(target))?;
    for file in files {
        std::fs::set_permissions(file, Permissions::from_mode(PRIVATE))?;
        if std::fs::metadata(file)?.uid() == 0 && folder.uid() != 0 {
            chown(file, Some(folder.uid()), Some(folder.gid()))?;
        }
    }
    Ok(())
}
