//! `POST /v1/returns/decision`: a person has booked a return in Accurate, or nothing is to be booked for it.

use axum::{Json, body::Bytes, extract::State};

use super::row_decision::{ReturnDecisionBody, RowDecided, decide_by};
use crate::{
    domain::document::Kind,
    http::{
        App,
        auth::By,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
    },
};

/// Marks a return as booked in Accurate by hand or as not to be booked, or takes the mark back.
///
/// Nothing is created for a marked return, whatever the mapping says. One that is booked by hand counts as returned:
/// with the given amount, else with its pieces at the invoice's prices, else with the refund. Refused if it is booked here already, unless it
/// was corrected since and the mark names that document, which the person has corrected in Accurate.
#[utoipa::path(
    post,
    path = "/v1/returns/decision",
    operation_id = "decideReturn",
    tag = "operators",
    request_body = ReturnDecisionBody,
    responses(
        (status = 200, description = "The decision that is in effect", body = RowDecided),
        (status = 400, description = "The body is not a decision, its reason, document or amount is missing, \
                                        or the amount is more than is left of the invoice"),
        (status = 404, description = "No such return"),
        (status = 409, description = "It is booked here already, and is not a corrected document that the mark names"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By, body: Bytes) -> Result<Json<RowDecided>, Problem> {
    decide_by(&app, &actor, Kind::Return, &body).await
}
