//! The database of the last release: the schema of its migrations, and rows from a file.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use forstok_accurate::{
    settings::Database,
    storage::{Sqlite, Storage as _},
};
use rusqlite::{Connection, types::ValueRef};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, migrate::Migrator};

use crate::world::{Base, postgres::empty_database};

/// One statement per row, with the names of its columns, so that later columns of the schema get their defaults.
pub(crate) const FIXTURE: &str = include_str!("orders.sql");

/// The schema of the last release, and how many migrations that is.
const SCHEMA: &str = include_str!("../../migrations/sqlite/0001_first.sql");
const RELEASED: i64 = 1;

/// A change as the next release may make it: it only adds.
pub(super) const NEXT: &str = "
    ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN hint BIGINT;
    CREATE INDEX orders_with_notes ON orders (note) WHERE note <> '';
    CREATE TABLE notes (id BIGINT PRIMARY KEY);";

/// The database with these rows that the last release has left. `next`: the release after this one has worked with it
/// meanwhile.
pub(super) async fn database_of_the_release(base: Base, folder: &Path, rows: &str, next: bool) -> Database {
    match base {
        Base::Sqlite => {
            let file = folder.join("orders.db");
            file_of_the_release(&file, rows);
            if next {
                // The migrations of this version are those before it.
                Sqlite::open(&file).await.expect("it is brought up to date").close().await;
                let connection = Connection::open(&file).expect("a database");
                let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("one");
                connection.execute_batch(&NEXT.replace("BIGINT", "INTEGER")).expect("it only adds");
                connection.pragma_update(None, "user_version", version + 1).expect("written");
            }
            Database::Sqlite(file)
        }
        Base::Postgres => {
            let database = empty_database(&made(if next { "next" } else { "released" })).await;
            let Database::Postgres(url) = &database else { unreachable!("it is a server's") };
            server_of_the_release(url.expose_secret(), rows).await;
            if next {
                let migrated = super::servers::newer_version_migrates(url.expose_secret(), NEXT).await;
                migrated.expect("it only adds");
            }
            database
        }
    }
}

/// A name that no other database of this process has.
fn made(purpose: &str) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    format!("{purpose}_{}", MADE.fetch_add(1, Ordering::Relaxed))
}

/// Makes the file that the last release has left.
fn file_of_the_release(file: &Path, rows: &str) {
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
    connection.execute_batch(&format!("BEGIN; {rows} COMMIT")).expect("the rows fit the schema");
    for (_, sql) in triggers {
        connection.execute_batch(&sql).expect("as it was");
    }
    connection.pragma_update(None, "user_version", RELEASED).expect("written");
}

/// The same on a server, in this empty database.
async fn server_of_the_release(url: &str, rows: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let known = Migrator::new(Path::new(folder)).await.expect("our own files");
    let released = known.iter().filter(|migration| migration.version <= RELEASED).cloned().collect();
    let mut connection = PgConnection::connect(url).await.expect("the server is there");
    Migrator::with_migrations(released).run(&mut connection).await.expect("the schema of the release");
    let tables = "SELECT table_name FROM information_schema.tables
                  WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("readable");
    // Without triggers, as above; ids go on behind those of the rows.
    let mut sql = format!("SET session_replication_role = replica; TRUNCATE {};", tables.join(", "));
    for row in rows.lines().filter(|row| tables.iter().any(|table| table == table_of(row))) {
        sql.push_str(&for_a_server(row));
    }
    sql.push_str(
        "SET session_replication_role = DEFAULT;
         SELECT setval('delivery_ids', (SELECT MAX(id) + 1 FROM deliveries), false);
         DO $$ DECLARE c record; BEGIN
             FOR c IN SELECT table_name, column_name FROM information_schema.columns
                      WHERE table_schema = current_schema() AND is_identity = 'YES' LOOP
                 EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, %2$L),
                                               (SELECT COALESCE(MAX(%2$I), 0) + 1 FROM %1$I), false)',
                                c.table_name, c.column_name);
             END LOOP;
         END $$;",
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the rows fit the schema");
    connection.close().await.expect("closed");
}

fn table_of(row: &str) -> &str {
    row.split(' ').nth(2).unwrap_or_default()
}

/// The tables of these rows.
pub(super) fn tables(sql: &str) -> BTreeSet<&str> {
    sql.lines().map(table_of).collect()
}

/// The tables of the last release's schema.
pub(super) fn tables_of_the_release() -> BTreeSet<String> {
    let connection = Connection::open_in_memory().expect("there is memory");
    connection.execute_batch(SCHEMA).expect("the schema of the release");
    names(&connection, TABLES).into_iter().map(|(name, _)| name).collect()
}

/// A row's statement in PostgreSQL's words: its bytes are written in another way.
fn for_a_server(row: &str) -> String {
    let mut sql = String::new();
    let mut rest = row;
    while let Some((before, after)) = rest.split_once('\'') {
        // A quote within a text is doubled, so that it ends one text and begins another.
        let (quoted, after) = after.split_once('\'').expect("every text has an end");
        match before.strip_suffix('x') {
            Some(before) if before.ends_with("CAST(") => {
                let before = before.trim_end_matches("CAST(");
                write!(sql, "{before}convert_from('\\x{quoted}', 'UTF8')").expect("a text grows");
                rest = after.strip_prefix(" AS TEXT)").expect("that is how a text with line breaks is written");
                continue;
            }
            Some(before) => write!(sql, "{before}'\\x{quoted}'::bytea").expect("a text grows"),
            None => write!(sql, "{before}'{quoted}'").expect("a text grows"),
        }
        rest = after;
    }
    sql + rest + "\n"
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
