//! A webhook, signed as the Standard Webhooks specification says (standardwebhooks.com): the headers `webhook-id`,
//! `webhook-timestamp` and `webhook-signature`, and a body with `type`, `timestamp` and `data`.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::Method;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{NotTaken, answer, not_taken, quoted};
use crate::{
    domain::notice::message::Message,
    signing::hmac_sha256_of_parts,
    wire::{Wire, WireReply, WireRequest},
};

/// How long the receiver may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Before the key in base64.
const SECRET_PREFIX: &str = "whsec_";

/// Lengths of a key in bytes that the specification allows.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The receiver of notices.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Its address. Whoever knows it may be able to send there, so that only its host is shown.
    pub url: Url,
    /// `whsec_` and the key in base64.
    pub secret: SecretString,
}

/// The key of a secret such as `whsec_…`, or why it cannot be used.
pub fn key(secret: &str) -> Result<Vec<u8>, &'static str> {
    let wrong =
        "must be whsec_ and 24 to 64 random bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` prints";
    let key = secret.strip_prefix(SECRET_PREFIX).and_then(|key| BASE64_STANDARD.decode(key).ok());
    key.filter(|key| KEY_BYTES.contains(&key.len())).ok_or(wrong)
}

impl WebhookConfig {
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.url == other.url && self.secret.expose_secret() == other.secret.expose_secret()
    }

    pub(super) fn destination(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn send(&self, wire: &dyn Wire, message: &Message, now: Timestamp) -> Result<String, NotTaken> {
        let body = body(message);
        let (sent_at, secret) = (now.as_second().to_string(), self.secret.expose_secret());
        let signature =
            signature(secret, &message.id, &sent_at, &body).map_err(|why| NotTaken::Refused(why.to_owned()))?;
        let headers =
            vec![("webhook-id", message.id.clone()), ("webhook-timestamp", sent_at), ("webhook-signature", signature)];
        let (method, url, body) = (Method::POST, self.url.clone(), Some(body.into()));
        let request = WireRequest { method, url, headers, body, timeout: TIMEOUT };
        let WireReply { status, body, .. } =
            wire.send(request).await.map_err(|fault| NotTaken::ForNow(quoted(&fault.to_string(), secret)))?;
        let words = quoted(&String::from_utf8_lossy(&body), secret);
        if (200..300).contains(&status) { Ok(answer(status, &words)) } else { Err(not_taken(status, &words)) }
    }
}

/// The same bytes at every try.
fn body(Message { kind, title, text, url, details, made_at, id: _ }: &Message) -> Vec<u8> {
    let mut data = details.clone();
    for (key, value) in [("title", title), ("text", text), ("url", url)] {
        data[key] = value.as_str().into();
    }
    json!({ "type": kind, "timestamp": made_at.to_string(), "data": data }).to_string().into_bytes()
}

/// `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64.
fn signature(secret: &str, id: &str, sent_at: &str, body: &[u8]) -> Result<String, &'static str> {
    let mac = hmac_sha256_of_parts(&key(secret)?, &[id.as_bytes(), sent_at.as_bytes(), body]);
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_specifications_example() {
        // From the reference libraries of standardwebhooks.com.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.as_deref(), Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_that_could_be_guessed_or_is_not_base64_is_refused() {
        assert!(key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(key(wrong).is_err(), "{wrong:?}");
        }
    }
}
