//! `GET /v1/mapping/history`: who changed what in the mapping, and when.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        App,
        paging::{Page, PageSize, read_cursor},
        params::Params,
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::MappingRevision,
};

/// Revisions on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 200 };

/// Which revisions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// Revisions on a page, 1 to 200; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingHistory {
    /// Newest first; the newest of all is active.
    revisions: Vec<AppliedMapping>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A mapping that was applied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppliedMapping {
    /// Counts up from 1.
    revision: i64,
    /// When it was applied.
    at: String,
    /// Who applied it.
    #[schema(example = "accounting")]
    who: String,
    /// Why, as the person wrote it; null if nothing was written.
    note: Option<String>,
    /// What it changed, one line for each setting.
    changes: Vec<String>,
}

impl AppliedMapping {
    pub(crate) fn new(stored: &MappingRevision) -> Self {
        let MappingRevision { revision, at, who, note, changes, .. } = stored.clone();
        let note = Some(note).filter(|note| !note.is_empty());
        Self { revision, at: at.to_string(), who, note, changes }
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
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<MappingHistory>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let below = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?.unwrap_or(i64::MAX);
    let found = app.engine.storage().mappings_below(below, limit + 1).await?;
    let Page { rows, next } = Page::cut(found, limit, |stored| stored.revision);
    let revisions = rows.iter().map(AppliedMapping::new).collect();
    Ok(Json(MappingHistory { revisions, next_cursor: next.map(|revision| revision.to_string()) }))
}
