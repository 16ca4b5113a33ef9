//! Between columns and the words of the domain.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    domain::{order::OrderId, reason::Reason},
    store::{OrderRecord, Result, StandingInvoice, State, StoreError},
};

/// Microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn timestamp(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// A column that holds 0 or NULL for "no moment".
pub(super) fn moment(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>> {
    row.try_get::<Option<i64>, _>(column)?.filter(|micros| *micros != 0).map(timestamp).transpose()
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own types are JSON")
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(error.to_string()))
}

pub(super) fn json_column<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    from_json(row.try_get(column)?)
}

pub(super) fn optional_json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<Option<T>> {
    row.try_get::<Option<&str>, _>(column)?.map(from_json).transpose()
}

pub(super) fn state(row: &SqliteRow) -> Result<State> {
    let word: &str = row.try_get("state")?;
    State::parse(word).ok_or_else(|| StoreError::Unreadable(format!("state {word:?}")))
}

pub(super) fn reason(row: &SqliteRow) -> Result<Option<Reason>> {
    let code: &str = row.try_get("reason")?;
    match Reason::from_code(code) {
        None if !code.is_empty() => Err(StoreError::Unreadable(format!("reason {code:?}"))),
        reason => Ok(reason),
    }
}

pub(super) fn order_id(row: &SqliteRow) -> Result<OrderId> {
    let text: &str = row.try_get("order_id")?;
    OrderId::parse(text).ok_or_else(|| StoreError::Unreadable(format!("order id {text:?}")))
}

/// Columns that [`order_record`] reads.
pub(super) const ORDER_COLUMNS: &str = "id, order_id, store_id, store_name, channel, channel_order_id, status, \
    ordered_at, received_at, state, reason, findings, warnings, book, tries, next_attempt_at, draft, \
    invoice_number, invoice_id, invoice_total, invoiced_at, changed_at";

pub(super) fn order_record(row: &SqliteRow) -> Result<OrderRecord> {
    Ok(OrderRecord {
        id: row.try_get("id")?,
        order_id: order_id(row)?,
        store_id: row.try_get("store_id")?,
        store_name: row.try_get("store_name")?,
        channel: row.try_get("channel")?,
        channel_order_id: row.try_get("channel_order_id")?,
        status: row.try_get("status")?,
        ordered_at: moment(row, "ordered_at")?,
        received_at: timestamp(row.try_get("received_at")?)?,
        state: state(row)?,
        findings: json_column(row, "findings")?,
        reason: reason(row)?,
        warnings: json_column(row, "warnings")?,
        book: row.try_get("book")?,
        tries: row.try_get("tries")?,
        next_attempt_at: moment(row, "next_attempt_at")?,
        draft: optional_json(row, "draft")?,
        invoice: standing_invoice(row)?,
        invoiced_at: moment(row, "invoiced_at")?,
        changed_at: timestamp(row.try_get("changed_at")?)?,
    })
}

fn standing_invoice(row: &SqliteRow) -> Result<Option<StandingInvoice>> {
    let Some(id) = row.try_get::<Option<i64>, _>("invoice_id")? else { return Ok(None) };
    let total: &str = row.try_get("invoice_total")?;
    let total = total.parse::<Decimal>().map_err(|error| StoreError::Unreadable(error.to_string()))?;
    Ok(Some(StandingInvoice { id, number: row.try_get("invoice_number")?, total }))
}
