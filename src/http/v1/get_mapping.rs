//! `GET /v1/mapping`: the active mapping.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    deciding::mapping::ActiveMapping,
    http::{App, responses::OperatorErrors},
};

/// A mapping, and what applying it changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingAnswer {
    /// Its revision; also in `ETag`.
    revision: i64,
    /// The mapping with every setting, defaults included.
    #[schema(value_type = Object)]
    mapping: Value,
    /// What changed, one line for each setting; empty if nothing changed.
    changes: Vec<String>,
}

/// The active mapping.
#[utoipa::path(
    get,
    path = "/v1/mapping",
    operation_id = "getMapping",
    tag = "operators",
    responses(
        (status = 200, description = "The mapping; its revision is in `ETag`", body = MappingAnswer, headers(("ETag" = String, description = "The revision in quotes"))),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>) -> Response {
    MappingAnswer::unchanged(&app.engine.mapping())
}

impl MappingAnswer {
    /// A mapping that has just been made active, with what it changed.
    pub(crate) fn changed(active: &ActiveMapping, changes: Vec<String>) -> Response {
        let mapping = serde_json::to_value(active.mapping.to_table()).expect("a mapping is JSON");
        let mut response = Json(Self { revision: active.revision, mapping, changes }).into_response();
        if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", active.revision)) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }

    /// The mapping that is active, and stays so.
    pub(crate) fn unchanged(active: &ActiveMapping) -> Response {
        Self::changed(active, Vec::new())
    }
}
