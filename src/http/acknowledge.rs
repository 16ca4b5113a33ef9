//! `POST /v1/orders/{order_id}/warnings/{code}/acknowledge`.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};

use super::{
    App,
    auth::By,
    orders::{OrderWithTimeline, known_id, language, show},
    problem::{Problem, ProblemBody},
};
use crate::{domain::reason::Warning, storage::Written};

/// Acknowledges a warning: it stays visible, with who and when, but no longer needs attention.
///
/// When what it is about changes, it needs attention again.
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
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set, or the role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such order, or it does not have this warning", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn acknowledge(
    State(app): State<App>,
    By(actor): By,
    headers: HeaderMap,
    Path((order_id, code)): Path<(String, String)>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = known_id(&order_id)?;
    let unknown = || Problem::UnknownWarning { order_id: order_id.clone(), code: code.chars().take(60).collect() };
    let warning = Warning::from_code(&code).ok_or_else(unknown)?;
    match app.engine.acknowledge(&id, warning, &actor).await? {
        Written::Changed | Written::Unchanged => show(&app, &id, language(&app, &headers)).await,
        Written::Refused(_) | Written::Unknown => {
            let is_known = app.engine.storage().order(&id).await?.is_some();
            Err(if is_known { unknown() } else { Problem::UnknownOrder(order_id) })
        }
    }
}
