//! `GET /v1/orders/{order_id}/snapshots/{id}`: one webhook's body as Forstok sent it.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    orders::known_id,
    problem::{Problem, ProblemBody},
};
use crate::storage::SnapshotRecord;

/// One snapshot that Forstok sent; its body is at `/v1/orders/{order_id}/snapshots/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Snapshot {
    /// Tells it from the others.
    id: i64,
    /// When it first arrived.
    received_at: String,
    /// When it arrived last.
    last_at: String,
    /// How often it arrived.
    times: i64,
    /// The status in Forstok's words.
    status: String,
    /// Forstok's name of the event.
    #[schema(example = "orders/update")]
    event: String,
    /// Whether the order's amounts are taken from this one.
    counts: bool,
    /// Size of its body; 0 once that was cleared.
    bytes: usize,
}

impl From<SnapshotRecord> for Snapshot {
    fn from(record: SnapshotRecord) -> Self {
        let SnapshotRecord { id, received_at, last_at, times, status, event, body, counts } = record;
        Self {
            id,
            received_at: received_at.to_string(),
            last_at: last_at.to_string(),
            times,
            status,
            event,
            counts,
            bytes: body.map_or(0, |body| body.len()),
        }
    }
}

/// The body of one snapshot, as Forstok sent it.
#[utoipa::path(
    get,
    operation_id = "getSnapshot",
    path = "/v1/orders/{order_id}/snapshots/{id}",
    tag = "operators",
    params(
        ("order_id" = String, Path, description = "Forstok's order id", example = "138163394"),
        ("id" = i64, Path, description = "`id` of a snapshot of this order", minimum = 1, example = 1),
    ),
    responses(
        (status = 200, description = "The body", body = serde_json::Value),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "This order has no such snapshot, or its body was cleared", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn body(
    State(app): State<App>,
    Path((order_id, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let order = known_id(&order_id)?;
    let unknown = || Problem::UnknownSnapshot { order_id: order.to_string(), id: id.chars().take(60).collect() };
    let number = id.parse().map_err(|_| unknown())?;
    let snapshot = app.engine.storage().snapshot(&order, number).await?.ok_or_else(unknown)?;
    let body = Bytes::from(snapshot.body.ok_or_else(unknown)?);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
