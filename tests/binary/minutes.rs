//! Minutes pass for the orders in a database while no service runs on it: all their times move into the past.
//!
//! A save whose reply was lost expires after five minutes, and no setting may shorten that. A test of the real binary
//! therefore moves the times of the orders instead of waiting.

use rusqlite::Connection as Sqlite;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{binary::server::OwnServer, service::Home};

/// Tables whose rows wait for a time; a table that the schema lacks is skipped.
const TABLES: [&str; 2] = ["orders", "documents"];

/// Endings of the names of columns that hold a time. Those in `NEWS` only sort lists.
const TIMES: [&str; 4] = ["_at", "_since", "_before", "_until"];
const NEWS: [&str; 4] = ["ordered_at", "received_at", "created_at", "changed_at"];

/// Lets this many minutes pass in the file of this home, or on the server if there is one.
pub(crate) async fn minutes_pass(minutes: u32, home: &Home, server: Option<&OwnServer>) {
    let mut moved = 0;
    for table in TABLES {
        moved += match server {
            Some(server) => on_server(server, table, minutes).await,
            None => in_file(home, table, minutes),
        };
    }
    assert!(moved >= 3, "only {moved} columns are times: the schema has other names for them");
}

fn in_file(home: &Home, table: &str, minutes: u32) -> usize {
    let file = Sqlite::open(home.path("data/orders.db")).expect("the service's own file");
    let mut columns = file.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("SQLite knows it");
    let columns = columns.query_map([], |row| row.get(0)).expect("readable");
    let columns = times(columns.map(|name| name.expect("a text")));
    if let Some(sql) = statement(table, &columns, minutes) {
        file.execute(&sql, []).expect("written");
    }
    columns.len()
}

async fn on_server(server: &OwnServer, table: &str, minutes: u32) -> usize {
    let mut connection = PgConnection::connect(&server.url).await.expect("the server is there");
    let columns = sqlx::query_scalar("SELECT column_name::text FROM information_schema.columns WHERE table_name = $1")
        .bind(table)
        .fetch_all(&mut connection)
        .await;
    let columns = times(columns.expect("readable").into_iter());
    if let Some(sql) = statement(table, &columns, minutes) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("written");
    }
    columns.len()
}

fn times(columns: impl Iterator<Item = String>) -> Vec<String> {
    let is_time = |name: &String| TIMES.iter().any(|ending| name.ends_with(ending)) && !NEWS.contains(&name.as_str());
    columns.filter(is_time).collect()
}

/// 0 and 1 are not times: they mark that there is none.
fn statement(table: &str, columns: &[String], minutes: u32) -> Option<String> {
    let micros = i64::from(minutes) * 60_000_000;
    let earlier =
        |name: &String| format!("{name} = CASE WHEN {name} > {micros} THEN {name} - {micros} ELSE {name} END");
    let columns: Vec<_> = columns.iter().map(earlier).collect();
    (!columns.is_empty()).then(|| format!("UPDATE {table} SET {}", columns.join(", ")))
}
