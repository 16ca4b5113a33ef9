//! Finds out how a webhook proves itself that does not do so as the settings say: with the key itself, or with a
//! signature, in any header.
//!
//! Nothing of such a webhook is accepted. The setup page suggests the way that was recognised, and an admin confirms
//! it.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::signature::{Encoding, Scheme, as_written, decode, is_near, same_text};
use crate::signing::hmac_sha256;

/// A longer header holds neither a key nor a signature.
const LONGEST_PROOF: usize = 512;

/// Headers that may hold the time of sending; more are not tried.
const MOST_TIMES: usize = 3;

/// How a webhook proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What the header holds.
    pub scheme: Scheme,
    /// The header.
    pub header: HeaderName,
}

impl Way {
    /// The header's name as people write it.
    pub fn header_as_written(&self) -> String {
        as_written(&self.header)
    }

    /// The name of the header with the signed time.
    pub fn time_as_written(&self) -> Option<String> {
        match &self.scheme {
            Scheme::Hmac { timestamp_header, .. } => timestamp_header.as_ref().map(as_written),
            Scheme::SharedKey => None,
        }
    }
}

/// The way in which these headers prove a body with one of the secrets.
pub fn recognise(secrets: &[SecretString], headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<Way> {
    let short = || headers.iter().filter(|(_, value)| value.len() <= LONGEST_PROOF);
    let holds_key = |value: &HeaderValue| {
        let given = value.as_bytes().trim_ascii();
        secrets.iter().any(|secret| same_text(given, secret.expose_secret().as_bytes()).into())
    };
    if let Some((header, _)) = short().find(|(_, value)| holds_key(value)) {
        return Some(Way { scheme: Scheme::SharedKey, header: header.clone() });
    }
    let signatures: Vec<_> = short().flat_map(|(header, value)| signatures(header, value)).collect();
    if signatures.is_empty() {
        return None;
    }
    let times = short().filter(|(_, value)| is_near(value, now)).take(MOST_TIMES);
    let times: Vec<_> = std::iter::once(None).chain(times.map(Some)).collect();
    for secret in secrets {
        for time in &times {
            let signed = time.map(|(_, value)| value.as_bytes().trim_ascii());
            let mac = hmac_sha256(secret.expose_secret(), signed, body);
            if let Some((header, encoding, _)) = signatures.iter().find(|(_, _, given)| bool::from(mac.ct_eq(given))) {
                let timestamp_header = time.map(|(name, _)| name.clone());
                let scheme = Scheme::Hmac { encoding: *encoding, timestamp_header };
                return Some(Way { scheme, header: (*header).clone() });
            }
        }
    }
    None
}

/// A header's value as a signature, however it may be written.
fn signatures<'a>(
    header: &'a HeaderName,
    value: &'a HeaderValue,
) -> impl Iterator<Item = (&'a HeaderName, Encoding, [u8; 32])> {
    let given = value.as_bytes().trim_ascii();
    let written = [Encoding::Hex, Encoding::Base64].into_iter();
    written.filter_map(move |encoding| Some((header, encoding, decode(given, encoding)?)))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    const KEY: &str = "the-key-that-was-generated";
    const BODY: &[u8] = br#"{"order":{"id":1}}"#;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("in range")
    }

    fn recognised(headers: &[(&'static str, String)]) -> Option<Way> {
        let header = |(name, value): &(&'static str, String)| {
            (HeaderName::from_static(name), value.parse::<HeaderValue>().expect("a header"))
        };
        let others = [("host", "books.example.com".to_owned()), ("content-type", "application/json".to_owned())];
        let headers = others.iter().chain(headers).map(header).collect();
        recognise(&["an-earlier-key".into(), KEY.into()], &headers, BODY, now())
    }

    #[test]
    fn the_key_itself_is_recognised_in_any_header() {
        let way = recognised(&[("x-webhook-key", format!(" {KEY} "))]).expect("recognised");
        assert_eq!((way.header_as_written().as_str(), way.scheme), ("X-Webhook-Key", Scheme::SharedKey));
    }

    #[test]
    fn a_signature_is_recognised_however_it_is_written() {
        let mac = hmac_sha256(KEY, None, BODY);
        for (value, encoding) in
            [(format!("sha256={}", hex::encode(mac)), Encoding::Hex), (STANDARD.encode(mac), Encoding::Base64)]
        {
            let way = recognised(&[("x-forstok-signature", value)]).expect("recognised");
            assert_eq!(way.scheme, Scheme::Hmac { encoding, timestamp_header: None });
            assert_eq!(way.header_as_written(), "X-Forstok-Signature");
        }
    }

    #[test]
    fn a_signed_time_is_recognised() {
        let time = (now().as_second() - 3).to_string();
        let mac = hex::encode(hmac_sha256(KEY, Some(time.as_bytes()), BODY));
        let way = recognised(&[("x-hmac", mac), ("x-sent-at", time)]).expect("recognised");
        assert_eq!(way.time_as_written().as_deref(), Some("X-Sent-At"));
    }

    #[test]
    fn what_no_key_proves_is_not_recognised() {
        let of_a_stranger = hex::encode(hmac_sha256("a-key-of-a-stranger", None, BODY));
        let of_another_body = hex::encode(hmac_sha256(KEY, None, b"{}"));
        for value in
            [of_a_stranger, of_another_body, KEY.to_uppercase(), String::new(), format!("{KEY}{}", "x".repeat(600))]
        {
            assert_eq!(recognised(&[("key", value)]), None);
        }
    }
}
