//! No body of Accurate's own webhooks makes the reader panic, and none names more invoices than are allowed.

#![no_main]

use forstok_accurate::domain::hint::named_in;
use libfuzzer_sys::fuzz_target;

const MOST: usize = 10;

fuzz_target!(|body: &[u8]| {
    let named = named_in(body, MOST);
    assert!(named.hints.len() <= MOST);
    for hint in named.hints {
        assert!(hint.id.is_some() || !hint.number.is_empty());
        assert!(!hint.document().is_empty());
    }
});
