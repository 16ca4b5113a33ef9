//! `GET /v1/orders` and `GET /v1/orders/{order_id}`.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    App,
    problem::{Problem, ProblemBody},
};
use crate::{
    domain::{
        invoice::ACCURATE_DAY,
        money::exact_number,
        order::OrderId,
        reason::{Language, Reason, Warning},
        timeline::Entry,
    },
    store::{Filter, OrderRecord, State as OrderState},
};

/// Orders on a page unless asked otherwise.
const USUAL_PAGE: i64 = 50;

/// Most orders on a page.
const LARGEST_PAGE: i64 = 500;

/// Which orders.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterParams {
    /// Standing here.
    #[param(example = "blocked", schema_with = states)]
    state: Option<String>,
    /// For this reason.
    #[param(schema_with = reasons)]
    reason: Option<String>,
    /// Carrying this warning.
    #[param(schema_with = warnings)]
    warning: Option<String>,
    /// Of this Forstok store id.
    store: Option<String>,
    /// Whose order id, marketplace number or invoice number begins with this.
    q: Option<String>,
    /// Orders on a page, 1 to 500; 50 by default.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// One of these words, or the empty text, which is as good as none.
fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    let words = words.into_iter().chain([""]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn states() -> Object {
    one_of(OrderState::ALL.map(OrderState::as_str))
}

fn reasons() -> Object {
    one_of(Reason::ALL.iter().map(|reason| reason.code()))
}

fn warnings() -> Object {
    one_of(Warning::ALL.iter().map(|warning| warning.code()))
}

impl FilterParams {
    pub(super) fn filter(&self) -> Result<Filter, Problem> {
        let states = || OrderState::ALL.map(OrderState::as_str).join(", ");
        let text =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let state = text(&self.state).map(|word| {
            OrderState::parse(&word)
                .ok_or_else(|| Problem::BadRequest(format!("state: {word:?} is not one of {}", states())))
        });
        let reason = text(&self.reason).map(|code| {
            Reason::from_code(&code).ok_or_else(|| {
                let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
                Problem::BadRequest(format!("reason: {code:?} is not one of {}", codes.join(", ")))
            })
        });
        let warning = text(&self.warning).map(|code| {
            Warning::from_code(&code).ok_or_else(|| {
                let codes: Vec<_> = Warning::ALL.iter().map(|warning| warning.code()).collect();
                Problem::BadRequest(format!("warning: {code:?} is not one of {}", codes.join(", ")))
            })
        });
        Ok(Filter {
            state: state.transpose()?,
            reason: reason.transpose()?,
            warning: warning.transpose()?,
            store_id: text(&self.store),
            text: text(&self.q),
        })
    }

    /// The filter for an action on all that match: a page of them would be a surprise.
    pub(super) fn filter_of_all(&self) -> Result<Filter, Problem> {
        if self.limit.is_some() || self.cursor.is_some() {
            return Err(Problem::BadRequest(
                "limit and cursor: all orders that match are tried again; leave them out".to_owned(),
            ));
        }
        self.filter()
    }

    fn limit(&self) -> Result<i64, Problem> {
        let limit = self.limit.unwrap_or(USUAL_PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(Problem::BadRequest(format!("limit: {limit} is not within 1 and {LARGEST_PAGE}")));
        }
        Ok(limit)
    }

    fn before(&self) -> Result<Option<i64>, Problem> {
        let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
        let wrong = |_| Problem::BadRequest(format!("cursor: {cursor:?} is not a next_cursor of an earlier page"));
        cursor.parse().map(Some).map_err(wrong)
    }
}

/// A parameter that cannot be used, in our own words.
pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(params)| params).map_err(|rejection| Problem::BadRequest(rejection.body_text()))
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderPage {
    /// Newest first.
    orders: Vec<Order>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
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
    /// Where the order stands.
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
    /// All that is in the way; the first is the reason.
    findings: Vec<Words>,
    /// What was done but deserves a look: stable codes.
    #[schema(example = json!(["customer_created"]))]
    warnings: Vec<&'static str>,
    /// The warnings in words.
    notices: Vec<Words>,
    /// Name of the Accurate database.
    book: Option<String>,
    /// Attempts that counted.
    attempts: i64,
    /// When the next attempt may begin, while one is wanted.
    next_attempt_at: Option<String>,
    /// The invoice that stands.
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

/// An invoice that stands in Accurate.
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
    /// When we learned that it stands.
    invoiced_at: Option<String>,
}

/// One thing that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineEntry {
    /// When.
    at: String,
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
    /// Oldest first.
    timeline: Vec<TimelineEntry>,
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
        let notices = record.warnings.iter().map(|notice| Words {
            code: notice.warning.code(),
            sentence: notice.warning.sentence(language),
            detail: notice.about.in_words(language),
            remedy: notice.warning.remedy(language),
        });
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
            state: record.state.as_str(),
            reason: record.reason.map(Reason::code),
            sentence: record.reason.map(|reason| reason.sentence(language)),
            detail: record.findings.first().map(|finding| finding.about.in_words(language)),
            remedy: record.reason.map(|reason| reason.remedy(language)),
            findings,
            warnings: record.warnings.iter().map(|notice| notice.warning.code()).collect(),
            notices: notices.collect(),
            book: Some(record.book).filter(|book| !book.is_empty()),
            attempts: record.tries,
            next_attempt_at: record.next_attempt_at.filter(|_| waiting).map(|at| at.to_string()),
            invoice,
            changed_at: record.changed_at.to_string(),
        }
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
    let limit = params.limit()?;
    // One more than asked for tells whether there is another page.
    let mut records = app.engine.store().orders(&params.filter()?, params.before()?, limit + 1).await?;
    let more = records.len() as i64 > limit;
    records.truncate(limit as usize);
    let next_cursor = records.last().filter(|_| more).map(|record| record.id.to_string());
    let language = language(&app, &headers);
    let orders = records.into_iter().map(|record| Order::new(record, language)).collect();
    Ok(Json(OrderPage { orders, next_cursor }))
}

/// One order with all that happened to it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394")),
    responses(
        (status = 200, description = "The order", body = OrderWithTimeline),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(order_id): Path<String>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = known_id(&order_id)?;
    let store = app.engine.store();
    let record = app.engine.order(&id).await?.ok_or(Problem::UnknownOrder(order_id))?;
    let timeline = store.timeline(&id).await?;
    let language = language(&app, &headers);
    let draft = record.draft.as_ref().map(|draft| draft.body.to_json());
    let timeline = timeline.iter().map(|entry| timeline_entry(entry, language)).collect();
    Ok(Json(OrderWithTimeline { order: Order::new(record, language), draft, timeline }))
}

/// An id that is no id is an order we do not know.
pub(super) fn known_id(text: &str) -> Result<OrderId, Problem> {
    OrderId::parse(text).ok_or_else(|| Problem::UnknownOrder(text.chars().take(60).collect()))
}

fn timeline_entry(entry: &Entry, language: Language) -> TimelineEntry {
    TimelineEntry {
        at: entry.at.to_string(),
        text: entry.event.in_words(language),
        event: serde_json::to_value(&entry.event).expect("our own types are JSON"),
    }
}
