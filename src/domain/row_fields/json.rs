//! The JSON of a row, in which nothing may be named twice.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::shown;

/// Reads JSON. An object that names something twice is refused: only the last value would count, and nothing would show
/// that the others are lost.
///
/// # Errors
///
/// What is wrong with it.
pub fn read_json(text: &str) -> Result<Value, String> {
    let value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match repeated(text) {
        Some(name) => Err(format!("{} occurs twice in one object; give it once", shown(&name.into()))),
        None => Ok(value),
    }
}

/// A name that an object in this valid JSON has twice.
fn repeated(text: &str) -> Option<String> {
    match text.trim_start().as_bytes().first()? {
        b'{' => {
            let Entries(entries) = serde_json::from_str(text).ok()?;
            let mut names = HashSet::new();
            let twice = entries.iter().find(|(name, _)| !names.insert(name)).map(|(name, _)| name.clone());
            twice.or_else(|| entries.iter().find_map(|(_, value)| repeated(value.get())))
        }
        b'[' => {
            let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            values.iter().find_map(|value| repeated(value.get()))
        }
        _ => None,
    }
}

/// The entries of an object as they are written.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EveryEntry)
    }
}

struct EveryEntry;

impl<'de> Visitor<'de> for EveryEntry {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_occurs_twice_is_refused_wherever_it_is() {
        for (text, name) in [
            (r#"{"service_fee":-5000,"service_fee":-7000}"#, "\"service_fee\""),
            (r#" {"amounts":{"a":1},"amounts":{"b":2}}"#, "\"amounts\""),
            (r#"{"amounts":{"a":1,"b":2,"\u0061":3}}"#, "\"a\""),
            (r#"{"pieces":[{"sku":"A"},{"sku":"B","sku":"B"}]}"#, "\"sku\""),
        ] {
            assert_eq!(read_json(text), Err(format!("{name} occurs twice in one object; give it once")), "{text}");
        }
        let fine = r#"{"net":1.50,"amounts":{"net":2},"pieces":[{"sku":"A"},{"sku":"A"}]}"#;
        assert_eq!(read_json(fine), serde_json::from_str(fine).map_err(|_| String::new()));
        assert!(read_json("{").is_err());
    }
}
