//! `POST /v1/mapping/revisions/{revision}/restore`: makes an earlier mapping the newest.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};

use super::{
    check_mapping::unknown_books_of,
    get_mapping::MappingAnswer,
    get_mapping_revision::stored_revision,
    put_mapping::{NoteParams, if_match},
};
use crate::{
    deciding::mapping::{Applied, Author, Restored},
    http::{
        App,
        auth::By,
        params::{Params, shortened},
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::storable,
    },
};

/// Makes an earlier mapping the newest, as it was written; takes effect immediately.
///
/// `If-Match` holds the `ETag` of the mapping that it replaces; `*` replaces whatever is active.
#[utoipa::path(
    post,
    path = "/v1/mapping/revisions/{revision}/restore",
    operation_id = "restoreMapping",
    tag = "operators",
    params(
        ("revision" = i64, Path, description = "The revision that becomes the newest", minimum = 1, example = 1),
        ("If-Match" = String, Header, description = "Revision that is replaced, in quotes"),
        NoteParams,
    ),
    responses(
        (status = 200, description = "The mapping is active", body = MappingAnswer, headers(("ETag" = String, description = "The revision in quotes"))),
        (status = 400, description = "The address is not UTF-8, or a parameter cannot be used"),
        (status = 404, description = "No such revision"),
        (status = 412, description = "Another revision is active; nothing changed"),
        (status = 422, description = "This version of the program can no longer use that mapping; nothing was changed"),
        (status = 428, description = "`If-Match` is missing; nothing changed"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Path(revision): Path<String>,
    headers: HeaderMap,
    Params(NoteParams { note }): Params<NoteParams>,
) -> Result<Response, Problem> {
    let (number, _) = stored_revision(&app, &revision).await?;
    let replaces = if_match(&headers)?;
    let note = note.unwrap_or_else(|| restored(number));
    let author = Author { who: &actor.name, note: storable("note", &note)? };
    let mistakes = |mapping: &_| unknown_books_of(&app, mapping);
    match app.engine.restore_mapping(number, author, replaces, mistakes).await? {
        Restored::Applied(Applied::Equal(active)) => Ok(MappingAnswer::unchanged(&active)),
        Restored::Applied(Applied::Changed(active, changes)) => Ok(MappingAnswer::changed(&active, changes)),
        Restored::Applied(Applied::Stale(revision)) => Err(Problem::MappingStale(revision)),
        Restored::Refused(mistakes) => Err(Problem::MappingWrong(mistakes)),
        Restored::Unknown => Err(Problem::UnknownRevision(shortened(&revision))),
    }
}

/// The note of a restored mapping, unless a person writes another one.
fn restored(revision: i64) -> String {
    format!("restored revision {revision}")
}
