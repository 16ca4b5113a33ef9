//! Values are read as `serde_json::Value` reads them, and the fingerprint tells apart what `Value` tells apart.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::{Fields, Json, repaired_surrogates, unescaped};

/// A value as a sender might write it: keys in any order and more than once.
#[derive(Clone, Debug)]
enum Written {
    /// `null`, a flag or a number, to the letter.
    Bare(String),
    Text(String),
    List(Vec<Written>),
    Object(Vec<(String, Written)>),
}

impl Written {
    /// As JSON, with white space and escapes as chance has them.
    fn json(&self, chance: &mut fastrand::Rng) -> String {
        let json = match self {
            Self::Bare(word) => word.clone(),
            Self::Text(text) => quote(text, chance),
            Self::List(entries) => {
                let entries: Vec<String> = entries.iter().map(|entry| entry.json(chance)).collect();
                format!("[{}]", entries.join(","))
            }
            Self::Object(entries) => {
                let entry = |(key, value): &(String, Self)| {
                    format!("{}{}{}:{}", space(chance), quote(key, chance), space(chance), value.json(chance))
                };
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(","))
            }
        };
        format!("{}{json}{}", space(chance), space(chance))
    }
}

fn space(chance: &mut fastrand::Rng) -> &'static str {
    ["", "", " ", "\n\t ", "\r"][chance.usize(..5)]
}

fn quote(text: &str, chance: &mut fastrand::Rng) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c == '/' && chance.bool() {
            quoted.push_str("\\/");
        } else if c < ' ' || c == '"' || c == '\\' || chance.u8(..4) == 0 {
            for unit in c.encode_utf16(&mut [0; 2]) {
                quoted.extend(format!("\\u{unit:04x}").chars());
            }
        } else {
            quoted.push(c);
        }
    }
    quoted + "\""
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![prop::collection::vec(any::<char>(), 0..5).prop_map(String::from_iter), "[a-c0}\"/\\\\]{0,12}"]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "-?[01](\\.0)?",
    ]
}

fn object_of(value: impl Strategy<Value = Written> + 'static) -> impl Strategy<Value = Written> {
    // Few keys, so that many come twice; and some more, for how they are sorted depends on how many there are.
    let key = || prop_oneof![3 => "[ab}]{0,2}", 1 => text()];
    let value = value.boxed();
    let entries = prop_oneof![
        3 => prop::collection::vec((key(), value.clone()), 0..6),
        1 => prop::collection::vec((key(), value), 20..40),
    ];
    entries.prop_map(Written::Object)
}

fn written() -> impl Strategy<Value = Written> {
    let bare = prop_oneof![prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned), number()];
    let leaf = prop_oneof![bare.prop_map(Written::Bare), text().prop_map(Written::Text)];
    leaf.prop_recursive(3, 60, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..6).prop_map(Written::List), object_of(inner)]
    })
}

/// The same as a `Value`, read to the end.
fn value(json: Json<'_>) -> serde_json::Result<Value> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Flag(flag) => Value::Bool(flag),
        Json::Number(digits) => Value::Number(digits.parse()?),
        Json::Text(text) => Value::String(unescaped(text)?.into_owned()),
        Json::List(_) => json.entries().into_iter().map(value).collect::<serde_json::Result<_>>()?,
        Json::Object(written) => {
            let fields: Fields<'_> = serde_json::from_str(written)?;
            let field = |(key, _): &(Cow<'_, str>, Json<'_>)| {
                Ok((key.to_string(), value(fields.get(key).expect("every key is found"))?))
            };
            Value::Object(fields.0.iter().map(field).collect::<serde_json::Result<_>>()?)
        }
    })
}

