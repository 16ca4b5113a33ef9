//! The SQLite file that is copied.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, types::Value as Found};

use super::table::{Cell, Cells, Columns, Kind, Table};
use crate::storage::{
    Result, Sqlite, Storage, StorageError,
    dialect::{Columns as _, Value},
    rows::storable,
    sqlite::{Access, SqliteRow, connect, fetch, in_place, lock_if_free, number, refused, refused_by},
};

/// The file that is copied.
pub(super) struct Source {
    connection: Connection,
    path: PathBuf,
    /// Tells this database from any other, however its file is called.
    pub(super) name: String,
    /// Held while nothing must change; no service starts on the file meanwhile.
    lock: Option<std::fs::File>,
}

impl Source {
    pub(super) async fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(refused(path, &"there is no such file; give the file that the service works on"));
        }
        // An older program may have made it: the tables are to be the same as those of the target.
        Sqlite::open_beside(path).await?.close().await;
        let opened = || -> Result<_> {
            let connection = connect(path, Access::Write)?;
            let name = connection.query_row("SELECT name FROM identity WHERE id = 1", [], |row| row.get(0))?;
            Ok((connection, name))
        };
        let (connection, name) = in_place(opened).map_err(|error| refused_by(path, error))?;
        Ok(Self { connection, path: path.to_owned(), name, lock: None })
    }

    /// Lets nothing change any more, if no service works on the file; tells whether that is so.
    pub(super) fn hold_still(&mut self) -> Result<bool> {
        let Some(lock) = lock_if_free(&self.path)? else { return Ok(false) };
        // Commands may write without that lock.
        let held = in_place(|| self.connection.execute_batch("BEGIN IMMEDIATE"));
        held.map_err(|error| refused_by(&self.path, error.into()))?;
        self.lock = Some(lock);
        Ok(true)
    }

    pub(super) fn columns(&self, table: &Table) -> Result<Columns> {
        let rows = self.ask("SELECT name, type FROM pragma_table_info($1)", &[table.name.into()])?;
        let column = |row: &SqliteRow| Ok((row.text("name")?.to_owned(), Kind::parse(row.text("type")?)));
        Ok(Columns::of(table, rows.iter().map(column).collect::<Result<_>>()?))
    }

    pub(super) fn count(&self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) FROM {}", table.name);
        Ok(in_place(|| number(&self.connection, &sql))?.unsigned_abs())
    }

    /// The next rows behind a key, in the order of their keys.
    pub(super) fn behind(&self, table: &Table, columns: &Columns, last: &[Cell]) -> Result<Vec<Cells>> {
        let key = columns.key_list();
        let from = match last.len() {
            0 => String::new(),
            1 => format!("WHERE {key} > ($1)"),
            2 => format!("WHERE {key} > ($1, $2)"),
            _ => format!("WHERE {key} > ($1, $2, $3)"),
        };
        let order = columns.names[..columns.key].join(", ");
        let sql =
            format!("SELECT {} FROM {} {from} ORDER BY {order} LIMIT {}", columns.list(), table.name, table.at_once);
        let values: Vec<_> = last.iter().map(value).collect();
        self.ask(&sql, &values)?.into_iter().map(|row| cells(row, columns)).collect()
    }

    /// What the triggers counted, as far as it is not 0, in no order.
    pub(super) fn counted(&self, table: &Table, columns: &Columns) -> Result<Vec<Cells>> {
        let sql = format!("SELECT {} FROM {} WHERE n <> 0", columns.list(), table.name);
        self.ask(&sql, &[])?.into_iter().map(|row| cells(row, columns)).collect()
    }

    fn ask(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<SqliteRow>> {
        in_place(|| fetch(&self.connection, sql, values))
    }
}

fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Number(number) => number.map_or(Value::Null, Value::Number),
        Cell::Text(text) => text.as_deref().map_or(Value::Null, Value::Text),
        Cell::Bytes(bytes) => bytes.as_deref().map_or(Value::Null, Value::Bytes),
    }
}

/// A row as PostgreSQL can hold it: it knows no text with a NUL, and what the service would write there is copied.
fn cells(row: SqliteRow, columns: &Columns) -> Result<Cells> {
    let cell = |(found, (kind, name)): (Found, (&Kind, &String))| {
        Ok(match (kind, found) {
            (Kind::Number, Found::Null) => Cell::Number(None),
            (Kind::Number, Found::Integer(number)) => Cell::Number(Some(number)),
            (Kind::Text, Found::Null) => Cell::Text(None),
            (Kind::Text, Found::Text(text)) => Cell::Text(Some(storable(&text).into_owned())),
            (Kind::Bytes, Found::Null) => Cell::Bytes(None),
            (Kind::Bytes, Found::Blob(bytes)) => Cell::Bytes(Some(bytes)),
            (kind, found) => {
                let what = format!("column {name} holds {} where {kind:?} is expected", found.data_type());
                return Err(StorageError::Unreadable(what));
            }
        })
    };
    row.into_cells().into_iter().zip(columns.kinds.iter().zip(&columns.names)).map(cell).collect()
}
