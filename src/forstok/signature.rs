//! Proof that a webhook comes from Forstok (forstok.md §2: no signature was found in public, so both
//! known ways are built and the header's name and encoding are settings).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::signing::hmac_sha256;

/// How far a signed timestamp may be from now, in seconds, either way.
const TIMESTAMP_TOLERANCE: i64 = 300;

/// How webhooks prove themselves.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// What the header holds.
    pub scheme: Scheme,
    /// Name of the header with the signature or the key.
    pub header: HeaderName,
    /// Any one matches, so that a secret can be replaced without losing a webhook.
    pub secrets: Vec<SecretString>,
}

/// What the header holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA256 of the raw body, or of `<timestamp>.<body>` when a timestamp header is named.
    Hmac {
        /// How the 32 bytes are written.
        encoding: Encoding,
        /// Header with the signed time.
        timestamp_header: Option<HeaderName>,
    },
    /// The secret itself; how Forstok is seen to do it (forstok.md §2, B).
    SharedKey,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Encoding {
    Hex,
    Base64,
}

/// Why a webhook is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The header is not there.
    #[error("header {} is missing; {}", as_written(.0), .1)]
    Missing(HeaderName, String),
    /// No secret makes this signature.
    #[error(
        "header {} does not match any secret; compare forstok.webhook.secrets, scheme and encoding with Forstok's settings",
        as_written(.0)
    )]
    Wrong(HeaderName),
    /// The signed time is unreadable or too far from now.
    #[error(
        "header {} is not a time within {TIMESTAMP_TOLERANCE} seconds of now; compare the clocks of both machines",
        as_written(.0)
    )]
    Stale(HeaderName),
}

/// A header's name as people write it, in settings and elsewhere: `Key`, `X-Forstok-Signature`.
pub(super) fn as_written(name: &HeaderName) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Other services' names for a header with a proof begin or end with these.
const PARTS_OF_NAMES: [&str; 5] = ["signature", "hmac", "key", "token", "secret"];

/// A header that may hold the proof; its value is not looked at.
fn likely_proof(headers: &HeaderMap) -> Option<HeaderName> {
    let known = ["key", "x-forstok-signature"].map(HeaderName::from_static);
    let likely = |name: &&HeaderName| PARTS_OF_NAMES.iter().any(|part| name.as_str().contains(part));
    known.iter().find(|name| headers.contains_key(*name)).or_else(|| headers.keys().find(likely)).cloned()
}

impl Verifier {
    /// Believes the body or says why not. Takes the same time whichever secret matches, or none.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Rejection> {
        let given = headers.get(&self.header).ok_or_else(|| self.missing(&self.header, headers))?.as_bytes();
        let given = given.trim_ascii();
        let matches = match &self.scheme {
            Scheme::SharedKey => self.any_secret(|secret| same_text(given, secret.as_bytes())),
            Scheme::Hmac { encoding, timestamp_header } => {
                let timestamp =
                    timestamp_header.as_ref().map(|name| self.fresh_timestamp(headers, name, now)).transpose()?;
                let given = decode(given, *encoding).ok_or_else(|| Rejection::Wrong(self.header.clone()))?;
                self.any_secret(|secret| hmac_sha256(secret, timestamp, body).ct_eq(&given))
            }
        };
        if bool::from(matches) { Ok(()) } else { Err(Rejection::Wrong(self.header.clone())) }
    }

    /// The timestamp as it was signed, if it is near now: Unix seconds, milliseconds, or ISO 8601.
    fn fresh_timestamp<'a>(
        &self,
        headers: &'a HeaderMap,
        name: &HeaderName,
        now: Timestamp,
    ) -> Result<&'a [u8], Rejection> {
        let value = headers.get(name).ok_or_else(|| self.missing(name, headers))?;
        if is_near(value, now) { Ok(value.as_bytes().trim_ascii()) } else { Err(Rejection::Stale(name.clone())) }
    }

    /// Says what may be wrong when a header is missing, by what is there instead.
    fn missing(&self, expected: &HeaderName, headers: &HeaderMap) -> Rejection {
        let shares_key = self.scheme == Scheme::SharedKey;
        let seen = likely_proof(headers).filter(|seen| *seen != self.header);
        let hint = match seen.as_ref().map(HeaderName::as_str) {
            Some("key") if !shares_key => "a header `Key` is there: perhaps scheme = \"shared-key\"".to_owned(),
            Some("x-forstok-signature") if shares_key => {
                "a header `X-Forstok-Signature` is there: perhaps scheme = \"hmac-sha256\"".to_owned()
            }
            Some(_) => {
                let seen = seen.as_ref().map(as_written).unwrap_or_default();
                format!("a header `{seen}` is there: perhaps header = \"{seen}\"")
            }
            None => "set it in Forstok, or set forstok.webhook.header to the header that Forstok sends".to_owned(),
        };
        Rejection::Missing(expected.clone(), hint)
    }

    fn any_secret(&self, matches: impl Fn(&str) -> Choice) -> Choice {
        // `|` on Choice does not stop at the first match.
        self.secrets.iter().fold(Choice::from(0), |any, secret| any | matches(secret.expose_secret()))
    }
}

/// Compares by digest, so that not even the length of the secret can be measured.
pub(super) fn same_text(one: &[u8], other: &[u8]) -> Choice {
    Sha256::digest(one).ct_eq(&Sha256::digest(other))
}

