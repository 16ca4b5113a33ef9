//! Reading single values; what cannot be read is noted with its path.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    super::json::{Json, unescaped},
    quoted,
    time::{self, Moment},
};
use crate::domain::{
    money::{NotAnAmount, Rupiah},
    order::OrderId,
    unread::{Field, Problem, Unread, Why},
};

/// Most pieces that one line or bundle part may stand for.
const MOST_PIECES: u32 = 1_000_000;

/// Where an object is; put into words only when there is a problem to report.
enum Path<'a> {
    Order,
    Entry { of: &'a Path<'a>, list: &'a str, position: usize },
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("order"),
            Self::Entry { of, list, position } => write!(f, "{of}.{list}[{position}]"),
        }
    }
}

/// The order's id, or what is wrong with it.
pub(super) fn order_id(value: Option<Json<'_>>) -> Result<OrderId, String> {
    let value = value.unwrap_or_default();
    let wrong = |shown: &str| format!("order.id: {shown} is not an order id (digits)");
    match value {
        Json::Null => Err("order.id: is missing".to_owned()),
        Json::List(_) | Json::Object(_) | Json::Flag(_) => Err(wrong(value.kind())),
        Json::Number(_) | Json::Text(_) => {
            let text = id(value).unwrap_or_default();
            OrderId::parse(&text).ok_or_else(|| wrong(&quoted(&text)))
        }
    }
}

/// A text, or a number or flag as text; null, missing and blank are `None`.
pub(super) fn text(value: Json<'_>) -> Option<String> {
    match value {
        // 231127.0 is what some languages make of a whole number.
        Json::Number(digits) => Some(without_empty_fraction(digits).to_owned()),
        _ => words(value).map(Cow::into_owned),
    }
}

/// An id, which may be written as `8277`, `"8277"`, `8277.0` or `"8277.0"`.
pub(super) fn id(value: Json<'_>) -> Option<String> {
    let text = words(value)?;
    if let Json::Number(digits) = value
        && !digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = digits.parse::<Decimal>().or_else(|_| Decimal::from_scientific(digits))
        && number.is_integer()
    {
        return Some(number.normalize().to_string());
    }
    Some(without_empty_fraction(&text).to_owned())
}

fn words(value: Json<'_>) -> Option<Cow<'_, str>> {
    let text = match value {
        Json::Text(text) => trimmed(unescaped(text).unwrap_or(Cow::Borrowed(text))),
        Json::Number(digits) => digits.into(),
        Json::Flag(true) => "true".into(),
        Json::Flag(false) => "false".into(),
        Json::Null | Json::List(_) | Json::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    }
}

/// One JSON object being read.
pub(super) struct Reading<'a> {
    path: Path<'a>,
    /// What could not be read so far.
    pub(super) unread: Vec<Unread>,
}

impl Reading<'_> {
    pub(super) fn of_order() -> Self {
        Self { path: Path::Order, unread: Vec::new() }
    }

    pub(super) fn note(&mut self, field: Field, key: &str, value: &str, why: Why) {
        let problem = Problem { path: format!("{}.{key}", self.path), value: quoted(value), why };
        self.unread.push(Unread { field, problem });
    }

    pub(super) fn flag(&mut self, field: Field, key: &str, value: Json<'_>) -> Option<bool> {
        let text = match value {
            Json::List(_) | Json::Object(_) => value.kind().to_owned(),
            _ => text(value)?,
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => {
                self.note(field, key, &text, Why::NotAFlag);
                None
            }
        }
    }

    pub(super) fn amount(&mut self, field: Field, key: &str, value: Json<'_>) -> Option<Rupiah> {
        let text = self.number(field, key, value)?;
        match parse(value, &text) {
            Ok(amount) => Some(amount),
            Err(why) => {
                self.note(field, key, &text, why);
                None
            }
        }
    }

    /// Pieces: 1 when nothing is said (forstok.md §3).
    pub(super) fn pieces(&mut self, key: &str, value: Json<'_>) -> Decimal {
        let Some(text) = self.number(Field::Quantity, key, value) else { return Decimal::ONE };
        let possible = Decimal::ZERO..=Decimal::from(MOST_PIECES);
        let why = match parse(value, &text) {
            Ok(pieces) if possible.contains(&pieces.decimal()) => return pieces.decimal(),
            Ok(_) | Err(Why::NotANumber | Why::TooLarge) => Why::NotPieces,
            Err(why) => why,
        };
        self.note(Field::Quantity, key, &text, why);
        Decimal::ONE
    }

    /// The text of a number, which may be written as a text.
    fn number<'b>(&mut self, field: Field, key: &str, value: Json<'b>) -> Option<Cow<'b, str>> {
        if let Json::List(_) | Json::Object(_) | Json::Flag(_) = value {
            self.note(field, key, value.kind(), Why::NotANumber);
            return None;
        }
        words(value)
    }

    /// The moment in the first of these fields that holds anything; one that cannot be read is noted.
    pub(super) fn first_time<const N: usize>(
        &mut self,
        field: Field,
        values: [(&str, Json<'_>); N],
    ) -> Option<Timestamp> {
        for (key, value) in values {
            match moment(value) {
                Moment::At(moment) => return Some(moment),
                Moment::Absent => {}
                Moment::Unreadable => {
                    let text = words(value).unwrap_or_else(|| value.kind().into());
                    self.note(field, key, &text, Why::NotATime);
                    return None;
                }
            }
        }
        None
    }

    pub(super) fn list<'b, T, O: Deserialize<'b>>(
        &mut self,
        field: Field,
        key: &str,
        value: Json<'b>,
        read: impl Fn(&mut Reading<'_>, &O) -> T,
    ) -> Vec<T> {
        if let Json::Flag(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) = value {
            self.note(field, key, value.kind(), Why::NotAList);
        }
        let entries = value.entries();
        let mut list = Vec::with_capacity(entries.len());
        for (position, entry) in entries.into_iter().enumerate() {
            let object = match entry {
                Json::Null => continue,
                Json::Object(written) => serde_json::from_str(written).ok(),
                _ => None,
            };
            match object {
                Some(object) => {
                    let path = Path::Entry { of: &self.path, list: key, position };
                    list.push(read(&mut Reading { path, unread: Vec::new() }, &object));
                }
                None => self.note(field, &format!("{key}[{position}]"), entry.kind(), Why::NotAnObject),
            }
        }
        list
    }
}

fn parse(value: Json<'_>, text: &str) -> Result<Rupiah, Why> {
    let parsed = match value {
        Json::Text(_) => Rupiah::parse_text(text),
        _ => Rupiah::parse(text),
    };
    parsed.map_err(|why| match why {
        NotAnAmount::NotANumber => Why::NotANumber,
        NotAnAmount::TooLarge => Why::TooLarge,
        NotAnAmount::Ambiguous => Why::Ambiguous,
    })
}

fn moment(value: Json<'_>) -> Moment {
    match (value, id(value)) {
        (Json::List(_) | Json::Object(_) | Json::Flag(_), _) => Moment::Unreadable,
        (_, Some(text)) => time::read(&text),
        (_, None) => Moment::Absent,
    }
}

/// `8277` for `8277.0`; any other text as it is.
fn without_empty_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction))
            if !whole.is_empty()
                && whole.bytes().all(|byte| byte.is_ascii_digit())
                && !fraction.is_empty()
                && fraction.bytes().all(|byte| byte == b'0') =>
        {
            whole
        }
        _ => text,
    }
}
