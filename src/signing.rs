//! HMAC-SHA256, by which Forstok proves a webhook and we prove a call.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of `<timestamp>.<body>`, or of the body alone.
pub fn hmac_sha256(secret: &str, timestamp: Option<&[u8]>, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    if let Some(timestamp) = timestamp {
        mac.update(timestamp);
        mac.update(b".");
    }
    mac.update(body);
    mac.finalize().into_bytes().into()
}
