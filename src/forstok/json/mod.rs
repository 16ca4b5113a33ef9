//! JSON as a sender writes it: values are borrowed from the body and read where they are needed.
//!
//! Parsing is `serde_json`'s, with its errors. Numbers keep the digits that were written: no float in between.

mod fingerprint;
mod object;
mod repair;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(super) use self::{
    object::{Expected, Fields, Key, object},
    repair::{order_id_in, repaired, repaired_surrogates},
};

/// A JSON value as it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Json<'a> {
    /// Also what is not there at all.
    #[default]
    Null,
    Flag(bool),
    /// The digits.
    Number(&'a str),
    /// What is between the quotes, with its escapes.
    Text(&'a str),
    /// From bracket to bracket.
    List(&'a str),
    /// From brace to brace.
    Object(&'a str),
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(<&RawValue>::deserialize(deserializer)?.get()))
    }
}

impl<'a> Json<'a> {
    /// A value that has been parsed, so that its first character tells what it is.
    fn of(written: &'a str) -> Self {
        match written.as_bytes()[0] {
            b'n' => Self::Null,
            b't' => Self::Flag(true),
            b'f' => Self::Flag(false),
            b'"' => Self::Text(&written[1..written.len() - 1]),
            b'[' => Self::List(written),
            b'{' => Self::Object(written),
            _ => Self::Number(written),
        }
    }

    /// What it is, in words for people.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a flag",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The entries of a list; nothing else has any.
    pub(super) fn entries(self) -> Vec<Self> {
        match self {
            Self::List(written) => serde_json::from_str(written).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// A text without its escapes. Fails if it holds half a surrogate pair.
pub(super) fn unescaped(text: &str) -> serde_json::Result<Cow<'_, str>> {
    if text.contains('\\') { serde_json::from_str(&format!("\"{text}\"")).map(Cow::Owned) } else { Ok(text.into()) }
}
