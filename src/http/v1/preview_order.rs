//! `POST /v1/preview`: what would happen to one order, and the exact invoice. Sends and stores nothing.

use axum::{Json, body::Bytes, extract::State};

use crate::{
    deciding::preview::{Preview, preview},
    http::{
        App,
        bodies::PreviewBody,
        language::Preferred,
        problem::Problem,
        responses::{BodyErrors, OperatorErrors},
    },
};

/// What would become of one order.
#[utoipa::path(
    post,
    path = "/v1/preview",
    operation_id = "previewOrder",
    tag = "operators",
    request_body(content = PreviewBody, description = "A webhook's body, unsigned"),
    responses(
        (status = 200, description = "The decision, every finding, and the exact body", body = Preview),
        (status = 400, description = "It is no order that can be read"),
        BodyErrors,
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    body: Bytes,
) -> Result<Json<Preview>, Problem> {
    let engine = &app.engine;
    preview(&body, &engine.mapping(), engine.now(), language)
        .map(Json)
        .map_err(|problem| Problem::BadRequest(problem.to_string()))
}
