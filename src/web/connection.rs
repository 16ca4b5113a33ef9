//! `/connection`: for each Accurate database, whether it works, what a check finds, the number of calls, the last
//! errors.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;

use super::{
    accurate_webhook::Reports,
    books::Book,
    format,
    mapping::words as mapping_words,
    masters::{self, ListShown},
    page::{Page, html},
};
use crate::{
    accurate::{activity::CallError, client::Session},
    check::{Finding, MOST_ORDERS, Severity, Words, check_book, check_orders, items_of, read_orders, try_missing},
    domain::{ids::BookName, reason::Language},
    http::{App, auth::By, problem::Problem},
};

/// Calls that Accurate takes in a minute (accurate.md §2, A).
const MOST_CALLS: usize = 8 * 60;

/// Items that a check asks Accurate for; more would take longer than a browser waits.
const MOST_ITEMS: usize = 100;

/// What the last check of each book by this process found, and when.
#[derive(Debug, Default)]
pub(super) struct Checks(Mutex<BTreeMap<BookName, (Timestamp, Vec<Finding>)>>);

#[derive(Template)]
#[template(path = "connection.html")]
struct Connection {
    page: Page,
    books: Vec<BookShown>,
    most_calls: usize,
}

impl Connection {
    /// Whether a list is being read, or soon will be.
    fn is_reading(&self) -> bool {
        self.books.iter().flat_map(|book| &book.lists).any(|list| !list.reading.is_empty())
    }
}

struct BookShown {
    book: Book,
    calls: usize,
    reports: Option<Reports>,
    errors: Vec<ErrorShown>,
    checked: Option<Checked>,
    lists: Vec<ListShown>,
}

struct ErrorShown {
    at: String,
    what: &'static str,
    call: &'static str,
    words: String,
}

/// What a check has found.
pub(super) struct Checked {
    pub(super) at: String,
    pub(super) findings: Vec<FindingShown>,
    /// What is right, one line each.
    pub(super) right: Vec<FindingShown>,
}

/// One finding.
pub(super) struct FindingShown {
    pub(super) kind: &'static str,
    pub(super) level: &'static str,
    pub(super) part: String,
    pub(super) found: String,
    pub(super) remedy: String,
}

impl FindingShown {
    /// What was found, without its part.
    pub(super) fn sentence(&self) -> String {
        format::sentence(&self.found)
    }
}

impl Checks {
    /// What the last check of a book found.
    pub(super) fn of(&self, book: &BookName, page: &Page) -> Option<Checked> {
        let checked = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(book).cloned();
        checked.map(|(at, findings)| Checked::new(at, findings, page))
    }

    /// Notes what a check found.
    pub(super) fn note(&self, book: &BookName, at: Timestamp, findings: Vec<Finding>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(book.to_owned(), (at, findings));
    }
}

/// `GET /connection`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    page: Page,
) -> Result<Response, Problem> {
    let mut books = Vec::new();
    for status in app.engine.books() {
        let lately = app.engine.session(&status.name).map(Session::lately).unwrap_or_default();
        let error = |error: CallError| ErrorShown {
            at: format::moment_to_the_second(error.at),
            what: outcome(error.outcome, &page),
            call: error.call,
            words: error.words,
        };
        let has_credentials = app.engine.session(&status.name).is_some_and(Session::has_credentials);
        let works = status.pause.is_none() && has_credentials;
        let mut lists = masters::of_book(&app, &status.name, &page).await?;
        if !works {
            // Then none is read.
            for list in &mut lists {
                list.reading.clear();
            }
        }
        books.push(BookShown {
            lists,
            calls: lately.calls(page.now),
            reports: app.engine.accurate_webhook(&status.name).await?.map(|webhook| Reports::new(webhook, &page)),
            errors: lately.errors.into_iter().map(error).collect(),
            checked: checks.of(&status.name, &page),
            book: Book::new(status, &page),
        });
    }
    html(&Connection { page, books, most_calls: MOST_CALLS })
}

/// `POST /connection/check`.
pub(super) async fn check(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
) -> Result<Response, Problem> {
    tracing::info!(actor = actor.name, "the connection to Accurate is checked at the request of {actor}");
    let mapping = &app.engine.mapping().mapping;
    let orders = read_orders(&app.engine.storage().waiting_bodies(MOST_ORDERS).await?);
    for book in app.engine.books() {
        let session = app.engine.session(&book.name).filter(|session| session.has_credentials());
        let Some(session) = session else { continue };
        let of_book: Vec<_> = orders.iter().filter(|order| mapping.book_of(&order.store_id) == &book.name).collect();
        let items = items_of(of_book.iter().copied(), mapping).remove(&book.name).unwrap_or_default();
        let items: BTreeSet<_> = items.into_iter().take(MOST_ITEMS).collect();
        let mut findings = check_orders(of_book, mapping);
        findings.extend(check_book(session, mapping, &items).await);
        let posting = app.engine.posting();
        let (missing, given) = try_missing(session, &posting.missing_rights(&book.name)).await;
        findings.extend(missing);
        posting.note_tried_rights(&book.name, &given).await?;
        checks.note(&book.name, app.engine.now(), findings);
    }
    Ok(Redirect::to("/connection?done=checked").into_response())
}

impl Checked {
    fn new(at: Timestamp, findings: Vec<Finding>, page: &Page) -> Self {
        let shown = |finding: Finding| {
            let (kind, level) = match finding.severity {
                Severity::Error => ("bad", page.t("blocks invoices", "menghentikan faktur")),
                Severity::Warning => ("warn", page.t("to be checked", "perlu diperiksa")),
                Severity::Ok => ("good", page.t("OK", "sesuai")),
            };
            let Words { found, remedy } = finding.in_words(page.language);
            let remedy = without_syntax(&finding.part, remedy, page);
            let (part, remedy) = (mapping_words::part(&finding.part, page), format::sentence(&remedy));
            FindingShown { kind, level, part, found, remedy }
        };
        let (right, wrong): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.severity == Severity::Ok);
        Self {
            at: format::moment(at),
            findings: wrong.into_iter().map(shown).collect(),
            right: right.into_iter().map(shown).collect(),
        }
    }
}

/// A remedy without the syntax of the mapping's file, for a reader who does not edit it.
fn without_syntax(part: &str, remedy: String, page: &Page) -> String {
    if page.language == Language::Indonesian || !remedy.contains(['[', '"', '_']) {
        return remedy;
    }
    let plain = match part.split('.').next().unwrap_or_default() {
        "stores" if remedy.starts_with("add a table") => "add this store to the mapping",
        "stores" => "create the customer in Accurate, correct it in the mapping, or let the mapping create it",
        "warehouses" => "map this warehouse to a warehouse in Accurate",
        "accounts" => "choose an account for this amount in the mapping",
        _ => return remedy.replace(" in [skus]", " in the mapping").replace("account_url", "Accurate"),
    };
    plain.to_owned()
}

/// The outcome of a call.
fn outcome(class: &str, page: &Page) -> &'static str {
    match class {
        "slow_down" => page.t("too many calls; the call was repeated", "terlalu banyak permintaan; diulangi"),
        "not_sent" => page.t("could not be sent", "tidak dapat dikirim"),
        "ambiguous" => page.t("no clear answer", "jawaban tidak jelas"),
        "refused" => page.t("refused", "ditolak"),
        "book_refused" => page.t("access to the database was refused", "akses database ditolak"),
        "right_missing" => page.t("a right is missing", "hak akses kurang"),
        _ => page.t("an unknown answer", "jawaban tidak dikenal"),
    }
}
