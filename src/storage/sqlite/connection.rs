//! A connection to the file: opening it, running statements, and the rows that they return.
//!
//! SQLite runs on the calling thread. On the runtime's threads, call it through [`in_place`].

use std::{borrow::Cow, path::Path, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rusqlite::{Connection, OpenFlags, config::DbConfig, types::Value as Cell};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{BUSY_TIMEOUT, Result, StorageError};
use crate::storage::{
    dialect::{Columns, Dialect, Value},
    rows::storable,
};

/// Page cache of a writing connection: 4 MiB, as a negative number of KiB (SQLite's `cache_size`).
const CACHE: &str = "-4096";

/// Page cache of a reading connection: 1 MiB. Readers share the operating system's cache, and rarely read the same
/// pages again.
const CACHE_OF_READER: &str = "-1024";

/// Prepared statements that a connection caches: more than the program has.
const STATEMENTS: usize = 200;

/// The log target of every statement, at level TRACE.
pub(in crate::storage) const LOGGED_AS: &str = "forstok_accurate::statement";

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Access {
    /// Read and write; creates the file if it is missing.
    Make,
    /// Read and write an existing file.
    Write,
    /// Read only.
    Read,
    /// Read only, and nobody writes to the file: SQLite then creates no files beside it.
    ReadUnchanging,
}

/// Opens a connection to the file.
pub(in crate::storage) fn connect(path: &Path, access: Access) -> Result<Connection> {
    let flags = match access {
        Access::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read | Access::ReadUnchanging => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // Each connection is used by one thread at a time.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = if access == Access::ReadUnchanging {
        let uri = format!("file:{}?immutable=1", escaped(path)?);
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let cache = match access {
        Access::Make | Access::Write => CACHE,
        Access::Read | Access::ReadUnchanging => CACHE_OF_READER,
    };
    // One plan per statement. Otherwise SQLite compiles a statement with `LIMIT ?` again whenever it is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", cache)?;
    // Temporary results must not wait for the disk.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// A path, escaped for a URI.
fn escaped(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| StorageError::File {
        path: path.display().to_string(),
        why: "SQLite takes only names in UTF-8; give another one".to_owned(),
    })?;
    Ok(text.replace('%', "%25").replace('?', "%3f").replace('#', "%23"))
}

/// Runs blocking SQLite work on this thread, while the runtime moves its other tasks to other threads. A runtime with
/// one thread (as in tests) is blocked.
pub(in crate::storage) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    let has_other_threads =
        Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if has_other_threads { tokio::task::block_in_place(work) } else { work() }
}

/// The result of a future that only runs SQLite statements, which are never pending.
pub(super) fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing but SQLite is waited for")
}

/// Sets how long a connection waits for a lock on the file.
pub(super) fn wait_at_most(connection: &Connection, longest: Duration) -> Result<()> {
    Ok(connection.busy_timeout(longest)?)
}

/// Runs a statement and returns its rows.
pub(in crate::storage) fn fetch(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<Vec<SqliteRow>> {
    let mut statement = prepare(connection, sql, values)?;
    let mut found = statement.raw_query();
    let mut rows: Vec<SqliteRow> = Vec::new();
    while let Some(row) = found.next()? {
        let columns = match rows.first() {
            Some(first) => first.columns.clone(),
            None => row.as_ref().column_names().into_iter().map(str::to_owned).collect(),
        };
        let cells = (0..columns.len()).map(|nth| row.get(nth)).collect::<rusqlite::Result<_>>()?;
        rows.push(SqliteRow { columns, cells });
    }
    Ok(rows)
}

/// Runs a statement that returns no rows; returns the number of rows changed.
pub(in crate::storage) fn execute(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<u64> {
    Ok(prepare(connection, sql, values)?.raw_execute()? as u64)
}

/// The first value of the first row.
pub(in crate::storage) fn number(connection: &Connection, sql: &str) -> Result<i64> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// A prepared statement from the cache, without its values.
pub(super) fn cached<'a>(connection: &'a Connection, sql: &str) -> Result<rusqlite::CachedStatement<'a>> {
    tracing::trace!(target: LOGGED_AS, sql);
    Ok(connection.prepare_cached(sql)?)
}

