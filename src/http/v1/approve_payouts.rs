//! `POST /v1/payouts/approve`: lets payouts that wait for a person be booked.

use axum::{Json, body::Bytes, extract::State};

use super::{
    approval::{ApprovalRequest, Approved, approve},
    rows::RowParams,
};
use crate::{
    domain::document::Kind,
    http::{
        App,
        auth::By,
        params::Params,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
    },
};

/// Approves the current content of waiting payouts: those in the body or, without a body, all that match the filters.
///
/// Their receipts are created as soon as they wait for nothing else. A correction takes the approval away.
#[utoipa::path(
    post,
    path = "/v1/payouts/approve",
    operation_id = "approvePayouts",
    tag = "operators",
    params(RowParams),
    request_body = ApprovalRequest,
    responses(
        (status = 200, description = "How many were approved", body = Approved),
        (status = 400, description = "A parameter or the body cannot be used, or both name rows"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Params(params): Params<RowParams>,
    body: Bytes,
) -> Result<Json<Approved>, Problem> {
    approve(&app, &actor, Kind::Receipt, &params, &body).await
}
