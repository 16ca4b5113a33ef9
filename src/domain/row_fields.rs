//! The fields of a payout or a return as programs send them: read leniently, so that a number may be a text and a day a
//! moment, and refused where two readings are possible.

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{
    day_in_wib,
    money::{NotAnAmount, Rupiah},
};

/// Most characters of a source, and of the name of an amount.
pub const LONGEST_NAME: usize = 100;

/// Most characters of an id, a store id, an order number or a SKU.
pub const LONGEST_ID: usize = 200;

/// Most characters of a value that a message repeats.
const LONGEST_SHOWN: usize = 60;

/// The fields of one row.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Of a JSON object; nothing else has fields.
    pub fn of(row: &'a Value) -> Result<Self, String> {
        row.as_object().map(Self).ok_or_else(|| format!("the row is not an object: {}", shown(row)))
    }

    /// A field that is there, and not null.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text, without blanks around it; a number counts as one. Empty if it is not there.
    pub fn text(self, name: &str) -> Result<String, String> {
        match self.value(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(other) => Err(format!("{name}: {} is not a text", shown(other))),
        }
    }

    /// A day: `2026-11-05`, or a moment, whose day in Jakarta counts.
    pub fn day(self, name: &str) -> Result<Option<Date>, String> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim(),
            Some(other) => return Err(not_a_day(name, other)),
        };
        let day = text.parse::<Timestamp>().map(day_in_wib).or_else(|_| text.parse::<Date>());
        day.map(Some).map_err(|_| not_a_day(name, text))
    }

    /// An amount in rupiah.
    pub fn amount(self, name: &str) -> Result<Option<Rupiah>, String> {
        self.value(name).map(|value| amount(name, value)).transpose()
    }

    /// The entries of a list; none if it is not there.
    pub fn list(self, name: &str) -> Result<&'a [Value], String> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(entries)) => Ok(entries),
            Some(other) => Err(format!("{name}: {} is not a list", shown(other))),
        }
    }
}

/// The amount in a value that is called `name`.
pub fn amount(name: &str, value: &Value) -> Result<Rupiah, String> {
    let read = match value {
        Value::Number(number) => Rupiah::parse(&number.to_string()),
        Value::String(text) => Rupiah::parse_text(text),
        _ => Err(NotAnAmount::NotANumber),
    };
    read.map_err(|why| format!("{name}: {} {why}", shown(value)))
}

/// A number of pieces above zero, in a value that is called `name`.
pub fn pieces(name: &str, value: Option<&Value>) -> Result<Decimal, String> {
    let value = value.ok_or_else(|| format!("{name} is missing"))?;
    let quantity = amount(name, value)?.decimal();
    if quantity > Decimal::ZERO { Ok(quantity) } else { Err(format!("{name}: {} is not above 0", shown(value))) }
}

/// Refuses a text that is too long to be one, or that no list could show.
pub fn check_text(name: &str, text: &str, most: usize) -> Result<(), String> {
    if text.chars().count() > most {
        return Err(format!("{name} is longer than {most} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{name} contains a control character"));
    }
    Ok(())
}

/// Whether something can have happened on this day: the times of marketplaces begin after 2000, and an unknown time is
/// sometimes written as the year 1.
pub fn is_possible(day: Date) -> bool {
    (date(2000, 1, 1)..date(2100, 1, 1)).contains(&day)
}

fn not_a_day(name: &str, value: impl std::fmt::Display) -> String {
    let value: String = value.to_string().chars().take(LONGEST_SHOWN).collect();
    format!("{name}: {value:?} is not a day such as 2026-11-05")
}

/// A value as a message repeats it.
pub fn shown(value: &Value) -> String {
    value.to_string().chars().take(LONGEST_SHOWN).collect()
}
