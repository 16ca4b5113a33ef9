//! What approving payouts and approving returns have in common.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rows::RowParams;
use crate::{
    domain::{document::Kind, operator::Actor},
    http::{App, problem::Problem},
    storage::{Approving, RowFilter},
};

/// The rows to approve. Without a body, all rows that match the filters are approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalRequest {
    /// The rows.
    #[schema(max_items = 100_000)]
    rows: Vec<RowName>,
}

/// What identifies a row.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RowName {
    /// Name of the source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source.
    #[schema(example = "row-1")]
    id: String,
}

/// How many rows were approved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Approved {
    /// Number of waiting rows whose current content is now approved.
    #[schema(example = 1)]
    pub(super) approved: u64,
}

/// Approves rows that the body names or, without a body, all that match the filters.
pub(super) async fn approve(
    app: &App,
    actor: &Actor,
    kind: Kind,
    params: &RowParams,
    body: &[u8],
) -> Result<Json<Approved>, Problem> {
    let filter = params.filter_of_all()?;
    let keys = names(body)?;
    let which = match &keys {
        Some(_) if filter != RowFilter::default() => {
            let problem = "name the rows in the body, or filter them in the query, not both";
            return Err(Problem::BadRequest(problem.to_owned()));
        }
        Some(keys) => Approving::Keys(keys),
        None => Approving::Shown(&filter),
    };
    let approved = app.engine.approve_rows(kind, which, actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Json(Approved { approved }))
}

/// The rows that a body names; `None` if there is no body.
fn names(body: &[u8]) -> Result<Option<Vec<(String, String)>>, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let request: ApprovalRequest = serde_json::from_slice(body)
        .map_err(|error| Problem::BadRequest(format!("the body does not name rows: {error}")))?;
    // As rows are recorded.
    let name = |row: RowName| (row.source.trim().to_owned(), row.id.trim().to_owned());
    Ok(Some(request.rows.into_iter().map(name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_in_the_body_or_not_at_all() {
        assert_eq!(names(b" \n"), Ok(None));
        let row = |source: &str, id: &str| (source.to_owned(), id.to_owned());
        let named = names(br#"{"rows":[{"source":"shopee","id":" row-1 "}]}"#);
        assert_eq!(named, Ok(Some(vec![row("shopee", "row-1")])));
        assert_eq!(names(br#"{"rows":[]}"#), Ok(Some(Vec::new())));
        for wrong in ["{}", "[]", r#"{"rows":["row-1"]}"#, r#"{"rows":[],"all":true}"#] {
            assert!(names(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
