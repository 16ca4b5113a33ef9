//! Which orders: the parameters of every list of orders and of every operation on many.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    paging::{PageSize, read_cursor},
    params::{day, day_of, in_order, one_of, read_day, read_day_of, read_word, text},
    problem::Problem,
};
use crate::{
    domain::reason::{Reason, Warning},
    storage::{Days, Filter, Position, State},
};

/// Orders on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Which orders.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilterParams {
    /// In this state.
    #[param(example = "blocked", schema_with = states)]
    pub(crate) state: Option<String>,
    /// Blocked or ignored for this reason.
    #[param(schema_with = reasons)]
    pub(crate) reason: Option<String>,
    /// Blocked because of this, for example an item's number; the `subject` of a group of `/v1/problems`.
    pub(crate) subject: Option<String>,
    /// With this warning.
    #[param(schema_with = warnings)]
    pub(crate) warning: Option<String>,
    /// With `warning`: only those that a person has acknowledged, or has not.
    #[param(schema_with = yes_or_no)]
    pub(crate) acknowledged: Option<String>,
    /// Of this Forstok store id.
    pub(crate) store: Option<String>,
    /// What to search for: order id, marketplace number or its last digits, invoice number, SKU, store name or exact
    /// amount.
    pub(crate) q: Option<String>,
    /// The first day, in Jakarta. With days the list is sorted by the moment that they are about.
    #[param(example = "2026-11-01", schema_with = day)]
    pub(crate) from: Option<String>,
    /// The last day, in Jakarta.
    #[param(example = "2026-11-30", schema_with = day)]
    pub(crate) to: Option<String>,
    /// What happened on those days; `ordered` unless given. Where Forstok does not say when the buyer ordered, the
    /// first webhook counts.
    #[param(example = "ordered", schema_with = day_of)]
    pub(crate) by: Option<String>,
    /// Orders on a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = r"^((-?[0-9]{1,18}\.)?[0-9]{1,18})?$")]
    pub(crate) cursor: Option<String>,
    /// `true`: also return the number and total of all orders that match.
    #[param(schema_with = true_or_false)]
    pub(crate) totals: Option<String>,
}

fn states() -> Object {
    one_of(State::ALL.map(State::as_str))
}

fn reasons() -> Object {
    one_of(Reason::ALL.iter().map(|reason| reason.code()))
}

fn warnings() -> Object {
    one_of(Warning::ALL.iter().map(|warning| warning.code()))
}

fn yes_or_no() -> Object {
    one_of(["yes", "no"])
}

fn true_or_false() -> Object {
    one_of(["true", "false"])
}

impl FilterParams {
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let filter = self.filter_as_given()?;
        let days = filter.days.as_ref();
        in_order(days.and_then(|days| days.from), days.and_then(|days| days.to))?;
        Ok(filter)
    }

    /// The same for the page, which shows no order and says why when the first day is after the last.
    pub(crate) fn filter_as_given(&self) -> Result<Filter, Problem> {
        let yes_or_no = |word: &str| match word {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let (from, to) = (read_day("from", self.from.as_ref())?, read_day("to", self.to.as_ref())?);
        let days = Days { by: read_day_of("by", self.by.as_ref())?, from, to };
        Ok(Filter {
            state: read_word("state", self.state.as_ref(), State::parse, State::ALL.map(State::as_str))?,
            reason: read_word(
                "reason",
                self.reason.as_ref(),
                Reason::from_code,
                Reason::ALL.iter().map(|reason| reason.code()),
            )?,
            subject: text(self.subject.as_ref()),
            warning: read_word(
                "warning",
                self.warning.as_ref(),
                Warning::from_code,
                Warning::ALL.iter().map(|warning| warning.code()),
            )?,
            acknowledged: read_word("acknowledged", self.acknowledged.as_ref(), yes_or_no, ["yes", "no"])?,
            store_id: text(self.store.as_ref()),
            text: text(self.q.as_ref()),
            days: Some(days).filter(|days| days.from.is_some() || days.to.is_some()),
        })
    }

    /// The filter for an operation on all orders that match, which has no pages.
    pub(crate) fn filter_of_all(&self) -> Result<Filter, Problem> {
        if self.limit.is_some() || self.cursor.is_some() || self.totals.is_some() {
            return Err(Problem::BadRequest(
                "limit, cursor and totals: this is about all orders that match; leave them out".to_owned(),
            ));
        }
        self.filter()
    }

    pub(crate) fn limit(&self) -> Result<i64, Problem> {
        PAGE.read("limit", self.limit.as_deref())
    }

    pub(crate) fn before(&self) -> Result<Option<Position>, Problem> {
        read_cursor("cursor", self.cursor.as_deref(), |cursor| match cursor.split_once('.') {
            Some((key, id)) => Some(Position { key: key.parse().ok()?, id: id.parse().ok()? }),
            None => cursor.parse().ok().map(|id| Position { key: id, id }),
        })
    }

    pub(super) fn wants_totals(&self) -> Result<bool, Problem> {
        let true_or_false = |word: &str| word.parse().ok();
        Ok(read_word("totals", self.totals.as_ref(), true_or_false, ["true", "false"])?.unwrap_or(false))
    }
}

/// A place in a list, for `next_cursor`.
pub(crate) fn cursor(Position { key, id }: Position) -> String {
    if key == id { id.to_string() } else { format!("{key}.{id}") }
}
