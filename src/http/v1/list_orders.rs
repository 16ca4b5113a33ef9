//! `GET /v1/orders`: orders, newest first.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::order::Order;
use crate::{
    domain::money::exact_number,
    http::{
        App,
        filter::{FilterParams, cursor},
        language::Preferred,
        params::Params,
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::Sums,
};

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderPage {
    /// Newest first.
    orders: Vec<Order>,
    /// Give it as `cursor` for the next page; null on the last. A page may be short, or even empty, although a next
    /// page exists.
    next_cursor: Option<String>,
    /// Number and total of all orders that match; only with `totals=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
}

/// How many orders match, and what they are worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    /// Number of orders.
    count: i64,
    /// Their total, in rupiah: of each order its invoice, else its draft, else what Forstok says.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// Whether all matching orders were counted. If false, both figures are lower bounds.
    exact: bool,
}

impl From<Sums> for Totals {
    fn from(sums: Sums) -> Self {
        Self { count: sums.orders, total: exact_number(sums.rupiah()), exact: sums.exact }
    }
}

/// Lists orders, newest first.
#[utoipa::path(
    get,
    path = "/v1/orders",
    operation_id = "listOrders",
    tag = "operators",
    params(FilterParams),
    responses(
        (status = 200, description = "A page of orders", body = OrderPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<FilterParams>,
) -> Result<Json<OrderPage>, Problem> {
    let (filter, limit) = (params.filter()?, params.limit()?);
    let storage = app.engine.storage();
    let page = storage.page(&filter, params.before()?, limit).await?;
    let totals = if params.wants_totals()? { Some(storage.sums(&filter).await?.into()) } else { None };
    let orders = page.orders.into_iter().map(|record| Order::new(record, language)).collect();
    Ok(Json(OrderPage { orders, next_cursor: page.next.map(cursor), totals }))
}
