//! The database of the last release: the schema of its migrations, and rows from a file.

use std::{fmt::Write as _, path::Path};

use rusqlite::{Connection, types::ValueRef};

/// One statement per row, with the names of its columns, so that later columns of the schema get their defaults.
pub(crate) const FIXTURE: &str = include_str!("orders.sql");

/// The schema of the last release.
const SCHEMA: &str = include_str!("../../migrations/sqlite/0001_first.sql");

/// Makes the database that the last release has left.
pub(crate) fn file_of_the_release(file: &Path) {
    let connection = Connection::open(file).expect("a new file");
    connection.execute_batch(SCHEMA).expect("the schema of the release");
    // What triggers write is among the rows.
    let triggers = names(&connection, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'");
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped");
    }
    for (table, _) in names(&connection, TABLES) {
        connection.execute_batch(&format!("DELETE FROM {table}")).expect("the rows of an empty database are replaced");
    }
    connection.execute_batch(FIXTURE).expect("the rows fit the schema");
    for (_, sql) in triggers {
        connection.execute_batch(&sql).expect("as it was");
    }
    connection.pragma_update(None, "user_version", 1).expect("written");
}

/// Every row of a database as one statement.
pub(crate) fn rows_of(file: &Path) -> String {
    let connection = Connection::open(file).expect("a database");
    let mut sql = String::new();
    for (table, _) in names(&connection, TABLES) {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).expect("a table");
        let columns = statement.column_names().join(", ");
        let count = statement.column_count();
        let mut rows = statement.query([]).expect("readable");
        while let Some(row) = rows.next().expect("readable") {
            let values: Vec<_> = (0..count).map(|nth| literal(row.get_ref(nth).expect("a column"))).collect();
            writeln!(sql, "INSERT INTO {table} ({columns}) VALUES ({});", values.join(", ")).expect("a text grows");
        }
    }
    sql
}

const TABLES: &str =
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";

fn names(connection: &Connection, sql: &str) -> Vec<(String, String)> {
    let mut statement = connection.prepare(sql).expect("SQLite's own table");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("readable");
    rows.map(|row| row.expect("readable")).collect()
}

fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(_) => panic!("no table has a float"),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).expect("UTF-8");
            let plain = !text.contains(['\n', '\r', '\0']);
            if plain {
                format!("'{}'", text.replace('\'', "''"))
            } else {
                format!("CAST({} AS TEXT)", blob(text.as_bytes()))
            }
        }
        ValueRef::Blob(bytes) => blob(bytes),
    }
}

fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", hex::encode(bytes))
}
