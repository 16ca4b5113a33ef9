//! `POST /v1/orders/{order_id}/warnings/{code}/acknowledge`: a person has seen a warning.

use axum::{
    Json,
    extract::{Path, State},
};

use super::order_with_timeline::{OrderWithTimeline, show};
use crate::{
    domain::{operator::Actor, order::OrderId, reason::Warning},
    http::{
        App,
        auth::By,
        language::Preferred,
        params::{order_id, shortened},
        problem::Problem,
        responses::RoleErrors,
    },
    storage::Written,
};

/// Acknowledges a warning: it stays visible, with who and when, but no longer needs attention.
///
/// When its content changes, it needs attention again.
#[utoipa::path(
    post,
    operation_id = "acknowledgeWarning",
    path = "/v1/orders/{order_id}/warnings/{code}/acknowledge",
    tag = "operators",
    params(
        ("order_id" = String, Path, description = "Forstok's order id", example = "138163394"),
        ("code" = String, Path, description = "The warning's code", example = "customer_created"),
    ),
    responses(
        (status = 200, description = "The order", body = OrderWithTimeline),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used"),
        (status = 404, description = "No such order, or it does not have this warning"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Preferred(language): Preferred,
    Path((id, code)): Path<(String, String)>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = order_id(&id)?;
    acknowledge(&app, &id, &code, &actor).await?;
    show(&app, &id, language).await
}

/// Writes down that a person has acknowledged a warning, for the API and for the pages.
pub(crate) async fn acknowledge(app: &App, id: &OrderId, code: &str, actor: &Actor) -> Result<(), Problem> {
    let unknown = || Problem::UnknownWarning { order_id: id.to_string(), code: shortened(code) };
    let warning = Warning::from_code(code).ok_or_else(unknown)?;
    match app.engine.acknowledge(id, warning, actor).await? {
        Written::Changed | Written::Unchanged => Ok(()),
        Written::Refused(_) | Written::Unknown => {
            let order = app.engine.storage().order(id).await?;
            Err(order.map_or_else(|| Problem::UnknownOrder(id.to_string()), |_| unknown()))
        }
    }
}