fn fingerprint(json: &str) -> [u8; 32] {
    let object = format!(r#"{{"order":{json}}}"#);
    serde_json::from_str::<Fields<'_>>(&object).and_then(Fields::fingerprint).expect("JSON")
}

/// Something else, at any place in it.
fn change(value: &mut Value, chance: &mut fastrand::Rng) {
    match value {
        Value::Array(entries) if !entries.is_empty() && chance.u8(..4) > 0 => {
            let position = chance.usize(..entries.len());
            change(&mut entries[position], chance);
        }
        Value::Object(map) if !map.is_empty() && chance.u8(..4) > 0 => {
            let position = chance.usize(..map.len());
            if let Some(value) = map.values_mut().nth(position) {
                change(value, chance);
            }
        }
        other => {
            let texts =
                ["null", "true", "false", "0", "1", "-1", "1.0", "\"\"", "\"1\"", "[]", "{}", "[[]]", r#"{"":{}}"#];
            let new = serde_json::from_str(texts[chance.usize(..texts.len())]).expect("JSON");
            *other = if *other == new { Value::Array(vec![new]) } else { new };
        }
    }
}

/// A value that a later one of the same name replaces is never read, so half a surrogate pair in it goes unnoticed.
/// Nothing else that `serde_json` refuses is taken.
fn assert_read_alike(body: &[u8]) -> Result<(), TestCaseError> {
    let ours = str::from_utf8(body).ok().and_then(|body| value(serde_json::from_str(body).ok()?).ok());
    let mut theirs = serde_json::from_slice::<Value>(body).ok();
    if theirs.is_none() && ours.is_some() {
        theirs = serde_json::from_str(&repaired_surrogates(String::from_utf8_lossy(body))).ok();
    }
    prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(body));
    Ok(())
}

proptest! {
    #[test]
    fn it_reads_what_serde_json_reads(written in written(), seed: u64) {
        assert_read_alike(written.json(&mut fastrand::Rng::with_seed(seed)).as_bytes())?;
    }

    #[test]
    fn it_refuses_what_serde_json_refuses(written in written(), seed: u64) {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut body = written.json(&mut chance).into_bytes();
        let position = chance.usize(..body.len());
        body[position] = chance.choice(*b"\"\\{}[],:0-.eEn \xFF\xC3\x00").expect("not empty");
        assert_read_alike(&body)?;
        assert_read_alike(&body[..position])?;
    }

    #[test]
    fn how_it_is_written_does_not_change_the_fingerprint(object in object_of(written()), seed: u64) {
        let json = object.json(&mut fastrand::Rng::with_seed(seed));
        // `Value` sorts the keys, keeps the last of each and writes everything in one way.
        let again = serde_json::from_str::<Value>(&json).expect("JSON").to_string();
        prop_assert_eq!(fingerprint(&json), fingerprint(&again));
    }

    #[test]
    fn the_order_of_keys_does_not_change_the_fingerprint(count in 2_usize..60, seed: u64) {
        let mut chance = fastrand::Rng::with_seed(seed);
        let entry = |n: usize| (format!("{:x}", n * 7), Written::Bare(n.to_string()));
        let mut entries: Vec<_> = (0..count).map(entry).collect();
        let one = Written::Object(entries.clone()).json(&mut chance);
        chance.shuffle(&mut entries);
        prop_assert_eq!(fingerprint(&one), fingerprint(&Written::Object(entries).json(&mut chance)));
    }

    #[test]
    fn any_difference_changes_the_fingerprint(object in object_of(written()), seed: u64) {
        let mut chance = fastrand::Rng::with_seed(seed);
        let one: Value = serde_json::from_str(&object.json(&mut chance)).expect("JSON");
        let mut other = one.clone();
        change(&mut other, &mut chance);
        prop_assert_ne!(&one, &other);
        prop_assert_ne!(fingerprint(&one.to_string()), fingerprint(&other.to_string()));
    }
}

#[test]
fn what_looks_alike_has_its_own_fingerprint() {
    let objects = [
        r#"{"a":1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":"1"}"#,
        r#"{"a":[1]}"#,
        r#"{"a":-1}"#,
        r#"{"a":1e0}"#,
        r#"{"a":null}"#,
        r#"{"a":"null"}"#,
        r#"{"a":0}"#,
        r#"{"a":-0}"#,
        r#"{"a":false}"#,
        r#"{"a":{}}"#,
        r#"{"a":[]}"#,
        "{}",
        r#"{"a":[],"b":[]}"#,
        r#"{"a":[[],"b"]}"#,
        r#"{"a":{"b":[]}}"#,
        r#"{"a":{},"b":[]}"#,
        r#"{"ab":1}"#,
        r#"{"a":"b","c":"d"}"#,
        r#"{"a":"bc","":"d"}"#,
        r#"{"a":["b","c"]}"#,
        r#"{"a":["bc"]}"#,
        r#"{"a":["b\"c"]}"#,
        r#"{"a":18446744073709551615}"#,
        r#"{"a":18446744073709551616}"#,
        r#"{"a":["","",""]}"#,
        r#"{"a":["",""]}"#,
    ];
    let different: std::collections::BTreeSet<_> = objects.map(fingerprint).into();
    assert_eq!(different.len(), objects.len());
}

#[test]
fn a_text_longer_than_what_is_gathered_counts_to_its_end() {
    let long = |end: &str| fingerprint(&format!(r#"{{"a":"{}{end}","b":[1,2,3]}}"#, "x".repeat(10_000)));
    assert_eq!(long("1"), long("1"));
    assert_ne!(long("1"), long("2"));
}

#[test]
fn what_is_nested_too_deeply_to_be_read_counts_as_it_is_written() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested =
            |depth, value| fingerprint(&format!("{{\"a\":{}{value}{}}}", open.repeat(depth), close.repeat(depth)));
        for depth in [30, 31, 32, 33, 200, 10_000] {
            assert_eq!(nested(depth, "0"), nested(depth, "0"), "{depth}");
            assert_ne!(nested(depth, "0"), nested(depth, "1"), "{depth}");
            assert_ne!(nested(depth, "0"), nested(depth + 1, "0"), "{depth}");
        }
        assert_eq!(nested(30, "0"), nested(30, " 0 "));
    }
}

#[test]
fn the_key_of_serde_jsons_numbers_is_a_key_like_any_other() {
    let number = r#"{"a":{"$serde_json::private::Number":"12"}}"#;
    assert_ne!(fingerprint(number), fingerprint(r#"{"a":12}"#));
}
