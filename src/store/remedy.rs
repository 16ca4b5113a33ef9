//! What to do about what a database says.

/// SQLite's result codes; an extended one holds them in its lowest byte.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READ_ONLY: u32 = 8;
const IO: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const NO_DATABASE: u32 = 26;

/// What to do about a damaged file. Nothing but a backup brings back what it held.
pub(super) const DAMAGED: &str = "the file is damaged: stop the service, put the newest backup in its place (without \
    -wal and -shm files beside it) and start again; orders that Forstok sends again find their invoices by number";

/// The result code that SQLite gave, without its extension.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether the file holds something that is no database.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NO_DATABASE))
}

/// What to do about an error.
pub(super) fn of(error: &sqlx::Error) -> &'static str {
    match code(error) {
        Some(BUSY | LOCKED) => {
            "another process holds the file (a person's shell, a backup): let it end; the service then goes on by itself"
        }
        Some(READ_ONLY) => {
            "the file, its folder or its disk may only be read: let the service's user write to it; it then goes on \
             by itself"
        }
        Some(IO) => {
            "the disk or a limit of file sizes refuses it: the system's log says more; once it works, the service \
             goes on by itself"
        }
        Some(FULL) => "the disk is full: make room; the service then goes on by itself",
        Some(CANNOT_OPEN) => "the file must be there, and the service's user must be let into its folder",
        Some(CORRUPT | NO_DATABASE) => DAMAGED,
        _ => "the log says more",
    }
}
