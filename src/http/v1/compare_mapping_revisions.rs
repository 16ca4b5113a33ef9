//! `GET /v1/mapping/revisions/{revision}/changes`: the differences between two mappings.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::get_mapping_revision::stored_revision;
use crate::{
    domain::mapping::Mapping,
    http::{App, params::Params, problem::Problem, responses::OperatorErrors},
    storage::MappingRevision,
};

/// With which revision it is compared.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareParams {
    /// The revision to compare with; by default the preceding one.
    #[param(pattern = "^[0-9]{1,18}$", example = "1")]
    since: Option<String>,
}

/// The differences between two mappings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingChanges {
    /// The revision that the changes begin with; 0 is an empty mapping.
    since: i64,
    /// The revision that the changes lead to.
    revision: i64,
    /// One line for each setting.
    changes: Vec<String>,
}

/// Compares two mappings that were applied, setting by setting.
#[utoipa::path(
    get,
    operation_id = "compareMappingRevisions",
    path = "/v1/mapping/revisions/{revision}/changes",
    tag = "operators",
    params(
        ("revision" = i64, Path, description = "Counts up from 1", minimum = 1, example = 1),
        CompareParams,
    ),
    responses(
        (status = 200, description = "The differences", body = MappingChanges),
        (status = 400, description = "The address is not UTF-8, or a parameter cannot be used"),
        (status = 404, description = "No such revision"),
        (status = 422, description = "This version of the program can no longer read one of the two mappings"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Path(revision): Path<String>,
    Params(CompareParams { since }): Params<CompareParams>,
) -> Result<Json<MappingChanges>, Problem> {
    let (number, stored) = stored_revision(&app, &revision).await?;
    let since = since.unwrap_or_else(|| (number - 1).to_string());
    let (since, earlier) = if since == "0" {
        (0, Mapping::default())
    } else {
        let (number, stored) = stored_revision(&app, &since).await?;
        (number, read(&stored)?)
    };
    Ok(Json(MappingChanges { since, revision: number, changes: read(&stored)?.changes_since(&earlier) }))
}

/// A stored mapping; one that this version of the program can no longer read is refused with its mistakes.
fn read(stored: &MappingRevision) -> Result<Mapping, Problem> {
    Mapping::parse(&format!("revision {}", stored.revision), &stored.document).map_err(Problem::MappingWrong)
}
