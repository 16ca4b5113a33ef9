//! `GET /v1/reconciliations/{id}`: a run.

use axum::{
    Json,
    extract::{Path, State},
};

use super::reconciliation::RunAnswer;
use crate::http::{App, language::Preferred, params::shortened, problem::Problem, responses::OperatorErrors};

/// Shows a reconciliation with its sums and its progress.
#[utoipa::path(
    get,
    operation_id = "getReconciliation",
    path = "/v1/reconciliations/{id}",
    tag = "operators",
    params(("id" = String, Path, description = "The number of the run", example = "7")),
    responses(
        (status = 200, description = "The run", body = RunAnswer),
        (status = 404, description = "No such run"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Path(id): Path<String>,
) -> Result<Json<RunAnswer>, Problem> {
    let run = match id.parse() {
        Ok(number) => app.engine.storage().run(number).await?,
        Err(_) => None,
    };
    run.map(|run| Json(RunAnswer::new(run, language)))
        .ok_or_else(|| Problem::UnknownNumber("reconciliation", shortened(&id)))
}
