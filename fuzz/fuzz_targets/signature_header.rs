//! No header makes the check of a signature panic, and none is believed that does not hold a secret's signature.

#![no_main]

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use forstok_accurate::forstok::signature::{Encoding, Scheme, Verifier};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const BODY: &[u8] = br#"{"event":"orders/update"}"#;

static SIGNATURE: HeaderName = HeaderName::from_static("x-forstok-signature");
static TIME: HeaderName = HeaderName::from_static("x-forstok-time");

/// Every way in which a webhook can prove itself.
static VERIFIERS: LazyLock<Vec<Verifier>> = LazyLock::new(|| {
    let mut schemes = vec![Scheme::SharedKey];
    for encoding in [Encoding::Hex, Encoding::Base64] {
        for timestamp_header in [None, Some(TIME.clone())] {
            schemes.push(Scheme::Hmac { encoding, timestamp_header });
        }
    }
    let secrets = || vec!["old secret of the webhook".into(), "new secret of the webhook".into()];
    let verifier = |scheme| Verifier { scheme, header: SIGNATURE.clone(), secrets: secrets() };
    schemes.into_iter().map(verifier).collect()
});

// The first line is the signature, the second the time.
fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in [&SIGNATURE, &TIME] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_bytes) {
            headers.insert(name.clone(), value);
        }
    }
    let now = Timestamp::from_second(1_700_000_000).expect("in range");
    for verifier in VERIFIERS.iter() {
        let _ = verifier.verify(&headers, BODY, now);
        // A signature of nothing is nobody's.
        assert!(verifier.verify(&HeaderMap::new(), BODY, now).is_err());
    }
});
