//! `POST /v1/orders/{order_id}/retry` and `POST /v1/orders/retry`.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    auth::By,
    filter::{FilterParams, query},
    orders::known_id,
    problem::{Problem, ProblemBody},
};

/// How many orders will be tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rearmed {
    /// Blocked and waiting orders; others have nothing to be tried.
    #[schema(example = 1)]
    rearmed: u64,
}

/// Has one order decided and attempted again now.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/retry",
    operation_id = "retryOrder",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394")),
    responses(
        (status = 200, description = "1 when the order was blocked or waiting, else 0", body = Rearmed),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn one(
    State(app): State<App>,
    By(actor): By,
    Path(order_id): Path<String>,
) -> Result<Json<Rearmed>, Problem> {
    let id = known_id(&order_id)?;
    let rearmed = app
        .engine
        .retry(&id, &actor)
        .await
        .map_err(|error| Problem::not_stored(&error))?
        .ok_or(Problem::UnknownOrder(order_id))?;
    Ok(Json(Rearmed { rearmed }))
}

/// Has all orders that match decided and attempted again now. Takes the filters of the list.
#[utoipa::path(
    post,
    path = "/v1/orders/retry",
    operation_id = "retryOrders",
    tag = "operators",
    params(FilterParams),
    responses(
        (status = 200, description = "How many will be tried again", body = Rearmed),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn many(
    State(app): State<App>,
    By(actor): By,
    params: Result<Query<FilterParams>, QueryRejection>,
) -> Result<Json<Rearmed>, Problem> {
    let filter = query(params)?.filter_of_all()?;
    Ok(Json(Rearmed {
        rearmed: app.engine.retry_all(&filter, &actor).await.map_err(|error| Problem::not_stored(&error))?,
    }))
}
