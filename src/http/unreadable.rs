//! `GET /v1/unreadable`, `GET /v1/unreadable/{id}` and `POST /v1/unreadable/{id}/retry`: authentic webhooks that could
//! not be read.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    auth::By,
    filter::query,
    problem::{Problem, ProblemBody},
};
use crate::storage::UnreadableDelivery;

/// Webhooks on a page unless asked otherwise.
const USUAL_PAGE: i64 = 50;

/// Most webhooks on a page.
const LARGEST_PAGE: i64 = 500;

/// Which of them.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UnreadableParams {
    /// Webhooks on a page, 1 to 500; 50 by default.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of webhooks that could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnreadablePage {
    /// Newest first.
    webhooks: Vec<UnreadableWebhook>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A webhook that could not be read; its body is at `/v1/unreadable/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnreadableWebhook {
    /// Tells it from the others.
    id: i64,
    /// When it first arrived.
    received_at: String,
    /// When it arrived last.
    last_at: String,
    /// How often it arrived.
    times: i64,
    /// The order that it names, as far as that can be read.
    order_id: Option<String>,
    /// What was not understood.
    not_understood: String,
    /// Size of its body; 0 once that was cleared.
    bytes: i64,
}

impl From<UnreadableDelivery> for UnreadableWebhook {
    fn from(delivery: UnreadableDelivery) -> Self {
        let UnreadableDelivery { id, received_at, last_at, order_id, bytes, times, problem } = delivery;
        Self {
            id,
            received_at: received_at.to_string(),
            last_at: last_at.to_string(),
            times,
            order_id: order_id.map(|id| id.to_string()),
            not_understood: problem,
            bytes,
        }
    }
}

/// What reading it again brought.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadAgain {
    /// It is an order now, and goes the way of every order.
    readable: bool,
}

/// Lists authentic webhooks that could not be read, newest first.
#[utoipa::path(
    get,
    operation_id = "listUnreadableWebhooks",
    path = "/v1/unreadable",
    tag = "operators",
    params(UnreadableParams),
    responses(
        (status = 200, description = "A page of them", body = UnreadablePage),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    params: Result<Query<UnreadableParams>, QueryRejection>,
) -> Result<Json<UnreadablePage>, Problem> {
    let params = query(params)?;
    let limit = params.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit: {limit} is not within 1 and {LARGEST_PAGE}")));
    }
    let before =
        match params.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(cursor.parse().map_err(|_| {
                Problem::BadRequest(format!("cursor: {cursor:?} is not a next_cursor of an earlier page"))
            })?),
        };
    // One more than asked for tells whether there is another page.
    let mut found = app.engine.storage().unreadable(before, limit + 1).await?;
    let more = found.len() as i64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(UnreadablePage { webhooks: found.into_iter().map(Into::into).collect(), next_cursor }))
}

/// The body of one of them, byte by byte as it came.
#[utoipa::path(
    get,
    operation_id = "getUnreadableWebhook",
    path = "/v1/unreadable/{id}",
    tag = "operators",
    params(("id" = i64, Path, description = "`id` of the webhook", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The body", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, it can be read by now, or its body was cleared", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn body(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = app.engine.storage().unreadable_one(known(&id)?).await?;
    let body = found.and_then(|(_, body)| body).ok_or_else(|| unknown(&id))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], Bytes::from(body)).into_response())
}

/// Reads one of them again: a newer version of the program may understand it.
#[utoipa::path(
    post,
    operation_id = "retryUnreadableWebhook",
    path = "/v1/unreadable/{id}/retry",
    tag = "operators",
    params(("id" = i64, Path, description = "`id` of the webhook", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "Whether it can be read now", body = ReadAgain),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set, or the role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, it can be read by now, or its body was cleared", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn retry(
    State(app): State<App>,
    By(actor): By,
    Path(id): Path<String>,
) -> Result<Json<ReadAgain>, Problem> {
    let number = known(&id)?;
    let readable = app.engine.inbox().reread_one(number).await?.ok_or_else(|| unknown(&id))?;
    tracing::info!(delivery = number, actor = actor.name, readable, "webhook {number} was read again for {actor}");
    Ok(Json(ReadAgain { readable }))
}

fn known(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::UnknownUnreadable(id.chars().take(60).collect())
}
