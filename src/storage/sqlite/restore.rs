//! Puts a backup in the place of the database.

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

/// What happens to a database that is where the backup goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: the restore is refused.
    Refuse,
    /// It gets another name, with its log.
    KeepAside,
}

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The backup is in place: what it holds, and the new name of the database that was there.
    Done(Held, Option<PathBuf>),
    /// Nothing was changed, because this is wrong with the backup.
    Problems(Verified),
}

/// Puts a copy of a backup in the place of the database, once the backup was verified. The copy is on disk when this
/// returns; at every moment before, either the earlier database or the restored one is in place.
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

/// Documents may exist in Accurate that were created after the backup was made. Each one that waits is treated as if
/// its save had been sent just now, and each one that may be wanted again is looked up then; `storage::restored` does
/// the same for documents that the backup does not contain.
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

/// Whether a database, or a log of one, is where the backup goes.
fn is_there(target: &Path) -> bool {
    target.symlink_metadata().is_ok() || beside(target, "-wal").exists()
}

/// Gives the database another name, and takes its log away from where the restored one goes.
fn keep_aside(target: &Path, existing: Existing, now: Timestamp) -> Result<PathBuf> {
    if existing == Existing::Refuse {
        let why = "a database is there already; with --keep-aside it gets another name, and the backup takes its place";
        return Err(refused(target, &why));
    }
    let mut name = OsString::from(target);
    name.push(now.strftime(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    let aside = PathBuf::from(name);
    // Moves what the log holds into the database. One that is damaged keeps its log, under the new name.
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

/// Root makes files that the service could not open: they get the owner of their folder. Nobody else may read them.
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
