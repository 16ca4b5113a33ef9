//! `POST /v1/orders/{order_id}/retry`: one order is decided and attempted again now.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{operator::Actor, order::OrderId},
    http::{App, auth::By, params::order_id, problem::Problem, responses::RoleErrors},
};

/// How many orders will be tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rearmed {
    /// Number of blocked or waiting orders that are retried; there is nothing to retry for others.
    #[schema(example = 1)]
    pub(crate) rearmed: u64,
}

/// Decides about one order again and retries it now.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/retry",
    operation_id = "retryOrder",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394")),
    responses(
        (status = 200, description = "1 when the order was blocked or waiting, else 0", body = Rearmed),
        (status = 400, description = "The address is not UTF-8"),
        (status = 404, description = "No such order"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Path(id): Path<String>,
) -> Result<Json<Rearmed>, Problem> {
    let rearmed = retry(&app, &order_id(&id)?, &actor).await?;
    Ok(Json(Rearmed { rearmed }))
}

/// Has one order tried again, for the API and for the pages; how many orders that are: 1, or 0 when there is nothing to
/// try.
pub(crate) async fn retry(app: &App, id: &OrderId, actor: &Actor) -> Result<u64, Problem> {
    let rearmed = app.engine.retry(id, actor).await.map_err(|error| Problem::not_stored(&error))?;
    rearmed.ok_or_else(|| Problem::UnknownOrder(id.to_string()))
}
