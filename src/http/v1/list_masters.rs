//! `GET /v1/books/{book}/masters/{kind}`: a list of an Accurate database, to choose from.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        ids::BookName,
        masters::{ListFailure, Master, MasterKind},
        reason::Language,
    },
    http::{
        App,
        language::Preferred,
        paging::{Page, PageSize, read_cursor},
        params::{Params, shortened, text},
        problem::Problem,
        responses::OperatorErrors,
        wrong_field::WrongField,
    },
    storage::{MasterList, MasterSearch, ReadingProgress},
};

/// Rows of a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MasterParams {
    /// Part of the number or the name; case does not matter. Rows that begin with it come first.
    #[param(example = "kaos", max_length = 200)]
    q: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of a list, and the state of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MasterPage {
    /// By number, or by name where there are no numbers; those that begin with `q` first.
    rows: Vec<MasterRow>,
    /// When the list was read from Accurate; null if it was never read.
    #[schema(example = "2026-11-26T02:00:00Z")]
    read_at: Option<String>,
    /// Progress of the reading that is under way; null if there is none.
    reading: Option<MasterReadingBody>,
    /// Why the latest reading failed, and what to do, in words; null if it did not fail.
    failure: Option<String>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A row of a list.
#[derive(Debug, Serialize, ToSchema)]
struct MasterRow {
    /// Accurate's id.
    id: i64,
    /// The number of an account, an item or a customer; null in the other lists.
    #[schema(example = "KAOS-M")]
    no: Option<String>,
    /// The name.
    #[schema(example = "Kaos Polos M")]
    name: String,
    /// The type of an account, an item or a tax, as Accurate calls it; null in the other lists.
    #[serde(rename = "type")]
    #[schema(example = "INVENTORY")]
    kind: Option<String>,
    /// Whether it is inactive in Accurate.
    suspended: bool,
}

impl From<Master> for MasterRow {
    fn from(master: Master) -> Self {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let Master { id, no, name, kind, suspended } = master;
        Self { id, no: given(no), name, kind: given(kind), suspended }
    }
}

/// Progress of a reading.
#[derive(Debug, Serialize, ToSchema)]
struct MasterReadingBody {
    /// Rows that were read.
    rows: i64,
    /// Rows that the list has; 0 until its first page is read.
    of: i64,
}

/// Lists accounts, warehouses, branches, payment terms, customers, items or taxes of an Accurate database.
///
/// The rows are those of the last complete reading. Lists are read once a day, on request, and when an order is blocked
/// for something that a list could explain.
#[utoipa::path(
    get,
    operation_id = "listMasters",
    path = "/v1/books/{book}/masters/{kind}",
    tag = "operators",
    params(
        ("book" = String, Path, description = "The Accurate database, by its name in the settings", example = "main"),
        ("kind" = String, Path,
            description = "accounts, warehouses, branches, terms, customers, items or taxes", example = "items"),
        MasterParams,
    ),
    responses(
        (status = 200, description = "A page of the list", body = MasterPage),
        (status = 400, description = "A parameter cannot be used, or the row of the cursor is no longer in the list"),
        (status = 404, description = "No such Accurate database or list"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Path((book, kind)): Path<(BookName, String)>,
    Params(params): Params<MasterParams>,
) -> Result<Json<MasterPage>, Problem> {
    let kind = list_of(&app, &book, &kind)?;
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let after = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let text = text(params.q.as_ref()).unwrap_or_default();
    if text.chars().count() > LONGEST_SEARCH {
        return Err(WrongField::TooLong { name: "q", most: LONGEST_SEARCH }.into());
    }
    let storage = app.engine.storage();
    let search = MasterSearch { text, after, limit: limit + 1, ..MasterSearch::default() };
    // Before the rows: they are never older than the time that is given with them.
    let lists = storage.master_lists(&book).await?;
    let list = lists.into_iter().find(|list| list.kind == kind).unwrap_or_else(|| MasterList::unread(kind));
    let Some(found) = storage.masters(&book, kind, &search).await? else {
        let cursor = params.cursor.unwrap_or_default();
        return Err(WrongField::NotAPlace { name: "cursor", cursor: shortened(&cursor) }.into());
    };
    let Page { rows, next } = Page::cut(found, limit, |master| master.id);
    Ok(Json(MasterPage {
        rows: rows.into_iter().map(Into::into).collect(),
        read_at: list.read_at.map(|at| at.to_string()),
        reading: list.reading.map(|ReadingProgress { rows, of }| MasterReadingBody { rows, of }),
        failure: list.failure.map(|failure| in_words(&failure, language)),
        next_cursor: next.map(|id| id.to_string()),
    }))
}

fn in_words(failure: &ListFailure, language: Language) -> String {
    format!("{} {}", failure.sentence(language), failure.remedy(language))
}

/// The list that an address names.
pub(crate) fn list_of(app: &App, book: &BookName, kind: &str) -> Result<MasterKind, Problem> {
    let known = MasterKind::parse(kind).filter(|_| app.engine.session(book).is_some());
    known.ok_or_else(|| Problem::UnknownList { book: shortened(book.as_str()), kind: shortened(kind) })
}
