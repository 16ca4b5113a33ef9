//! `GET /healthz` (is it alive) and `GET /readyz` (can it take webhooks; each part with its state).

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;

/// It is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Which version answers.
    version: &'static str,
}

/// Liveness: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "probes", responses((status = 200, description = "Alive", body = Alive)))]
pub(super) async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Whether webhooks can be taken, and how each part is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Webhooks can be taken and stored.
    ready: bool,
    /// The database.
    database: Part,
    /// The mapping in force.
    mapping: MappingPart,
    /// The Accurate databases. A paused one does not make the service unready: webhooks are stored and wait.
    books: BTreeMap<String, Part>,
}

/// One part.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    /// `ok`, `failing` or `paused`.
    #[schema(example = "ok")]
    state: &'static str,
    /// Why it is not ok: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What was said and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Since when it is not ok.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// The mapping in force.
#[derive(Debug, Serialize, ToSchema)]
struct MappingPart {
    /// `ok`, or `missing` when none was ever given.
    #[schema(example = "ok")]
    state: &'static str,
    /// Its revision.
    revision: i64,
}

/// Readiness: 503 when a webhook could not be stored.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "probes",
    responses(
        (status = 200, description = "Webhooks can be taken", body = Readiness),
        (status = 503, description = "Webhooks cannot be stored", body = Readiness),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let database = match app.engine.store().ping().await {
        Ok(()) => Part { state: "ok", code: None, detail: None, since: None },
        Err(error) => Part { state: "failing", code: Some("database"), detail: Some(error.to_string()), since: None },
    };
    let books = app.engine.books().into_iter().map(|book| {
        let part = match book.pause {
            None => Part { state: "ok", code: None, detail: None, since: None },
            Some(pause) => Part {
                state: "paused",
                code: Some(pause.code),
                detail: Some(pause.words),
                since: Some(pause.since.to_string()),
            },
        };
        (book.name, part)
    });
    let revision = app.engine.mapping().revision;
    let mapping = MappingPart { state: if revision == 0 { "missing" } else { "ok" }, revision };
    let ready = database.state == "ok";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, database, mapping, books: books.collect() }))
}
