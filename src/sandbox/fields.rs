//! Parses the lenient JSON of a save: numbers may be strings, texts may be numbers.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::messages;

/// The largest amount that is accepted; far above any invoice, and far below the overflow of decimals.
const LARGEST: i64 = 1_000_000_000_000;

/// The fields of one JSON object; any other value counts as an object without fields.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// A text, trimmed; an empty text counts as absent.
    pub(super) fn text(self, name: &str) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn flag(self, name: &str) -> bool {
        match self.value(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// A decimal with at most six places (accurate.md §3); the error is the message to return.
    pub(super) fn amount(self, name: &str) -> Result<Option<Decimal>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
        match read {
            Ok(amount) if amount.normalize().scale() > 6 => Err(messages::too_many_places(name, text)),
            Ok(amount) if amount.abs() <= Decimal::from(LARGEST) => Ok(Some(amount)),
            _ => Err(messages::unreadable(name, text)),
        }
    }

    /// The objects of a list; a value that is not a list counts as an empty one.
    pub(super) fn list(self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        self.value(name).and_then(Value::as_array).into_iter().flatten().map(Fields::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_went_through_a_float_is_refused() {
        let body: Value =
            serde_json::from_str(r#"{"a":24500.5,"b":"7","c":24500.500000000004,"d":"x","e":1e400}"#).expect("JSON");
        let fields = Fields::of(&body);
        assert_eq!(fields.amount("a"), Ok(Some(Decimal::new(245_005, 1))));
        assert_eq!(fields.amount("b"), Ok(Some(Decimal::from(7))));
        assert_eq!(
            fields.amount("c"),
            Err("Nilai 24500.500000000004 pada c tidak tepat, maksimal 6 angka desimal".to_owned())
        );
        assert_eq!(fields.amount("d"), Err("Nilai x pada d tidak tepat".to_owned()));
        assert!(fields.amount("e").is_err());
        assert_eq!(fields.amount("f"), Ok(None));
    }
}
