//! `POST /v1/payouts/decision`: a person has booked a payout in Accurate, or nothing is to be booked for it.

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

/// Marks a payout as booked in Accurate by hand or as not to be booked, or takes the mark back.
///
/// Nothing is created for a marked payout, whatever the mapping says. Refused if it is booked here already, unless it
/// was corrected since and the mark names that document, which the person has corrected in Accurate.
#[utoipa::path(
    post,
    path = "/v1/payouts/decision",
    operation_id = "decidePayout",
    tag = "operators",
    request_body = RowDecisionBody,
    responses(
        (status = 200, description = "The decision that is in effect", body = RowDecided),
        (status = 400, description = "The body is not a decision, or its reason or document is missing"),
        (status = 404, description = "No such payout"),
        (status = 409, description = "It is booked here already, and is not a corrected document that the mark names"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By, body: Bytes) -> Result<Json<RowDecided>, Problem> {
    decide_by(&app, &actor, Kind::Receipt, &body).await
}
