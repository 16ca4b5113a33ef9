//! The security headers of every answer. They limit what a page can do, even if a text on it contained code.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Allows style sheets, scripts, images, requests and forms of our own origin only. Forbids frames around a page,
/// `<base>`, and inline styles and scripts.
const CONTENT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                       form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // For browsers that do not know `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`, because browsers would then also hide that a form was sent from our own page.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Adds these headers to an answer. Browsers and proxies cache an answer only if its handler allows it.
pub(super) fn deny_by_default(response: &mut Response) {
    let headers = response.headers_mut();
    // With room for those that hyper adds.
    headers.reserve(ALWAYS.len() + 4);
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
