//! `GET /v1/unreadable`: authentic webhooks that could not be read.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::ids::DeliveryId,
    http::{
        App,
        paging::{Page, PageSize, read_cursor},
        params::Params,
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::UnreadableDelivery,
};

/// Webhooks on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Which webhooks.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnreadableParams {
    /// Webhooks on a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of webhooks that could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadablePage {
    /// Newest first.
    webhooks: Vec<UnreadableWebhook>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A webhook that could not be read; its body is at `/v1/unreadable/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadableWebhook {
    /// Its id.
    id: i64,
    /// When it first arrived.
    received_at: String,
    /// When it arrived last.
    last_at: String,
    /// How often it arrived.
    times: i64,
    /// The order that it names, as far as that can be read.
    order_id: Option<String>,
    /// What was not understood.
    not_understood: String,
    /// Size of its body; 0 once that was cleared.
    bytes: i64,
}

impl From<UnreadableDelivery> for UnreadableWebhook {
    fn from(delivery: UnreadableDelivery) -> Self {
        let UnreadableDelivery { id, received_at, last_at, order_id, bytes, times, problem } = delivery;
        Self {
            id: id.0,
            received_at: received_at.to_string(),
            last_at: last_at.to_string(),
            times,
            order_id: order_id.map(|id| id.to_string()),
            not_understood: problem,
            bytes,
        }
    }
}

/// Lists authentic webhooks that could not be read, newest first.
#[utoipa::path(
    get,
    operation_id = "listUnreadableWebhooks",
    path = "/v1/unreadable",
    tag = "operators",
    params(UnreadableParams),
    responses(
        (status = 200, description = "A page of webhooks", body = UnreadablePage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(params): Params<UnreadableParams>,
) -> Result<Json<UnreadablePage>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let Page { rows, next } = page(&app, before, limit).await?;
    let webhooks = rows.into_iter().map(Into::into).collect();
    Ok(Json(UnreadablePage { webhooks, next_cursor: next.map(|id| id.to_string()) }))
}

/// A page of webhooks that could not be read, for the API and for the pages.
pub(crate) async fn page(app: &App, before: Option<i64>, limit: i64) -> Result<Page<UnreadableDelivery>, Problem> {
    let found = app.engine.storage().unreadable(before.map(DeliveryId), limit + 1).await?;
    Ok(Page::cut(found, limit, |delivery| delivery.id.0))
}
