//! `GET /v1/orders` and `GET /v1/orders/{order_id}`.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    filter::{FilterParams, cursor, query},
    problem::{Problem, ProblemBody},
    snapshots::Snapshot,
};
use crate::{
    domain::{
        invoice::ACCURATE_DAY,
        manual::ManualDecision,
        money::exact_number,
        order::OrderId,
        reason::{Language, Notice, Reason},
        timeline::Entry,
    },
    storage::{Acknowledgement, OrderRecord, State as OrderState, Sums, TimelinePlace},
};

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderPage {
    /// Newest first.
    orders: Vec<Order>,
    /// Give it as `cursor` for the next page; null on the last. A page may be short, or empty, although there is one.
    next_cursor: Option<String>,
    /// Of all orders that match, where `totals=true` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
}

/// How many orders match, and what they are worth.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Totals {
    /// How many.
    count: i64,
    /// What they are worth, in rupiah: their invoices, else their drafts, else what Forstok says.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// Whether that is all. With false there are more, and both figures are a lower bound.
    exact: bool,
}

impl From<Sums> for Totals {
    fn from(sums: Sums) -> Self {
        Self { count: sums.orders, total: exact_number(sums.rupiah()), exact: sums.exact }
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "`order_id` is the contract's name in every answer")]
pub(super) struct Order {
    /// Forstok's order id.
    #[schema(example = "138163394")]
    order_id: String,
    /// The number that the buyer sees.
    #[schema(example = "231127PECAFY4J")]
    channel_order_id: String,
    /// Marketplace.
    channel: String,
    /// Forstok's store id.
    store_id: String,
    /// The store's name.
    store_name: String,
    /// The status in Forstok's words.
    status: String,
    /// When the buyer ordered.
    ordered_at: Option<String>,
    /// When the newest news arrived.
    received_at: String,
    /// When the first webhook arrived.
    first_received_at: String,
    /// What the order is worth, in rupiah: its invoice, else its draft, else what Forstok says.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// The state of the order.
    #[schema(example = "invoiced")]
    state: &'static str,
    /// Why, when it is blocked or ignored: a stable code.
    #[schema(example = "item_not_found")]
    reason: Option<&'static str>,
    /// What is the matter, in one sentence.
    sentence: Option<&'static str>,
    /// What exactly it is about: a product, a store, the words of Accurate.
    detail: Option<String>,
    /// What to do.
    remedy: Option<&'static str>,
    /// What the reason is about, for grouping: for example an item's number.
    #[schema(example = "KAOS-M")]
    subject: Option<String>,
    /// What a person decided about the order; it is in effect until it is taken back.
    decision: Option<OrderDecision>,
    /// All that is in the way; the first is the reason.
    findings: Vec<Words>,
    /// What was done but deserves a look: stable codes.
    #[schema(example = json!(["customer_created"]))]
    warnings: Vec<&'static str>,
    /// The warnings in words.
    notices: Vec<NoticeWords>,
    /// Name of the Accurate database.
    book: Option<String>,
    /// Attempts that counted.
    attempts: i64,
    /// When the next attempt may begin, while one is wanted.
    next_attempt_at: Option<String>,
    /// The invoice that exists.
    invoice: Option<OrderInvoice>,
    /// When something last changed here.
    changed_at: String,
}

/// A code with its words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Words {
    /// The stable code.
    #[schema(example = "item_not_found")]
    code: &'static str,
    /// What is the matter.
    sentence: &'static str,
    /// What exactly it is about: a product, a store, the words of Accurate.
    detail: String,
    /// What to do.
    remedy: &'static str,
}

/// A warning with its words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticeWords {
    #[serde(flatten)]
    words: Words,
    /// Who has acknowledged it; null while it needs attention.
    acknowledged_by: Option<String>,
    /// When.
    acknowledged_at: Option<String>,
}

/// What a person decided about an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderDecision {
    /// What.
    #[schema(example = "by_hand")]
    decision: &'static str,
    /// Why, in the person's words.
    reason: Option<String>,
    /// Number of the document in Accurate that the person created.
    document: Option<String>,
    /// Who.
    actor: String,
    /// When.
    at: String,
}

impl OrderDecision {
    fn new(manual: ManualDecision) -> Self {
        let ManualDecision { decision, reason, document, actor, at } = manual;
        Self { decision: decision.as_str(), reason, document, actor, at: at.to_string() }
    }
}

/// An invoice that exists in Accurate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderInvoice {
    /// Its number.
    number: String,
    /// Accurate's id of it.
    id: i64,
    /// Its day, dd/MM/yyyy.
    #[schema(example = "27/11/2023")]
    date: Option<String>,
    /// Accurate's total in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// When the service learned that it exists.
    invoiced_at: Option<String>,
}

/// One thing that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineEntry {
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

/// An order with all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderWithTimeline {
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

/// Which part of the timeline.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TimelineParams {
    /// Entries, 1 to 1000; the newest 200 by default.
    #[param(minimum = 1, maximum = 1000)]
    timeline_limit: Option<i64>,
    /// `timeline_next_cursor` of the answer before.
    #[param(pattern = "^([0-9]{1,17}-[01]-[0-9]{1,17})?$")]
    timeline_cursor: Option<String>,
}

/// Entries of a timeline unless asked otherwise.
const USUAL_ENTRIES: i64 = 200;

/// Snapshots that an order is shown with.
const MOST_SNAPSHOTS: i64 = 100;

/// Most entries of a timeline in one answer.
const MOST_ENTRIES: i64 = 1_000;

