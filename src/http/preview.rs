//! `POST /v1/preview`: what would become of one order, and the exact invoice. Sends and stores nothing.

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};

use super::{
    App,
    bodies::PreviewBody,
    orders::language,
    problem::{Problem, ProblemBody},
};
use crate::deciding::preview::{Preview, preview};

/// What would become of one order.
#[utoipa::path(
    post,
    path = "/v1/preview",
    operation_id = "previewOrder",
    tag = "operators",
    request_body(content = PreviewBody, description = "A webhook's body, unsigned"),
    responses(
        (status = 200, description = "The decision, every finding, and the exact body", body = Preview),
        (status = 400, description = "It is no order that can be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn show(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Json<Preview>, Problem> {
    let engine = &app.engine;
    preview(&body, &engine.mapping(), engine.now(), language(&app, &headers))
        .map(Json)
        .map_err(|problem| Problem::BadRequest(problem.to_string()))
}
