//! The database file on its disk: who may work on it, whether it is whole, whether it is still there.

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

/// How long is looked for damage at start. Some tens of megabytes are read through in that time; of a larger file
/// only a part, since webhooks wait meanwhile.
const LONGEST_LOOK: Duration = Duration::from_millis(100);

/// How many of SQLite's steps pass between two looks at the time.
const STEPS: i32 = 10_000;

/// Result code of a statement that was ended by the time.
const INTERRUPTED: i32 = 9;

/// A file that cannot be worked on, and why.
pub(in crate::storage) fn refused(path: &Path, why: &dyn std::fmt::Display) -> StorageError {
    StorageError::File { path: path.display().to_string(), why: format!("{why}") }
}

/// The same with what SQLite said; what says already which file it is about stays as it is.
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

/// Only the owner may read and write: the files hold buyers' names and addresses.
pub(super) const PRIVATE: u32 = 0o600;

/// What everybody else on the machine may do.
const OF_OTHERS: u32 = 0o007;

/// Makes the database file if there is none, so that its owner alone may read it whatever the umask says. SQLite gives
/// `-wal` and `-shm` the same rights. An existing file keeps what its owner has granted, but not to everybody.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let made = match private().create_new(true).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(PRIVATE)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    made.map_err(|error| refused(path, &error))
}

/// Takes from a database of an earlier version, and from its companions, what everybody may do.
pub(super) fn close_to_others(path: &Path) {
    for file in [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm"), beside(path, ".lock")] {
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        let mode = metadata.permissions().mode();
        if mode & OF_OTHERS != 0 {
            let name = file.display();
            match std::fs::set_permissions(&file, Permissions::from_mode(mode & !OF_OTHERS)) {
                Ok(()) => tracing::warn!("every user of this machine could read {name}; this is no longer so"),
                // It belongs to somebody else; whether we may write to it shows later.
                Err(error) => tracing::warn!("every user of this machine can read {name}: {error}"),
            }
        }
    }
}

/// How a file is made that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(PRIVATE);
    options
}

/// Makes sure that a missing or empty file is a new one: a log beside it holds what a database held that is gone.
pub(super) fn may_be_made(path: &Path) -> Result<()> {
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

/// Makes sure that there is a database file that is not empty.
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

/// Takes the lock of a database file, or says why not. The lock goes with the process, however that ends.
pub(super) fn lock_beside(path: &Path) -> Result<File> {
    let others = "another forstok-accurate works on it; stop that one first, or give this one its own database";
    lock_if_free(path)?.ok_or_else(|| refused(path, &others))
}

/// The same, or nothing when somebody holds it.
pub(in crate::storage) fn lock_if_free(path: &Path) -> Result<Option<File>> {
    // Another name for the same file is no other file.
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

/// Makes sure that the file can be written to and is whole, as far as that can be seen in [`LONGEST_LOOK`].
pub(super) fn examine(path: &Path, connection: &mut Connection) -> Result<()> {
    // SQLite also opens a read-only file, and reports that only at the first write.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    let begun = Instant::now();
    connection.progress_handler(STEPS, Some(move || begun.elapsed() >= LONGEST_LOOK))?;
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    connection.progress_handler(STEPS, None::<fn() -> bool>)?;
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(refused(path, &format!("{}; {}", found.replace('\n', " "), remedy::DAMAGED))),
        Err(error) if remedy::code(&error) == Some(INTERRUPTED) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Bytes of the log before its first page, and before each page.
const LOG_HEADER: u64 = 32;
const PAGE_HEADER: u64 = 24;

/// Which files were opened: what is written into a file that somebody has taken away is lost with the process, and
/// so is what stood in one that somebody has cut short.
#[derive(Debug)]
pub(super) struct Opened {
    files: Vec<(PathBuf, Option<(u64, u64)>)>,
    page_size: u64,
    /// How long the database file and its log were when they were last seen whole.
    lengths: [AtomicU64; 2],
    /// What tells the file from any other of the same length.
    mark: Option<Mark>,
}

/// A number that this process has drawn and written into the header of its database file (`application_id`). Where
/// another number stands, somebody has written another database over it.
#[derive(Debug)]
pub(super) struct Mark {
    /// Closed after the connections, and only then: with a file that a process closes, its locks on the same file go,
    /// SQLite's included.
    file: File,
    number: [u8; 4],
    /// It has been moved from the log into the file.
    is_written: AtomicBool,
}

/// Where `application_id` is in a database file; it is written with its highest byte first.
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

    /// Whether the file is still the one that was marked. One that cannot be read is SQLite's to report.
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
    /// One was removed or replaced; it may come back.
    Gone(StorageError),
    /// The database file is shorter than it was, which it never is while the service runs, or it holds another
    /// database.
    Cut(StorageError),
    /// The log is shorter than it was: SQLite may have given room back, or somebody has cut it.
    LogIsShorter,
}

impl Opened {
    /// The file and its companions as they are now.
    pub(super) fn at(path: &Path, page_size: u64, mark: Option<Mark>) -> Self {
        let files = [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")];
        let lengths = [0, 1].map(|nth| AtomicU64::new(length(&files[nth])));
        Self { files: files.map(|file| (file.clone(), identity(&file))).into(), page_size, lengths, mark }
    }

    /// Makes sure that they are still there, and that none is shorter than it was or holds something else.
    pub(super) fn look(&self) -> std::result::Result<(), Trouble> {
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

    /// Whether the log is long enough for so many pages.
    pub(super) fn log_holds(&self, pages: i64) -> bool {
        let Ok(pages @ 1..) = u64::try_from(pages) else { return true };
        length(&self.files[1].0) >= LOG_HEADER + pages * (PAGE_HEADER + self.page_size)
    }

    /// The log is shorter because SQLite gave room back.
    pub(super) fn log_may_be_shorter(&self) {
        self.lengths[1].store(length(&self.files[1].0), Ordering::Relaxed);
    }

    /// The log was cut short.
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
