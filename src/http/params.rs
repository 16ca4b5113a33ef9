//! Parameters of requests: how they are read, and how the OpenAPI document describes them.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use utoipa::openapi::{
    KnownFormat, SchemaFormat,
    schema::{AnyOfBuilder, Object, ObjectBuilder, Schema, Type},
};

use super::{problem::Problem, wrong_field::WrongField};
use crate::{
    domain::order::OrderId,
    export::Format,
    storage::{DayOf, Days},
};

/// The parameters of a query. One that cannot be used is answered with 400, in our own words.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::BadRequest(rejection.body_text())),
        }
    }
}

/// One of these words, or the empty text, which means none.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    let words = words.into_iter().chain([""]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// A day, or the empty text, which means none.
pub(super) fn day() -> Schema {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::Date));
    let day = ObjectBuilder::new().schema_type(Type::String).format(format);
    Schema::AnyOf(AnyOfBuilder::new().item(day).item(one_of([])).build())
}

/// What happened on a day, or the empty text.
pub(super) fn day_of() -> Object {
    one_of(DayOf::ALL.map(DayOf::as_str))
}

/// A text that is not empty.
pub(super) fn text(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The value of a word; an unknown word is reported with all that there are.
pub(crate) fn read_word<T>(
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

/// The format of an export that exists in these formats; without the parameter, the first of them.
pub(crate) fn read_format<const N: usize>(word: Option<&String>, formats: [Format; N]) -> Result<Format, Problem> {
    let parse = |word: &str| Format::parse(word).filter(|format| formats.contains(format));
    Ok(read_word("format", word, parse, formats.map(Format::ending))?.unwrap_or(formats[0]))
}

/// A day as `2026-11-26`; none if it is left out.
pub(crate) fn read_day(name: &'static str, word: Option<&String>) -> Result<Option<Date>, Problem> {
    let Some(word) = text(word) else { return Ok(None) };
    let day = word.parse().ok().filter(|_| word.len() == 10);
    day.map(Some).ok_or_else(|| WrongField::NotADay { name, word }.into())
}

/// What happened on the days of a list; `ordered` unless given.
pub(super) fn read_day_of(name: &'static str, word: Option<&String>) -> Result<DayOf, Problem> {
    Ok(read_word(name, word, DayOf::parse, DayOf::ALL.map(DayOf::as_str))?.unwrap_or_default())
}

/// The days between two parameters.
pub(super) fn read_days(by: DayOf, from: Option<&String>, to: Option<&String>) -> Result<Days, Problem> {
    let (from, to) = (read_day("from", from)?, read_day("to", to)?);
    in_order(from, to)?;
    Ok(Days { by, from, to })
}

/// Refuses a first day that is after the last.
pub(super) fn in_order(from: Option<Date>, to: Option<Date>) -> Result<(), WrongField> {
    match from.zip(to) {
        Some((from, to)) if to < from => Err(WrongField::DaysReversed { from, to }),
        _ => Ok(()),
    }
}

/// The order id of an address. A text that cannot be an id names an order that we do not know.
pub(crate) fn order_id(text: &str) -> Result<OrderId, Problem> {
    OrderId::parse(text).ok_or_else(|| Problem::UnknownOrder(shortened(text)))
}

/// The order id of a filter.
pub(crate) fn order_id_of_filter(text: &str) -> Result<OrderId, Problem> {
    let wrong =
        || Problem::BadRequest(format!("order_id {:?} is not an order id, which has digits only", shortened(text)));
    OrderId::parse(text).ok_or_else(wrong)
}

/// A text of the request as an answer repeats it.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A day that a form sends; empty for none.
pub(crate) fn day_of_text(name: &'static str, text: &str) -> Result<Option<Date>, Problem> {
    read_day(name, Some(&text.to_owned()).filter(|text| !text.is_empty()))
}
