//! `POST /v1/mapping/check`: every mistake of a mapping, and what it would change.

use axum::{Json, body::Bytes, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    deciding::mapping::Document,
    domain::{
        mapping::{Mapping, text::table_of_json},
        toml_text::Problem as Mistake,
    },
    engine::Unlisted,
    http::{
        App,
        bodies::MappingDraft,
        problem::{MistakeBody, Problem},
        responses::{BodyErrors, OperatorErrors},
    },
    settings::unknown_books,
};

/// The result of checking a mapping.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingCheck {
    /// Whether it can be applied.
    valid: bool,
    /// Every error in it, with its key and what to do.
    problems: Vec<MistakeBody>,
    /// What it would change in the active mapping, one line for each setting.
    changes: Vec<String>,
}

/// Reports every error in a mapping and what it would change; changes nothing.
#[utoipa::path(
    post,
    path = "/v1/mapping/check",
    operation_id = "checkMapping",
    tag = "operators",
    request_body(content = MappingDraft, description = "The mapping as JSON, with the keys of the TOML file"),
    responses(
        (status = 200, description = "Its errors, or what it would change", body = MappingCheck),
        (status = 400, description = "The body is not a JSON object"),
        BodyErrors,
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, body: Bytes) -> Result<Json<MappingCheck>, Problem> {
    let document = match read_mapping(&app, &body)? {
        Ok(document) => with_listed_values(&app, document).await?,
        wrong => wrong,
    };
    Ok(Json(match document {
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

/// The mapping of a request's body, or every mistake in it; a body that is not a JSON object is refused.
pub(crate) fn read_mapping(app: &App, body: &[u8]) -> Result<Result<Document, Vec<Mistake>>, Problem> {
    let json: Value =
        serde_json::from_slice(body).map_err(|error| Problem::BadRequest(format!("the body is not JSON: {error}")))?;
    let table = table_of_json(&json).map_err(|what| Problem::BadRequest(format!("the body {what}")))?;
    Ok(document_of(app, &table))
}

/// The mapping of a document, or every mistake in it.
pub(crate) fn document_of(app: &App, table: &toml::Table) -> Result<Document, Vec<Mistake>> {
    let document = Document::from_table(table)?;
    let unknown = unknown_books_of(app, &document.mapping);
    if unknown.is_empty() { Ok(document) } else { Err(unknown) }
}

/// A mapping document, or its new values that Accurate does not list.
pub(crate) async fn with_listed_values(
    app: &App,
    document: Document,
) -> Result<Result<Document, Vec<Mistake>>, Problem> {
    let active = app.engine.mapping().mapping.to_table();
    let unlisted = app.engine.unlisted(&active, &document.mapping.to_table()).await?;
    let mistakes: Vec<_> = unlisted.iter().map(Unlisted::problem).collect();
    Ok(if mistakes.is_empty() { Ok(document) } else { Err(mistakes) })
}

/// Stores whose Accurate database the settings do not have.
pub(crate) fn unknown_books_of(app: &App, mapping: &Mapping) -> Vec<Mistake> {
    let books: Vec<_> = app.engine.books().into_iter().map(|book| book.name).collect();
    unknown_books(mapping, &books)
}
