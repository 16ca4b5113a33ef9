//! How long an operator's request may take. Webhooks have their own limits.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

/// How long a request may take.
const USUAL: Duration = Duration::from_secs(30);

/// How long a request with a file may take: 16 MiB need more than four minutes at 0.5 Mbit/s.
const WITH_FILE: Duration = Duration::from_mins(6);

/// The addresses that take files.
const FILES: [&str; 3] = ["/orders/import", "/payouts/import", "/v1/orders/import"];

/// Ends a request that takes too long with 503.
pub(super) async fn within_limit(request: Request, next: Next) -> Response {
    let longest = longest(request.method(), request.uri().path());
    let answered = timeout(longest, next.run(request)).await;
    answered.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

fn longest(method: &Method, path: &str) -> Duration {
    if method == Method::POST && FILES.contains(&path) { WITH_FILE } else { USUAL }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::v1::import_orders::LARGEST;

    #[test]
    fn a_file_has_the_time_that_a_slow_line_needs_and_other_requests_have_thirty_seconds() {
        let at_half_a_megabit = Duration::from_secs(LARGEST as u64 * 8 / 500_000);
        for path in FILES {
            assert!(longest(&Method::POST, path) > at_half_a_megabit, "{path}");
            assert_eq!(longest(&Method::GET, path), USUAL, "{path}");
        }
        assert_eq!(longest(&Method::POST, "/payouts/approve"), USUAL);
    }
}