fn prepare<'a>(connection: &'a Connection, sql: &str, values: &[Value<'_>]) -> Result<rusqlite::CachedStatement<'a>> {
    let mut statement = cached(connection, sql)?;
    for (value, nth) in values.iter().zip(1..) {
        // SQLite numbers parameters by first appearance, so look the index up by name.
        let Some(place) = statement.parameter_index(&format!("${nth}"))? else { continue };
        match value {
            Value::Number(number) => statement.raw_bind_parameter(place, number)?,
            Value::Text(text) => statement.raw_bind_parameter(place, &*storable(text))?,
            Value::Bytes(bytes) => statement.raw_bind_parameter(place, bytes)?,
            Value::Null => statement.raw_bind_parameter(place, rusqlite::types::Null)?,
        }
    }
    Ok(statement)
}

/// A row, copied out of its statement.
#[derive(Debug)]
pub struct SqliteRow {
    columns: Arc<[String]>,
    cells: Vec<Cell>,
}

impl SqliteRow {
    /// The values, in column order.
    pub(in crate::storage) fn into_cells(self) -> Vec<Cell> {
        self.cells
    }

    fn cell(&self, column: &str) -> Result<&Cell> {
        let place = self.columns.iter().position(|name| name == column);
        place.map(|place| &self.cells[place]).ok_or_else(|| unreadable(column, "is missing"))
    }
}

fn unreadable(column: &str, what: &str) -> StorageError {
    StorageError::Unreadable(format!("column {column} {what}"))
}

impl Columns for SqliteRow {
    fn number(&self, column: &str) -> Result<i64> {
        self.number_if_any(column)?.ok_or_else(|| unreadable(column, "holds nothing"))
    }

    fn number_if_any(&self, column: &str) -> Result<Option<i64>> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(number) => Ok(Some(*number)),
            _ => Err(unreadable(column, "holds no whole number")),
        }
    }

    fn text(&self, column: &str) -> Result<&str> {
        self.text_if_any(column)?.ok_or_else(|| unreadable(column, "holds nothing"))
    }

    fn text_if_any(&self, column: &str) -> Result<Option<&str>> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            _ => Err(unreadable(column, "holds no text")),
        }
    }

    fn bytes_if_any(&self, column: &str) -> Result<Option<Vec<u8>>> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Blob(bytes) => Ok(Some(bytes.clone())),
            Cell::Text(text) => Ok(Some(text.clone().into_bytes())),
            _ => Err(unreadable(column, "holds no bytes")),
        }
    }
}

/// A holder of a connection to the file.
pub trait OnFile: Send {
    /// The connection.
    fn connection(&self) -> Result<&Connection>;
}

impl<T: OnFile> Dialect for T {
    type Row = SqliteRow;

    const ROWS: &'static str = "json_each($1) AS v";
    const GREATEST: &'static str = "MAX";
    const LEAST: &'static str = "MIN";
    const THEN_JOIN: &'static str = "CROSS JOIN";
    // Without this index hint, SQLite reads every due order.
    const BY_DUE_SINCE: &'static str = " INDEXED BY documents_due_since";
    const ID_IN_BYTES: &'static str = "CAST(id AS BLOB)";
    const UNLESS_LOCKED: &'static str = "";

    // There is one process, so there is one clock.
    fn now(&self, ours: &'static str) -> Cow<'static, str> {
        ours.into()
    }

    async fn fetch(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: &[Value<'_>],
    ) -> Result<Vec<SqliteRow>> {
        fetch(self.connection()?, &sql.into(), values)
    }

    async fn execute(&mut self, sql: impl Into<Cow<'static, str>> + Send, values: &[Value<'_>]) -> Result<u64> {
        execute(self.connection()?, &sql.into(), values)
    }
}
