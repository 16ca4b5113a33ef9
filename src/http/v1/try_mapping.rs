//! `POST /v1/mapping/try`: what a mapping would change, tried on orders of the past.

use axum::{Json, body::Bytes, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::check_mapping::read_mapping;
use crate::{
    deciding::trial::Tried,
    domain::{
        money::{Rupiah, exact_number},
        reason::{Language, Reason},
        trial::{self, Example},
    },
    http::{
        App,
        bodies::MappingDraft,
        language::Preferred,
        params::{Params, day, read_days},
        problem::Problem,
        responses::{BodyErrors, OperatorErrors},
    },
    storage::{DayOf, RowSum},
};

/// Which orders the mapping is tried on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TryParams {
    /// The first day on which they were ordered, in Jakarta; unless given, all orders whose bodies are stored.
    #[param(example = "2026-11-01", schema_with = day)]
    from: Option<String>,
    /// The last day on which they were ordered, in Jakarta.
    #[param(example = "2026-11-30", schema_with = day)]
    to: Option<String>,
}

/// What a mapping would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingTrial {
    /// What would change in the mapping, one line for each setting.
    changes: Vec<String>,
    /// Orders that were decided under the active mapping and under this one.
    orders: u64,
    /// Orders that were not decided, because their bodies are no longer stored or cannot be read.
    without_body: u64,
    /// Orders that could not be decided because of an error in this program, whose log names them.
    undecidable: u64,
    /// The oldest day that was tried, if there was no time for older orders; null if all orders were tried.
    only_from: Option<String>,
    /// Orders that would be decided in the same way, with the same invoice.
    same: u64,
    /// Blocked orders that would get an invoice.
    blocked_to_due: TriedOrders,
    /// Orders with an invoice that would be blocked instead.
    due_to_blocked: TriedOrders,
    /// True if some orders get an invoice under the active mapping and none would under this one.
    stops_every_invoice: bool,
    /// Decisions that would change, the most frequent first.
    moves: Vec<TriedMove>,
    /// Invoices that both mappings create and that would differ.
    different: DifferentInvoices,
    /// Orders that are blocked although both mappings create their invoices, for example because Accurate has refused
    /// them: saving this mapping attempts them again. They also count in `same` or `different`.
    tried_again: TriedOrders,
    /// Orders whose invoices shadow mode has only drafted, and which saving this mapping sends to Accurate.
    sent: TriedOrders,
    /// Payouts that wait for approval and whose receipts this mapping would create without approval.
    released_payouts: TriedRows,
    /// Returns that wait for approval and that this mapping would book without approval.
    released_returns: TriedRows,
    /// Returns that are only listed under the active mapping and that this one would book, immediately or after
    /// approval.
    listed_returns: i64,
    /// Blocked payouts, which are decided and attempted again if this mapping is saved.
    blocked_payouts: TriedRows,
    /// Blocked returns, which are decided and attempted again if this mapping is saved.
    blocked_returns: TriedRows,
    /// Examples of every kind of change.
    examples: Vec<TriedExample>,
}

/// A number of orders, and their total.
#[derive(Debug, Serialize, ToSchema)]
struct TriedOrders {
    /// Number of orders.
    orders: u64,
    /// Total of their invoices, in rupiah; an order for which neither mapping creates an invoice counts as 0.
    #[schema(value_type = f64)]
    total: Number,
}

/// A number of payouts or returns, and their total.
#[derive(Debug, Serialize, ToSchema)]
struct TriedRows {
    /// Number of payouts or returns.
    rows: i64,
    /// In rupiah: what the payouts paid, or what buyers got back for the returns.
    #[schema(value_type = f64)]
    total: Number,
}

/// The result of a decision.
#[derive(Debug, Serialize, ToSchema)]
struct TriedOutcome {
    /// `watching`, `due`, `blocked` or `ignored`.
    #[schema(example = "due")]
    state: &'static str,
    /// Why, if it is blocked or ignored: a stable code.
    reason: Option<&'static str>,
}

/// Orders whose decision would change in the same way.
#[derive(Debug, Serialize, ToSchema)]
struct TriedMove {
    /// Under the active mapping.
    from: TriedOutcome,
    /// Under this mapping.
    to: TriedOutcome,
    /// All orders whose decision would change in this way.
    #[serde(flatten)]
    all: TriedOrders,
    /// Those of them that are waiting now and would move as soon as this mapping is active. All others stay as they
    /// are.
    waiting: TriedOrders,
}

/// Invoices that would differ.
#[derive(Debug, Serialize, ToSchema)]
struct DifferentInvoices {
    /// Number of invoices.
    invoices: u64,
    /// Those of them that already exist in Accurate; they are not changed.
    existing: u64,
    /// Total of these invoices under the active mapping, in rupiah.
    #[schema(value_type = f64)]
    before: Number,
    /// Total of these invoices under this mapping, in rupiah.
    #[schema(value_type = f64)]
    after: Number,
    /// How many differ in which part; an invoice that differs in several parts counts in each.
    parts: Vec<DifferentPart>,
}

/// Invoices that would differ in one part.
#[derive(Debug, Serialize, ToSchema)]
struct DifferentPart {
    /// `total`, `database`, `number`, `date`, `customer`, `branch`, `payment_term`, `description`, `tax`, `lines`,
    /// `warehouse`, `discount`, `shipping` or `account`.
    #[schema(example = "branch")]
    part: &'static str,
    /// Number of invoices.
    invoices: u64,
    /// Total of these invoices under the active mapping, in rupiah.
    #[schema(value_type = f64)]
    before: Number,
    /// Total of these invoices under this mapping, in rupiah.
    #[schema(value_type = f64)]
    after: Number,
}

