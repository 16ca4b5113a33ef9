//! What the lists of payouts and of returns have in common: which rows, and what is said about each.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use crate::{
    domain::{
        after_sale::WaitsFor,
        document::Kind,
        money::{Rupiah, exact_number},
        payout::RowState,
        reason::{Language, Reason},
    },
    http::{
        App,
        paging::{Page, PageSize, read_cursor},
        params::{one_of, order_id_of_filter, read_word, text},
        problem::Problem,
    },
    storage::{RowFilter, RowRecord},
};

/// Rows on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowParams {
    /// In this state.
    #[param(example = "waiting", schema_with = states)]
    pub(crate) state: Option<String>,
    /// Blocked or ignored for this reason.
    #[param(schema_with = reasons)]
    pub(crate) reason: Option<String>,
    /// From this source.
    #[param(example = "shopee")]
    pub(crate) source: Option<String>,
    /// About this order, by Forstok's order id.
    #[param(pattern = "^[1-9][0-9]{0,39}$")]
    pub(crate) order_id: Option<String>,
    /// Rows on a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    pub(crate) cursor: Option<String>,
}

fn states() -> Object {
    one_of(RowState::ALL.map(RowState::as_str))
}

fn reasons() -> Object {
    one_of(Reason::ALL.iter().map(|reason| reason.code()))
}

impl RowParams {
    /// The filter, without the page.
    pub(crate) fn filter(&self) -> Result<RowFilter, Problem> {
        let reasons = Reason::ALL.iter().map(|reason| reason.code());
        Ok(RowFilter {
            state: read_word("state", self.state.as_ref(), RowState::parse, RowState::ALL.map(RowState::as_str))?,
            source: text(self.source.as_ref()),
            order_id: text(self.order_id.as_ref()).map(|id| order_id_of_filter(&id)).transpose()?,
            reason: read_word("reason", self.reason.as_ref(), Reason::from_code, reasons)?,
            ..RowFilter::default()
        })
    }

    /// The filter for an operation on all rows that match, which has no pages. An empty value is refused: whoever fills
    /// one in by mistake does not mean all rows.
    pub(super) fn filter_of_all(&self) -> Result<RowFilter, Problem> {
        if self.limit.is_some() || self.cursor.is_some() {
            let problem = "limit and cursor: this is about all rows that match; leave them out";
            return Err(Problem::BadRequest(problem.to_owned()));
        }
        let given =
            [("state", &self.state), ("reason", &self.reason), ("source", &self.source), ("order_id", &self.order_id)];
        if let Some((name, _)) =
            given.into_iter().find(|(_, value)| value.as_ref().is_some_and(|text| text.trim().is_empty()))
        {
            return Err(Problem::BadRequest(format!("{name}: is empty; leave it out to name all")));
        }
        self.filter()
    }
}

/// A page of rows, for the API and for the pages.
pub(crate) async fn page(app: &App, kind: Kind, params: &RowParams) -> Result<Page<RowRecord>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let found = app.engine.storage().settlement_rows(kind, &params.filter()?, before, limit + 1).await?;
    Ok(Page::cut(found, limit, |row| row.id))
}

/// A document in Accurate that books a row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Booked {
    /// Its number.
    #[schema(example = "231127PECAFY4J/1")]
    number: String,
    /// Accurate's id of it.
    id: i64,
}

/// The state of a row, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowStatus {
    /// Forstok's id of the order; null while the row is unmatched.
    #[schema(example = "138163394")]
    order_id: Option<String>,
    /// `unmatched`: no order has its number, or several have it; `waiting`; `due`: its document is about to be created;
    /// `settled`; `blocked`: a person must act; `ignored`.
    #[schema(example = "settled")]
    state: &'static str,
    /// Why it is blocked or ignored: a stable code.
    #[schema(example = "fee_kind_unmapped")]
    reason: Option<&'static str>,
    /// What is wrong, in one sentence; also why an unmatched row has no order.
    sentence: Option<String>,
    /// Details: names of fees, amounts, accounts.
    detail: Option<String>,
    /// What to do.
    remedy: Option<String>,
    /// What it waits for; null if it does not wait, or has not been decided yet.
    waits_for: Option<Waiting>,
    /// Who has approved its current content.
    approved_by: Option<String>,
    /// When it was approved.
    approved_at: Option<String>,
    /// The mark of the person who booked it in Accurate by hand, or who decided that nothing is booked; null if there is none.
    by_hand: Option<ByHandAnswer>,
    /// When it first arrived.
    arrived_at: String,
    /// When its current content arrived.
    changed_at: String,
}

