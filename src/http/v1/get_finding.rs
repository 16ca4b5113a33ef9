//! `GET /v1/findings/{id}`: one finding.

use axum::{
    Json,
    extract::{Path, State},
};

use super::reconciliation::FindingAnswer;
use crate::{
    http::{App, language::Preferred, params::shortened, problem::Problem, responses::OperatorErrors},
    storage::FindingRecord,
};

/// One finding.
#[utoipa::path(
    get,
    operation_id = "getFinding",
    path = "/v1/findings/{id}",
    tag = "operators",
    params(("id" = String, Path, description = "The number of the finding", example = "12")),
    responses(
        (status = 200, description = "The finding", body = FindingAnswer),
        (status = 404, description = "No such finding"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Path(id): Path<String>,
) -> Result<Json<FindingAnswer>, Problem> {
    Ok(Json(FindingAnswer::new(finding(&app, &id).await?, language)))
}

/// The finding with this number, for the API and for the pages.
pub(crate) async fn finding(app: &App, id: &str) -> Result<FindingRecord, Problem> {
    let found = match id.parse() {
        Ok(number) => app.engine.storage().finding(number).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| unknown(id))
}

/// There is no finding with this number.
pub(crate) fn unknown(id: &str) -> Problem {
    Problem::UnknownNumber("finding", shortened(id))
}
