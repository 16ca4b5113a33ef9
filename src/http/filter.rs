//! Which orders: the parameters of every list of orders and of every action on many.

use axum::extract::{Query, rejection::QueryRejection};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        KnownFormat, SchemaFormat,
        schema::{AnyOfBuilder, Object, ObjectBuilder, Schema, Type},
    },
};

use super::{problem::Problem, wrong_field::WrongField};
use crate::{
    domain::reason::{Reason, Warning},
    storage::{DayOf, Days, Filter, Position, State},
};

/// Orders on a page unless asked otherwise.
const USUAL_PAGE: i64 = 50;

/// Most orders on a page.
const LARGEST_PAGE: i64 = 500;

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
    /// Any part that people have: order id, marketplace number or its last digits, invoice number, SKU, store name,
    /// exact amount.
    pub(crate) q: Option<String>,
    /// The first day, in Jakarta. With days the list is sorted by the moment that they are about.
    #[param(example = "2026-11-01", schema_with = day)]
    pub(crate) from: Option<String>,
    /// The last day, in Jakarta.
    #[param(example = "2026-11-30", schema_with = day)]
    pub(crate) to: Option<String>,
    /// What happened on those days; `ordered` unless given. Where Forstok does not say when the buyer ordered, the
    /// first webhook counts.
    #[param(example = "ordered", schema_with = days)]
    pub(crate) by: Option<String>,
    /// Orders on a page, 1 to 500; 50 by default.
    #[param(minimum = 1, maximum = 500)]
    #[serde(default, deserialize_with = "whole")]
    pub(crate) limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(pattern = r"^((-?[0-9]{1,18}\.)?[0-9]{1,18})?$")]
    pub(crate) cursor: Option<String>,
    /// `true`: also how many orders match in all, and what they are worth.
    #[param(schema_with = true_or_false)]
    pub(crate) totals: Option<String>,
}

/// A whole number, which a query holds as text.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    let number =
        |text: String| text.parse().map_err(|_| D::Error::custom(format!("limit: {text:?} is not a whole number")));
    text.map(number).transpose()
}

/// One of these words, or the empty text, which is as good as none.
fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    let words = words.into_iter().chain([""]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
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

fn days() -> Object {
    one_of(DayOf::ALL.map(DayOf::as_str))
}

/// A day, or the empty text, which is as good as none.
pub(super) fn day() -> Schema {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::Date));
    let day = ObjectBuilder::new().schema_type(Type::String).format(format);
    Schema::AnyOf(AnyOfBuilder::new().item(day).item(one_of([])).build())
}

/// A text that is not empty.
fn text(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// What a word stands for; a word that stands for nothing is told beside all that would.
fn read<T>(
    name: &'static str,
    word: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
    all: impl IntoIterator<Item = &'static str>,
) -> Result<Option<T>, Problem> {
    let Some(word) = text(word) else { return Ok(None) };
    parse(&word).map(Some).ok_or_else(|| {
        let all: Vec<_> = all.into_iter().collect();
        WrongField::NotOneOf { name, word, all: all.join(", ") }.into()
    })
}

/// A day as `2026-11-26`.
pub(super) fn read_day(name: &'static str, word: Option<&String>) -> Result<Option<Date>, Problem> {
    let Some(word) = text(word) else { return Ok(None) };
    let day = word.parse().ok().filter(|_| word.len() == 10);
    day.map(Some).ok_or_else(|| WrongField::NotADay { name, word }.into())
}

/// The days between two parameters; none when the first day is after the last one.
pub(super) fn read_days(by: DayOf, from: Option<&String>, to: Option<&String>) -> Result<Days, Problem> {
    Ok(Days { by, from: read_day("from", from)?, to: read_day("to", to)? })
}

/// What happened on a day, by its word.
pub(super) fn read_day_of(name: &'static str, word: Option<&String>) -> Result<DayOf, Problem> {
    Ok(read(name, word, DayOf::parse, DayOf::ALL.map(DayOf::as_str))?.unwrap_or_default())
}

impl FilterParams {
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let yes_or_no = |word: &str| match word {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let days = read_days(read_day_of("by", self.by.as_ref())?, self.from.as_ref(), self.to.as_ref())?;
        Ok(Filter {
            state: read("state", self.state.as_ref(), State::parse, State::ALL.map(State::as_str))?,
            reason: read(
                "reason",
                self.reason.as_ref(),
                Reason::from_code,
                Reason::ALL.iter().map(|reason| reason.code()),
            )?,
            subject: text(self.subject.as_ref()),
            warning: read(
                "warning",
                self.warning.as_ref(),
                Warning::from_code,
                Warning::ALL.iter().map(|warning| warning.code()),
            )?,
            acknowledged: read("acknowledged", self.acknowledged.as_ref(), yes_or_no, ["yes", "no"])?,
            store_id: text(self.store.as_ref()),
            text: text(self.q.as_ref()),
            days: Some(days).filter(|days| days.from.is_some() || days.to.is_some()),
        })
    }

    /// The filter for an action on all that match: a page of them would be a surprise.
    pub(crate) fn filter_of_all(&self) -> Result<Filter, Problem> {
        if self.limit.is_some() || self.cursor.is_some() || self.totals.is_some() {
            return Err(Problem::BadRequest(
                "limit, cursor and totals: this is about all orders that match; leave them out".to_owned(),
            ));
        }
        self.filter()
    }

    pub(crate) fn limit(&self) -> Result<i64, Problem> {
        let limit = self.limit.unwrap_or(USUAL_PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(WrongField::Outside { name: "limit", number: limit, most: LARGEST_PAGE }.into());
        }
        Ok(limit)
    }

    pub(crate) fn before(&self) -> Result<Option<Position>, Problem> {
        let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
        let position = match cursor.split_once('.') {
            Some((key, id)) => key.parse().ok().zip(id.parse().ok()).map(|(key, id)| Position { key, id }),
            None => cursor.parse().ok().map(|id| Position { key: id, id }),
        };
        let wrong = || WrongField::NotAPlace(cursor.to_owned()).into();
        position.map(Some).ok_or_else(wrong)
    }

    pub(super) fn wants_totals(&self) -> Result<bool, Problem> {
        let true_or_false = |word: &str| word.parse().ok();
        Ok(read("totals", self.totals.as_ref(), true_or_false, ["true", "false"])?.unwrap_or(false))
    }
}

/// A place in a list, for `next_cursor`.
pub(crate) fn cursor(Position { key, id }: Position) -> String {
    if key == id { id.to_string() } else { format!("{key}.{id}") }
}

/// A parameter that cannot be used, in our own words.
pub(crate) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(params)| params).map_err(|rejection| Problem::BadRequest(rejection.body_text()))
}
