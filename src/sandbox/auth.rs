//! Authenticates calls: API Token, clock and signature (accurate.md §1).

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far the caller's clock may be off, in seconds.
const TOLERANCE_SECONDS: u64 = 600;

/// Western Indonesian time, which Accurate assumes for a time without a zone.
pub(super) const WIB: Offset = Offset::constant(7);

/// The only credential that is accepted.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) token: String,
    pub(super) secret: String,
    pub(super) revoked: bool,
}

/// Why a call is rejected. All are HTTP 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthFault {
    Unauthorized,
    InvalidToken,
    RevokedToken,
    TimestampRequired,
    TimestampInvalid,
    TimestampTooFar,
    SignatureRequired,
    SignatureInvalid,
}

impl Credential {
    pub(super) fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), AuthFault> {
        let token = text(headers, AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(AuthFault::Unauthorized)?;
        if !bool::from(token.as_bytes().ct_eq(self.token.as_bytes())) {
            return Err(AuthFault::InvalidToken);
        }
        if self.revoked {
            return Err(AuthFault::RevokedToken);
        }
        let timestamp = text(headers, "x-api-timestamp").ok_or(AuthFault::TimestampRequired)?;
        let claimed = read_timestamp(timestamp).ok_or(AuthFault::TimestampInvalid)?;
        if claimed.as_second().abs_diff(now.as_second()) > TOLERANCE_SECONDS {
            return Err(AuthFault::TimestampTooFar);
        }
        let signature = text(headers, "x-api-signature").ok_or(AuthFault::SignatureRequired)?;
        if !self.signed(timestamp, signature) {
            return Err(AuthFault::SignatureInvalid);
        }
        Ok(())
    }

    /// HMAC-SHA256 of exactly the timestamp's text; Base64 or lower-case hex.
    fn signed(&self, timestamp: &str, signature: &str) -> bool {
        let lower_hex = signature.len() == 64 && signature.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let decoded = if lower_hex { hex::decode(signature).ok() } else { STANDARD.decode(signature).ok() };
        let Some(decoded) = decoded else { return false };
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(timestamp.as_bytes());
        mac.verify_slice(&decoded).is_ok()
    }
}

/// A header's text; an empty header counts as absent.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

/// `dd/MM/yyyy HH:mm:ss` in WIB, ISO 8601 (without a zone: WIB), or Unix seconds or milliseconds.
fn read_timestamp(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let count: i64 = text.parse().ok()?;
        // Eleven digits of seconds last until the year 5138, so a longer number must be milliseconds.
        let read = if text.len() <= 11 { Timestamp::from_second(count) } else { Timestamp::from_millisecond(count) };
        return read.ok();
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let local = DateTime::strptime("%d/%m/%Y %H:%M:%S", text).or_else(|_| text.parse::<DateTime>()).ok()?;
    WIB.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PUBLISHED: &str = "02/11/2023 09:01:01";
    const BASE64: &str = "gyy5Mtyjvxu6y2qFU5AsJlMVJrl6zERqktw0U+TOqcI=";
    const HEX: &str = "832cb932dca3bf1bbacb6a8553902c26531526b97acc446a92dc3453e4cea9c2";

    fn credential() -> Credential {
        Credential { token: "t".to_owned(), secret: "dummy-signature-secret".to_owned(), revoked: false }
    }

    fn published_moment() -> Timestamp {
        "2023-11-02T02:01:01Z".parse().expect("a timestamp")
    }

    fn headers(timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("authorization", "Bearer t"), ("x-api-timestamp", timestamp), ("x-api-signature", signature)]
        {
            headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        }
        headers
    }

    #[test]
    fn the_published_test_vector_is_let_in_in_both_encodings() {
        for signature in [BASE64, HEX] {
            assert_eq!(credential().check(&headers(PUBLISHED, signature), published_moment()), Ok(()));
        }
    }

    #[test]
    fn a_wrong_signature_is_refused() {
        let upper = HEX.to_uppercase();
        for signature in ["AAAA", "not base64!", upper.as_str(), &HEX[2..]] {
            let refused = credential().check(&headers(PUBLISHED, signature), published_moment());
            assert_eq!(refused, Err(AuthFault::SignatureInvalid), "{signature}");
        }
    }

    #[test]
    fn the_clock_may_be_off_by_ten_minutes_and_not_more() {
        let at = |seconds: i64| Timestamp::from_second(published_moment().as_second() + seconds).expect("in range");
        let check = |seconds| credential().check(&headers(PUBLISHED, BASE64), at(seconds));
        assert_eq!(check(600), Ok(()));
        assert_eq!(check(-600), Ok(()));
        assert_eq!(check(601), Err(AuthFault::TimestampTooFar));
        assert_eq!(check(-601), Err(AuthFault::TimestampTooFar));
    }

    #[test]
    fn all_written_forms_of_the_same_moment_are_read() {
        for form in [
            "02/11/2023 09:01:01",
            "2023-11-02T02:01:01Z",
            "2023-11-02T09:01:01+07:00",
            "2023-11-02T09:01:01",
            "2023-11-02 09:01:01",
            "1698890461",
            "1698890461000",
        ] {
            assert_eq!(read_timestamp(form), Some(published_moment()), "{form}");
        }
        assert_eq!(read_timestamp("yesterday"), None);
        assert_eq!(read_timestamp("31/31/2023 09:01:01"), None);
    }

    #[test]
    fn each_missing_part_has_its_own_answer() {
        let full = headers(PUBLISHED, BASE64);
        for (name, fault) in [
            ("authorization", AuthFault::Unauthorized),
            ("x-api-timestamp", AuthFault::TimestampRequired),
            ("x-api-signature", AuthFault::SignatureRequired),
        ] {
            let mut headers = full.clone();
            headers.remove(name);
            assert_eq!(credential().check(&headers, published_moment()), Err(fault));
        }
        let stranger = Credential { token: "other".to_owned(), ..credential() };
        assert_eq!(stranger.check(&full, published_moment()), Err(AuthFault::InvalidToken));
        let revoked = Credential { revoked: true, ..credential() };
        assert_eq!(revoked.check(&full, published_moment()), Err(AuthFault::RevokedToken));
        let unreadable = credential().check(&headers("soon", BASE64), published_moment());
        assert_eq!(unreadable, Err(AuthFault::TimestampInvalid));
    }
}
