//! What operations about reconciliation share: a run and a finding in the API.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        ids::BookName,
        money::exact_number,
        reason::Language,
        reconciliation::{Class, FindingState, sums::Sums},
    },
    storage::{FindingRecord, ForstokPart, Run, RunPart},
};

/// A run: the comparison of a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunAnswer {
    /// Its number.
    #[schema(example = 7)]
    id: i64,
    /// `running` until every Accurate database has been compared or could not be read; a run waits for earlier runs.
    #[schema(example = "done")]
    state: &'static str,
    /// The first day, in Jakarta.
    #[schema(example = "2026-11-01")]
    from: String,
    /// The last day, in Jakarta.
    #[schema(example = "2026-11-30")]
    to: String,
    /// Who requested it; null for the nightly run.
    requested_by: Option<String>,
    /// When it was requested.
    #[schema(format = DateTime)]
    requested_at: String,
    /// When it ended; null while it runs.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    #[serde(flatten)]
    result: ResultAnswer,
    /// Findings about these days.
    findings: FindingCountsAnswer,
    /// The comparison with the orders that Forstok lists; null if its order API is off.
    forstok: Option<ForstokAnswer>,
    /// The same for each Accurate database.
    books: Vec<BookAnswer>,
}

/// The result of a comparison.
#[derive(Debug, Serialize, ToSchema)]
struct ResultAnswer {
    /// Whether everything could be read. If not, nothing is concluded about what could not be read, and the sums are
    /// lower bounds.
    complete: bool,
    /// Invoices that exist according to this service.
    ledger: SumAnswer,
    /// Invoices of our customers that Accurate lists.
    accurate: SumAnswer,
    /// The sum of `ledger` less that of `accurate`, in rupiah; null unless Accurate's side is complete.
    #[schema(value_type = Option<f64>)]
    difference: Option<serde_json::Number>,
    /// The part of it that findings explain, in rupiah; null unless Accurate's side is complete.
    #[schema(value_type = Option<f64>)]
    explained: Option<serde_json::Number>,
    /// The part of it that no finding explains, in rupiah; null unless Accurate's side is complete.
    #[schema(value_type = Option<f64>)]
    unexplained: Option<serde_json::Number>,
}

/// A number of invoices and their sum.
#[derive(Debug, Serialize, ToSchema)]
struct SumAnswer {
    /// Number of invoices.
    count: i64,
    /// Their sum, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// How many findings there are in each state.
#[derive(Debug, Serialize, ToSchema)]
struct FindingCountsAnswer {
    /// A person has yet to deal with them.
    open: i64,
    /// Their cause no longer exists.
    gone: i64,
    /// A person has dealt with them.
    closed: i64,
}

/// The comparison with one Accurate database.
#[derive(Debug, Serialize, ToSchema)]
struct BookAnswer {
    /// The Accurate database, by its name in the settings.
    #[schema(value_type = String, example = "main")]
    book: BookName,
    /// `running` or `done`.
    state: &'static str,
    #[serde(flatten)]
    result: ResultAnswer,
    /// Why it is not complete; null if it is, or still runs.
    incomplete_because: Option<String>,
    /// Its progress.
    progress: ProgressAnswer,
}

/// The comparison with the orders that Forstok lists.
#[derive(Debug, Serialize, ToSchema)]
struct ForstokAnswer {
    /// `running` or `done`.
    state: &'static str,
    /// Orders that were compared.
    orders: i64,
    /// Whether all of them could be read. If not, more orders may be missing here than findings name.
    complete: bool,
    /// Why it is not complete; null if it is, or still runs.
    incomplete_because: Option<String>,
}

impl From<ForstokPart> for ForstokAnswer {
    fn from(part: ForstokPart) -> Self {
        Self {
            state: state(part.ended_at),
            orders: part.orders,
            complete: part.ended_at.is_some() && part.incomplete.is_none(),
            incomplete_because: part.incomplete,
        }
    }
}

/// The progress of a comparison.
#[derive(Debug, Serialize, ToSchema)]
struct ProgressAnswer {
    /// Invoices of Accurate's list that were read.
    listed: i64,
    /// Invoices that the list has; 0 until its first page is read.
    expected: i64,
    /// Orders whose invoices were looked up one by one.
    asked: i64,
}

impl RunAnswer {
    /// A run in the language of its reader.
    pub(crate) fn new(run: Run, language: Language) -> Self {
        let mut sums = Sums::default();
        for part in &run.parts {
            sums += part.sums;
        }
        let accurate_is_known = run.ended_at.is_some() && run.parts.iter().all(|part| part.incomplete.is_none());
        let result = if accurate_is_known { ResultAnswer::known(sums) } else { ResultAnswer::so_far(sums) };
        let result = ResultAnswer { complete: run.is_complete(), ..result };
        Self {
            id: run.id,
            state: state(run.ended_at),
            from: run.period.from.to_string(),
            to: run.period.to.to_string(),
            requested_by: Some(run.who).filter(|who| !who.is_empty()),
            requested_at: run.requested_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
            result,
            forstok: run.forstok.map(ForstokAnswer::from),
            findings: FindingCountsAnswer {
                open: run.findings.open,
                gone: run.findings.gone,
                closed: run.findings.closed,
            },
            books: run.parts.into_iter().map(|part| BookAnswer::new(part, language)).collect(),
        }
    }
}

fn state(ended_at: Option<Timestamp>) -> &'static str {
    if ended_at.is_some() { "done" } else { "running" }
}

