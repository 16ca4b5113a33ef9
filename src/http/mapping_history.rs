//! `GET /v1/mapping/history` and `GET /v1/mapping/revisions/{revision}`: who changed what, and when.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    filter::query,
    problem::{Problem, ProblemBody},
};
use crate::{domain::mapping::Mapping, storage::MappingRevision};

/// Revisions on a page unless asked otherwise.
const USUAL_PAGE: i64 = 50;

/// Most revisions on a page.
const LARGEST_PAGE: i64 = 200;

/// Which revisions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryParams {
    /// Revisions on a page, 1 to 200; 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MappingHistory {
    /// Newest first; the newest of all is in effect.
    revisions: Vec<AppliedMapping>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A mapping that was applied once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppliedMapping {
    /// Counts up from 1.
    revision: i64,
    /// When it was applied.
    at: String,
    /// Who applied it.
    #[schema(example = "accounting")]
    who: String,
    /// What it changed, a line a setting.
    changes: Vec<String>,
}

/// One revision with the whole mapping.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevisionWithMapping {
    #[serde(flatten)]
    applied: AppliedMapping,
    /// As it was written, TOML with its comments.
    document: String,
    /// Every setting spelled out; null when this version of the program can no longer read it.
    #[schema(value_type = Option<Object>)]
    mapping: Option<Value>,
}

impl AppliedMapping {
    fn new(stored: &MappingRevision) -> Self {
        let MappingRevision { revision, at, who, changes, .. } = stored.clone();
        Self { revision, at: at.to_string(), who, changes }
    }
}

/// Lists all mappings that were ever applied, newest first: who applied them, when, and what they changed.
#[utoipa::path(
    get,
    operation_id = "listMappingRevisions",
    path = "/v1/mapping/history",
    tag = "operators",
    params(HistoryParams),
    responses(
        (status = 200, description = "A page of revisions", body = MappingHistory),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    params: Result<Query<HistoryParams>, QueryRejection>,
) -> Result<Json<MappingHistory>, Problem> {
    let params = query(params)?;
    let limit = params.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit: {limit} is not within 1 and {LARGEST_PAGE}")));
    }
    let below = match params.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => i64::MAX,
        Some(cursor) => cursor
            .parse()
            .map_err(|_| Problem::BadRequest(format!("cursor: {cursor:?} is not a next_cursor of an earlier page")))?,
    };
    // One more than asked for tells whether there is another page.
    let mut revisions = app.engine.storage().mappings_below(below, limit + 1).await?;
    let more = revisions.len() as i64 > limit;
    revisions.truncate(limit as usize);
    let next_cursor = revisions.last().filter(|_| more).map(|last| last.revision.to_string());
    Ok(Json(MappingHistory { revisions: revisions.iter().map(AppliedMapping::new).collect(), next_cursor }))
}

/// One mapping that was applied once, whole.
#[utoipa::path(
    get,
    operation_id = "getMappingRevision",
    path = "/v1/mapping/revisions/{revision}",
    tag = "operators",
    params(("revision" = i64, Path, description = "Counts up from 1", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The revision", body = RevisionWithMapping),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The address is not UTF-8, or a part of it cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such revision", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn one(
    State(app): State<App>,
    Path(revision): Path<String>,
) -> Result<Json<RevisionWithMapping>, Problem> {
    let unknown = || Problem::UnknownRevision(revision.chars().take(60).collect());
    let number = revision.parse::<i64>().ok().filter(|number| (1..i64::MAX).contains(number)).ok_or_else(unknown)?;
    let mut found = app.engine.storage().mappings_below(number + 1, 1).await?;
    let stored = found.pop().filter(|stored| stored.revision == number).ok_or_else(unknown)?;
    let read = Mapping::parse(&format!("revision {number}"), &stored.document).ok();
    let mapping = read.map(|mapping| serde_json::to_value(mapping.to_table()).expect("a mapping is JSON"));
    Ok(Json(RevisionWithMapping { applied: AppliedMapping::new(&stored), document: stored.document, mapping }))
}