/// A person's mark that a row is booked in Accurate, or that nothing is to be booked for it.
#[derive(Debug, Serialize, ToSchema)]
struct ByHandAnswer {
    /// The number of the person's document; null if nothing is to be booked.
    #[schema(example = "RJN.2026.11.00042")]
    document: Option<String>,
    /// What it takes off the invoice, in rupiah, if the person said that of a return.
    #[schema(value_type = Option<f64>)]
    amount: Option<serde_json::Number>,
    /// Why, in the person's words.
    reason: String,
    /// Who marked it.
    by: String,
    /// When it was marked.
    at: String,
}

/// What a row waits for.
#[derive(Debug, Serialize, ToSchema)]
struct Waiting {
    /// `invoice`, `day`, `approval`, `payout`: the payout that contains the refund, `return_record`: a return that
    /// explains the refund, `goods`: their arrival, `person`: a person books the return in Accurate, `decision`: a
    /// person decides about the cancelled order.
    #[schema(example = "approval")]
    what: &'static str,
    /// The day on which the wait ends, or on which a person is asked.
    #[schema(example = "2026-11-06", format = Date)]
    until: Option<String>,
    /// In rupiah: the part of a refund that no return explains; or what a return takes off the invoice, if the buyer
    /// got back another amount.
    #[schema(value_type = Option<f64>)]
    amount: Option<serde_json::Number>,
}

impl RowStatus {
    /// Of a row, and the document that books it, once it exists.
    pub(super) fn new(row: RowRecord, language: Language) -> (Self, Option<Booked>) {
        let about = row.reason_is_about();
        let unmatched = row.unmatched().map(|row| row.in_words(language));
        let remedy = row.remedy(language);
        let booked =
            row.document.and_then(|document| Some(Booked { number: document.number.to_string(), id: document.id? }));
        let (approved_by, approved_at) = row.approved.unzip();
        let status = Self {
            order_id: row.order_id.map(|id| id.to_string()),
            state: row.state.as_str(),
            reason: row.reason.map(Reason::code),
            sentence: match unmatched {
                Some([sentence, _]) => Some(sentence.to_owned()),
                None => row.reason.map(|reason| reason.sentence_about(about, language)),
            },
            detail: row.finding.map(|finding| finding.about.in_words(language)),
            remedy: match unmatched {
                Some([_, remedy]) => Some(remedy.to_owned()),
                None => remedy,
            },
            waits_for: row.waits_for.map(Waiting::new),
            approved_by,
            approved_at: approved_at.map(|at| at.to_string()),
            by_hand: row.by_hand.map(|by_hand| ByHandAnswer {
                document: by_hand.document,
                amount: by_hand.amount.map(rupiah),
                reason: by_hand.reason,
                by: by_hand.actor,
                at: by_hand.at.to_string(),
            }),
            arrived_at: row.arrived_at.to_string(),
            changed_at: row.content_at.to_string(),
        };
        (status, booked)
    }
}

impl Waiting {
    fn new(waits_for: WaitsFor) -> Self {
        let (until, amount) = match waits_for {
            WaitsFor::Day(day) | WaitsFor::Goods(day) => (Some(day), None),
            WaitsFor::ReturnRecord(amount, day) => (Some(day), Some(amount)),
            WaitsFor::ApprovalOf(amount) => (None, Some(amount)),
            WaitsFor::Invoice | WaitsFor::Approval | WaitsFor::Payout | WaitsFor::Person | WaitsFor::Decision => {
                (None, None)
            }
        };
        let what = waits_for.what().as_str();
        Self { what, until: until.map(|day| day.to_string()), amount: amount.map(rupiah) }
    }
}

/// An amount as every answer gives it.
pub(super) fn rupiah(amount: Rupiah) -> serde_json::Number {
    exact_number(amount.decimal())
}
