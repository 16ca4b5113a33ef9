//! What to do about what a database says.

use sqlx::postgres::PgDatabaseError;

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

/// What to do about a server that is not there.
pub(super) const UNREACHABLE: &str = "see that PostgreSQL runs and can be reached at the address in database.url; the \
    service then goes on by itself";

/// The result code that SQLite gave, without its extension.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether the file holds something that is no database.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NO_DATABASE))
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

/// What to do about an error.
pub(super) fn of(error: &sqlx::Error) -> &'static str {
    use sqlx::Error::{Io, PoolTimedOut, Protocol, Tls};
    match (sqlstate(error), error) {
        (Some(state), _) => of_postgres(state),
        (None, Io(_) | PoolTimedOut | Protocol(_)) => UNREACHABLE,
        (None, Tls(_)) => {
            "the connection could not be encrypted: see sslmode and sslrootcert in database.url, and the server's \
             certificate"
        }
        (None, error) => of_sqlite(code(error)),
    }
}

fn of_sqlite(code: Option<u32>) -> &'static str {
    match code {
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

fn of_postgres(state: &str) -> &'static str {
    match state {
        "28P01" | "28000" => {
            "the server does not let this user in: correct user and password in database.url, or let the user in with \
             pg_hba.conf; characters such as @ : / # in a password are written as %40 %3A %2F %23"
        }
        "3D000" => "make the database: CREATE DATABASE, owned by the user in database.url",
        "42501" | "3F000" => {
            "let the user in database.url make tables: make it the owner of the database, or GRANT CREATE ON SCHEMA \
             public TO it"
        }
        "25006" => {
            "this server only takes reads (a standby, or a primary that was replaced): let the address in \
             database.url lead to the primary; the service connects anew by itself"
        }
        "42704" => "PostgreSQL 12 or newer is needed",
        "53100" => "the server's disk is full: make room; the service then goes on by itself",
        "53300" => {
            "the server has no connection left: raise max_connections (each replica takes up to 8), or end others; the \
             service then goes on by itself"
        }
        "53200" => "the server has no memory left; once it has, the service goes on by itself",
        "57014" | "55P03" => "it took too long: the server is busy, or somebody holds a lock; it is tried again",
        "40001" | "40P01" => "others wrote at the same moment; it is tried again",
        "25P03" => "this process was asleep in the middle of writing; nothing was written, and it is tried again",
        "XX001" | "XX002" => {
            "the server's files are damaged: stop the service, restore the newest backup and start again; orders that \
             Forstok sends again find their invoices by number"
        }
        state if ["57P", "08"].iter().any(|class| state.starts_with(class)) => {
            "the server stops, starts, or ended the connection; the service connects anew by itself"
        }
        _ => "the log says more",
    }
}
