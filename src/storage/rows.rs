//! Converts between columns and domain types.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    DocumentKey, DocumentRef, ExistingDocument, OrderRecord, Receipt, Result, State, StorageError, dialect::Columns,
};
use crate::domain::{
    document::{Kind, Part},
    ids::{BookName, DocumentNumber},
    money::Rupiah,
    order::OrderId,
    origin::Origin,
    reason::{Finding, Reason},
};

/// An amount as the database stores and sums it, rounded to hundredths of a rupiah.
pub fn hundredths(amount: Rupiah) -> i64 {
    amount.hundredths()
}

/// The subject of the first finding (one item, warehouse or store), by which blocked orders are grouped.
pub(super) fn subject_of(findings: &[Finding]) -> String {
    findings.first().map(|finding| storable(&finding.about.cause()).into_owned()).unwrap_or_default()
}

/// Microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn timestamp(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| StorageError::Unreadable(error.to_string()))
}

/// A time; `None` if the column is 0 or NULL.
pub(super) fn moment(row: &impl Columns, column: &str) -> Result<Option<Timestamp>> {
    row.number_if_any(column)?.filter(|micros| *micros != 0).map(timestamp).transpose()
}

/// Replaces NUL with U+FFFD, because PostgreSQL cannot store NUL in text.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// A value as JSON whose strings are [`storable`].
pub(super) fn json(value: &impl Serialize) -> String {
    without_nul(serde_json::to_string(value).expect("our own types are JSON"))
}

fn without_nul(json: String) -> String {
    if !json.contains("\\u0000") {
        return json;
    }
    // Reads a backslash together with what follows it: `\\u0000` is an escaped backslash, not a NUL.
    let mut storable = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        storable.push_str(before);
        let (escape, behind) = escape.split_at(if escape.starts_with("\\u0000") { 6 } else { 2 });
        storable.push_str(if escape.len() == 6 { "\u{fffd}" } else { escape });
        rest = behind;
    }
    storable.push_str(rest);
    storable
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StorageError::Unreadable(error.to_string()))
}

pub(super) fn json_column<T: DeserializeOwned>(row: &impl Columns, column: &str) -> Result<T> {
    from_json(row.text(column)?)
}

pub(super) fn optional_json<T: DeserializeOwned>(row: &impl Columns, column: &str) -> Result<Option<T>> {
    row.text_if_any(column)?.map(from_json).transpose()
}

pub(super) fn state(row: &impl Columns) -> Result<State> {
    let word = row.text("state")?;
    State::parse(word).ok_or_else(|| StorageError::Unreadable(format!("state {word:?}")))
}

pub(super) fn reason(row: &impl Columns) -> Result<Option<Reason>> {
    let code = row.text("reason")?;
    match Reason::from_code(code) {
        None if !code.is_empty() => Err(StorageError::Unreadable(format!("reason {code:?}"))),
        reason => Ok(reason),
    }
}

pub(super) fn order_id(row: &impl Columns) -> Result<OrderId> {
    let text = row.text("order_id")?;
    OrderId::parse(text).ok_or_else(|| StorageError::Unreadable(format!("order id {text:?}")))
}

/// How a delivery arrived.
pub(super) fn origin(row: &impl Columns) -> Result<Origin> {
    let word = row.text("origin")?;
    Origin::parse(word).ok_or_else(|| StorageError::Unreadable(format!("origin {word:?}")))
}

/// The key of a document's row.
pub(super) fn document_key(row: &impl Columns) -> Result<DocumentKey> {
    let word = row.text("kind")?;
    let kind = Kind::parse(word).ok_or_else(|| StorageError::Unreadable(format!("kind of document {word:?}")))?;
    Ok(DocumentKey { order_id: order_id(row)?, kind, part: Part(row.number("part")?) })
}

/// The receipt for a new content, from its order's row if there is one.
pub(super) fn receipt(row: &impl Columns) -> Result<Receipt> {
    if row.text_if_any("state")?.is_none() {
        return Ok(Receipt::first());
    }
    let state = state(row)?;
    let number = row.text_if_any("invoice_number")?.map(DocumentNumber::from);
    let invoice = number.zip(row.number_if_any("invoice_id")?).filter(|_| state != State::Voided);
    Ok(Receipt { repeat: false, state, invoice: invoice.map(|(number, id)| DocumentRef { number, id }) })
}

/// A column of the invoice of an order in `orders`, as a subquery that fits any statement: a join would change the
/// plan of a list.
macro_rules! of_invoice {
    ($column:literal) => {
        concat!(
            "(SELECT invoice.",
            $column,
            " FROM documents AS invoice WHERE invoice.order_id = orders.order_id
              AND invoice.kind = 'invoice' AND invoice.part = 0) AS ",
            $column
        )
    };
}

/// Columns that [`order_record`] reads, from `orders`.
pub(super) const ORDER_COLUMNS: &str =
    concat!(
    "id, order_id, store_id, store_name, channel, channel_order_id, status, ordered_at, received_at, created_at, state,
     amount, subject, decision, acknowledged, reason, findings, warnings, invoice_number, invoice_id, invoice_total,
     invoiced_at, changed_at, ",
    of_invoice!("book"), ", ", of_invoice!("tries"), ", ", of_invoice!("next_attempt_at"), ", ", of_invoice!("draft")
);

pub(super) fn order_record(row: &impl Columns) -> Result<OrderRecord> {
    let text = |column| row.text(column).map(str::to_owned);
    Ok(OrderRecord {
        id: row.number("id")?,
        order_id: order_id(row)?,
        store_id: text("store_id")?,
        store_name: text("store_name")?,
        channel: text("channel")?,
        channel_order_id: text("channel_order_id")?,
        status: text("status")?,
        ordered_at: moment(row, "ordered_at")?,
        received_at: timestamp(row.number("received_at")?)?,
        created_at: timestamp(row.number("created_at")?)?,
        state: state(row)?,
        hundredths: row.number("amount")?,
        manual: optional_json(row, "decision")?,
        acknowledged: json_column(row, "acknowledged")?,
        subject: text("subject")?,
        findings: json_column(row, "findings")?,
        reason: reason(row)?,
        warnings: json_column(row, "warnings")?,
        book: row.text_if_any("book")?.filter(|book| !book.is_empty()).map(BookName::from),
        tries: row.number_if_any("tries")?.unwrap_or_default(),
        next_attempt_at: moment(row, "next_attempt_at")?,
        // An order is shown even if its draft cannot be read.
        draft: optional_json(row, "draft").unwrap_or_default(),
        invoice: existing_invoice(row)?,
        invoiced_at: moment(row, "invoiced_at")?,
        changed_at: timestamp(row.number("changed_at")?)?,
    })
}

fn existing_invoice(row: &impl Columns) -> Result<Option<ExistingDocument>> {
    let Some(id) = row.number_if_any("invoice_id")? else { return Ok(None) };
    let total = row.text("invoice_total")?;
    let total = total.parse::<Decimal>().map_err(|error| StorageError::Unreadable(error.to_string()))?;
    Ok(Some(ExistingDocument { id, number: row.text("invoice_number")?.into(), total }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_no_nul_and_all_else_as_it_was() {
        for text in ["", "a\0", "\0\0\"", "\\u0000", "\\\0\\", "\u{1}\0\n é 😀", "\\\\u0000\0"] {
            let read: String = serde_json::from_str(&json(&text)).expect("it is JSON");
            assert_eq!(read, storable(text), "{text:?}");
        }
    }
}
