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
    let parts: Vec<_> = timestamp.into_iter().chain([body]).collect();
    hmac_sha256_of_parts(secret.as_bytes(), &parts)
}

/// HMAC-SHA256 of these parts, with a dot between them.
pub fn hmac_sha256_of_parts(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            mac.update(b".");
        }
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
