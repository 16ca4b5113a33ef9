//! `POST /webhooks/forstok`: read, verify, record, answer. No call to Accurate on this path, and no mapping, except for
//! a body that is not an order: the mapping says whether it is a payout.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::{Instrument, Span};
use utoipa::ToSchema;

use super::{App, bodies::WebhookBody, problem::Problem, request_id::WebhookSpan};
use crate::{
    engine::payout_webhooks::Taken,
    forstok::signature::Rejection,
    inbox::record::delivery,
    storage::{Content, Receipt, RowRecorded},
    traces,
};

/// Answer to a webhook that is an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Always `Success`.
    #[schema(example = "Success")]
    message: &'static str,
    /// Forstok's order id.
    #[schema(example = "138163394")]
    order_id: String,
    /// `accepted`, or `repeat` when the same snapshot arrived before.
    #[schema(example = "accepted")]
    delivery: &'static str,
    /// The state of the order.
    #[schema(example = "received")]
    state: &'static str,
    /// Its invoice, once it exists.
    invoice: Option<Invoice>,
}

/// An invoice that exists in Accurate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invoice {
    /// Its number.
    #[schema(example = "231127PECAFY4J")]
    number: String,
    /// Accurate's id of it.
    #[schema(example = 1)]
    id: i64,
}

/// Answer to a webhook that is a payout, with `payout.source = "webhook"` in the mapping.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Payouts {
    /// Always `Success`.
    #[schema(example = "Success")]
    message: &'static str,
    /// `accepted`, `repeat` if all of its rows are known, or `corrected` if one of them has changed.
    #[schema(example = "accepted")]
    delivery: &'static str,
    /// Number of payout rows in it.
    #[schema(example = 1)]
    rows: usize,
}

/// Answers to a webhook that is on disk.
#[derive(ToSchema)]
#[schema(as = ReceivedWebhook)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum Received {
    /// An order.
    Order(Accepted),
    /// A payout.
    Payouts(Payouts),
}

/// Answer to a webhook that is authentic but not an order that can be read. It is kept and shown to operators.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Kept {
    /// Always `Kept, but not understood`.
    message: &'static str,
    /// Always `unreadable`.
    #[schema(example = "unreadable")]
    delivery: &'static str,
    /// What was not understood, field by field.
    #[schema(example = "order.id: is missing")]
    not_understood: String,
}

/// Takes a snapshot of an order from Forstok.
///
/// A 2xx answer means that the delivery is on disk. The same order may be sent any number of times.
#[utoipa::path(
    post,
    path = "/webhooks/forstok",
    operation_id = "receiveForstokWebhook",
    tag = "webhook",
    request_body(content = WebhookBody, description = "At most 4 MiB, signed"),
    responses(
        (status = 200, description = "On disk", body = Received),
        (status = 202, description = "Authentic and on disk, but not an order that can be read", body = Kept),
        (status = 401, description = "Signature missing or wrong; nothing is kept"),
        (status = 408, description = "The body did not arrive in time"),
        (status = 413, description = "Above 4 MiB"),
        (status = 503, description = "It could not be stored, or no webhook key is set yet; nothing of it is kept"),
    )
)]
pub(super) async fn receive(
    State(app): State<App>,
    unseen: Option<Extension<WebhookSpan>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let started = std::time::Instant::now();
    let span = || unseen.as_ref().map_or_else(Span::current, |unseen| unseen.make());
    let result = take(&app, &headers, body, span).await;
    let outcome = match &result {
        Ok((outcome, _)) => outcome,
        Err(problem) => problem.code(),
    };
    metrics::counter!("forstok_accurate_webhooks_total", "outcome" => outcome).increment(1);
    metrics::histogram!("forstok_accurate_webhook_seconds").record(started.elapsed().as_secs_f64());
    match result {
        Ok((_, response)) => response,
        Err(problem) => {
            // Neither body nor signature goes to the log, only the kind of problem.
            span().in_scope(|| app.refusals().note("webhook", problem.code()));
            problem.into_response()
        }
    }
}

/// Counts a panic while a webhook was received, and answers 500. The panic hook has logged the location.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let problem = Problem::Broken;
    metrics::counter!("forstok_accurate_webhooks_total", "outcome" => problem.code()).increment(1);
    problem.into_response()
}

/// Stores a webhook; `span` is around what is logged about it.
async fn take(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    span: impl Fn() -> Span,
) -> Result<(&'static str, Response), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let proofs = app.proofs.get();
    if proofs.verifier.secrets.is_empty() {
        app.first_webhook().came_too_early(app.engine.now());
        return Err(Problem::NotSetUp);
    }
    let body = app.reading().read(announced, body).await?;
    let now = app.engine.now();
    proofs.verifier.verify(headers, &body, now).map_err(|rejection| {
        app.first_webhook().was_refused(&proofs.verifier, &rejection, headers, &body, now);
        app.engine.webhook_was_refused();
        match rejection {
            Rejection::Missing(..) => Problem::SignatureMissing(rejection.to_string()),
            Rejection::Wrong(_) | Rejection::Stale(_) => Problem::SignatureWrong(rejection.to_string()),
        }
    })?;
    let mut delivery = delivery(body, now);
    if let Content::Unreadable { problem, .. } = &mut delivery.content {
        match app.engine.take_payout_webhook(&delivery.body, now).instrument(span()).await? {
            Taken::Other => {}
            Taken::Not(why) => *problem = why,
            Taken::Rows(rows) => {
                app.note_webhook(now);
                return Ok(paid_out(&rows));
            }
        }
    }
    let understood = match &delivery.content {
        Content::Order { order_id, .. } => Ok(order_id.to_string()),
        Content::Unreadable { problem, .. } => Err(problem.clone()),
    };
    if let Ok(order_id) = &understood {
        Span::current().record("order_id", order_id);
        traces::orders::remember(order_id);
    }
    let recording = traces::if_sent(|| tracing::info_span!("record"));
    let receipt = app.recorder.record(delivery).instrument(recording).await?;
    app.note_webhook(now);
    Ok(match understood {
        Ok(order_id) => accepted(order_id, receipt),
        Err(not_understood) => {
            let message = "Kept, but not understood";
            let kept = Kept { message, delivery: "unreadable", not_understood };
            ("unreadable", (StatusCode::ACCEPTED, Json(kept)).into_response())
        }
    })
}

fn paid_out(rows: &[RowRecorded]) -> (&'static str, Response) {
    let delivery = if rows.contains(&RowRecorded::Corrected) {
        RowRecorded::Corrected
    } else if rows.contains(&RowRecorded::Accepted) {
        RowRecorded::Accepted
    } else {
        RowRecorded::Repeat
    };
    let answer = Payouts { message: "Success", delivery: delivery.as_str(), rows: rows.len() };
    ("payout", Json(answer).into_response())
}

fn accepted(order_id: String, receipt: Receipt) -> (&'static str, Response) {
    let delivery = if receipt.repeat { "repeat" } else { "accepted" };
    let invoice = receipt.invoice.map(|invoice| Invoice { number: invoice.number.to_string(), id: invoice.id });
    let accepted = Accepted { message: "Success", order_id, delivery, state: receipt.state.as_str(), invoice };
    (delivery, Json(accepted).into_response())
}