/// The 32 bytes behind a written signature, with or without a prefix such as `sha256=`.
pub(super) fn decode(written: &[u8], encoding: Encoding) -> Option<[u8; 32]> {
    let text = str::from_utf8(written).ok()?;
    // A base64 signature ends in `=` itself, so only a short word before it is a prefix.
    let value = match text.split_once('=') {
        Some((prefix, value)) if prefix.len() <= 16 && !value.is_empty() => value,
        _ => text,
    };
    let bytes = match encoding {
        Encoding::Hex => hex::decode(value).ok()?,
        Encoding::Base64 => STANDARD.decode(value).ok()?,
    };
    bytes.try_into().ok()
}

/// Whether a header holds a time near now.
pub(super) fn is_near(value: &HeaderValue, now: Timestamp) -> bool {
    let time = value.to_str().ok().and_then(|text| read_time(text.trim()));
    time.is_some_and(|time| now.duration_since(time).as_secs().abs() <= TIMESTAMP_TOLERANCE)
}

fn read_time(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        // Milliseconds have had more than ten digits since 2001.
        Ok(number) if number > 100_000_000_000 => Timestamp::from_millisecond(number).ok(),
        Ok(number) => Timestamp::from_second(number).ok(),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":"orders/update"}"#;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("in range")
    }

    fn verifier(scheme: Scheme) -> Verifier {
        Verifier {
            scheme,
            header: HeaderName::from_static("x-forstok-signature"),
            secrets: vec!["old".into(), "new".into()],
        }
    }

    fn hmac(encoding: Encoding, timestamp_header: Option<&'static str>) -> Verifier {
        verifier(Scheme::Hmac { encoding, timestamp_header: timestamp_header.map(HeaderName::from_static) })
    }

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("header"))).collect()
    }

    fn signed(value: String) -> HeaderMap {
        headers(&[("x-forstok-signature", value)])
    }

    #[test]
    fn any_active_secret_signs_in_hex_or_base64_with_or_without_prefix() {
        for secret in ["old", "new"] {
            let mac = hmac_sha256(secret, None, BODY);
            for prefix in ["", "sha256=", "v1="] {
                let hex = format!("{prefix}{}", hex::encode_upper(mac));
                let base64 = format!("{prefix}{}", STANDARD.encode(mac));
                assert_eq!(hmac(Encoding::Hex, None).verify(&signed(hex), BODY, now()), Ok(()));
                assert_eq!(hmac(Encoding::Base64, None).verify(&signed(base64), BODY, now()), Ok(()));
            }
        }
    }

    #[test]
    fn a_wrong_signature_of_any_shape_is_refused() {
        let verifier = hmac(Encoding::Hex, None);
        let of_other_body = hex::encode(hmac_sha256("old", None, b"{}"));
        let of_other_secret = hex::encode(hmac_sha256("stranger", None, BODY));
        let cut = hex::encode(&hmac_sha256("old", None, BODY)[..31]);
        for value in [of_other_body, of_other_secret, cut, String::new(), "=".to_owned(), "sha256=zz".to_owned()] {
            let refused = verifier.verify(&signed(value.clone()), BODY, now());
            assert!(matches!(refused, Err(Rejection::Wrong(_))), "{value:?}");
        }
    }

    #[test]
    fn a_missing_header_is_named() {
        let refused = hmac(Encoding::Hex, None).verify(&HeaderMap::new(), BODY, now()).expect_err("missing");
        assert!(refused.to_string().starts_with("header X-Forstok-Signature is missing"), "{refused}");
    }

    #[test]
    fn what_is_there_instead_of_a_missing_header_is_named_with_what_to_do() {
        let refused = |scheme: Verifier, name: &'static str| {
            let headers = headers(&[(name, "hush".to_owned()), ("user-agent", "x".to_owned())]);
            scheme.verify(&headers, BODY, now()).expect_err("missing").to_string()
        };
        let of_hmac = refused(hmac(Encoding::Hex, None), "key");
        assert!(of_hmac.contains("a header `Key` is there: perhaps scheme = \"shared-key\""), "{of_hmac}");
        let shared = Verifier { header: HeaderName::from_static("key"), ..verifier(Scheme::SharedKey) };
        let of_key = refused(shared.clone(), "x-forstok-signature");
        assert!(of_key.contains("perhaps scheme = \"hmac-sha256\""), "{of_key}");
        let of_other = refused(shared, "x-webhook-key");
        assert!(of_other.contains("`X-Webhook-Key`") && of_other.contains("header = \"X-Webhook-Key\""), "{of_other}");
        assert!(![of_hmac, of_key, of_other].iter().any(|said| said.contains("hush")));
    }

    #[test]
    fn a_signed_timestamp_must_be_within_five_minutes() {
        let verifier = hmac(Encoding::Hex, Some("x-time"));
        for (offset, fresh) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            let time = (now().as_second() + offset).to_string();
            let mac = hex::encode(hmac_sha256("new", Some(time.as_bytes()), BODY));
            let result = verifier.verify(&headers(&[("x-forstok-signature", mac), ("x-time", time)]), BODY, now());
            assert_eq!(result.is_ok(), fresh, "{offset} seconds");
        }
        let unsigned_time = hex::encode(hmac_sha256("new", None, BODY));
        let time = now().as_second().to_string();
        let refused =
            verifier.verify(&headers(&[("x-forstok-signature", unsigned_time), ("x-time", time)]), BODY, now());
        assert!(matches!(refused, Err(Rejection::Wrong(_))));
    }

    #[test]
    fn a_shared_key_is_the_secret_itself() {
        let verifier = verifier(Scheme::SharedKey);
        assert_eq!(verifier.verify(&signed("new".to_owned()), BODY, now()), Ok(()));
        assert!(verifier.verify(&signed("ne".to_owned()), BODY, now()).is_err());
    }
}
