//! `PUT /v1/mapping`: replaces the active mapping.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    check_mapping::{read_mapping, with_listed_values},
    get_mapping::MappingAnswer,
};
use crate::{
    deciding::mapping::{Applied, Author},
    http::{
        App,
        auth::By,
        bodies::MappingBody,
        params::Params,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::storable,
    },
};

/// Why a mapping is changed.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteParams {
    /// Why; shown in the history. At most 500 characters are kept.
    #[param(example = "New store on Shopee")]
    pub(super) note: Option<String>,
}

/// Replaces the active mapping; takes effect immediately, without a restart.
///
/// `If-Match` holds the `ETag` of the mapping that this one was made from, so that nobody else's change is lost; `*`
/// replaces whatever is active. What the mapping does not mention is removed.
#[utoipa::path(
    put,
    path = "/v1/mapping",
    operation_id = "putMapping",
    tag = "operators",
    params(("If-Match" = String, Header, description = "Revision that this mapping replaces, in quotes"), NoteParams),
    request_body(content = MappingBody, description = "The mapping as JSON, with the keys of the TOML file"),
    responses(
        (status = 200, description = "The mapping is active", body = MappingAnswer, headers(("ETag" = String, description = "The revision in quotes"))),
        (status = 400, description = "The body is not a JSON object, or the note cannot be stored"),
        (status = 412, description = "Another revision is active; nothing changed"),
        (status = 422, description = "The mapping has errors, or new values that are not in Accurate's lists; nothing was changed"),
        (status = 428, description = "`If-Match` is missing; nothing changed"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    headers: HeaderMap,
    Params(NoteParams { note }): Params<NoteParams>,
    body: Bytes,
) -> Result<Response, Problem> {
    let replaces = if_match(&headers)?;
    let note = storable("note", note.as_deref().unwrap_or_default())?;
    let document = read_mapping(&app, &body)?.map_err(Problem::MappingWrong)?;
    let document = with_listed_values(&app, document).await?.map_err(Problem::MappingWrong)?;
    let author = Author { who: &actor.name, note };
    match app.engine.apply_mapping(document, author, replaces).await? {
        Applied::Equal(active) => Ok(MappingAnswer::unchanged(&active)),
        Applied::Changed(active, changes) => Ok(MappingAnswer::changed(&active, changes)),
        Applied::Stale(revision) => Err(Problem::MappingStale(revision)),
    }
}

/// The revision that `If-Match` names; nothing for `*`, which takes whatever is active.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let value = headers.get(header::IF_MATCH).ok_or(Problem::RevisionMissing)?;
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let revision = text.trim_start_matches("W/").trim_matches('"').parse();
    // A tag that we never sent belongs to no mapping.
    Ok(Some(revision.unwrap_or(-1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(value: &str) -> Option<i64> {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, value.parse().expect("a header"))]);
        if_match(&headers).expect("it is there")
    }

    #[test]
    fn the_revision_that_is_replaced_is_named_by_its_etag() {
        assert_eq!(replaced("\"7\""), Some(7));
        assert_eq!(replaced("W/\"7\""), Some(7), "a proxy may weaken the tag");
        assert_eq!(replaced("*"), None, "whatever is active");
        assert_eq!(replaced("\"abc\""), Some(-1), "a tag that no mapping has");
        assert_eq!(if_match(&HeaderMap::new()), Err(Problem::RevisionMissing));
    }
}
