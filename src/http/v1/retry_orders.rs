//! `POST /v1/orders/retry`: all orders that match are decided and attempted again now.

use axum::{Json, extract::State};

use super::retry_order::Rearmed;
use crate::http::{App, auth::By, filter::FilterParams, params::Params, problem::Problem, responses::RoleErrors};

/// Decides about all matching orders again and retries them now. Takes the filters of the list.
#[utoipa::path(
    post,
    path = "/v1/orders/retry",
    operation_id = "retryOrders",
    tag = "operators",
    params(FilterParams),
    responses(
        (status = 200, description = "How many will be tried again", body = Rearmed),
        (status = 400, description = "A parameter cannot be used"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Params(params): Params<FilterParams>,
) -> Result<Json<Rearmed>, Problem> {
    let filter = params.filter_of_all()?;
    let rearmed = app.engine.retry_all(&filter, &actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Json(Rearmed { rearmed }))
}
