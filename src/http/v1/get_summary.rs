//! `GET /v1/summary`: how many orders there are of each kind.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ids::BookName, money::exact_number},
    engine::{days::Day, queue::Queue},
    http::{App, problem::Problem, responses::OperatorErrors},
    storage::{Count, Filter, State as OrderState},
};

/// Newest deliveries that could not be read that are shown.
const UNREADABLE_SHOWN: i64 = 20;

/// Numbers of orders by state, reason and store, and the state of everything that orders wait for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Number of all orders.
    orders: i64,
    /// By state; every state is included.
    by_state: BTreeMap<&'static str, i64>,
    /// Blocked orders by reason.
    by_reason: BTreeMap<&'static str, i64>,
    /// Ignored orders by the rule that ignores them.
    ignored_by_reason: BTreeMap<&'static str, i64>,
    /// By Forstok store id, then by state.
    by_store: BTreeMap<String, BTreeMap<&'static str, i64>>,
    /// The longest time that an order has been due, in seconds; 0 if none is due.
    oldest_due_seconds: f64,
    /// When the newest webhook arrived.
    last_webhook_at: Option<String>,
    /// Orders that wait for Accurate.
    queue: QueueSummary,
    /// The total of all blocked orders, in rupiah.
    #[schema(value_type = f64)]
    blocked_total: serde_json::Number,
    /// Warnings that nobody has acknowledged, by their code.
    open_warnings: BTreeMap<&'static str, i64>,
    /// The last 30 days, the oldest first.
    days: Vec<DaySummary>,
    /// Authentic webhooks that could not be read.
    unreadable: Unreadable,
    /// Accurate databases.
    books: Vec<BookSummary>,
}

/// Orders that wait for Accurate.
#[derive(Debug, Serialize, ToSchema)]
struct QueueSummary {
    /// Number of orders that are due, whose invoice is to be deleted, or that are not decided yet.
    orders: i64,
    /// Since when the order that has been due longest is due; null if none is due.
    oldest_due_at: Option<String>,
    /// Estimated seconds until the orders are done whose Accurate database is not paused, at the current rate and not
    /// before the last of their next attempts; null if all orders wait for a paused database.
    seconds: Option<i64>,
    /// When the first of these orders is attempted again, if all of them wait for a later attempt; null otherwise.
    again_at: Option<String>,
}

/// One day in Jakarta.
#[derive(Debug, Serialize, ToSchema)]
struct DaySummary {
    /// The day, in Jakarta.
    #[schema(example = "2026-11-26")]
    day: String,
    /// Number of orders whose first webhook arrived.
    received: i64,
    /// Number of invoices that were created and still exist.
    invoiced: i64,
    /// The sum of these invoices, in rupiah.
    #[schema(value_type = f64)]
    invoiced_total: serde_json::Number,
}

/// Authentic webhooks that could not be read.
#[derive(Debug, Serialize, ToSchema)]
struct Unreadable {
    /// Number of different webhooks.
    deliveries: i64,
    /// The 20 newest of them.
    newest: Vec<UnreadableEntry>,
}

/// An authentic webhook that could not be read.
#[derive(Debug, Serialize, ToSchema)]
struct UnreadableEntry {
    /// When it first arrived.
    received_at: String,
    /// How often it arrived.
    times: i64,
    /// What was not understood, field by field.
    not_understood: String,
}

/// One Accurate database.
#[derive(Debug, Serialize, ToSchema)]
struct BookSummary {
    /// Its name in the settings.
    #[schema(value_type = String)]
    name: BookName,
    /// Whether it is paused, so that nothing is sent to it.
    paused: bool,
    /// Why it is paused, or that a right is missing: a stable code; null if it works.
    code: Option<&'static str>,
    /// Accurate's message, and what to do; null if it works.
    detail: Option<String>,
}

/// Counts by state, reason and store.
#[utoipa::path(
    get,
    path = "/v1/summary",
    operation_id = "getSummary",
    tag = "operators",
    responses(
        (status = 200, description = "The counts", body = Summary),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>) -> Result<Json<Summary>, Problem> {
    let storage = app.engine.storage();
    let counts = storage.counts().await?;
    let deliveries = storage.unreadable_count().await?;
    let newest = storage.unreadable(None, UNREADABLE_SHOWN).await?;
    let blocked = Filter { state: Some(OrderState::Blocked), ..Filter::default() };
    let open = storage.open_warnings().await?;
    let mut summary = Summary {
        orders: counts.iter().map(|count| count.orders).sum(),
        by_state: OrderState::ALL.map(|state| (state.as_str(), 0)).into(),
        by_reason: BTreeMap::new(),
        ignored_by_reason: BTreeMap::new(),
        by_store: BTreeMap::new(),
        oldest_due_seconds: app.oldest_due_seconds().await?,
        last_webhook_at: app.newest_webhook().await?.map(|at| at.to_string()),
        queue: queue(&app).await?,
        blocked_total: exact_number(storage.sums(&blocked).await?.rupiah()),
        open_warnings: open.into_iter().map(|open| (open.warning.code(), open.orders)).collect(),
        days: days(&app).await?,
        unreadable: Unreadable {
            deliveries,
            newest: newest
                .into_iter()
                .map(|delivery| UnreadableEntry {
                    received_at: delivery.received_at.to_string(),
                    times: delivery.times,
                    not_understood: delivery.problem,
                })
                .collect(),
        },
        books: app
            .engine
            .books()
            .into_iter()
            .map(|book| BookSummary {
                name: book.name,
                paused: book.pause.as_ref().is_some_and(|pause| pause.documents.is_none()),
                code: book.pause.as_ref().map(|pause| pause.code),
                detail: book.pause.map(|pause| pause.words),
            })
            .collect(),
    };
    for Count { state, reason, store_id, orders } in counts {
        *summary.by_state.entry(state.as_str()).or_default() += orders;
        let by_reason = match state {
            OrderState::Blocked => Some(&mut summary.by_reason),
            OrderState::Ignored => Some(&mut summary.ignored_by_reason),
            _ => None,
        };
        if let (Some(by_reason), Some(reason)) = (by_reason, reason) {
            *by_reason.entry(reason.code()).or_default() += orders;
        }
        *summary.by_store.entry(store_id).or_default().entry(state.as_str()).or_default() += orders;
    }
    Ok(Json(summary))
}

async fn queue(app: &App) -> Result<QueueSummary, Problem> {
    let Queue { orders, oldest_due_at, seconds, again_at } = app.engine.queue().await?;
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Ok(QueueSummary { orders, oldest_due_at: text(oldest_due_at), seconds, again_at: text(again_at) })
}

async fn days(app: &App) -> Result<Vec<DaySummary>, Problem> {
    let summary = |day: Day| DaySummary {
        day: day.day.to_string(),
        received: day.received,
        invoiced: day.invoiced,
        invoiced_total: exact_number(Decimal::new(day.invoiced_hundredths, 2).normalize()),
    };
    Ok(app.engine.last_days().await?.into_iter().map(summary).collect())
}
