//! The three headers of every call in API Token mode (accurate.md §1, A).

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::signing::hmac_sha256;
pub use crate::wire::is_loopback;

/// The credentials of a call.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Has the rights of the user who created it.
    pub api_token: SecretString,
    /// Signs the timestamp.
    pub signature_secret: SecretString,
}

impl Credentials {
    /// Whether they have been given; the service starts without them and makes no calls.
    pub fn are_given(&self) -> bool {
        !self.api_token.expose_secret().is_empty()
    }

    /// Whether the others are the same.
    pub fn same_as(&self, other: &Self) -> bool {
        let texts = |credentials: &Self| {
            [&credentials.api_token, &credentials.signature_secret].map(|secret| secret.expose_secret().to_owned())
        };
        texts(self) == texts(other)
    }

    /// Header names and values for a call made now.
    ///
    /// Unix seconds have no time zone, unlike the other forms of the timestamp.
    pub fn headers(&self, now: Timestamp) -> [(&'static str, String); 3] {
        let timestamp = now.as_second().to_string();
        [
            ("authorization", format!("Bearer {}", self.api_token.expose_secret())),
            ("x-api-signature", sign(self.signature_secret.expose_secret(), &timestamp)),
            ("x-api-timestamp", timestamp),
        ]
    }
}

/// Base64 of HMAC-SHA256; the key is the secret's text, the message exactly the timestamp's text.
fn sign(secret: &str, timestamp: &str) -> String {
    STANDARD.encode(hmac_sha256(secret, None, timestamp.as_bytes()))
}

/// How to reach one Accurate database in API Token mode (accurate.md §1).
#[derive(Clone, Debug)]
pub struct BookConfig {
    /// The server that returns the data host.
    pub account_url: reqwest::Url,
    /// Does not expire; has the rights of the user who created it.
    pub api_token: SecretString,
    /// Signs the timestamp of each call.
    pub signature_secret: SecretString,
    /// Whether many due orders may be sent in one call.
    pub bulk: bool,
    /// Whether Accurate is asked what is owed on an invoice before a receipt for it is saved.
    pub check_owed: bool,
}

impl BookConfig {
    /// Whether calls can be made.
    pub fn has_credentials(&self) -> bool {
        self.credentials().are_given()
    }

    /// The credentials of calls.
    pub fn credentials(&self) -> Credentials {
        Credentials { api_token: self.api_token.clone(), signature_secret: self.signature_secret.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_test_vector_is_met() {
        let signature = sign("dummy-signature-secret", "02/11/2023 09:01:01");
        assert_eq!(signature, "gyy5Mtyjvxu6y2qFU5AsJlMVJrl6zERqktw0U+TOqcI=");
    }

    #[test]
    fn a_call_carries_token_timestamp_and_its_signature() {
        let credentials = Credentials { api_token: "token".into(), signature_secret: "secret".into() };
        let now = Timestamp::from_second(1_700_000_000).expect("in range");
        let [bearer, signature, timestamp] = credentials.headers(now);
        assert_eq!(bearer.1, "Bearer token");
        assert_eq!(timestamp.1, "1700000000");
        assert_eq!(signature.1, sign("secret", "1700000000"));
        assert!(!format!("{credentials:?}").contains("secret\""), "secrets must not be printed");
    }
}
