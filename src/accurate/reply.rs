//! Parses a reply once, into the types of its call.
//!
//! A reply may be 16 MiB of anything. Parts that no caller needs are skipped, and the numbers of rows and messages and
//! the length of texts are limited, so that parsing takes little more memory than the reply itself. Deep nesting needs
//! no stack: the parts are first located as slices of the body, and skipping is not recursive.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    messages::MessagesRead,
    outcome::{Failure, Said},
    redact::Secrets,
    wire::WireReply,
};

/// How many messages of one reply are kept.
const MOST_MESSAGES: usize = 100;

/// How many rows of one list are kept; we request a hundred.
const MOST_ROWS: usize = 1_000;

/// Longest text that is kept, in bytes of JSON; Accurate's longest fields are much shorter.
const LONGEST_TEXT: usize = 16 * 1024;

/// A successful reply: `d`, `r` and the number of pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope<D = Skipped, R = Skipped> {
    /// The record of a detail, or the rows of a list.
    pub d: D,
    /// The saved record; `None` if it cannot be read.
    pub r: Option<R>,
    /// Number of pages of a list.
    pub pages: Option<u64>,
    /// Number of rows on all pages.
    pub row_count: Option<u64>,
    /// Which page of the list it is.
    pub page: Option<u64>,
    /// Rows that a full page has.
    pub page_size: Option<u64>,
}

/// The outcome of one element of a bulk.
pub type Element<R> = Result<Envelope<Skipped, R>, Failure>;

/// A part of a reply that no caller needs.
pub type Skipped = IgnoredAny;

/// The parts of a reply as slices of its body.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    s: Option<&'a RawValue>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
    #[serde(borrow)]
    r: Option<&'a RawValue>,
    #[serde(borrow)]
    sp: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    error_description: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Paging {
    page: Option<u64>,
    page_size: Option<u64>,
    page_count: Option<u64>,
    row_count: Option<u64>,
}

/// Parses the reply to a call with this name.
pub(super) fn read<D, R>(call: &'static str, reply: &WireReply, secrets: &Secrets) -> Result<Envelope<D, R>, Failure>
where
    D: DeserializeOwned,
    R: DeserializeOwned,
{
    let parts = Parts::of(&reply.body);
    if let Some(parts) = parts.as_ref().filter(|parts| is_ok(reply.status) && parts.success() == Some(true)) {
        return parts.envelope(call);
    }
    Err(parts.unwrap_or_default().failure(call, reply, secrets))
}

/// Parses the reply to a bulk of `sent` elements: one result for each, in the order sent (accurate.md §3, B).
///
/// The outer failure applies to all elements: the bulk was refused as a whole, or its outcome is unknown.
pub(super) fn read_many<R: DeserializeOwned>(
    call: &'static str,
    reply: &WireReply,
    secrets: &Secrets,
    sent: usize,
) -> Result<Vec<Element<R>>, Failure> {
    let parts = Parts::of(&reply.body).unwrap_or_default();
    // The outer `s` is false if any element failed, so it shows nothing about the others.
    let elements = parts.d.filter(|_| is_ok(reply.status)).and_then(|d| FirstOf::read(d, sent)).unwrap_or_default();
    if elements.first.is_empty() || !elements.first.iter().all(|element| element.get().starts_with('{')) {
        read::<Skipped, Skipped>(call, reply, secrets)?;
        return Err(Failure::Ambiguous("the reply to the bulk does not list its elements".to_owned()));
    }
    let answered = elements.first.len() + elements.more;
    if answered != sent {
        return Err(Failure::Ambiguous(format!("{sent} documents were sent, the reply lists {answered}")));
    }
    let read = |element: &RawValue| {
        let parts = serde_json::from_str::<Parts<'_>>(element.get()).unwrap_or_default();
        match parts.success() {
            Some(true) => parts.envelope(call),
            success => {
                let (messages, kept) = parts.messages();
                Err(Said { status: 200, success, messages: &messages, kept, body: b"" }.failure(call, secrets))
            }
        }
    };
    Ok(elements.first.into_iter().map(read).collect())
}

fn is_ok(status: u16) -> bool {
    (200..=299).contains(&status)
}

impl<'a> Parts<'a> {
    fn of(body: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
    }

    fn success(&self) -> Option<bool> {
        self.s.and_then(|s| serde_json::from_str(s.get()).ok())
    }

    fn envelope<D: DeserializeOwned, R: DeserializeOwned>(&self, call: &str) -> Result<Envelope<D, R>, Failure> {
        let d = serde_json::from_str(self.d.map_or("null", RawValue::get));
        // serde's messages quote the reply.
        let d = d.map_err(|_| Failure::Ambiguous(format!("{call} did not answer with what was asked for")))?;
        let r = self.r.and_then(record);
        let paging = self.sp.and_then(|sp| serde_json::from_str::<Paging>(sp.get()).ok());
        let Paging { page, page_size, page_count: pages, row_count } = paging.unwrap_or_default();
        Ok(Envelope { d, r, pages, row_count, page, page_size })
    }

    fn failure(&self, call: &'static str, reply: &WireReply, secrets: &Secrets) -> Failure {
        let (messages, kept) = self.messages();
        let said = Said { status: reply.status, success: self.success(), messages: &messages, kept, body: &reply.body };
        said.failure(call, secrets)
    }

    /// The texts of `d` and of an OAuth error, and whether these are all of them.
    fn messages(&self) -> (Vec<String>, MessagesRead) {
        let (mut messages, mut kept) = (Vec::new(), MessagesRead::All);
        for part in [self.d, self.error, self.error_description, self.message].into_iter().flatten() {
            if part.get().starts_with('"') {
                messages.extend(text(part, LONGEST_TEXT));
            } else if let Some(elements) = FirstOf::read(part, MOST_MESSAGES) {
                let texts = elements.first.iter().filter(|element| element.get().starts_with('"'));
                let before = messages.len();
                messages.extend(texts.filter_map(|element| text(element, LONGEST_TEXT)));
                if messages.len() - before < elements.first.len() + elements.more {
                    kept = MessagesRead::Some;
                }
            }
        }
        (messages, kept)
    }
}

/// The first elements of an array, as slices, and how many follow.
#[derive(Default)]
struct FirstOf<'a> {
    first: Vec<&'a RawValue>,
    more: usize,
}

