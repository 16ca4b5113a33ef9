//! After the sale: rows of payouts and returns, and what is decided about their orders.

pub(super) mod approve;
pub(super) mod by_hand;
pub(super) mod list;
mod parts;
pub(super) mod read;
pub(super) mod record;
pub(super) mod write;

use super::{
    Result, RowContent, RowDocument, RowRecord, StorageError,
    dialect::Columns,
    rows::{from_json, moment, optional_json, order_id, reason, timestamp},
};
use crate::domain::{
    document::{Kind, Part},
    ids::DocumentNumber,
    payout::RowState,
};

/// The kind of rows that a kind of document books.
pub(super) fn rows_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Return => "return",
        Kind::Invoice | Kind::Receipt => "payout",
    }
}

/// Columns that [`row_record`] reads, from `settlement_rows` as `r` and its document as `d`.
pub(super) const ROW: &str =
    "r.id, r.kind, r.content, r.order_id, r.state, r.reason, r.finding, r.waits_for, r.part, r.arrived_at, r.content_at,
     r.approved_at, r.approved_by, r.by_hand, r.settles, d.number AS document_number,
     CASE WHEN d.state <> 'gone' THEN d.accurate_id END AS document_id";

/// Joins the document of row `r` as `d`.
pub(super) const AND_ITS_DOCUMENT: &str = "LEFT JOIN documents d ON d.order_id = r.order_id AND d.part = r.part
     AND d.kind = CASE r.kind WHEN 'return' THEN 'return' ELSE 'receipt' END";

pub(super) fn row_record(row: &impl Columns) -> Result<RowRecord> {
    let state = row.text("state")?;
    let approved_by = row.text("approved_by")?.to_owned();
    let number = row.text_if_any("document_number")?.map(DocumentNumber::from);
    let document = row.number_if_any("part")?.zip(number).map(|(part, number)| {
        Ok::<_, StorageError>(RowDocument { part: Part(part), number, id: row.number_if_any("document_id")? })
    });
    Ok(RowRecord {
        id: row.number("id")?,
        content: content(row)?,
        order_id: if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) },
        state: RowState::parse(state)
            .ok_or_else(|| StorageError::Unreadable(format!("state {state:?} of a payout or a return")))?,
        reason: reason(row)?,
        finding: optional_json(row, "finding")?,
        waits_for: optional_json(row, "waits_for")?,
        document: document.transpose()?,
        arrived_at: timestamp(row.number("arrived_at")?)?,
        content_at: timestamp(row.number("content_at")?)?,
        approved: moment(row, "approved_at")?.map(|at| (approved_by, at)),
        by_hand: optional_json(row, "by_hand")?,
        settles: row.number("settles")?,
    })
}

/// What was sent last.
fn content(row: &impl Columns) -> Result<RowContent> {
    let text = row.text("content")?;
    Ok(match row.text("kind")? {
        "return" => RowContent::Return(from_json(text)?),
        _ => RowContent::Payout(from_json(text)?),
    })
}
