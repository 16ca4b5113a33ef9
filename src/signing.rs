//! HMAC-SHA256, with which Forstok signs webhooks and the service signs calls, and random values that nobody can guess.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// 32 bytes from the machine's secure random source. Secrets are the only random values that no test may replay.
pub fn unguessable() -> [u8; 32] {
    let mut bytes = [0; 32];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source.fill(&mut bytes).expect("a machine without randomness cannot have made its TLS connections either");
    bytes
}

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
