//! JSON as it is read from a webhook's body: a tree that borrows its texts from the body.
//!
//! `serde_json::Value` makes a new text of every key, text and number, which took most of the time of taking a
//! webhook. Parsing is still `serde_json`'s, with its errors and its limit on nesting.

mod fingerprint;
mod repair;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, cmp::Ordering, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

pub(super) use self::repair::{order_id_in, repaired};

/// The key under which `serde_json` hands over a number that is no whole one of 64 bits.
const NUMBER: &str = "$serde_json::private::Number";

/// Any JSON value.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// A number without sign, point and exponent, by far the most frequent kind.
    Whole(u64),
    /// Any other number, with its digits as they were written: no float in between.
    Number(Box<str>),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Each key once, in the order of [`by_length`].
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Json<'a> {
    pub(super) fn parse(body: &'a [u8]) -> serde_json::Result<Self> {
        // Checking all of it at once is cheaper than checking each text; a body that is not UTF-8 is never JSON,
        // but going through it tells where it goes wrong.
        match std::str::from_utf8(body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(body),
        }
    }

    /// What it is, in words for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a flag",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'a> Object<'a> {
    /// When a key was given twice, the last one holds.
    fn new(mut entries: Vec<(Cow<'a, str>, Json<'a>)>) -> Self {
        entries.sort_by(|(one, _), (other, _)| by_length(one, other));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self(entries)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json<'a>> {
        let position = self.0.binary_search_by(|(other, _)| by_length(other, key)).ok()?;
        Some(&self.0[position].1)
    }
}

/// Shorter keys first, since most pairs of keys differ in length and need no further look.
fn by_length(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.as_bytes().cmp(other.as_bytes()))
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<'a>(PhantomData<Json<'a>>);

impl<'de: 'a, 'a> Visitor<'de> for Any<'a> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(number.to_string().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    /// Only a text with escapes has to be copied.
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Json::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        if let Some(key) = map.next_key_seed(Key)? {
            if key == NUMBER {
                return map.next_value_seed(Digits(PhantomData));
            }
            entries.push((key, map.next_value()?));
            while let Some(entry) = map.next_entry_seed(Key, PhantomData)? {
                entries.push(entry);
            }
        }
        Ok(Json::Object(Object::new(entries)))
    }
}

/// A key, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A number that `serde_json` hands over as text.
struct Digits<'a>(PhantomData<Json<'a>>);

impl<'de, 'a> DeserializeSeed<'de> for Digits<'a> {
    type Value = Json<'a>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Digits<'a> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string containing a number")
    }

    /// The text that the parser has made of a number.
    fn visit_string<E>(self, digits: String) -> Result<Self::Value, E> {
        Ok(Json::Number(digits.into()))
    }

    /// The body itself has an object with that key: what stands there has not been looked at yet.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let digits = text.parse::<serde_json::Number>().map_err(E::custom)?.to_string();
        Ok(digits.parse().map_or_else(|_| Json::Number(digits.into()), Json::Whole))
    }
}
