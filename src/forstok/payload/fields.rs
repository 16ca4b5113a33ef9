//! Reading the fields of one JSON object; what cannot be read is noted with its path.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{
    super::json::{Json, Object},
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
pub(super) enum Path<'a> {
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

/// One JSON object being read.
pub(super) struct Fields<'a> {
    path: Path<'a>,
    object: &'a Object<'a>,
    /// What could not be read so far.
    pub(super) unread: Vec<Unread>,
}

impl<'a> Fields<'a> {
    pub(super) fn of_order(object: &'a Object<'a>) -> Self {
        Self { path: Path::Order, object, unread: Vec::new() }
    }

    pub(super) fn note(&mut self, field: Field, key: &str, value: &str, why: Why) {
        let problem = Problem { path: format!("{}.{key}", self.path), value: quoted(value), why };
        self.unread.push(Unread { field, problem });
    }

    /// The order's id, or what is wrong with it.
    pub(super) fn order_id(&self) -> Result<OrderId, String> {
        let text = match self.object.get("id") {
            None | Some(Json::Null) => return Err(format!("{}.id: is missing", self.path)),
            Some(Json::List(_) | Json::Object(_) | Json::Bool(_)) => None,
            Some(_) => self.id("id"),
        };
        let shown = || self.object.get("id").map_or("", Json::kind).to_owned();
        let text = text.unwrap_or_else(shown);
        OrderId::parse(&text).ok_or_else(|| format!("{}.id: {} is not an order id (digits)", self.path, quoted(&text)))
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.object.get(key) {
            // 231127.0 is what some languages make of a whole number.
            Some(Json::Number(digits)) => Some(without_empty_fraction(digits).to_owned()),
            _ => self.borrowed(key).map(Cow::into_owned),
        }
    }

    /// An id, which may be written as `8277`, `"8277"`, `8277.0` or `"8277.0"`.
    pub(super) fn id(&self, key: &str) -> Option<String> {
        let text = self.borrowed(key)?;
        if let Some(Json::Number(digits)) = self.object.get(key)
            && let Ok(number) = digits.parse::<Decimal>().or_else(|_| Decimal::from_scientific(digits))
            && number.is_integer()
        {
            return Some(number.normalize().to_string());
        }
        Some(without_empty_fraction(&text).to_owned())
    }

    /// A text, or a number or flag as text; null, missing and blank are `None`.
    fn borrowed(&self, key: &str) -> Option<Cow<'a, str>> {
        let text = match self.object.get(key)? {
            Json::Text(text) => text.trim(),
            Json::Whole(number) => return Some(Cow::Owned(number.to_string())),
            Json::Number(digits) => digits,
            Json::Bool(true) => "true",
            Json::Bool(false) => "false",
            Json::Null | Json::List(_) | Json::Object(_) => return None,
        };
        (!text.is_empty()).then_some(Cow::Borrowed(text))
    }

    pub(super) fn flag(&mut self, field: Field, key: &str) -> Option<bool> {
        let text = match self.object.get(key)? {
            other @ (Json::List(_) | Json::Object(_)) => other.kind().to_owned(),
            _ => self.text(key)?,
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

    pub(super) fn amount(&mut self, field: Field, key: &str) -> Option<Rupiah> {
        let text = self.number_text(field, key)?;
        match self.parse(key, &text) {
            Ok(amount) => Some(amount),
            Err(why) => {
                self.note(field, key, &text, why);
                None
            }
        }
    }

    /// Pieces: 1 when nothing is said (forstok.md §3).
    pub(super) fn pieces(&mut self, key: &str) -> Decimal {
        let Some(text) = self.number_text(Field::Quantity, key) else { return Decimal::ONE };
        let possible = Decimal::ZERO..=Decimal::from(MOST_PIECES);
        let pieces = match self.parse(key, &text) {
            Ok(pieces) if possible.contains(&pieces.decimal()) => return pieces.decimal(),
            Ok(_) | Err(Why::NotANumber | Why::TooLarge) => Why::NotPieces,
            Err(why) => why,
        };
        self.note(Field::Quantity, key, &text, pieces);
        Decimal::ONE
    }

    fn parse(&self, key: &str, text: &str) -> Result<Rupiah, Why> {
        let parsed = match self.object.get(key) {
            Some(Json::Text(_)) => Rupiah::parse_text(text),
            _ => Rupiah::parse(text),
        };
        parsed.map_err(|why| match why {
            NotAnAmount::NotANumber => Why::NotANumber,
            NotAnAmount::TooLarge => Why::TooLarge,
            NotAnAmount::Ambiguous => Why::Ambiguous,
        })
    }

    /// The text of a number that may be written as text.
    fn number_text(&mut self, field: Field, key: &str) -> Option<Cow<'a, str>> {
        match self.object.get(key)? {
            other @ (Json::List(_) | Json::Object(_) | Json::Bool(_)) => {
                self.note(field, key, other.kind(), Why::NotANumber);
                None
            }
            _ => self.borrowed(key),
        }
    }

    /// A moment; one that cannot be read is noted.
    pub(super) fn time(&mut self, field: Field, key: &str) -> Option<Timestamp> {
        match self.moment(key) {
            Moment::At(moment) => Some(moment),
            Moment::Absent => None,
            Moment::Unreadable => {
                let text = self.borrowed(key);
                let text = text.as_deref().unwrap_or_else(|| self.object.get(key).map_or("", Json::kind));
                self.note(field, key, text, Why::NotATime);
                None
            }
        }
    }

    /// As [`Fields::time`] of the first of these fields that is there at all.
    pub(super) fn first_time(&mut self, field: Field, keys: [&str; 2]) -> Option<Timestamp> {
        let key = keys.into_iter().find(|key| self.moment(key) != Moment::Absent)?;
        self.time(field, key)
    }

    fn moment(&self, key: &str) -> Moment {
        match (self.object.get(key), self.id(key)) {
            (Some(Json::List(_) | Json::Object(_) | Json::Bool(_)), _) => Moment::Unreadable,
            (_, Some(text)) => time::read(&text),
            (_, None) => Moment::Absent,
        }
    }

    pub(super) fn list<T>(&mut self, field: Field, key: &'a str, read: impl Fn(&mut Fields<'_>) -> T) -> Vec<T> {
        let entries = match self.object.get(key) {
            None | Some(Json::Null) => return Vec::new(),
            Some(Json::List(entries)) => entries,
            Some(other) => {
                self.note(field, key, other.kind(), Why::NotAList);
                return Vec::new();
            }
        };
        let mut list = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            match entry {
                Json::Object(object) => {
                    let path = Path::Entry { of: &self.path, list: key, position };
                    list.push(read(&mut Fields { path, object, unread: Vec::new() }));
                }
                Json::Null => {}
                other => self.note(field, &format!("{key}[{position}]"), other.kind(), Why::NotAnObject),
            }
        }
        list
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
