//! The fingerprint of an object: what two bodies that say the same have in common.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use super::{Fields, Json, unescaped};

/// Ends a text, a number or a key. It is not a byte of UTF-8, so that none of them can hold it.
const END: u8 = 0xFF;
/// Ends a list or an object; not a byte of UTF-8 either, so that no key begins with it.
const CLOSE: u8 = 0xFE;
/// Lists and objects inside of each other: far more than an order has. Each level is read once more, and what is nested
/// deeper counts as it is written.
const DEEPEST: usize = 32;

impl Fields<'_> {
    /// The same for every object that says the same, however it is written. Fails if a text in it cannot be read.
    pub(in crate::forstok) fn fingerprint(mut self) -> serde_json::Result<[u8; 32]> {
        let mut canonical = Vec::with_capacity(4096);
        write_object(&mut self, &mut canonical, 1)?;
        Ok(Sha256::digest(canonical).into())
    }
}

/// Writes a value in one way only. Each kind begins with a byte of its own, which tells where it ends, so that two
/// different values are never written the same.
fn write(value: Json<'_>, canonical: &mut Vec<u8>, depth: usize) -> serde_json::Result<()> {
    match value {
        Json::Null => canonical.push(b'n'),
        Json::Flag(true) => canonical.push(b't'),
        Json::Flag(false) => canonical.push(b'f'),
        Json::Number(digits) => {
            canonical.push(b'#');
            write_number(digits, canonical);
        }
        Json::Text(text) => {
            canonical.push(b'"');
            write_text(text, canonical)?;
        }
        Json::List(written) | Json::Object(written) if depth >= DEEPEST => {
            canonical.push(b'w');
            canonical.extend_from_slice(written.as_bytes());
            canonical.push(END);
        }
        Json::List(written) => {
            canonical.push(b'[');
            if let Some(objects) = objects(written).filter(|_| depth + 1 < DEEPEST) {
                for mut object in objects {
                    write_object(&mut object, canonical, depth + 2)?;
                }
            } else {
                for entry in serde_json::from_str::<Vec<Json<'_>>>(written)? {
                    write(entry, canonical, depth + 1)?;
                }
            }
            canonical.push(CLOSE);
        }
        Json::Object(written) => write_object(&mut serde_json::from_str(written)?, canonical, depth + 1)?,
    }
    Ok(())
}

/// The entries of a list that holds only objects, as an order's lines do: read through once less than any other list.
fn objects(written: &str) -> Option<Vec<Fields<'_>>> {
    if written[1..].trim_start().starts_with('{') { serde_json::from_str(written).ok() } else { None }
}

/// `1E5`, `1e5` and `1e+5` are one number; all other numbers can be written in one way only, or differ in digits.
fn write_number(digits: &str, canonical: &mut Vec<u8>) {
    match digits.split_once(['e', 'E']) {
        None => canonical.extend_from_slice(digits.as_bytes()),
        Some((number, exponent)) => {
            canonical.extend_from_slice(number.as_bytes());
            canonical.push(b'e');
            canonical.extend_from_slice(exponent.trim_start_matches('+').as_bytes());
        }
    }
    canonical.push(END);
}

fn write_text(text: &str, canonical: &mut Vec<u8>) -> serde_json::Result<()> {
    canonical.extend_from_slice(unescaped(text)?.as_bytes());
    canonical.push(END);
    Ok(())
}

fn write_object(object: &mut Fields<'_>, canonical: &mut Vec<u8>, depth: usize) -> serde_json::Result<()> {
    let fields = &mut object.0;
    // Stable: of a key that is given twice, the last one stays last.
    fields.sort_by(|(one, _), (other, _)| by_length(one, other));
    canonical.push(b'{');
    for (nth, (key, value)) in fields.iter().enumerate() {
        if fields.get(nth + 1).is_some_and(|(next, _)| next == key) {
            continue;
        }
        canonical.extend_from_slice(key.as_bytes());
        canonical.push(END);
        write(*value, canonical, depth)?;
    }
    canonical.push(CLOSE);
    Ok(())
}

/// Shorter keys first, since most pairs of keys differ in length and need no further look.
fn by_length(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.as_bytes().cmp(other.as_bytes()))
}
