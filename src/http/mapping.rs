//! `GET/PUT /v1/mapping` and `POST /v1/mapping/check`.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    App,
    auth::By,
    bodies::{MappingBody, MappingDraft},
    problem::{MistakeBody, Problem, ProblemBody},
};
use crate::{
    clock::SystemClock,
    deciding::mapping::{ActiveMapping, Applied, Document, apply},
    domain::{document::Problem as Mistake, mapping::text::table_of_json},
    settings::unknown_books,
};

/// A mapping and what putting it in force changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MappingAnswer {
    /// Its revision; also in `ETag`.
    revision: i64,
    /// The mapping, every setting spelled out.
    #[schema(value_type = Object)]
    mapping: Value,
    /// What changed, a line a setting; empty when nothing did.
    changes: Vec<String>,
}

/// Whether a mapping could be put in force.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MappingCheck {
    /// It could.
    valid: bool,
    /// Every mistake.
    problems: Vec<MistakeBody>,
    /// What it would change, a line a setting.
    changes: Vec<String>,
}

/// The mapping in force.
#[utoipa::path(
    get,
    path = "/v1/mapping",
    operation_id = "getMapping",
    tag = "operators",
    responses(
        (status = 200, description = "The mapping; its revision is in `ETag`", body = MappingAnswer, headers(("ETag" = String, description = "The revision in quotes"))),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn get(State(app): State<App>) -> Response {
    answer(&app.engine.mapping(), Vec::new())
}

/// Replaces the active mapping; takes effect at once, without restart.
///
/// `If-Match` holds the `ETag` of the mapping that this one was made from, so that nobody's change is lost; `*` replaces
/// whatever is active. What the mapping does not mention is removed.
#[utoipa::path(
    put,
    path = "/v1/mapping",
    operation_id = "putMapping",
    tag = "operators",
    params(("If-Match" = String, Header, description = "Revision that this mapping replaces, in quotes")),
    request_body(content = MappingBody, description = "The mapping as JSON, with the keys of the TOML file"),
    responses(
        (status = 200, description = "It is in force", body = MappingAnswer, headers(("ETag" = String, description = "The revision in quotes"))),
        (status = 400, description = "It is no JSON object", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "Another revision is in force by now; nothing changed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "It has mistakes; nothing changed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing; nothing changed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn put(
    State(app): State<App>,
    By(actor): By,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let replaces = if_match(&headers)?;
    let document = read(&app, &body)?.map_err(Problem::MappingWrong)?;
    let engine = &app.engine;
    match apply(engine.storage().as_ref(), &SystemClock, document, &actor.name, replaces).await? {
        Applied::Equal(in_force) => Ok(answer(&in_force, Vec::new())),
        Applied::Changed(in_force, changes) => {
            engine.set_mapping(in_force.clone());
            Ok(answer(&in_force, changes))
        }
        Applied::Stale(revision) => Err(Problem::MappingStale(revision)),
    }
}

/// Tells every mistake of a mapping and what it would change; changes nothing.
#[utoipa::path(
    post,
    path = "/v1/mapping/check",
    operation_id = "checkMapping",
    tag = "operators",
    request_body(content = MappingDraft, description = "The mapping as JSON, with the keys of the TOML file"),
    responses(
        (status = 200, description = "What is wrong with it, if anything", body = MappingCheck),
        (status = 400, description = "It is no JSON object", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn check(State(app): State<App>, body: Bytes) -> Result<Json<MappingCheck>, Problem> {
    Ok(Json(match read(&app, &body)? {
        Ok(document) => {
            let changes = document.mapping.changes_since(&app.engine.mapping().mapping);
            MappingCheck { valid: true, problems: Vec::new(), changes }
        }
        Err(mistakes) => {
            let problems = mistakes.into_iter().map(Into::into).collect();
            MappingCheck { valid: false, problems, changes: Vec::new() }
        }
    }))
}

fn read(app: &App, body: &[u8]) -> Result<Result<Document, Vec<Mistake>>, Problem> {
    let json: Value =
        serde_json::from_slice(body).map_err(|error| Problem::BadRequest(format!("the body is not JSON: {error}")))?;
    let table = table_of_json(&json).map_err(|what| Problem::BadRequest(format!("the body {what}")))?;
    let books: Vec<_> = app.engine.books().into_iter().map(|book| book.name).collect();
    Ok(Document::from_table(&table).and_then(|document| {
        let unknown = unknown_books(&document.mapping, &books);
        if unknown.is_empty() { Ok(document) } else { Err(unknown) }
    }))
}

fn answer(in_force: &ActiveMapping, changes: Vec<String>) -> Response {
    let revision = in_force.revision;
    let mapping = serde_json::to_value(in_force.mapping.to_table()).expect("a mapping is JSON");
    let mut response = Json(MappingAnswer { revision, mapping, changes }).into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    *response.status_mut() = StatusCode::OK;
    response
}

/// The revision that `If-Match` names; nothing for `*`, which takes whatever is active.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let value = headers.get(header::IF_MATCH).ok_or(Problem::RevisionMissing)?;
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let revision = text.trim_start_matches("W/").trim_matches('"').parse();
    // A tag that we never gave names a mapping that is not active.
    Ok(Some(revision.unwrap_or(-1)))
}
