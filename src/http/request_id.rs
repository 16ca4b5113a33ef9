//! A request's identifier, in its answer and in every log line that is written while it is served; and its span.

use axum::http::{HeaderName, HeaderValue, Method, Request};
use tracing::{Span, field::Empty};

use super::WEBHOOKS;
use crate::traces::{self, TraceContext};

/// The header of requests and answers.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest identifier that is taken from a caller.
const LONGEST: usize = 128;

/// The span of a webhook, which is made when something is logged about it.
///
/// Nearly all webhooks are stored without a line in the log, and two spans would take a seventh of their time.
#[derive(Clone)]
pub(super) struct WebhookSpan(HeaderValue);

impl WebhookSpan {
    /// Makes the span.
    pub(super) fn make(&self) -> Span {
        span(&self.0, &Method::POST, WEBHOOKS)
    }
}

/// The caller's identifier, else a new one, and the span of the request. A webhook that belongs to no trace gets a
/// [`WebhookSpan`] instead.
pub(super) fn begin<B>(request: &mut Request<B>) -> (HeaderValue, Span) {
    let given = request.headers().get(HEADER).filter(|given| is_sane(given)).cloned();
    let id = given.unwrap_or_else(|| {
        let id = format!("{:016x}", traces::context::fresh());
        HeaderValue::try_from(id).expect("hexadecimal digits are valid in a header")
    });
    let caller = request.headers().get("traceparent").and_then(|header| TraceContext::parse(header.to_str().ok()?));
    let is_webhook = request.method() == Method::POST && request.uri().path() == WEBHOOKS;
    if is_webhook && caller.is_none() && !traces::are_sent() {
        request.extensions_mut().insert(WebhookSpan(id.clone()));
        return (id, Span::none());
    }
    let route = route(request.uri().path());
    let span = span(&id, request.method(), route);
    traces::follow(&span, caller);
    if route == PROBE {
        traces::leave_out(&span);
    }
    (id, span)
}

fn span(id: &HeaderValue, method: &Method, route: &str) -> Span {
    // As an error, so that it is in the line of an error whatever else is logged.
    tracing::error_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        method = method.as_str(),
        route,
        order_id = Empty,
        status = Empty
    )
}

/// Writes the identifier into the answer.
pub(super) fn write(id: HeaderValue, headers: &mut axum::http::HeaderMap) {
    headers.insert(HEADER, id);
}

/// Whether a caller's identifier can stand in a log: letters, digits and a few signs.
fn is_sane(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(is_plain)
}

/// The route of probes and scrapers, which are no news.
const PROBE: &str = "/probe";

/// What a request is about. A path may contain a secret or be a stranger's invention, so it is not shown itself.
fn route(path: &str) -> &'static str {
    let path = path.trim_start_matches('/');
    match path.split('/').next().unwrap_or_default() {
        "webhooks" if path == &WEBHOOKS[1..] => WEBHOOKS,
        "webhooks" => "/webhooks",
        "v1" => "/v1",
        "healthz" | "readyz" | "metrics" | "static" => PROBE,
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: Option<&[u8]>) -> HeaderValue {
        let mut request = Request::new(());
        if let Some(given) = given {
            request.headers_mut().insert(HEADER, HeaderValue::from_bytes(given).expect("valid in HTTP"));
        }
        begin(&mut request).0
    }

    #[test]
    fn a_sane_identifier_is_kept_and_any_other_is_replaced() {
        assert_eq!(id_for(Some(b"0af7-65:a/b")), "0af7-65:a/b");
        for strange in
            [None, Some(&b""[..]), Some(b"two words"), Some(b"\"quoted\""), Some(b"caf\xe9"), Some(&[b'a'; 129])]
        {
            let id = id_for(strange);
            assert!(is_sane(&id) && id.len() == 16, "{strange:?}: {id:?}");
        }
        assert_ne!(id_for(None), id_for(None));
    }

    #[test]
    fn a_webhook_gets_a_span_at_once_only_if_its_sender_traces_it() {
        let webhook = |headers: &[(&'static str, &'static str)]| {
            let mut request = Request::post(WEBHOOKS);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut request = request.body(()).expect("a request");
            begin(&mut request);
            request.extensions().get::<WebhookSpan>().map(|later| later.0.clone())
        };
        assert_eq!(webhook(&[("x-request-id", "of-the-sender")]), Some(HeaderValue::from_static("of-the-sender")));
        let traced = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(webhook(&[traced]), None);
    }

    #[test]
    fn no_part_of_a_path_that_may_be_secret_is_shown() {
        assert_eq!(route("/webhooks/accurate/main/hush"), "/webhooks");
        assert_eq!(route("/webhooks/forstok"), "/webhooks/forstok");
        assert_eq!(route("/v1/orders/138163394"), "/v1");
        assert_eq!(route("/readyz"), PROBE);
        assert_eq!(route("/hush"), "/");
    }
}
