//! What can be done about a body that is almost JSON: repaired where its meaning is beyond doubt, and else searched
//! for the id of its order.

use std::{borrow::Cow, fmt::Write};

use crate::domain::order::OrderId;

/// The body with what only strict readers refuse replaced: half a surrogate pair, a bare control character or an
/// unknown escape inside a text, and words such as `NaN` and `None` outside of one.
pub(in crate::forstok) fn repaired(body: &str) -> String {
    let mut repaired = String::with_capacity(body.len() + 16);
    let mut rest = body;
    while let Some(at) = rest.find(|c: char| c == '"' || c.is_ascii_alphabetic()) {
        let (before, here) = rest.split_at(at);
        repaired.push_str(before);
        rest = if here.starts_with('"') { copy_text(here, &mut repaired) } else { copy_word(here, &mut repaired) };
    }
    repaired + rest
}

/// The body as it is unless it holds half a surrogate pair, which only shows where a text is read: then [`repaired`].
pub(in crate::forstok) fn repaired_surrogates(body: Cow<'_, str>) -> Cow<'_, str> {
    if body.contains("\\ud") || body.contains("\\uD") { repaired(&body).into() } else { body }
}

/// Copies a text with its quotes; returns what follows it.
fn copy_text<'a>(text: &'a str, repaired: &mut String) -> &'a str {
    repaired.push('"');
    let mut rest = &text[1..];
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => {
                repaired.push('"');
                return &rest[1..];
            }
            '\\' => rest = copy_escape(rest, repaired),
            c => {
                match c {
                    '\0'..='\x1f' => {
                        write!(repaired, "\\u{:04x}", u32::from(c)).expect("a text takes what is written to it");
                    }
                    c => repaired.push(c),
                }
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    rest
}

/// Copies an escape; what is none becomes a backslash and its character, half a surrogate pair U+FFFD.
fn copy_escape<'a>(escape: &'a str, repaired: &mut String) -> &'a str {
    let length = match escape.as_bytes().get(1) {
        Some(b'u') => match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                repaired.push('\u{fffd}');
                return &escape[6..];
            }
            (Some(_), _) => 6,
            (None, _) => 0,
        },
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
        _ => 0,
    };
    if length == 0 {
        repaired.push_str("\\\\");
        return &escape[1..];
    }
    repaired.push_str(&escape[..length]);
    &escape[length..]
}

/// The value of `\u` and four hexadecimal digits.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Copies a word outside of a text; one that JSON does not know becomes a text, so that its field is reported.
fn copy_word<'a>(word: &'a str, repaired: &mut String) -> &'a str {
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (word, rest) = word.split_at(end);
    match word {
        "true" | "True" => repaired.push_str("true"),
        "false" | "False" => repaired.push_str("false"),
        "null" | "None" | "nil" | "undefined" => repaired.push_str("null"),
        "NaN" | "Infinity" | "nan" | "inf" => {
            if repaired.ends_with('-') {
                repaired.pop();
            }
            repaired.push_str("\"NaN\"");
        }
        // The exponent of a number, or nothing that can be helped.
        _ => repaired.push_str(word),
    }
    rest
}

/// The id of the order that a broken body names: the value of `id` directly inside of `order`.
pub(in crate::forstok) fn order_id_in(body: &str) -> Option<OrderId> {
    let mut keys: Vec<Option<&str>> = Vec::new();
    let mut last_text = None;
    let mut rest = body;
    loop {
        let c = rest.chars().next()?;
        match c {
            '"' => {
                let end = end_of_text(rest)?;
                last_text = Some(&rest[1..end]);
                rest = &rest[end + 1..];
                continue;
            }
            ':' => {
                *keys.last_mut()? = last_text.take();
                if let [Some("order"), Some("id")] = keys[..] {
                    return order_id_at(rest[1..].trim_start());
                }
            }
            '{' | '[' => keys.push(None),
            '}' | ']' => {
                keys.pop();
            }
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
}

/// Where the text that begins here ends.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// The id that begins here, if it is whole: a number at the very end of a body may have been cut.
fn order_id_at(value: &str) -> Option<OrderId> {
    if value.starts_with('"') {
        return OrderId::parse(&value[1..end_of_text(value)?]);
    }
    let end = value.find(|c: char| matches!(c, ',' | '}') || c.is_whitespace())?;
    OrderId::parse(value[..end].trim_end_matches(".0"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_strict_readers_refuse_is_repaired() {
        for (body, expected) in [
            (r#"{"a":"halo \ud83d"}"#, r#"{"a":"halo �"}"#),
            (r#"{"a":"\ude00\ud83d\ude00\ud83d\u0041"}"#, r#"{"a":"�😀�A"}"#),
            ("{\"a\":\"1\n2\t\"}", r#"{"a":"1\n2\t"}"#),
            (r#"{"a":"it\'s \x41 \u12"}"#, r#"{"a":"it\\'s \\x41 \\u12"}"#),
            (
                r#"{"a":NaN,"b":-Infinity,"c":None,"d":[True,False]}"#,
                r#"{"a":"NaN","b":"NaN","c":null,"d":[true,false]}"#,
            ),
        ] {
            let value: Value = serde_json::from_str(&repaired(body)).unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!(value, serde_json::from_str::<Value>(expected).expect("JSON"), "{body}");
        }
    }

    #[test]
    fn the_id_of_a_broken_body_is_found_where_it_is_whole() {
        let id = |body: &str| order_id_in(body).map(|id| id.to_string());
        for body in [
            r#"{"event":"orders/update","order":{"id":990031,"status":"Canc"#,
            r#"{"order":{"item_lines":[{"id":7}],"x":{"id":8},"id":"990031","note":"a"b"}}"#,
            r#"{"order":{"note":"\"id\":5,", "id" : 990031.0}"#,
        ] {
            assert_eq!(id(body).as_deref(), Some("990031"), "{body}");
        }
        for body in [
            r#"{"order":{"id":9900"#,
            r#"{"id":1,"order":{"#,
            r#"{"order":[{"id":1}]"#,
            "",
            "id",
            r#"{"order":{"id":""#,
        ] {
            assert_eq!(id(body), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn what_is_json_is_left_as_it_is(text: String, number: f64, more: bool) {
            let body = serde_json::json!({"order": {"id": 5, &text: [text, number, more, null]}}).to_string();
            prop_assert_eq!(repaired(&body), body.clone());
        }

        #[test]
        fn nothing_makes_it_panic(body in "(\\PC|[\"\\\\u\\{\\}:,d8])*") {
            drop(repaired(&body));
            drop(order_id_in(&body));
        }
    }
}
