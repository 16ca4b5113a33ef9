//! The database file on disk: permissions, the lock, and detection of damaged, truncated or replaced files.

use std::{
    fs::{File, OpenOptions, Permissions},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    super::{Result, StorageError, remedy},
    checkpoint::Log,
    connection::number,
};

/// Longest check for damage at startup. It covers some tens of megabytes, and only part of a larger file, because
/// webhooks wait for it.
const LONGEST_CHECK: Duration = Duration::from_millis(100);

/// Virtual machine instructions that SQLite runs between two checks of the time.
const STEPS: i32 = 10_000;

/// SQLite's result code (`SQLITE_INTERRUPT`) of a statement that ran out of time.
const INTERRUPTED: i32 = 9;

/// The error for a file that cannot be used.
pub(in crate::storage) fn refused(path: &Path, why: &dyn std::fmt::Display) -> StorageError {
    StorageError::File { path: path.display().to_string(), why: format!("{why}") }
}

/// As [`refused`], with SQLite's message and its remedy. Other errors already name their file and stay unchanged.
pub(in crate::storage) fn refused_by(path: &Path, error: StorageError) -> StorageError {
    match error {
        StorageError::Sqlite(error) => refused(path, &format!("{error}; {}", remedy::of_file(&error).to_do)),
        error => error,
    }
}

pub(super) fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| refused(path, &error))
}

/// File mode: only the owner may read and write, because the files contain buyers' names and addresses.
pub(super) const PRIVATE: u32 = 0o600;

/// The permission bits of all other users.
const OF_OTHERS: u32 = 0o007;

/// Creates the database file if there is none, readable only by its owner regardless of the umask. SQLite gives `-wal`
/// and `-shm` the same mode. An existing file keeps its mode; [`close_to_others`] removes access for other users.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let made = match private().create_new(true).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(PRIVATE)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    made.map_err(|error| refused(path, &error))
}

/// Removes other users' access to the database file and the files beside it, which an earlier version may have left.
pub(super) fn close_to_others(path: &Path) {
    for file in [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm"), beside(path, ".lock")] {
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        let mode = metadata.permissions().mode();
        if mode & OF_OTHERS != 0 {
            let name = file.display();
            match std::fs::set_permissions(&file, Permissions::from_mode(mode & !OF_OTHERS)) {
                Ok(()) => tracing::warn!("every user of this machine could read {name}; this is no longer so"),
                // It belongs to another user; if we cannot write to it, a later step reports that.
                Err(error) => tracing::warn!("every user of this machine can read {name}: {error}"),
            }
        }
    }
}

/// Options that create a file which only its owner can read.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(PRIVATE);
    options
}

/// Refuses to create a database where only its log is left: the log contains commits of a database that is gone.
pub(super) fn may_be_created(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(refused(path, &"it is not a file; correct database.url")),
        Ok(metadata) if metadata.len() > 0 => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(path, &error)),
    }
    let log = beside(path, "-wal");
    if length(&log) == 0 {
        return Ok(());
    }
    let log = log.display();
    let why = format!(
        "the database is missing or empty, but its log {log} is not: put the file back as it was, or the newest backup \
         in its place and move -wal and -shm away; to begin with a new database, move them away"
    );
    Err(refused(path, &why))
}

/// Checks that the database file exists and is not empty.
pub(super) fn must_exist(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => Ok(()),
        Ok(metadata) if metadata.is_file() => Err(refused(path, &"it is empty; `serve` makes a database of it")),
        Ok(_) => Err(refused(path, &"it is not a file; correct database.url")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(refused(
            path,
            &"there is no such file; correct database.url, or start the service once, which makes it",
        )),
        Err(error) => Err(refused(path, &error)),
    }
}

/// Takes the lock of a database file, or fails if another process holds it. The lock ends with the process, even if it
/// is killed.
pub(super) fn lock_beside(path: &Path) -> Result<File> {
    lock_if_free(path)?.ok_or_else(|| StorageError::InUse { path: path.display().to_string() })
}

/// What to do about this damaged file: a database has its lock beside it, a backup has none.
pub(super) fn remedy_of_damage(path: &Path) -> &'static str {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if beside(&real, ".lock").exists() { remedy::DAMAGED } else { remedy::DAMAGED_BACKUP }
}

