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
    domain::mapping::Mapping,
    http::{App, params::shortened, problem::Problem, responses::OperatorErrors},
};

/// One revision with the whole mapping.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevisionWithMapping {
    #[serde(flatten)]
    applied: AppliedMapping,
    /// As it was written: TOML with its comments.
    document: String,
    /// Every setting spelled out; null when this version of the program can no longer read it.
    #[schema(value_type = Option<Object>)]
    mapping: Option<Value>,
}

/// One mapping that was applied, as a whole.
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
    let unknown = || Problem::UnknownRevision(shortened(&revision));
    let number = revision.parse::<i64>().ok().filter(|number| (1..i64::MAX).contains(number)).ok_or_else(unknown)?;
    let mut found = app.engine.storage().mappings_below(number + 1, 1).await?;
    let stored = found.pop().filter(|stored| stored.revision == number).ok_or_else(unknown)?;
    let read = Mapping::parse(&format!("revision {number}"), &stored.document).ok();
    let mapping = read.map(|mapping| serde_json::to_value(mapping.to_table()).expect("a mapping is JSON"));
    Ok(Json(RevisionWithMapping { applied: AppliedMapping::new(&stored), document: stored.document, mapping }))
}