impl TimelineParams {
    /// How many entries, and before which one.
    fn read(&self) -> Result<(i64, Option<TimelinePlace>), Problem> {
        let limit = self.timeline_limit.unwrap_or(USUAL_ENTRIES);
        if !(1..=MOST_ENTRIES).contains(&limit) {
            return Err(Problem::BadRequest(format!("timeline_limit: {limit} is not within 1 and {MOST_ENTRIES}")));
        }
        let before = match self.timeline_cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(TimelinePlace::parse(cursor).ok_or_else(|| {
                Problem::BadRequest(format!("timeline_cursor: {cursor:?} is not a timeline_next_cursor"))
            })?),
        };
        Ok((limit, before))
    }
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

impl Order {
    fn new(record: OrderRecord, language: Language) -> Self {
        let waiting = matches!(record.state, OrderState::Due | OrderState::VoidDue);
        let findings: Vec<_> = record
            .findings
            .iter()
            .map(|finding| Words {
                code: finding.reason.code(),
                sentence: finding.reason.sentence(language),
                detail: finding.about.in_words(language),
                remedy: finding.reason.remedy(language),
            })
            .collect();
        let notices: Vec<_> = record.warnings.iter().map(|notice| notice_words(notice, &record, language)).collect();
        let date = record.draft.as_ref().map(|draft| draft.body.trans_date.strftime(ACCURATE_DAY).to_string());
        let invoiced_at = record.invoiced_at.map(|at| at.to_string());
        let invoice = record.invoice.filter(|_| record.state != OrderState::Voided).map(|invoice| OrderInvoice {
            number: invoice.number,
            id: invoice.id,
            date,
            total: exact_number(invoice.total),
            invoiced_at,
        });
        Self {
            order_id: record.order_id.to_string(),
            channel_order_id: record.channel_order_id,
            channel: record.channel,
            store_id: record.store_id,
            store_name: record.store_name,
            status: record.status,
            ordered_at: record.ordered_at.map(|at| at.to_string()),
            received_at: record.received_at.to_string(),
            first_received_at: record.created_at.to_string(),
            total: exact_number(Decimal::new(record.hundredths, 2).normalize()),
            subject: Some(record.subject).filter(|subject| !subject.is_empty()),
            decision: record.manual.map(OrderDecision::new),
            state: record.state.as_str(),
            reason: record.reason.map(Reason::code),
            sentence: record.reason.map(|reason| reason.sentence(language)),
            detail: record.findings.first().map(|finding| finding.about.in_words(language)),
            remedy: record.reason.map(|reason| reason.remedy(language)),
            findings,
            warnings: record.warnings.iter().map(|notice| notice.warning.code()).collect(),
            notices,
            book: Some(record.book).filter(|book| !book.is_empty()),
            attempts: record.tries,
            next_attempt_at: record.next_attempt_at.filter(|_| waiting).map(|at| at.to_string()),
            invoice,
            changed_at: record.changed_at.to_string(),
        }
    }
}

fn notice_words(notice: &Notice, record: &OrderRecord, language: Language) -> NoticeWords {
    let known = |known: &&Acknowledgement| known.warning == notice.warning && known.about == notice.about;
    let acknowledged = record.acknowledged.iter().find(known);
    NoticeWords {
        words: Words {
            code: notice.warning.code(),
            sentence: notice.warning.sentence(language),
            detail: notice.about.in_words(language),
            remedy: notice.warning.remedy(language),
        },
        acknowledged_by: acknowledged.map(|known| known.actor.clone()),
        acknowledged_at: acknowledged.map(|known| known.at.to_string()),
    }
}

/// The language that the reader prefers of the two we have, else the settings'.
pub(crate) fn language(app: &App, headers: &HeaderMap) -> Language {
    let wanted = headers.get("accept-language").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = wanted.split(',').map(|tag| tag.split([';', '-']).next().unwrap_or_default().trim().to_lowercase());
    let known = |tag: String| match tag.as_str() {
        // `in` is what old systems call Indonesian.
        "id" | "in" => Some(Language::Indonesian),
        "en" => Some(Language::English),
        _ => None,
    };
    tags.into_iter().find_map(known).unwrap_or(app.language)
}

/// Lists orders, newest first.
#[utoipa::path(
    get,
    path = "/v1/orders",
    operation_id = "listOrders",
    tag = "operators",
    params(FilterParams),
    responses(
        (status = 200, description = "A page of orders", body = OrderPage),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    params: Result<Query<FilterParams>, QueryRejection>,
) -> Result<Json<OrderPage>, Problem> {
    let params = query(params)?;
    let (filter, limit) = (params.filter()?, params.limit()?);
    let storage = app.engine.storage();
    let page = storage.page(&filter, params.before()?, limit).await?;
    let totals = if params.wants_totals()? { Some(storage.sums(&filter).await?.into()) } else { None };
    let language = language(&app, &headers);
    let orders = page.orders.into_iter().map(|record| Order::new(record, language)).collect();
    Ok(Json(OrderPage { orders, next_cursor: page.next.map(cursor), totals }))
}

/// One order with all that happened to it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    operation_id = "getOrder",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394"), TimelineParams),
    responses(
        (status = 200, description = "The order", body = OrderWithTimeline),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(order_id): Path<String>,
    params: Result<Query<TimelineParams>, QueryRejection>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = known_id(&order_id)?;
    let (limit, before) = query(params)?.read()?;
    show_part(&app, &id, language(&app, &headers), limit, before).await
}

/// The order as every answer about one order gives it.
pub(super) async fn show(app: &App, id: &OrderId, language: Language) -> Result<Json<OrderWithTimeline>, Problem> {
    show_part(app, id, language, USUAL_ENTRIES, None).await
}

async fn show_part(
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

/// An id that is no id is an order we do not know.
pub(crate) fn known_id(text: &str) -> Result<OrderId, Problem> {
    OrderId::parse(text).ok_or_else(|| Problem::UnknownOrder(text.chars().take(60).collect()))
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
