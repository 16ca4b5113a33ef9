//! `POST /v1/findings/{id}/close`: a person has dealt with a finding.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{get_finding, reconciliation::FindingAnswer};
use crate::{
    domain::operator::Actor,
    http::{
        App,
        auth::By,
        language::Preferred,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::{WrongField, typed},
    },
    storage::Acted,
};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Why a finding is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    /// Why; required.
    #[schema(example = "cash sale in the shop", min_length = 1, max_length = 500)]
    reason: String,
}

/// Closes a finding: a person has dealt with it, and says how.
///
/// Nothing else changes. A later run opens it again if the difference changes.
#[utoipa::path(
    post,
    operation_id = "closeFinding",
    path = "/v1/findings/{id}/close",
    tag = "operators",
    params(("id" = String, Path, description = "The number of the finding", example = "12")),
    request_body = CloseRequest,
    responses(
        (status = 200, description = "The finding", body = FindingAnswer),
        (status = 400, description = "The reason is missing"),
        (status = 404, description = "No such finding"),
        (status = 409, description = "It is closed already"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Preferred(language): Preferred,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<FindingAnswer>, Problem> {
    let request: CloseRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body does not say why: {error}")))?;
    close(&app, &id, &request.reason, &actor).await?;
    Ok(Json(FindingAnswer::new(get_finding::finding(&app, &id).await?, language)))
}

/// Closes a finding, for the API and for the pages.
pub(crate) async fn close(app: &App, id: &str, reason: &str, actor: &Actor) -> Result<(), Problem> {
    let reason = read_reason(reason)?;
    if reason.is_empty() {
        return Err(WrongField::ReasonMissing.into());
    }
    let number = get_finding::finding(app, id).await?.id;
    let acted = app.engine.close_finding(number, &reason, actor).await;
    settled(id, acted.map_err(|error| Problem::not_stored(&error))?)
}

/// A reason without the blanks around it.
pub(crate) fn read_reason(reason: &str) -> Result<String, Problem> {
    Ok(typed("reason", reason, LONGEST_REASON)?)
}

/// The error that answers an action which was not carried out.
pub(crate) fn settled(id: &str, acted: Acted) -> Result<(), Problem> {
    match acted {
        Acted::Done => Ok(()),
        Acted::Unknown => Err(get_finding::unknown(id)),
        Acted::NoLongerFits => Err(Problem::FindingChanged),
    }
}
