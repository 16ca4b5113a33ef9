//! `POST /v1/books/{book}/masters/{kind}/refresh`: a list is read from Accurate again.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};

use super::list_masters::list_of;
use crate::{
    domain::ids::BookName,
    http::{App, auth::By, problem::Problem, responses::RoleErrors},
};

/// Reads a list of an Accurate database again as soon as possible; `listMasters` shows the progress.
#[utoipa::path(
    post,
    path = "/v1/books/{book}/masters/{kind}/refresh",
    operation_id = "refreshMasters",
    tag = "operators",
    params(
        ("book" = String, Path, description = "The Accurate database, by its name in the settings", example = "main"),
        ("kind" = String, Path,
            description = "accounts, warehouses, branches, terms, customers, items or taxes", example = "items"),
    ),
    responses(
        (status = 202, description = "The list will be read again"),
        (status = 400, description = "The address is not UTF-8"),
        (status = 404, description = "No such Accurate database or list"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Path((book, kind)): Path<(BookName, String)>,
) -> Result<StatusCode, Problem> {
    let kind = list_of(&app, &book, &kind)?;
    app.engine.refresh_list(&book, kind, &actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(StatusCode::ACCEPTED)
}
