//! `GET /v1/reconciliations`: runs, newest first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reconciliation::RunAnswer;
use crate::http::{
    App,
    language::Preferred,
    paging::{Page, PageSize, read_cursor},
    params::Params,
    problem::Problem,
    responses::OperatorErrors,
};

/// Runs on a page.
const PAGE: PageSize = PageSize { usual: 20, most: 100 };

/// Which runs.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParams {
    /// Runs on a page, 1 to 100; 20 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunPage {
    /// Newest first.
    reconciliations: Vec<RunAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Lists reconciliations, newest first.
#[utoipa::path(
    get,
    operation_id = "listReconciliations",
    path = "/v1/reconciliations",
    tag = "operators",
    params(RunParams),
    responses(
        (status = 200, description = "A page of reconciliations", body = RunPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<RunParams>,
) -> Result<Json<RunPage>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let Page { rows, next } = Page::cut(app.engine.storage().runs(before, limit + 1).await?, limit, |run| run.id);
    let reconciliations = rows.into_iter().map(|run| RunAnswer::new(run, language)).collect();
    Ok(Json(RunPage { reconciliations, next_cursor: next.map(|id| id.to_string()) }))
}
