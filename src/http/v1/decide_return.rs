//! `POST /v1/returns/decision`: a person has booked a return in Accurate.

use axum::{Json, body::Bytes, extract::State};

use super::row_decision::{RowDecided, RowDecisionBody, decide_by};
use crate::{
    domain::document::Kind,
    http::{
        App,
        auth::By,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
    },
};

/// Marks a return as booked in Accurate by hand, or takes the mark back.
///
/// Nothing is created for a marked return, whatever the mapping says. Refused if it is booked here already.
#[utoipa::path(
    post,
    path = "/v1/returns/decision",
    operation_id = "decideReturn",
    tag = "operators",
    request_body = RowDecisionBody,
    responses(
        (status = 200, description = "The decision that is in effect", body = RowDecided),
        (status = 400, description = "The body is not a decision, or its reason or document is missing"),
        (status = 404, description = "No such return"),
        (status = 409, description = "It is booked here already"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By, body: Bytes) -> Result<Json<RowDecided>, Problem> {
    decide_by(&app, &actor, Kind::Return, &body).await
}
