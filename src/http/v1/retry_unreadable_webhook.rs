//! `POST /v1/unreadable/{id}/retry`: one webhook that could not be read is read again.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::get_unreadable_webhook::{number, unknown};
use crate::http::{App, auth::By, problem::Problem, responses::RoleErrors};

/// The result of reading a webhook again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadAgain {
    /// Whether it can be read as an order or a payout now; if so, it is processed like any other.
    readable: bool,
}

/// Reads an unreadable webhook again: a newer version of the program may understand it.
#[utoipa::path(
    post,
    operation_id = "retryUnreadableWebhook",
    path = "/v1/unreadable/{id}/retry",
    tag = "operators",
    params(("id" = i64, Path, description = "`id` of the webhook", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "Whether it can be read now", body = ReadAgain),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used"),
        (status = 404, description = "No such webhook, or it has been read since, or its body was cleared"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Path(id): Path<String>,
) -> Result<Json<ReadAgain>, Problem> {
    let number = number(&id)?;
    let readable = app.engine.reread(number).await?.ok_or_else(|| unknown(&id))?;
    tracing::info!(delivery = number.0, actor = actor.name, readable, "webhook {number} was read again for {actor}");
    Ok(Json(ReadAgain { readable }))
}