impl<'a> FirstOf<'a> {
    /// `None` if it is not an array.
    fn read(array: &'a RawValue, most: usize) -> Option<Self> {
        struct Elements(usize);
        impl<'de> Visitor<'de> for Elements {
            type Value = FirstOf<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<FirstOf<'de>, A::Error> {
                let mut elements = FirstOf::default();
                while elements.first.len() < self.0 {
                    let Some(element) = array.next_element()? else { return Ok(elements) };
                    elements.first.push(element);
                }
                while array.next_element::<IgnoredAny>()?.is_some() {
                    elements.more += 1;
                }
                Ok(elements)
            }
        }
        serde_json::Deserializer::from_str(array.get()).deserialize_seq(Elements(most)).ok()
    }
}

/// A text, or the unchanged digits of a number; empty if it is neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(text(<&RawValue>::deserialize(deserializer)?, LONGEST_TEXT).unwrap_or_default()))
    }
}

/// A whole number; `None` if it is anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole(pub Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(<&RawValue>::deserialize(deserializer)?.get().parse().ok()))
    }
}

/// Whether it is `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(<&RawValue>::deserialize(deserializer)?.get() == "true"))
    }
}

/// Whether it is an array with at least one element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasElements(pub bool);

impl<'de> Deserialize<'de> for HasElements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.strip_prefix('[').is_some_and(|rest| !rest.trim_start().starts_with(']'))))
    }
}

/// A record; `None` if it has another shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lenient<T>(pub Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(record(<&RawValue>::deserialize(deserializer)?)))
    }
}

/// A JSON object as a record. A derived type would also accept an array, field by field.
fn record<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())?
}

/// The rows of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows<T> {
    /// The rows that could be read, `MOST_ROWS` at most.
    pub rows: Vec<T>,
    /// Whether these are all rows of the reply.
    pub complete: bool,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(std::marker::PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
            type Value = Rows<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Rows<T>, A::Error> {
                let mut list = Rows { rows: Vec::new(), complete: true };
                while list.rows.len() < MOST_ROWS {
                    match array.next_element::<Lenient<T>>()? {
                        Some(Lenient(Some(row))) => list.rows.push(row),
                        Some(Lenient(None)) => list.complete = false,
                        None => return Ok(list),
                    }
                }
                while array.next_element::<IgnoredAny>()?.is_some() {
                    list.complete = false;
                }
                Ok(list)
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Rows<T>, A::Error> {
                Err(A::Error::custom("a record, not a list"))
            }
        }
        deserializer.deserialize_seq(List(std::marker::PhantomData))
    }
}

/// A JSON text, or the digits of a JSON number, limited to a number of bytes.
fn text(raw: &RawValue, most: usize) -> Option<String> {
    let raw = raw.get();
    if raw.starts_with('"') {
        return if raw.len() <= most { unescaped(raw) } else { unescaped(&beginning(raw, most)) };
    }
    let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_number.then(|| raw.chars().take(most).collect())
}

/// A JSON text that is cut, but not inside a character or an escape.
fn beginning(raw: &str, most: usize) -> String {
    let (mut end, mut escaped) = (1, false);
    for (at, character) in raw.char_indices().skip(1) {
        if at >= most {
            break;
        }
        // `\uXXXX` is cut before its backslash or after its digits, which are ordinary characters here.
        if !escaped {
            end = at;
        }
        escaped = character == '\\' && !escaped;
    }
    let end = raw[..end].rfind("\\u").filter(|at| end - at < 6).unwrap_or(end);
    format!("{}\"", &raw[..end])
}

/// The content of a JSON text; half a surrogate pair becomes U+FFFD.
fn unescaped(raw: &str) -> Option<String> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_bytes(Bytes).ok()
}

#[cfg(test)]
mod tests;
