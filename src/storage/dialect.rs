//! What SQLite and PostgreSQL share: statements that both understand, values for parameters, rows as results.
//!
//! Many rows of values are passed as one JSON text, `$1`. [`Dialect::ROWS`] expands it, and `v.value ->> n` is the n-th
//! value of a row. Values other than text are cast, because PostgreSQL's `->>` returns only text.

use std::borrow::Cow;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Postgres, Row, postgres::PgRow};

use super::{
    Result,
    rows::{micros, storable},
};
use crate::domain::{
    ids::{BookName, DeliveryId, DocumentNumber},
    order::OrderId,
};

/// A connection that runs statements, and the SQL fragments in which the databases differ.
pub trait Dialect: Send {
    /// A row of a result.
    type Row: Columns;

    /// The rows of the JSON array `$1`, as `v`.
    const ROWS: &'static str;
    /// The greater of two numbers.
    const GREATEST: &'static str;
    /// The lesser of two numbers.
    const LEAST: &'static str;
    /// Joins two tables with the left one as the outer loop.
    const THEN_JOIN: &'static str;
    /// After `documents` in a `FROM`: uses the index on `due_since`.
    const BY_DUE_SINCE: &'static str;
    /// The decimal digits of `id`, as bytes.
    const ID_IN_BYTES: &'static str;
    /// At the end of a `SELECT` of rows to be changed: skips locked rows.
    const UNLESS_LOCKED: &'static str;

    /// SQL for the current time in microseconds since 1970: by the server's clock on PostgreSQL, so that replicas whose
    /// clocks differ measure doubts alike; otherwise `ours`, the parameter with this process's time.
    fn now(&self, ours: &'static str) -> Cow<'static, str>;

    /// Runs a statement and returns its rows.
    fn fetch(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// Runs a statement and returns how many rows it changed.
    fn execute(
        &mut self,
        sql: impl Into<Cow<'static, str>> + Send,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64>> + Send;
}

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A whole number, a time in microseconds since 1970, or a boolean (0 or 1).
    Number(i64),
    /// Text. NUL is replaced by U+FFFD on both databases, because PostgreSQL cannot store it.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// NULL.
    Null,
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<DeliveryId> for Value<'_> {
    fn from(id: DeliveryId) -> Self {
        Self::Number(id.0)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Number(micros(at))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a BookName> for Value<'a> {
    fn from(name: &'a BookName) -> Self {
        Self::Text(name.as_str())
    }
}

impl<'a> From<&'a DocumentNumber> for Value<'a> {
    fn from(number: &'a DocumentNumber) -> Self {
        Self::Text(number.as_str())
    }
}

impl<'a> From<&'a OrderId> for Value<'a> {
    fn from(id: &'a OrderId) -> Self {
        Self::Text(id.as_str())
    }
}

/// A PostgreSQL query with its parameters bound.
pub(super) fn query(
    sql: impl Into<Cow<'static, str>>,
    values: &[Value<'_>],
) -> sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments> {
    // Safe: the SQL is our own text, and values are passed as parameters only.
    values.iter().fold(sqlx::query(AssertSqlSafe(sql.into())), |query, value| match *value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(storable(text)),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Null => query.bind(None::<&str>),
    })
}

/// Reads the columns of a row, by name.
pub trait Columns: Send + Sync {
    /// A whole number; an error if it is NULL.
    fn number(&self, column: &str) -> Result<i64>;
    /// A whole number; `None` if it is NULL.
    fn number_if_any(&self, column: &str) -> Result<Option<i64>>;
    /// Text; an error if it is NULL.
    fn text(&self, column: &str) -> Result<&str>;
    /// Text; `None` if it is NULL.
    fn text_if_any(&self, column: &str) -> Result<Option<&str>>;
    /// Bytes; empty if it is NULL.
    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        Ok(self.bytes_if_any(column)?.unwrap_or_default())
    }
    /// Bytes; `None` if it is NULL.
    fn bytes_if_any(&self, column: &str) -> Result<Option<Vec<u8>>>;
}

impl Columns for PgRow {
    fn number(&self, column: &str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn number_if_any(&self, column: &str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &str) -> Result<&str> {
        Ok(self.try_get(column)?)
    }

    fn text_if_any(&self, column: &str) -> Result<Option<&str>> {
        Ok(self.try_get(column)?)
    }

    fn bytes_if_any(&self, column: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.try_get(column)?)
    }
}
