//! The PostgreSQL database that is copied into.

use std::{collections::HashSet, path::Path};

use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, postgres::PgArguments, query::Query};

use super::table::{Cell, Cells, Columns, Differences, Kind, Piece, Table, cells};
use crate::storage::{
    Result, StorageError,
    postgres::{connect_and_migrate, refused_because},
    rows::micros,
};

/// The advisory lock that a process holds while it copies into a database.
const ONE_COPY: i64 = 0x66_6f72_7374_6f6c;

/// A copy is made for a while, and what was lost with the server is copied again: only the end must be on disk.
const READY: &str = "SET synchronous_commit = off; SET jit = off; SET statement_timeout = 0";

/// The server notices only after a while that a copy has ended whose process was killed, and keeps its lock until then.
const WAIT_FOR_EARLIER_COPY: &str = "SET lock_timeout = '5s'";

/// PostgreSQL's code for a lock that was not granted in time.
const LOCK_IS_TAKEN: &str = "55P03";

/// The database that is copied into.
pub(super) struct Target {
    connection: PgConnection,
    address: String,
}

impl Target {
    /// Connects, and makes the tables when they are missing.
    pub(super) async fn open(url: &SecretString) -> Result<Self> {
        let (mut connection, address) = connect_and_migrate(url).await?;
        sqlx::raw_sql(READY).execute(&mut connection).await?;
        sqlx::raw_sql(WAIT_FOR_EARLIER_COPY).execute(&mut connection).await?;
        let alone = sqlx::query("SELECT pg_advisory_lock($1)").bind(ONE_COPY).execute(&mut connection).await;
        if let Err(error) = alone {
            let is_taken =
                error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some(LOCK_IS_TAKEN);
            let taken = "another store copy writes into it; let that one end";
            return Err(if is_taken { refused_because(&address, taken) } else { error.into() });
        }
        sqlx::raw_sql("SET lock_timeout = 0").execute(&mut connection).await?;
        Ok(Self { connection, address })
    }

    /// Begins a copy of this source, or continues it. Everything else that holds something is refused.
    pub(super) async fn begin(&mut self, name: &str, path: &Path) -> Result<()> {
        let found = sqlx::query_as("SELECT source, path, finished_at FROM copies WHERE id = 1");
        let found: Option<(String, String, Option<i64>)> = found.fetch_optional(&mut self.connection).await?;
        match found {
            None => self.refuse_if_used().await?,
            Some((_, path, Some(_))) => {
                let why = format!(
                    "the copy of {path} into it is finished, and a service may have gone on with it: nothing is \
                     written over; for another copy give an empty database"
                );
                return Err(self.refused(&why));
            }
            Some((source, path, None)) if source != name => {
                let why = format!("it holds an unfinished copy of another database, {path}; give an empty database");
                return Err(self.refused(&why));
            }
            Some(_) => return Ok(()),
        }
        let mark = sqlx::query("INSERT INTO copies (id, source, path) VALUES (1, $1, $2)");
        mark.bind(name).bind(path.display().to_string()).execute(&mut self.connection).await?;
        Ok(())
    }

    async fn refuse_if_used(&mut self) -> Result<()> {
        let used = "SELECT EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM orders)
                        OR EXISTS (SELECT 1 FROM mappings) OR EXISTS (SELECT 1 FROM timeline)
                        OR EXISTS (SELECT 1 FROM leaders WHERE until > clock_timestamp())";
        let used: bool = sqlx::query_scalar(used).fetch_one(&mut self.connection).await?;
        if used {
            return Err(self.refused("a service has worked with it already; give an empty database"));
        }
        Ok(())
    }

    /// The rows of a piece, in no order.
    pub(super) async fn rows(&mut self, piece: &Piece<'_>) -> Result<Vec<Cells>> {
        let Piece { table, columns, last, upto } = piece;
        let key = columns.key_list();
        let numbered = |from: usize| (0..columns.key).map(|n| format!("${}", from + n)).collect::<Vec<_>>().join(", ");
        // The bounds of the first column are repeated: the server cannot estimate how few rows two pairs include, and
        // would read the whole table for each piece.
        let (first, mut conditions) = (&columns.names[0], Vec::new());
        if !last.is_empty() {
            conditions.push(format!("{key} > ({}) AND {first} >= $1", numbered(1)));
        }
        if upto.is_some() {
            let from = last.len() + 1;
            conditions.push(format!("{key} <= ({}) AND {first} <= ${from}", numbered(from)));
        }
        let only = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let sql = format!("SELECT {} FROM {} {only}", columns.list(), table.name);
        let bounds = last.iter().chain(upto.iter().flatten());
        let query = bounds.fold(sqlx::query(AssertSqlSafe(sql)), |query, cell| match cell {
            Cell::Number(number) => query.bind(*number),
            Cell::Text(text) => query.bind(text.clone()),
            Cell::Bytes(bytes) => query.bind(bytes.clone()),
        });
        query.fetch_all(&mut self.connection).await?.iter().map(|row| cells(row, columns)).collect()
    }