/// As [`lock_beside`], but returns `None` if another process holds the lock.
pub(in crate::storage) fn lock_if_free(path: &Path) -> Result<Option<File>> {
    // The same file under another name (a symbolic link) has the same lock.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = beside(&real, ".lock");
    let file = private().create(true).truncate(false).open(&name);
    let file = file.map_err(|error| {
        let name = name.display();
        refused(path, &format!("{name}: {error}; let the service's user write to this file and its folder"))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(refused(path, &error)),
    }
}

/// Checks that the file is writable, and for at most [`LONGEST_CHECK`] that it is not damaged.
pub(super) fn examine(path: &Path, connection: &mut Connection) -> Result<()> {
    // SQLite opens a read-only file without an error, and reports it only at the first write.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    let begun = Instant::now();
    connection.progress_handler(STEPS, Some(move || begun.elapsed() >= LONGEST_CHECK))?;
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    connection.progress_handler(STEPS, None::<fn() -> bool>)?;
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(refused(path, &format!("{}; {}", found.replace('\n', " "), remedy::DAMAGED))),
        Err(error) if remedy::code(&error) == Some(INTERRUPTED) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sizes of the log's headers, in bytes: of the file, and of each page.
const LOG_HEADER: u64 = 32;
const PAGE_HEADER: u64 = 24;

/// Identifies the files that were opened. Data written to a file that was removed is lost when the process ends, and so
/// is the content of a file that was truncated.
#[derive(Debug)]
pub(super) struct Opened {
    files: Vec<(PathBuf, Option<(u64, u64)>)>,
    page_size: u64,
    /// Lengths of the database file and its log when they were last found intact, in bytes.
    lengths: [AtomicU64; 2],
    /// Distinguishes the file from another one of the same length.
    mark: Option<Mark>,
}

/// A random number that this process wrote into the header of its database file (`application_id`). If the header
/// contains another number, the file was overwritten with another database.
#[derive(Debug)]
pub(super) struct Mark {
    /// Must be closed after the connections: when a process closes a file, it loses all its POSIX locks on that file,
    /// including SQLite's.
    file: File,
    number: [u8; 4],
    /// Whether the number has been moved from the log into the file.
    is_written: AtomicBool,
}

/// Offset of `application_id` in a database file; it is stored in big-endian order.
pub(super) const MARK_AT: u64 = 68;

impl Mark {
    /// Marks the database that this connection writes to.
    pub(super) fn make(path: &Path, connection: &Connection) -> Result<Self> {
        let drawn = number(connection, "SELECT 1 + abs(random() % 2147483646)")?;
        let drawn = i32::try_from(drawn).map_err(|error| refused(path, &error))?;
        connection.pragma_update(None, "application_id", drawn)?;
        Log::after("PASSIVE", connection)?;
        let file = File::open(path).map_err(|error| refused(path, &error))?;
        Ok(Self { file, number: drawn.to_be_bytes(), is_written: AtomicBool::new(false) })
    }

    /// Whether the file still contains the mark. A read error counts as yes, because SQLite reports it.
    fn is_there(&self) -> bool {
        let mut found = [0; 4];
        let is_found = self.file.read_exact_at(&mut found, MARK_AT).is_err() || found == self.number;
        if is_found {
            self.is_written.store(true, Ordering::Relaxed);
        }
        is_found || !self.is_written.load(Ordering::Relaxed)
    }
}

/// What is wrong with the files.
pub(super) enum Trouble {
    /// A file was removed or replaced; it may come back.
    Gone(StorageError),
    /// The database file has shrunk, which never happens while the service runs, or it contains another database.
    Cut(StorageError),
    /// The log has shrunk: either SQLite truncated it, or somebody else did.
    LogIsShorter,
}

impl Opened {
    /// Records the database file, its log and its `-shm` as they are now.
    pub(super) fn at(path: &Path, page_size: u64, mark: Option<Mark>) -> Self {
        let files = [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")];
        let lengths = [0, 1].map(|nth| AtomicU64::new(length(&files[nth])));
        Self { files: files.map(|file| (file.clone(), identity(&file))).into(), page_size, lengths, mark }
    }

    /// Checks that all files still exist, and that none was truncated, replaced or overwritten.
    pub(super) fn check(&self) -> std::result::Result<(), Trouble> {
        if let Some((file, _)) = self.files.iter().find(|(file, then)| identity(file) != *then) {
            return Err(Trouble::Gone(refused(
                file,
                &"it was removed or replaced while the service runs: put it back as it was, or start the service again; \
                 nothing more is taken until then",
            )));
        }
        let [database, log] = [0, 1].map(|nth| length(&self.files[nth].0));
        if database < self.lengths[0].fetch_max(database, Ordering::Relaxed) {
            return Err(Trouble::Cut(self.cut(0)));
        }
        if self.mark.as_ref().is_some_and(|mark| !mark.is_there()) {
            return Err(Trouble::Cut(self.cut(0)));
        }
        if log < self.lengths[1].load(Ordering::Relaxed) {
            return Err(Trouble::LogIsShorter);
        }
        self.lengths[1].store(log, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the log file is long enough to contain this many pages.
    pub(super) fn log_holds(&self, pages: i64) -> bool {
        let Ok(pages @ 1..) = u64::try_from(pages) else { return true };
        length(&self.files[1].0) >= LOG_HEADER + pages * (PAGE_HEADER + self.page_size)
    }

    /// Accepts the log's current length, because SQLite truncated the log.
    pub(super) fn log_may_be_shorter(&self) {
        self.lengths[1].store(length(&self.files[1].0), Ordering::Relaxed);
    }

    /// The error for a log that somebody truncated.
    pub(super) fn log_was_cut(&self) -> StorageError {
        self.cut(1)
    }

    fn cut(&self, nth: usize) -> StorageError {
        refused(
            &self.files[nth].0,
            &"it was cut short or overwritten while the service runs, and what was taken last may be lost: nothing more \
              is taken. Stop the service, put the newest backup in the place of the database (`store restore`) \
              and start again; orders that Forstok sends again find their invoices by number",
        )
    }
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

fn identity(file: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
