//! What SQLite and PostgreSQL have in common: statements that both understand, values that go in, rows that come out.
//!
//! Rows of values go in as one JSON text, `$1`: [`Dialect::ROWS`] makes `v.value ->> n` of each. What is no text is
//! cast, since PostgreSQL's `->>` gives nothing else.

use std::borrow::Cow;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Postgres, Row, postgres::PgRow};

use super::{Result, rows::micros};
use crate::domain::{
    ids::{BookName, DeliveryId, DocumentNumber},
    order::OrderId,
};

/// A connection, or a pool of them, that takes statements; with the few words that differ.
pub trait Dialect: Send {
    /// What comes back.
    type Row: Columns;

    /// The rows of the JSON array `$1`, as `v`.
    const ROWS: &'static str;
    /// The greater of two numbers.
    const GREATEST: &'static str;
    /// The lesser of two numbers.
    const LEAST: &'static str;
    /// Joins with what stands on the left going first.
    const THEN_JOIN: &'static str;
    /// Behind `documents`: go by `due_since`.
    const BY_DUE_SINCE: &'static str;
    /// The digits of `id` as bytes.
    const ID_IN_BYTES: &'static str;
    /// Behind rows that are to be changed: skips locked rows.
    const UNLESS_LOCKED: &'static str;

    /// The moment it is by the database's clock, in microseconds since 1970, where `ours` holds it by our clock.
    /// Replicas whose clocks differ measure a doubt by this one.
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

/// A value for a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A whole number, also a moment or a yes or no.
    Number(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Nothing.
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

/// A statement with its values, for PostgreSQL.
pub(super) fn query(
    sql: impl Into<Cow<'static, str>>,
    values: &[Value<'_>],
) -> sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments> {
    // Only our own words are in it: values go beside the statement.
    values.iter().fold(sqlx::query(AssertSqlSafe(sql.into())), |query, value| match *value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Null => query.bind(None::<&str>),
    })
}

/// A row.
pub trait Columns: Send + Sync {
    /// A whole number.
    fn number(&self, column: &str) -> Result<i64>;
    /// A whole number, if there is one.
    fn number_if_any(&self, column: &str) -> Result<Option<i64>>;
    /// A text.
    fn text(&self, column: &str) -> Result<&str>;
    /// A text, if there is one.
    fn text_if_any(&self, column: &str) -> Result<Option<&str>>;
    /// Bytes; empty when there are none.
    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        Ok(self.bytes_if_any(column)?.unwrap_or_default())
    }
    /// Bytes, if there are any.
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
