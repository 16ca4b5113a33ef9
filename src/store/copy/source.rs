//! The SQLite file that is copied.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::table::{Cell, Cells, Columns, Kind, Table, cells};
use crate::store::{
    Result, Sqlite, Store,
    sqlite::{BUSY_TIMEOUT, lock_if_free, refused, refused_by},
};

/// The file that is copied.
pub(super) struct Source {
    connection: SqliteConnection,
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
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(BUSY_TIMEOUT);
        let connected = SqliteConnection::connect_with(&options).await;
        let mut connection = connected.map_err(|error| refused_by(path, &error))?;
        let name = sqlx::query_scalar("SELECT name FROM identity WHERE id = 1").fetch_one(&mut connection).await?;
        Ok(Self { connection, path: path.to_owned(), name, lock: None })
    }

    /// Lets nothing change any more, if no service works on the file; tells whether that is so.
    pub(super) async fn hold_still(&mut self) -> Result<bool> {
        let Some(lock) = lock_if_free(&self.path)? else { return Ok(false) };
        // Commands may write without that lock.
        let held = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut self.connection).await;
        held.map_err(|error| refused_by(&self.path, &error))?;
        self.lock = Some(lock);
        Ok(true)
    }

    pub(super) async fn columns(&mut self, table: &Table) -> Result<Columns> {
        let columns = sqlx::query_as("SELECT name, type FROM pragma_table_info($1)").bind(table.name);
        let columns: Vec<(String, String)> = columns.fetch_all(&mut self.connection).await?;
        let kind = |(name, word): (String, String)| (name, Kind::parse(&word));
        Ok(Columns::of(table, columns.into_iter().map(kind).collect()))
    }

    pub(super) async fn count(&mut self, table: &Table) -> Result<u64> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name));
        Ok(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut self.connection).await? as u64)
    }

    /// The next rows behind a key, in the order of their keys.
    pub(super) async fn behind(&mut self, table: &Table, columns: &Columns, last: &[Cell]) -> Result<Vec<Cells>> {
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
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in last {
            query = match cell {
                Cell::Number(number) => query.bind(*number),
                Cell::Text(text) => query.bind(text.clone()),
                Cell::Bytes(bytes) => query.bind(bytes.clone()),
            };
        }
        query.fetch_all(&mut self.connection).await?.iter().map(|row| cells(row, columns)).collect()
    }

    /// What the triggers counted, as far as it is not 0, in no order.
    pub(super) async fn counted(&mut self, table: &Table, columns: &Columns) -> Result<Vec<Cells>> {
        let sql = format!("SELECT {} FROM {} WHERE n <> 0", columns.list(), table.name);
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await?;
        rows.iter().map(|row| cells(row, columns)).collect()
    }
}
