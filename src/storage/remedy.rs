//! What to do about what a database says.

use std::fmt;

use sqlx::postgres::PgDatabaseError;

/// SQLite's result codes; an extended one holds them in its lowest byte.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NO_DATABASE: i32 = 26;

/// What to do about a damaged file. Nothing but a backup brings back what it held.
pub(super) const DAMAGED: &str = "the file is damaged: stop the service, put the newest backup in its place \
    (`store restore`) and start again; orders that Forstok sends again find their invoices by number";

/// What to do about a damaged backup: the database itself may be whole.
pub(super) const DAMAGED_BACKUP: &str = "do not use this backup: use an older one, and if the service still works, \
    make a new one now (`store backup`)";

/// Why a database is refused that only a newer version can use, by the numbers of migrations.
pub(super) fn incompatible(needs: i64, known: i64) -> String {
    format!(
        "a newer version of forstok-accurate has changed the schema so that this version cannot use it (it needs schema \
         {needs}, this version knows {known}): install the newer version again, or restore the backup made before the \
         upgrade"
    )
}

/// What to do about a server that is not there.
pub(super) const UNREACHABLE: Remedy =
    then("see that PostgreSQL runs and can be reached at the address in database.url");

/// What to do, and whether a running service then recovers. A service that cannot even start, and a command, do not:
/// they have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remedy {
    /// What to do.
    pub(super) to_do: &'static str,
    recovers: bool,
}

impl fmt::Display for Remedy {
    /// For a service that runs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = if self.recovers { "; the service then continues automatically" } else { "" };
        write!(f, "{}{then}", self.to_do)
    }
}

/// Once this is done, a running service continues.
const fn then(to_do: &'static str) -> Remedy {
    Remedy { to_do, recovers: true }
}

/// This needs more, or nothing.
const fn only(to_do: &'static str) -> Remedy {
    Remedy { to_do, recovers: false }
}

/// The result code that SQLite gave, without its extension.
pub(super) fn code(error: &rusqlite::Error) -> Option<i32> {
    Some(error.sqlite_error()?.extended_code & 0xff)
}

/// Whether the file holds something that is no database.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NO_DATABASE))
}

/// Whether there was no room, or no right, to write.
pub(super) fn is_about_writing(error: &rusqlite::Error) -> bool {
    matches!(code(error), Some(FULL | READ_ONLY | CANNOT_OPEN))
}

/// PostgreSQL's code for what happened.
fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::code)
}

/// Whether the connection, and all others that are as old, may lead to a server that is gone or only takes reads.
pub(super) fn is_about_the_connection(error: &sqlx::Error) -> bool {
    match sqlstate(error) {
        // Read-only, thrown out, shut down, restarted, broken.
        Some(state) => state == "25006" || ["57P", "25P", "08"].iter().any(|class| state.starts_with(class)),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)),
    }
}

/// What to do about what SQLite says.
pub(super) fn of_file(error: &rusqlite::Error) -> Remedy {
    of_code(code(error))
}

/// What to do about what PostgreSQL or the way to it says.
pub(super) fn of(error: &sqlx::Error) -> Remedy {
    use sqlx::Error::{Io, PoolTimedOut, Protocol, Tls};
    match (sqlstate(error), error) {
        (Some(state), _) => of_postgres(state),
        (None, Io(_) | PoolTimedOut | Protocol(_)) => UNREACHABLE,
        (None, Tls(_)) => only(
            "the connection could not be encrypted: see sslmode and sslrootcert in database.url, and the server's \
             certificate",
        ),
        (None, _) => only("the log says more"),
    }
}

fn of_code(code: Option<i32>) -> Remedy {
    match code {
        Some(BUSY | LOCKED) => then("another process holds the file (a person's shell, a backup): let it end"),
        Some(READ_ONLY) => then("the file, its folder or its disk is read-only: let the service's user write to it"),
        Some(IO) => then("the disk or a limit of file sizes refuses it, and the system's log says more: correct that"),
        Some(FULL) => then("the disk is full: make room"),
        Some(CANNOT_OPEN) => only("the file must be there, and the service's user must be let into its folder"),
        Some(CORRUPT | NO_DATABASE) => only(DAMAGED),
        _ => only("the log says more"),
    }
}

fn of_postgres(state: &str) -> Remedy {
    match state {
        "28P01" | "28000" => only(
            "the server does not let this user in: correct user and password in database.url, or let the user in with \
             pg_hba.conf; characters such as @ : / # in a password are written as %40 %3A %2F %23",
        ),
        "3D000" => only("make the database: CREATE DATABASE, owned by the user in database.url"),
        "42501" | "3F000" => only(
            "let the user in database.url make tables: make it the owner of the database, or GRANT CREATE ON SCHEMA \
             public TO it",
        ),
        "25006" => then(
            "this server only takes reads (a standby, or a primary that was replaced): let the address in \
             database.url lead to the primary",
        ),
        "42704" => only("PostgreSQL 12 or newer is needed"),
        "53100" => then("the server's disk is full: make room"),
        "53300" => {
            then("the server has no connection left: raise max_connections (each replica takes up to 9), or end others")
        }
        "53200" => then("the server has no memory left: give it more"),
        "57014" | "55P03" => only("it took too long: the server is busy, or somebody holds a lock; it is tried again"),
        "40001" | "40P01" => only("others wrote at the same moment; it is tried again"),
        "25P03" => only("this process was asleep in the middle of writing; nothing was written, and it is tried again"),
        "XX001" | "XX002" => only(
            "the server's files are damaged: stop the service, restore the newest backup and start again; orders that \
             Forstok sends again find their invoices by number",
        ),
        state if ["57P", "08"].iter().any(|class| state.starts_with(class)) => {
            then("the server stops, starts, or ended the connection: see that it runs")
        }
        _ => only("the log says more"),
    }
}
