//! `POST /v1/findings/close`: a person has dealt with many findings in the same way.

use axum::{Json, body::Bytes, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    close_finding::read_reason,
    list_findings::{FindingParams, filter_of},
};
use crate::{
    domain::{operator::Actor, reconciliation::FindingState},
    http::{
        App,
        auth::By,
        params::Params,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::WrongField,
    },
    storage::{ClosedFindings, Closing, FindingFilter},
};

/// Findings that one request may name.
const MOST_NAMED: usize = 1_000;

/// Why findings are closed, and which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseManyRequest {
    /// Why; required.
    #[schema(example = "cash sales in the shop", min_length = 1, max_length = 500)]
    reason: String,
    /// The findings, one by one. Without them, all open findings that match the filters.
    #[serde(default)]
    #[schema(max_items = 1000)]
    findings: Option<Vec<SeenFinding>>,
    /// Only with filters: findings that changed after this time are not closed, because you have not seen them. By
    /// default, the time of the request.
    #[serde(default)]
    #[schema(format = DateTime)]
    seen_at: Option<String>,
}

/// A finding as a person has seen it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenFinding {
    /// Its number.
    #[schema(example = 12)]
    id: i64,
    /// Its `changed_at`.
    #[schema(format = DateTime)]
    changed_at: String,
}

/// Which findings were closed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosedAnswer {
    /// How many findings were closed.
    #[schema(example = 198)]
    closed: u64,
    /// Numbers of findings that were not closed, because they have changed since or are no longer open. With filters,
    /// at most a hundred.
    changed: Vec<i64>,
    /// Numbers for which there is no finding.
    unknown: Vec<i64>,
}

/// Closes many open findings with one reason: those in the body or, without them, all that match the filters.
///
/// `limit` and `cursor` are refused. Nothing else changes. A finding that has changed since you saw it is not closed,
/// and is listed. A later run opens a finding again if the difference changes.
#[utoipa::path(
    post,
    operation_id = "closeFindings",
    path = "/v1/findings/close",
    tag = "operators",
    params(FindingParams),
    request_body = CloseManyRequest,
    responses(
        (status = 200, description = "Which findings were closed, and which were not", body = ClosedAnswer),
        (status = 400, description = "The reason is missing, a parameter cannot be used, or findings are both named and filtered"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Params(params): Params<FindingParams>,
    body: Bytes,
) -> Result<Json<ClosedAnswer>, Problem> {
    let request: CloseManyRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body does not say which findings and why: {error}")))?;
    if params.limit.is_some() || params.cursor.is_some() {
        // Ignored, they would close more than the caller may expect.
        let problem = "limit, cursor: not here; all open findings that match the filters are closed";
        return Err(Problem::BadRequest(problem.to_owned()));
    }
    let filter = filter_of(&params)?;
    let ClosedFindings { closed, changed, unknown } = match request.findings {
        Some(_) if filter != FindingFilter::default() => {
            let problem = "name the findings in the body, or filter them in the query, not both";
            return Err(Problem::BadRequest(problem.to_owned()));
        }
        Some(findings) => {
            let seen = findings.iter().map(|one| Ok((one.id, read_moment("changed_at", &one.changed_at)?)));
            close_seen(&app, &seen.collect::<Result<Vec<_>, Problem>>()?, &request.reason, &actor).await?
        }
        None => {
            let seen = request.seen_at.as_deref().map(|at| read_moment("seen_at", at)).transpose()?;
            close_shown(&app, filter, seen.unwrap_or_else(|| app.engine.now()), &request.reason, &actor).await?
        }
    };
    Ok(Json(ClosedAnswer { closed, changed, unknown }))
}

fn read_moment(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let wrong = |_| Problem::BadRequest(format!("{name}: {text:?} is not a time such as 2026-11-05T02:31:00Z"));
    text.parse().map_err(wrong)
}

/// Closes findings one by one as a person has seen them, for the API and for the pages.
pub(crate) async fn close_seen(
    app: &App,
    seen: &[(i64, Timestamp)],
    reason: &str,
    actor: &Actor,
) -> Result<ClosedFindings, Problem> {
    if seen.len() > MOST_NAMED {
        return Err(Problem::BadRequest(format!("findings: more than {MOST_NAMED}; use the filters")));
    }
    close(app, Closing::Seen(seen), reason, actor).await
}

/// Closes all open findings of a filter that have not changed since a person saw them, for the API and for the pages.
pub(crate) async fn close_shown(
    app: &App,
    filter: FindingFilter,
    seen: Timestamp,
    reason: &str,
    actor: &Actor,
) -> Result<ClosedFindings, Problem> {
    if filter.state.is_some_and(|state| state != FindingState::Open) {
        return Err(Problem::BadRequest("state: only open findings are closed together".to_owned()));
    }
    close(app, Closing::Shown(&FindingFilter { unchanged_since: Some(seen), ..filter }), reason, actor).await
}

async fn close(app: &App, which: Closing<'_>, reason: &str, actor: &Actor) -> Result<ClosedFindings, Problem> {
    let reason = read_reason(reason)?;
    if reason.is_empty() {
        return Err(WrongField::ReasonMissing.into());
    }
    app.engine.close_findings(which, &reason, actor).await.map_err(|error| Problem::not_stored(&error))
}
