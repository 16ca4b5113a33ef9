//! `/mapping/history`: who changed the mapping, when, why and how; compares and restores revisions.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{who, words};
use crate::{
    deciding::mapping::{Applied, Author, Restored, revision_of},
    domain::{mapping::Mapping, operator::Role},
    http::{App, auth::By, params::shortened, problem::Problem, v1::check_mapping::unknown_books_of},
    storage::MappingRevision,
    web::{
        format,
        page::{Page, html},
    },
};

/// Revisions on a page.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "mapping_history.html")]
struct History {
    page: Page,
    may_restore: bool,
    newest: i64,
    revisions: Vec<Revision>,
    /// The numbers in the form that compares any two revisions.
    first: i64,
    second: i64,
    /// Only revisions before this one are listed.
    below: Option<i64>,
    compared: Option<Compared>,
    older: Option<i64>,
}

struct Revision {
    number: i64,
    at: String,
    who: String,
    note: String,
    changes: Vec<words::Change>,
}

/// Two revisions and what differs.
struct Compared {
    from: i64,
    to: i64,
    changes: Vec<words::Change>,
}

/// Which revisions.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Shown {
    below: Option<i64>,
    from: Option<i64>,
    to: Option<i64>,
}

/// `GET /mapping/history`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    Query(Shown { below, from, to }): Query<Shown>,
    page: Page,
) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let newest = storage.mapping_revision().await?;
    let mut found = storage.mappings_below(below.unwrap_or(i64::MAX), SHOWN + 1).await?;
    let is_more = found.len() as i64 > SHOWN;
    found.truncate(SHOWN as usize);
    let older = found.last().map(|oldest| oldest.revision).filter(|_| is_more);
    let compared = match from.zip(to) {
        Some((from, to)) => Some(compare(&app, (from, to), &page).await?),
        None => None,
    };
    let (first, second) = from.zip(to).unwrap_or((newest - 1, newest));
    let revision = |revision: MappingRevision| Revision {
        number: revision.revision,
        at: format::moment(revision.at),
        who: who(&revision, &page),
        changes: revision.changes.iter().map(|change| words::change(change, &page)).collect(),
        note: revision.note,
    };
    html(&History {
        may_restore: page.may(Role::Admin),
        newest,
        first,
        second,
        below,
        revisions: found.into_iter().map(revision).collect(),
        compared,
        older,
        page,
    })
}

async fn compare(app: &App, (from, to): (i64, i64), page: &Page) -> Result<Compared, Problem> {
    let (before, after) = (rules(app, from).await?, rules(app, to).await?);
    let changes = after.changes_since(&before).iter().map(|change| words::change(change, page)).collect();
    Ok(Compared { from, to, changes })
}

/// The rules of a revision; one that can no longer be read is refused with its mistakes.
async fn rules(app: &App, revision: i64) -> Result<Mapping, Problem> {
    let stored = revision_of(app.engine.storage().as_ref(), revision).await?;
    let stored = stored.ok_or_else(|| Problem::UnknownRevision(revision.to_string()))?;
    Mapping::parse(&format!("revision {revision}"), &stored.document).map_err(Problem::MappingWrong)
}

/// The revision that the restored one replaces.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Replaced {
    replaces: i64,
}

/// `POST /mapping/history/{revision}/restore`.
pub(in crate::web) async fn restore(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Path(revision): Path<String>,
    Form(Replaced { replaces }): Form<Replaced>,
) -> Result<Response, Problem> {
    let unknown = || Problem::UnknownRevision(shortened(&revision));
    let number: i64 = revision.parse().map_err(|_| unknown())?;
    let note = page.t("restored revision {}", "revisi {} dipulihkan").replace("{}", &number.to_string());
    let author = Author { who: &actor.name, note: &note };
    let mistakes = |mapping: &_| unknown_books_of(&app, mapping);
    match app.engine.restore_mapping(number, author, Some(replaces), mistakes).await? {
        Restored::Applied(Applied::Equal(_)) => Ok(Redirect::to("/mapping/history?done=mapping_same").into_response()),
        Restored::Applied(Applied::Changed(..)) => {
            Ok(Redirect::to("/mapping/history?done=mapping_restored").into_response())
        }
        Restored::Applied(Applied::Stale(revision)) => Err(Problem::MappingStale(revision)),
        Restored::Refused(mistakes) => Err(Problem::MappingWrong(mistakes)),
        Restored::Unknown => Err(unknown()),
    }
}