/// One order that would be decided differently.
#[derive(Debug, Serialize, ToSchema)]
struct TriedExample {
    /// Forstok's order id.
    order_id: String,
    /// The number that the buyer sees.
    channel_order_id: String,
    /// The order's state today.
    state: &'static str,
    /// Under the active mapping.
    before: TriedSide,
    /// Under this mapping.
    after: TriedSide,
    /// What would differ on the invoice.
    differences: Vec<TriedDifference>,
}

/// One decision of an example.
#[derive(Debug, Serialize, ToSchema)]
struct TriedSide {
    #[serde(flatten)]
    outcome: TriedOutcome,
    /// What the reason is about; null unless it would be blocked.
    detail: Option<String>,
    /// Total of the invoice, in rupiah; null if there would be none.
    #[schema(value_type = Option<f64>)]
    total: Option<Number>,
}

/// A part of an invoice under both mappings.
#[derive(Debug, Serialize, ToSchema)]
struct TriedDifference {
    /// The part, as in `parts`.
    part: &'static str,
    /// Under the active mapping.
    before: String,
    /// Under this mapping.
    after: String,
}

/// Tries a mapping on past orders: decides each under the active mapping and under this one, and reports what differs.
/// Nothing is changed or sent. One trial runs at a time; others wait for it.
#[utoipa::path(
    post,
    path = "/v1/mapping/try",
    operation_id = "tryMapping",
    tag = "operators",
    params(TryParams),
    request_body(content = MappingDraft, description = "The mapping as JSON, with the keys of the TOML file"),
    responses(
        (status = 200, description = "What would change", body = MappingTrial),
        (status = 400, description = "The body is not a JSON object, or a parameter cannot be used"),
        (status = 422, description = "The mapping has errors"),
        BodyErrors,
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<TryParams>,
    body: Bytes,
) -> Result<Json<MappingTrial>, Problem> {
    let days = read_days(DayOf::Ordered, params.from.as_ref(), params.to.as_ref())?;
    let candidate = read_mapping(&app, &body)?.map_err(Problem::MappingWrong)?.mapping;
    let changes = candidate.changes_since(&app.engine.mapping().mapping);
    let tried = app.engine.try_mapping(candidate, (days.from, days.to)).await?;
    Ok(Json(MappingTrial::new(changes, &tried, language)))
}

impl MappingTrial {
    fn new(changes: Vec<String>, tried: &Tried, language: Language) -> Self {
        let Tried { trial, only_from, after_sale } = tried;
        let part = |(part, changed): (trial::Part, &trial::Changed)| DifferentPart {
            part: part.code(),
            invoices: changed.invoices,
            before: rupiah(changed.before),
            after: rupiah(changed.after),
        };
        Self {
            changes,
            orders: trial.orders,
            without_body: trial.without_body,
            undecidable: trial.undecidable,
            only_from: only_from.map(|day| day.to_string()),
            same: trial.same,
            blocked_to_due: trial.unblocked().into(),
            due_to_blocked: trial.newly_blocked().into(),
            stops_every_invoice: trial.stops_every_invoice(),
            moves: trial.moves().into_iter().map(Into::into).collect(),
            different: DifferentInvoices {
                invoices: trial.different.invoices,
                existing: trial.existing,
                before: rupiah(trial.different.before),
                after: rupiah(trial.different.after),
                parts: trial.parts().map(part).collect(),
            },
            tried_again: trial.tried_again.into(),
            sent: trial.sent.into(),
            released_payouts: after_sale.released_payouts.into(),
            released_returns: after_sale.released_returns.into(),
            listed_returns: after_sale.listed_returns.rows,
            blocked_payouts: after_sale.blocked_payouts.into(),
            blocked_returns: after_sale.blocked_returns.into(),
            examples: trial.examples().iter().map(|example| TriedExample::new(example, language)).collect(),
        }
    }
}

impl TriedExample {
    fn new(example: &Example, language: Language) -> Self {
        let side = |side: &trial::Side| TriedSide {
            outcome: side.outcome.into(),
            detail: side.about.as_ref().map(|about| about.in_words(language)),
            total: side.total.map(rupiah),
        };
        let difference = |difference: &trial::Difference| TriedDifference {
            part: difference.part.code(),
            before: difference.before.clone(),
            after: difference.after.clone(),
        };
        Self {
            order_id: example.order_id.clone(),
            channel_order_id: example.channel_order_id.clone(),
            state: example.state.as_str(),
            before: side(&example.before),
            after: side(&example.after),
            differences: example.differences.iter().map(difference).collect(),
        }
    }
}

impl From<trial::Sum> for TriedOrders {
    fn from(trial::Sum { orders, total }: trial::Sum) -> Self {
        Self { orders, total: rupiah(total) }
    }
}

impl From<RowSum> for TriedRows {
    fn from(RowSum { rows, total }: RowSum) -> Self {
        Self { rows, total: rupiah(total) }
    }
}

impl From<trial::Outcome> for TriedOutcome {
    fn from(trial::Outcome { state, reason }: trial::Outcome) -> Self {
        Self { state: state.as_str(), reason: reason.map(Reason::code) }
    }
}

impl From<trial::Move> for TriedMove {
    fn from(trial::Move { from, to, all, waiting, .. }: trial::Move) -> Self {
        Self { from: from.into(), to: to.into(), all: all.into(), waiting: waiting.into() }
    }
}

fn rupiah(amount: Rupiah) -> Number {
    exact_number(amount.decimal())
}