    /// Makes good for the differences of a piece, in one commit.
    pub(super) async fn write(&mut self, piece: &Piece<'_>, differences: Differences) -> Result<()> {
        let Piece { table, columns, .. } = piece;
        let Differences { rows, gone } = differences;
        let mut transaction = self.connection.begin().await?;
        if !gone.is_empty() {
            let kinds = &columns.kinds[..columns.key];
            let sql = format!(
                "DELETE FROM {} WHERE {} IN (SELECT * FROM {})",
                table.name,
                columns.key_list(),
                unnested(kinds)
            );
            bound(sqlx::query(AssertSqlSafe(sql)), kinds, gone).execute(&mut *transaction).await?;
        }
        if !rows.is_empty() {
            let others = &columns.names[columns.key..];
            let set: Vec<_> = others.iter().map(|name| format!("{name} = EXCLUDED.{name}")).collect();
            let conflict = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
            let sql = format!(
                "INSERT INTO {} ({}) SELECT * FROM {} ON CONFLICT {} DO {conflict}",
                table.name,
                columns.list(),
                unnested(&columns.kinds),
                columns.key_list()
            );
            bound(sqlx::query(AssertSqlSafe(sql)), &columns.kinds, rows).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether the triggers counted here what they counted there.
    pub(super) async fn make_sure_of(&mut self, table: &Table, columns: &Columns, there: Vec<Cells>) -> Result<()> {
        let sql = format!("SELECT {} FROM {} WHERE n <> 0", columns.list(), table.name);
        let here = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await?;
        let here = here.iter().map(|row| cells(row, columns)).collect::<Result<HashSet<_>>>()?;
        if here == there.into_iter().collect() {
            return Ok(());
        }
        let why =
            format!("{} differs from the source, which no copy can bring about; give an empty database", table.name);
        Err(self.refused(&why))
    }

    /// Makes the copy fit for a service: ids go on behind those that were copied.
    pub(super) async fn finish(&mut self, now: Timestamp) -> Result<()> {
        sqlx::raw_sql(
            "SELECT setval('delivery_ids', (SELECT COALESCE(MAX(id), 0) + 1 FROM deliveries), false);
             DO $$ DECLARE c record; BEGIN
                 FOR c IN SELECT table_name, column_name FROM information_schema.columns
                          WHERE table_schema = current_schema() AND is_identity = 'YES' LOOP
                     EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, %2$L),
                                                   (SELECT COALESCE(MAX(%2$I), 0) + 1 FROM %1$I), false)',
                                    c.table_name, c.column_name);
                 END LOOP;
             END $$;
             ANALYZE; SET synchronous_commit = on",
        )
        .execute(&mut self.connection)
        .await?;
        let mark = sqlx::query("UPDATE copies SET finished_at = $1 WHERE id = 1").bind(micros(now));
        mark.execute(&mut self.connection).await?;
        Ok(())
    }

    fn refused(&self, why: &str) -> StorageError {
        refused_because(&self.address, why)
    }
}

/// `UNNEST($1::bigint[], …)`: a column each.
fn unnested(kinds: &[Kind]) -> String {
    let arrays: Vec<_> = kinds.iter().zip(1..).map(|(kind, n)| format!("${n}::{}[]", kind.of_postgres())).collect();
    format!("UNNEST({})", arrays.join(", "))
}

/// Binds the first columns of rows as arrays.
fn bound<'q>(
    mut query: Query<'q, Postgres, PgArguments>,
    kinds: &[Kind],
    rows: Vec<Cells>,
) -> Query<'q, Postgres, PgArguments> {
    let mut columns: Vec<_> = kinds.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    for (kind, column) in kinds.iter().zip(columns) {
        query = match kind {
            Kind::Number => query.bind(column.into_iter().map(Cell::number).collect::<Vec<_>>()),
            Kind::Text => query.bind(column.into_iter().map(Cell::text).collect::<Vec<_>>()),
            Kind::Bytes => query.bind(column.into_iter().map(Cell::bytes).collect::<Vec<_>>()),
        };
    }
    query
}
