//! `GET /v1/mapping/revisions/{revision}`: one mapping that was applied.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::list_mapping_revisions::AppliedMapping;
use crate::{
    deciding::mapping::revision_of,
    domain::mapping::Mapping,
    http::{App, params::shortened, problem::Problem, responses::OperatorErrors},
    storage::MappingRevision,
};

/// One revision with the whole mapping.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevisionWithMapping {
    #[serde(flatten)]
    applied: AppliedMapping,
    /// As it was written: TOML with its comments.
    document: String,
    /// Every setting, defaults included; null if this version of the program can no longer read the mapping.
    #[schema(value_type = Option<Object>)]
    mapping: Option<Value>,
}

/// Shows one mapping that was applied, as a whole.
#[utoipa::path(
    get,
    operation_id = "getMappingRevision",
    path = "/v1/mapping/revisions/{revision}",
    tag = "operators",
    params(("revision" = i64, Path, description = "Counts up from 1", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The revision", body = RevisionWithMapping),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used"),
        (status = 404, description = "No such revision"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Path(revision): Path<String>,
) -> Result<Json<RevisionWithMapping>, Problem> {
    let (number, stored) = stored_revision(&app, &revision).await?;
    let read = Mapping::parse(&format!("revision {number}"), &stored.document).ok();
    let mapping = read.map(|mapping| serde_json::to_value(mapping.to_table()).expect("a mapping is JSON"));
    Ok(Json(RevisionWithMapping { applied: AppliedMapping::new(&stored), document: stored.document, mapping }))
}

/// The revision that an address names.
pub(super) async fn stored_revision(app: &App, text: &str) -> Result<(i64, MappingRevision), Problem> {
    let unknown = || Problem::UnknownRevision(shortened(text));
    let number = text.parse::<i64>().map_err(|_| unknown())?;
    let stored = revision_of(app.engine.storage().as_ref(), number).await?.ok_or_else(unknown)?;
    Ok((number, stored))
}
