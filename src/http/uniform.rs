//! One form for all errors.
//!
//! The framework refuses some requests before a handler sees them (a body that is too large, an address that is not
//! UTF-8) and answers with plain text. Callers of `/v1` and of the webhook get problem+json instead.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;

/// The longest text of the framework that is kept as the detail of a problem, in bytes.
const LONGEST_TEXT: usize = 2048;

/// Turns refusals of the framework into problems, for callers of `/v1` and of the webhook.
pub(super) async fn problems_for_programs(request: Request, next: Next) -> Response {
    let for_programs = ["/v1", "/webhooks"].iter().any(|path| request.uri().path().starts_with(path));
    let response = next.run(request).await;
    if for_programs && is_the_frameworks_refusal(&response) { as_problem(response).await } else { response }
}

pub(crate) fn is_the_frameworks_refusal(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    (status.is_client_error() || status.is_server_error()) && (kind.is_empty() || kind.starts_with("text/plain"))
}

async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let text = to_bytes(response.into_body(), LONGEST_TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let problem = match status {
        StatusCode::SERVICE_UNAVAILABLE => Problem::Unavailable,
        _ => Problem::ByFramework(status, text),
    };
    problem.into_response()
}
