//! After the sale: rows of payouts and returns, and what is decided about their orders.

pub(super) mod approve;
pub(super) mod by_hand;
pub(super) mod list;
pub(super) mod matching;
pub(super) mod of_file;
mod parts;
pub(super) mod read;
pub(super) mod record;
mod transactions;
pub(super) mod unreadable;
pub(super) mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ByHand, Result, RowContent, RowDocument, RowRecord, StorageError,
    dialect::Columns,
    rows::{from_json, moment, optional_json, order_id, reason, timestamp},
};
use crate::domain::{
    document::{Kind, Part},
    ids::DocumentNumber,
    money::Rupiah,
    payout::{Payout, PayoutKey, RowState},
    return_record::{Goods, ReturnKey, ReturnRecord},
};

/// The kind of rows that a kind of document books.
pub(super) fn rows_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Return => "return",
        Kind::Invoice | Kind::Receipt => "payout",
    }
}

/// Columns that [`row_record`] and [`shown_row`] read, from `settlement_rows` as `r` and its document as `d`.
pub(super) const ROW: &str =
    "r.id, r.kind, r.content, r.source, r.row_id, r.store_id, r.channel_order_id, r.amount, r.day, r.order_id, r.state, r.reason, r.finding, r.waits_for, r.part, r.arrived_at, r.content_at,
     r.approved_at, r.approved_by, r.by_hand, r.settles, d.number AS document_number,
     CASE WHEN d.state <> 'gone' THEN d.accurate_id END AS document_id";

/// Joins the document of row `r` as `d`.
pub(super) const AND_ITS_DOCUMENT: &str = "LEFT JOIN documents d ON d.order_id = r.order_id AND d.part = r.part
     AND d.kind = CASE r.kind WHEN 'return' THEN 'return' ELSE 'receipt' END";

pub(super) fn row_record(row: &impl Columns) -> Result<RowRecord> {
    let word = row.text("state")?;
    let state = RowState::parse(word)
        .ok_or_else(|| StorageError::Unreadable(format!("state {word:?} of a payout or a return")))?;
    let marked = marked(row)?;
    let was = marked.as_ref().and_then(|marked| marked.was.as_deref());
    Ok(RowRecord {
        reason: reason(row)?,
        finding: optional_json(row, "finding")?,
        waits_for: optional_json(row, "waits_for")?,
        was: was.map(|text| content_in(row, text)).transpose()?,
        marked_invoice: marked.as_ref().and_then(|marked| marked.invoice_id),
        was_ours: marked.as_ref().is_some_and(|marked| marked.was_ours),
        by_hand: marked.map(|marked| marked.by_hand),
        ..with_content(row, content(row)?, state)?
    })
}

/// A row for people, of which some part may not be readable: that part is left out, and the rest says which row it is.
pub(super) fn shown_row(row: &impl Columns) -> Result<RowRecord> {
    match row_record(row) {
        Err(StorageError::Unreadable(_)) => {}
        read => return read,
    }
    let content = content(row).or_else(|_| content_of_columns(row))?;
    Ok(RowRecord {
        reason: reason(row).unwrap_or_default(),
        finding: optional_json(row, "finding").unwrap_or_default(),
        waits_for: optional_json(row, "waits_for").unwrap_or_default(),
        was: was(row).unwrap_or_default(),
        marked_invoice: None,
        was_ours: false,
        by_hand: optional_json(row, "by_hand").unwrap_or_default(),
        ..with_content(row, content, RowState::parse(row.text("state")?).unwrap_or(RowState::Blocked))?
    })
}

fn with_content(row: &impl Columns, content: RowContent, state: RowState) -> Result<RowRecord> {
    let approved_by = row.text("approved_by")?.to_owned();
    let number = row.text_if_any("document_number")?.map(DocumentNumber::from);
    let document = row.number_if_any("part")?.zip(number).map(|(part, number)| {
        Ok::<_, StorageError>(RowDocument { part: Part(part), number, id: row.number_if_any("document_id")? })
    });
    Ok(RowRecord {
        id: row.number("id")?,
        content,
        order_id: if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) },
        state,
        reason: None,
        finding: None,
        waits_for: None,
        document: document.transpose()?,
        arrived_at: timestamp(row.number("arrived_at")?)?,
        content_at: timestamp(row.number("content_at")?)?,
        approved: moment(row, "approved_at")?.map(|at| (approved_by, at)),
        by_hand: None,
        orders_with_number: 0,
        was: None,
        marked_invoice: None,
        was_ours: false,
        settles: row.number("settles")?,
        amount: row.number_if_any("amount")?.map(Rupiah::from_hundredths),
    })
}

/// What the columns beside an unreadable content say.
fn content_of_columns(row: &impl Columns) -> Result<RowContent> {
    let text = |column| row.text(column).map(str::to_owned);
    let (source, id) = (text("source")?, text("row_id")?);
    let (store_id, channel_order_id) = (text("store_id")?, text("channel_order_id")?);
    let (day, amount) = (row.text("day")?.parse().ok(), row.number_if_any("amount")?.map(Rupiah::from_hundredths));
    Ok(match row.text("kind")? {
        "return" => RowContent::Return(ReturnRecord {
            key: ReturnKey { source, id },
            store_id,
            channel_order_id,
            accepted_at: None,
            received_at: day,
            goods: Goods::Returned,
            refund: amount,
            pieces: Vec::new(),
        }),
        _ => RowContent::Payout(Payout {
            key: PayoutKey { source, id },
            store_id,
            channel_order_id,
            paid_at: day.unwrap_or_default(),
            net: amount.unwrap_or_default(),
            amounts: BTreeMap::new(),
            lines: Vec::new(),
        }),
    })
}

/// What was sent last.
fn content(row: &impl Columns) -> Result<RowContent> {
    content_in(row, row.text("content")?)
}

fn content_in(row: &impl Columns, text: &str) -> Result<RowContent> {
    Ok(match row.text("kind")? {
        "return" => RowContent::Return(from_json(text)?),
        _ => RowContent::Payout(from_json(text)?),
    })
}

/// A person's mark as it is stored.
#[derive(Serialize, Deserialize)]
struct MarkedByHand {
    #[serde(flatten)]
    by_hand: ByHand,
    /// The content that the person has booked, if it was corrected afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    /// Accurate's id of the order's invoice at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invoice_id: Option<i64>,
    /// The document was created by this service, and is the person's since the row was corrected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_ours: bool,
}

fn marked(row: &impl Columns) -> Result<Option<MarkedByHand>> {
    optional_json(row, "by_hand")
}

fn was(row: &impl Columns) -> Result<Option<RowContent>> {
    marked(row)?.and_then(|marked| marked.was).map(|text| content_in(row, &text)).transpose()
}
