//! An order with its documents, its timeline and what Forstok sent: the answer of every operation on one order.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{get_snapshot::Snapshot, order::Order, rows::rupiah};
use crate::{
    domain::{
        after_sale::Sums,
        document::{Kind, Progress},
        money::{Rupiah, exact_number},
        order::OrderId,
        reason::Language,
        timeline::Entry,
    },
    http::{App, problem::Problem},
    storage::{ExistingDocument, OrderDocument, OrderRecord, RowRecord, TimelinePlace, sums_of},
};

/// Entries of a timeline unless asked otherwise.
pub(crate) const USUAL_ENTRIES: i64 = 200;

/// Snapshots that an order is shown with.
const MOST_SNAPSHOTS: i64 = 100;

/// An order with its documents, its timeline and what Forstok sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderWithTimeline {
    #[serde(flatten)]
    order: Order,
    /// What is or was sent to Accurate.
    #[schema(value_type = Option<Object>)]
    draft: Option<serde_json::Value>,
    /// The order's documents in Accurate, including those that are to be created or were deleted: invoice, receipts,
    /// returns.
    documents: Vec<Document>,
    /// The money of the order as this service has booked it; null while no invoice exists.
    settlement: Option<Settlement>,
    /// Oldest first. Of a long timeline, the newest entries; `timeline_next_cursor` leads to the earlier ones.
    timeline: Vec<TimelineEntry>,
    /// What Forstok sent, newest first; at most the newest 100.
    snapshots: Vec<Snapshot>,
    /// Give it as `timeline_cursor` for the entries before; null when these are the first.
    timeline_next_cursor: Option<String>,
}

/// A document in Accurate.
#[derive(Debug, Serialize, ToSchema)]
struct Document {
    /// `invoice`, `receipt`: a sales receipt, or `return`: a sales return.
    #[schema(example = "invoice")]
    kind: &'static str,
    /// Counts up from 1 in each kind.
    part: i64,
    /// Its number.
    number: String,
    /// Accurate's id of it; null until it is created.
    id: Option<i64>,
    /// `due`: to be created; `exists`, also if a person has taken it over (`total` is then what they entered);
    /// `void_due`: to be deleted; `voided`: deleted; `blocked`: a person must act.
    #[schema(example = "exists")]
    state: &'static str,
    /// In rupiah: the total of an invoice or a return, or what a receipt pays on the invoice.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// The money of an order as this service has booked it: invoice = paid + returned + owed - credit. It does not include
/// what others booked in Accurate.
#[derive(Debug, Serialize, ToSchema)]
struct Settlement {
    /// What is still to be paid or returned, in rupiah.
    #[schema(value_type = f64)]
    owed: serde_json::Number,
    /// What receipts pay on the invoice.
    #[schema(value_type = f64)]
    paid: serde_json::Number,
    /// What returns credit.
    #[schema(value_type = f64)]
    returned: serde_json::Number,
    /// What was paid and returned beyond the invoice: the customer's credit.
    #[schema(value_type = f64)]
    credit: serde_json::Number,
}

/// One event of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    /// When it happened; if it happened several times in a row, the last time.
    at: String,
    /// How often it happened in a row.
    times: i64,
    /// When it happened for the first time, if it happened several times in a row.
    since: String,
    /// What happened, in one line.
    text: String,
    /// The same event for programs.
    #[schema(value_type = Object)]
    event: serde_json::Value,
}

/// `taken_over`: what it takes off the invoice, if it is a person's by now.
fn document(
    stored: &OrderDocument,
    invoice: Option<&ExistingDocument>,
    taken_over: Option<Rupiah>,
) -> Option<Document> {
    // What was never created is no longer wanted.
    if stored.progress == Progress::Gone && stored.id.is_none() {
        return None;
    }
    let drafted = stored.draft.as_ref().map(|draft| draft.total().decimal());
    let of_accurate = invoice.filter(|_| stored.kind == Kind::Invoice).map(|invoice| invoice.total);
    Some(Document {
        kind: stored.kind.as_str(),
        // An order has one invoice, which is stored without a part.
        part: stored.part.0.max(1),
        number: stored.number.to_string(),
        id: stored.id,
        state: match (stored.progress, stored.id) {
            _ if taken_over.is_some() => Progress::Exists.as_str(),
            (Progress::Gone, _) => "voided",
            (Progress::Due, Some(_)) => "void_due",
            (progress, _) => progress.as_str(),
        },
        total: exact_number(taken_over.map(Rupiah::decimal).or(of_accurate).or(drafted)?),
    })
}

/// What a document takes off the invoice that a person has taken over, which this service no longer follows.
fn taken_over(stored: &OrderDocument, invoice: Option<&ExistingDocument>, rows: &[RowRecord]) -> Option<Rupiah> {
    let invoice = invoice.filter(|_| stored.progress == Progress::Gone && stored.id.is_some())?;
    let is_its_row = |row: &&RowRecord| {
        let is_named = row.booked_by_hand().is_some_and(|number| stored.number.is_same_as(&number.into()));
        row.was_ours && row.marked_invoice == Some(invoice.id) && row.content.kind() == stored.kind && is_named
    };
    rows.iter().find(is_its_row).map(|row| Rupiah::from_hundredths(row.settles))
}

/// The money of the order, if its invoice exists: what is booked on it in Accurate, without what is only wanted.
fn settlement(record: &OrderRecord, documents: &[OrderDocument], rows: &[RowRecord]) -> Option<Settlement> {
    let total = record.standing_invoice()?.total;
    let Sums { owed, paid, returned, credit } = sums_of(Rupiah::from_decimal(total), documents, rows);
    Some(Settlement { owed: rupiah(owed), paid: rupiah(paid), returned: rupiah(returned), credit: rupiah(credit) })
}

/// The order as every answer about one order gives it.
pub(crate) async fn show(app: &App, id: &OrderId, language: Language) -> Result<Json<OrderWithTimeline>, Problem> {
    show_part(app, id, language, USUAL_ENTRIES, None).await
}

pub(crate) async fn show_part(
    app: &App,
    id: &OrderId,
    language: Language,
    limit: i64,
    before: Option<TimelinePlace>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    app.engine.fold_order(id).await?;
    let storage = app.engine.storage();
    let record = storage.order(id).await?.ok_or_else(|| Problem::UnknownOrder(id.to_string()))?;
    let part = storage.timeline_page(id, before, limit).await?;
    let snapshots = storage.snapshots(id, MOST_SNAPSHOTS).await?;
    let (rows, mut documents) = storage.booked(id).await?;
    documents.sort_by_key(|document| (document.kind, document.part));
    let standing = record.standing_invoice();
    let shown = |stored: &OrderDocument| document(stored, record.invoice.as_ref(), taken_over(stored, standing, &rows));
    let timeline = part.entries.iter().rev().map(|entry| timeline_entry(entry, language)).collect();
    Ok(Json(OrderWithTimeline {
        draft: record.draft.as_ref().map(|draft| draft.body.to_json()),
        settlement: settlement(&record, &documents, &rows),
        documents: documents.iter().filter_map(shown).collect(),
        order: Order::new(record, language),
        timeline,
        snapshots: snapshots.into_iter().map(Into::into).collect(),
        timeline_next_cursor: part.next.map(|next| next.to_string()),
    }))
}

fn timeline_entry(entry: &Entry, language: Language) -> TimelineEntry {
    TimelineEntry {
        at: entry.at.to_string(),
        times: entry.times,
        since: entry.since.to_string(),
        text: entry.in_words(language),
        event: serde_json::to_value(&entry.event).expect("our own types are JSON"),
    }
}
