//! Hints: which invoices Accurate's own webhooks name.
//!
//! Nothing in such a webhook proves who sent it (backfill.md §3, B), and its shape varies. Therefore nothing in it is
//! trusted: the invoices that it names, wherever it names them, are read again.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, value::RawValue};

use super::{ids::DocumentNumber, reconciliation::Subject};

/// Longest number of an invoice, in characters; Accurate's are much shorter.
const LONGEST_NUMBER: usize = 100;

/// How deep JSON may be nested as text within JSON.
const MOST_TEXTS: u32 = 3;

/// A document that may have been changed in Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Accurate's id of the invoice.
    pub id: Option<i64>,
    /// Its number; may be empty if the id is known.
    pub number: DocumentNumber,
    /// When it was changed, if the event says so.
    pub at: Option<Timestamp>,
}

impl Hint {
    /// What identifies the document: several hints about one document count as one.
    pub fn document(&self) -> String {
        match self.id {
            Some(id) => Subject::Invoice(id).key(),
            None => format!("number:{}", self.number),
        }
    }
}

/// The documents that a body names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Each document once, with the latest time, in the order in which the body names them.
    pub hints: Vec<Hint>,
    /// How many were left out, because the body names too many.
    pub left_out: usize,
}

/// The invoices that a body names, `most` at most. A body of any other shape names none.
pub fn named_in(body: &[u8], most: usize) -> Named {
    let mut naming = Naming { most, ..Naming::default() };
    let text = std::str::from_utf8(body).unwrap_or_default().trim_start_matches('\u{feff}');
    // Event by event: a long list then takes little more memory than its text.
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(events) => events.iter().for_each(|event| naming.read(event.get(), None, 0)),
        Err(_) => naming.read(text, None, 0),
    }
    naming.named
}

#[derive(Default)]
struct Naming {
    most: usize,
    named: Named,
    places: HashMap<String, usize>,
}

impl Naming {
    fn read(&mut self, text: &str, at: Option<Timestamp>, texts: u32) {
        if let Ok(value) = serde_json::from_str(text) {
            self.look_into(&value, at, texts);
        }
    }

    fn look_into(&mut self, value: &Value, at: Option<Timestamp>, texts: u32) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.look_into(value, at, texts)),
            Value::Object(fields) => {
                let field = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                let text = |name| field(name).and_then(|(_, value)| as_text(value)).unwrap_or_default();
                let at = text("timestamp").parse().ok().and_then(|at| Timestamp::from_millisecond(at).ok()).or(at);
                let id = text("salesInvoiceId").parse().ok().filter(|id| *id > 0);
                let number = Some(text("salesInvoiceNo")).filter(|text| text.chars().count() <= LONGEST_NUMBER);
                self.note(Hint { id, number: number.unwrap_or_default().into(), at });
                fields.values().for_each(|value| self.look_into(value, at, texts));
            }
            Value::String(text) if texts < MOST_TEXTS && text.trim_start().starts_with(['{', '[']) => {
                self.read(text, at, texts + 1);
            }
            _ => {}
        }
    }

    fn note(&mut self, hint: Hint) {
        if hint.id.is_none() && hint.number.is_empty() {
            return;
        }
        let hints = &mut self.named.hints;
        match self.places.get(&hint.document()) {
            Some(place) => hints[*place].at = hints[*place].at.max(hint.at),
            None if hints.len() == self.most => self.named.left_out += 1,
            None => {
                self.places.insert(hint.document(), hints.len());
                hints.push(hint);
            }
        }
    }
}

/// A number or a text, trimmed.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(body: &str) -> Vec<String> {
        named_in(body.as_bytes(), 100).hints.iter().map(Hint::document).collect()
    }

    #[test]
    fn an_invoice_is_found_wherever_the_body_names_it() {
        let of_accurate = r#"[{"databaseId":1,"type":"SALES_INVOICE","timestamp":1764151200000,"uuid":"u",
            "data":[{"salesInvoiceId":7,"salesInvoiceNo":"INV-7","action":"WRITE"},{"salesInvoiceId":"8"}]}]"#;
        let named = named_in(of_accurate.as_bytes(), 100);
        let at = Timestamp::from_millisecond(1_764_151_200_000).ok();
        let first = Hint { id: Some(7), number: "INV-7".into(), at };
        assert_eq!(named.hints[0], first);
        assert_eq!(documents(of_accurate), ["invoice:7", "invoice:8"]);
        assert_eq!(documents(r#"{"data":[{"salesInvoiceNo":" INV-7 "}]}"#), ["number:INV-7"], "a bare object");
        assert_eq!(documents(r#"{"payload":"[{\"data\":\"{\\\"salesInvoiceId\\\":9}\"}]"}"#), ["invoice:9"], "texts");
        assert_eq!(documents("\u{feff}{\"SALESINVOICEID\":7}"), ["invoice:7"]);
    }

    #[test]
    fn whatever_else_arrives_names_nothing() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "null",
            "7",
            "garbage",
            "[{\"type\":\"ITEM\",\"data\":[{\"itemId\":7}]}]",
            "{\"salesInvoiceId\":-1}",
            "{\"salesInvoiceId\":7.5}",
            "{\"salesInvoiceId\":[7]}",
            "{\"salesInvoiceNo\":\"\"}",
            "{\"salesInvoiceId\":99999999999999999999}",
            deep.as_str(),
        ] {
            assert_eq!(documents(body), Vec::<String>::new(), "{body:.40}");
        }
        assert_eq!(named_in(b"\xff\xfe{", 100), Named::default());
        let long = format!("{{\"salesInvoiceNo\":\"{}\"}}", "9".repeat(101));
        assert_eq!(documents(&long), Vec::<String>::new());
    }

    #[test]
    fn a_body_names_each_document_once_and_only_so_many() {
        let events: Vec<_> = (1..=150).map(|id| format!("{{\"salesInvoiceId\":{}}}", id % 120 + 1)).collect();
        let named = named_in(format!("[{}]", events.join(",")).as_bytes(), 100);
        assert_eq!((named.hints.len(), named.left_out), (100, 20));
        let twice = br#"[{"timestamp":2000,"salesInvoiceId":7},{"timestamp":1000,"salesInvoiceId":7}]"#;
        let named = named_in(twice, 100);
        assert_eq!(named.hints.len(), 1);
        assert_eq!(named.hints[0].at, Timestamp::from_second(2).ok(), "the latest time");
    }
}
