//! An order with its documents, its timeline and what Forstok sent: the answer of every operation on one order.

use axum::Json;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{get_snapshot::Snapshot, order::Order};
use crate::{
    domain::{money::exact_number, order::OrderId, reason::Language, timeline::Entry},
    http::{App, problem::Problem},
    storage::{OrderRecord, State as OrderState, TimelinePlace},
};

/// Entries of a timeline unless asked otherwise.
pub(crate) const USUAL_ENTRIES: i64 = 200;

/// Snapshots that an order is shown with.
const MOST_SNAPSHOTS: i64 = 100;

/// An order with all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderWithTimeline {
    #[serde(flatten)]
    order: Order,
    /// What is or was sent to Accurate.
    #[schema(value_type = Option<Object>)]
    draft: Option<serde_json::Value>,
    /// What exists, or is to exist, in Accurate for this order.
    documents: Vec<Document>,
    /// The money of the order as this service has booked it; null while no invoice exists.
    settlement: Option<Settlement>,
    /// Oldest first. Of a long timeline the newest entries; the others come page by page.
    timeline: Vec<TimelineEntry>,
    /// What Forstok sent, newest first; of very many the newest.
    snapshots: Vec<Snapshot>,
    /// Give it as `timeline_cursor` for the entries before; null when these are the first.
    timeline_next_cursor: Option<String>,
}

/// A document in Accurate.
#[derive(Debug, Serialize, ToSchema)]
struct Document {
    /// `invoice`; receipts and returns are not booked yet.
    #[schema(example = "invoice")]
    kind: &'static str,
    /// Counts up from 1 in each kind.
    part: u32,
    /// Its number.
    number: String,
    /// Accurate's id of it; null while it does not exist.
    id: Option<i64>,
    /// `due`: to be created; `exists`; `void_due`: to be deleted; `voided`: deleted.
    #[schema(example = "exists")]
    state: &'static str,
    /// In rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// The money of an order as this service has booked it: the invoice alone, since it books no receipts and returns
/// yet. What others booked in Accurate is not in it.
#[derive(Debug, Serialize, ToSchema)]
struct Settlement {
    /// What is still to be paid, in rupiah.
    #[schema(value_type = f64)]
    owed: serde_json::Number,
    /// What was paid.
    #[schema(value_type = f64)]
    paid: serde_json::Number,
    /// What was returned.
    #[schema(value_type = f64)]
    returned: serde_json::Number,
    /// What the customer has to its credit.
    #[schema(value_type = f64)]
    credit: serde_json::Number,
}

/// One thing that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    /// When; the last time, when it happened several times in a row.
    at: String,
    /// How often it happened in a row.
    times: i64,
    /// When it happened for the first time in a row.
    since: String,
    /// What, in one line.
    text: String,
    /// The same for programs.
    #[schema(value_type = Object)]
    event: serde_json::Value,
}

fn documents(record: &OrderRecord) -> Vec<Document> {
    let (number, id, total) = match (&record.invoice, &record.draft) {
        (Some(invoice), _) => (invoice.number.clone(), Some(invoice.id), exact_number(invoice.total)),
        (None, Some(draft)) if record.state == OrderState::Due => {
            (draft.body.number.clone(), None, exact_number(draft.total.decimal()))
        }
        _ => return Vec::new(),
    };
    let state = match record.state {
        OrderState::Voided => "voided",
        OrderState::VoidDue => "void_due",
        _ if id.is_some() => "exists",
        _ => "due",
    };
    vec![Document { kind: "invoice", part: 1, number, id, state, total }]
}

fn settlement(record: &OrderRecord) -> Option<Settlement> {
    let invoice = record.invoice.as_ref().filter(|_| record.state != OrderState::Voided)?;
    let none = || exact_number(Decimal::ZERO);
    Some(Settlement { owed: exact_number(invoice.total), paid: none(), returned: none(), credit: none() })
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
    let record = app.engine.order(id).await?.ok_or_else(|| Problem::UnknownOrder(id.to_string()))?;
    let storage = app.engine.storage();
    let part = storage.timeline_page(id, before, limit).await?;
    let snapshots = storage.snapshots(id, MOST_SNAPSHOTS).await?;
    let timeline = part.entries.iter().rev().map(|entry| timeline_entry(entry, language)).collect();
    Ok(Json(OrderWithTimeline {
        draft: record.draft.as_ref().map(|draft| draft.body.to_json()),
        documents: documents(&record),
        settlement: settlement(&record),
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
