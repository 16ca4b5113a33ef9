//! `GET /v1/orders/{order_id}/snapshots/{id}`: one webhook's body as Forstok sent it.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::ids::DeliveryId,
    http::{
        App,
        params::{order_id, shortened},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::SnapshotRecord,
};

/// One snapshot of the order; its body is at `/v1/orders/{order_id}/snapshots/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Snapshot {
    /// Its id.
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
    /// How it first arrived: `webhook`, `import` from a file, or `backfill` from Forstok's order API.
    #[schema(example = "webhook")]
    origin: &'static str,
    /// Whether the order's amounts are taken from this one.
    counts: bool,
    /// Size of its body; 0 once that was cleared.
    bytes: usize,
}

impl From<SnapshotRecord> for Snapshot {
    fn from(record: SnapshotRecord) -> Self {
        let SnapshotRecord { id, received_at, last_at, times, status, event, origin, body, counts } = record;
        Self {
            id: id.0,
            received_at: received_at.to_string(),
            last_at: last_at.to_string(),
            times,
            status,
            event,
            origin: origin.as_str(),
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
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used"),
        (status = 404, description = "This order has no such snapshot, or its body was cleared"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Path((order, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let order = order_id(&order)?;
    let unknown = || Problem::UnknownSnapshot { order_id: order.to_string(), id: shortened(&id) };
    let number = id.parse().map(DeliveryId).map_err(|_| unknown())?;
    let snapshot = app.engine.storage().snapshot(&order, number).await?.ok_or_else(unknown)?;
    let body = Bytes::from(snapshot.body.ok_or_else(unknown)?);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
