//! `GET /v1/unreadable/{id}`: the body of one webhook that could not be read.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    domain::ids::DeliveryId,
    http::{App, params::shortened, problem::Problem, responses::OperatorErrors},
};

/// Returns the body of an unreadable webhook, byte for byte as it arrived.
#[utoipa::path(
    get,
    operation_id = "getUnreadableWebhook",
    path = "/v1/unreadable/{id}",
    tag = "operators",
    params(("id" = i64, Path, description = "`id` of the webhook", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The body", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used"),
        (status = 404, description = "No such webhook, or it has been read since, or its body was cleared"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = app.engine.storage().unreadable_one(number(&id)?).await?;
    let body = found.and_then(|(_, body)| body).ok_or_else(|| unknown(&id))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], Bytes::from(body)).into_response())
}

/// The id of an address. A text that is no number names a webhook that we do not know.
pub(crate) fn number(id: &str) -> Result<DeliveryId, Problem> {
    id.parse().map(DeliveryId).map_err(|_| unknown(id))
}

/// There is no such webhook.
pub(crate) fn unknown(id: &str) -> Problem {
    Problem::UnknownUnreadable(shortened(id))
}
