//! `GET /healthz` (whether the process works) and `GET /readyz` (whether it can take webhooks, and the state of each
//! part).
//!
//! Both are open to everybody who reaches the port, so they never quote Accurate.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::{accurate::outcome::BookTrouble, domain::ids::BookName, storage::StorageError, supervisor::Standstill};

/// Instead of the database's own words, which name a path or a server.
const IN_PUBLIC: &str = "webhooks cannot be stored; /readyz at server.operator_listen says why";

/// Whether the process works.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// `ok`, or `failing` when a task is stuck or keeps panicking.
    #[schema(example = "ok")]
    status: &'static str,
    /// Which version answers.
    version: &'static str,
    /// The tasks that are stuck or keep panicking; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<StuckTask>,
}

/// A task of the process that is stuck or keeps panicking.
#[derive(Debug, Serialize, ToSchema)]
struct StuckTask {
    /// Its name.
    #[schema(example = "deciding")]
    task: String,
    /// What is wrong.
    #[schema(example = "it has made no progress for 130 seconds")]
    detail: String,
}

impl From<Standstill> for StuckTask {
    fn from(Standstill { task, what }: Standstill) -> Self {
        Self { task, detail: what }
    }
}

fn stuck_tasks(app: &App) -> Vec<StuckTask> {
    app.engine.standstills().into_iter().map(Into::into).collect()
}

/// Liveness: whether every task of the process makes progress. While the answer is 503, restart the process.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "probes",
    responses(
        (status = 200, description = "All tasks make progress", body = Alive),
        (status = 503, description = "A task is stuck or keeps panicking; restart the process", body = Alive),
    )
)]
pub(super) async fn alive(State(app): State<App>) -> (StatusCode, Json<Alive>) {
    let tasks = stuck_tasks(&app);
    let (code, status) =
        if tasks.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    (code, Json(Alive { status, version: env!("CARGO_PKG_VERSION"), tasks }))
}

/// Whether webhooks can be taken, and the state of each part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Whether webhooks can be taken and stored.
    ready: bool,
    /// The database.
    database: Part,
    /// The active mapping.
    mapping: MappingPart,
    /// The Accurate databases. While one is paused the service stays ready: webhooks are stored, and their orders wait.
    #[schema(value_type = BTreeMap<String, Part>)]
    books: BTreeMap<BookName, Part>,
    /// The tasks that are stuck or keep panicking; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<StuckTask>,
}

/// The state of one part of the service.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    /// `ok`, `failing`, `paused` (nothing is sent) or `limited` (one kind of document waits for a missing right).
    #[schema(example = "ok")]
    state: &'static str,
    /// Why it is not `ok`: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do. Accurate's own message is in `/v1/summary`.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Since when it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// The active mapping.
#[derive(Debug, Serialize, ToSchema)]
struct MappingPart {
    /// `ok`, or `missing` when none was ever given.
    #[schema(example = "ok")]
    state: &'static str,
    /// Its revision.
    revision: i64,
}

/// What to do about a paused book. Accurate's own message may quote anything, so it is shown only to operators.
fn remedy(code: &str) -> &'static str {
    if let Some(trouble) = BookTrouble::ALL.into_iter().find(|trouble| trouble.code() == code) {
        return trouble.remedy();
    }
    match code {
        "credentials_missing" => "an admin enters the API Token on the page /setup; until then orders wait",
        "right_missing" => {
            "grant the right that Accurate names to the user who created the API Token; an operator sees it in /v1/summary"
        }
        _ => "Accurate cannot be reached, or its replies get lost; orders wait and continue automatically",
    }
}

/// Readiness: 503 while webhooks cannot be stored, or a task of the process is stuck or keeps panicking.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "probes",
    responses(
        (status = 200, description = "Webhooks can be taken", body = Readiness),
        (status = 503, description = "Webhooks cannot be stored, or a task is stuck or keeps panicking", body = Readiness),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    readiness(&app, ToString::to_string).await
}

/// The same for everybody who can send webhooks, if operators have a separate address.
pub(super) async fn ready_in_public(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    readiness(&app, |_| IN_PUBLIC.to_owned()).await
}

async fn readiness(app: &App, detail: impl FnOnce(&StorageError) -> String) -> (StatusCode, Json<Readiness>) {
    let database = match app.engine.storage().ping().await {
        Ok(()) => Part { state: "ok", code: None, detail: None, since: None },
        Err(error) => Part { state: "failing", code: Some("database"), detail: Some(detail(&error)), since: None },
    };
    let books = app.engine.books().into_iter().map(|book| {
        let part = match book.pause {
            None => Part { state: "ok", code: None, detail: None, since: None },
            Some(pause) => Part {
                state: if pause.documents.is_none() { "paused" } else { "limited" },
                code: Some(pause.code),
                detail: Some(remedy(pause.code).to_owned()),
                since: Some(pause.since.to_string()),
            },
        };
        (book.name, part)
    });
    let revision = app.engine.mapping().revision;
    let mapping = MappingPart { state: if revision == 0 { "missing" } else { "ok" }, revision };
    let tasks = stuck_tasks(app);
    let ready = database.state == "ok" && tasks.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, database, mapping, books: books.collect(), tasks }))
}