impl BookAnswer {
    fn new(part: RunPart, language: Language) -> Self {
        let is_known = part.ended_at.is_some() && part.incomplete.is_none();
        let result = if is_known { ResultAnswer::known(part.sums) } else { ResultAnswer::so_far(part.sums) };
        Self {
            state: state(part.ended_at),
            result: ResultAnswer { complete: part.is_complete(), ..result },
            incomplete_because: part.why_incomplete(language),
            progress: ProgressAnswer { listed: part.rows_read, expected: part.rows_expected, asked: part.asked },
            book: part.book,
        }
    }
}

impl ResultAnswer {
    /// Of a comparison that has seen everything in Accurate.
    fn known(sums: Sums) -> Self {
        Self {
            complete: true,
            difference: Some(rupiah(sums.difference())),
            explained: Some(rupiah(sums.explained)),
            unexplained: Some(rupiah(sums.unexplained())),
            ..Self::so_far(sums)
        }
    }

    /// Of one that has not: what differs is unknown.
    fn so_far(sums: Sums) -> Self {
        Self {
            complete: false,
            ledger: SumAnswer { count: sums.ledger.count, total: rupiah(sums.ledger.total) },
            accurate: SumAnswer { count: sums.accurate.count, total: rupiah(sums.accurate.total) },
            difference: None,
            explained: None,
            unexplained: None,
        }
    }
}

/// Hundredths of a rupiah as an exact number of rupiah.
fn rupiah(hundredths: i64) -> serde_json::Number {
    exact_number(Decimal::new(hundredths, 2).normalize())
}

/// A difference between this service and Accurate or Forstok, or money that is overdue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingAnswer {
    /// Its number.
    #[schema(example = 12)]
    id: i64,
    /// What kind of difference.
    #[schema(value_type = String, example = "missing_in_accurate")]
    class: &'static str,
    /// `open`, `gone` (its cause no longer exists) or `closed` (by a person).
    #[schema(value_type = String, example = "open")]
    state: &'static str,
    /// Forstok's order id; null if no order is known.
    order_id: Option<String>,
    /// The invoice's number.
    number: Option<String>,
    /// Its total here, in rupiah; null if it does not count here.
    #[schema(value_type = Option<f64>)]
    ledger_total: Option<serde_json::Number>,
    /// Its total in Accurate, in rupiah; null if it is not there.
    #[schema(value_type = Option<f64>)]
    accurate_total: Option<serde_json::Number>,
    /// The order's total in Forstok, in rupiah; null unless the finding is about an order that Forstok lists.
    #[schema(value_type = Option<f64>)]
    forstok_total: Option<serde_json::Number>,
    /// What happened, in one sentence.
    detail: String,
    /// When it was last found.
    #[schema(format = DateTime)]
    seen_at: String,
    /// When it was first found.
    #[schema(format = DateTime)]
    first_seen_at: String,
    /// When its content last changed.
    #[schema(format = DateTime)]
    changed_at: String,
    /// The day of the invoice, in Jakarta.
    #[schema(example = "2026-11-05")]
    day: String,
    /// Forstok's store id; null if several stores share the customer.
    store_id: Option<String>,
    /// The Accurate database.
    #[schema(value_type = String)]
    book: BookName,
    /// What `actOnFinding` can do about it.
    #[schema(example = json!(["create_again", "accept_deleted"]))]
    actions: Vec<&'static str>,
    /// Who closed it; null unless a person closed it.
    closed_by: Option<String>,
    /// Why; null unless a person closed it.
    closed_reason: Option<String>,
}

impl FindingAnswer {
    /// A finding in the language of its reader.
    pub(crate) fn new(finding: FindingRecord, language: Language) -> Self {
        let is_open = finding.state == FindingState::Open;
        let actions = if is_open { finding.facts.actions(finding.class) } else { &[] };
        let closed = finding.closed.filter(|_| finding.state == FindingState::Closed);
        Self {
            id: finding.id,
            class: finding.class.as_str(),
            state: finding.state.as_str(),
            order_id: finding.order_id.map(|id| id.to_string()),
            number: Some(finding.number.to_string()).filter(|number| !number.is_empty()),
            ledger_total: finding.ledger_total.map(rupiah),
            accurate_total: finding.accurate_total.map(rupiah),
            forstok_total: finding.facts.forstok.as_ref().and_then(|listed| listed.total).map(rupiah),
            detail: finding.facts.in_words(finding.class, language),
            seen_at: finding.seen_at.to_string(),
            first_seen_at: finding.first_at.to_string(),
            changed_at: finding.changed_at.to_string(),
            day: finding.day.to_string(),
            store_id: Some(finding.store_id).filter(|id| !id.is_empty()),
            book: finding.book,
            actions: actions.iter().map(|action| action.as_str()).collect(),
            closed_by: closed.as_ref().map(|closed| closed.actor.clone()),
            closed_reason: closed.map(|closed| closed.reason),
        }
    }
}

/// All classes, for messages.
pub(crate) fn classes() -> impl Iterator<Item = &'static str> {
    Class::ALL.into_iter().map(Class::as_str)
}

/// All states, for messages.
pub(crate) fn states() -> impl Iterator<Item = &'static str> {
    FindingState::ALL.into_iter().map(FindingState::as_str)
}
