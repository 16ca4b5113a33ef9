//! The page: its rows, the choices of rows, and what is said beside them.

use std::{borrow::Cow, collections::BTreeSet};

use askama::Template;
use axum::response::Response;

use super::{
    aside::{Aside, Meanwhile, wrong_line},
    form::{Rows, View},
    line::{Context, Line, kind_shown, mistake, moment, unseen},
};
use crate::{
    domain::{ids::BookName, operator::Role},
    http::problem::Problem,
    skus::{Catalogue, Changes, ItemList, Kind, Mistake, Row},
    web::{
        mapping::trial::TrialShown,
        page::{Page, address, html},
    },
};

/// Rows of a page.
const PAGE: usize = 50;

/// Wrong lines, mistakes and changes of others that are listed.
pub(super) const MOST_LISTED: usize = 20;

#[derive(Template)]
#[template(path = "mapping_skus.html")]
struct Skus {
    page: Page,
    /// Whether the reader may change the mapping.
    may_change: bool,
    q: String,
    /// The word of the rows that are shown.
    rows: &'static str,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    found: usize,
    this_page: usize,
    pages: usize,
    previous: Option<Turn>,
    next: Option<Turn>,
    lists: Vec<List>,
    /// Rows whose one suggestion differs only in spelling.
    acceptable: usize,
    revision: i64,
    draft: String,
    changed: usize,
    /// What has just happened.
    notice: Option<String>,
    /// Why it has not.
    refusal: Option<String>,
    wrong_lines: Vec<String>,
    /// Why the changes are made, as it is typed so far.
    note: String,
    pasted: String,
    mistakes: Vec<(String, String)>,
    more_mistakes: usize,
    may_save_anyway: bool,
    meanwhile: Vec<Meanwhile>,
    /// What saving would change.
    trial: Option<TrialShown>,
}

/// A choice of rows.
struct Tab {
    text: &'static str,
    word: &'static str,
    count: usize,
    is_here: bool,
    link: String,
}

/// Another page of the list.
struct Turn {
    page: usize,
    link: String,
}

/// The items of an Accurate database.
struct List {
    book: Option<BookName>,
    count: i64,
    read_at: String,
    is_read: bool,
    /// How far it is being read now.
    reading: Option<String>,
}

/// The address of the page with these parameters.
pub(super) fn address_of(query: &[(&'static str, String)]) -> String {
    let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    address("/mapping/skus", &query)
}

/// The page with what is said beside its table.
pub(super) fn render(
    page: Page,
    catalogue: &Catalogue,
    view: &View,
    changes: &Changes,
    aside: Aside,
) -> Result<Response, Problem> {
    let Aside { notice, refusal, wrong_lines, note, pasted, meanwhile, conflicts, trial } = aside;
    let mistakes = changes.mistakes(catalogue);
    let rows = rows(catalogue, view, changes, &mistakes);
    let found = rows.len();
    let pages = found.div_ceil(PAGE);
    let this_page = view.page.min(pages.max(1));
    let context = Context { page: &page, catalogue, changes, mistakes: &mistakes, conflicts: &conflicts };
    let shown = rows.iter().skip((this_page - 1) * PAGE).take(PAGE);
    let lines = shown.enumerate().map(|(place, row)| Line::new(place, row, &context)).collect();
    let turn = |to: usize| Turn { page: to, link: address_of(&View { page: to, ..view.clone() }.query()) };
    html(&Skus {
        may_change: page.actor.as_ref().is_some_and(|actor| actor.may(Role::Admin)),
        q: view.q.clone(),
        rows: view.rows.word(),
        tabs: tabs(catalogue, view, changes, &page),
        lines,
        found,
        this_page,
        pages,
        previous: (this_page > 1).then(|| turn(this_page - 1)),
        next: (this_page * PAGE < found).then(|| turn(this_page + 1)),
        lists: lists(catalogue, &page),
        acceptable: catalogue.acceptable(changes).len(),
        revision: catalogue.revision,
        draft: changes.to_text(),
        changed: changes.len(),
        notice,
        refusal,
        wrong_lines: wrong_lines.iter().take(MOST_LISTED).map(|wrong| wrong_line(wrong, &page)).collect(),
        note,
        pasted,
        may_save_anyway: !mistakes.is_empty() && mistakes.iter().all(|mistake| mistake.wrong.may_be_right()),
        more_mistakes: mistakes.len().saturating_sub(MOST_LISTED),
        mistakes: mistakes.iter().take(MOST_LISTED).map(|one| (one.sku.clone(), mistake(one, &page))).collect(),
        meanwhile,
        trial,
        page,
    })
}

/// The rows to be shown: those for which most orders wait first; among changes, those with mistakes.
fn rows<'a>(catalogue: &'a Catalogue, view: &View, changes: &Changes, mistakes: &[Mistake]) -> Vec<Cow<'a, Row>> {
    if view.rows == Rows::Changed {
        let row = |sku: &str| catalogue.row(sku).map_or_else(|| Cow::Owned(unseen(sku)), Cow::Borrowed);
        let with_mistakes: BTreeSet<_> = mistakes.iter().map(|one| one.sku.as_str()).collect();
        let (wrong, right): (Vec<_>, Vec<_>) =
            changes.iter().map(|(sku, _)| sku).partition(|sku| with_mistakes.contains(sku));
        return wrong.into_iter().chain(right).map(row).collect();
    }
    let filter = view.filter();
    let mut rows: Vec<_> = catalogue.filtered(&filter).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.waiting.orders, row.waiting.hundredths)));
    rows.into_iter().map(Cow::Borrowed).collect()
}

fn tabs(catalogue: &Catalogue, view: &View, changes: &Changes, page: &Page) -> Vec<Tab> {
    let counts = catalogue.counts();
    let tab = |rows: Rows, text, count| {
        let link = address_of(&View { rows, page: 1, q: view.q.clone() }.query());
        Tab { text, word: if rows == Rows::All { "all" } else { rows.word() }, count, is_here: view.rows == rows, link }
    };
    let mut tabs = vec![
        tab(Rows::All, page.t("all", "semua"), counts.all),
        tab(Rows::Waiting, page.t("orders wait", "ada pesanan menunggu"), counts.waiting),
    ];
    for kind in [Kind::Unread, Kind::Spelling, Kind::Near, Kind::None, Kind::Suspended, Kind::Exact] {
        if counts.of(kind) > 0 || view.rows == Rows::Matching(kind) {
            tabs.push(tab(Rows::Matching(kind), kind_shown(kind, page).1, counts.of(kind)));
        }
    }
    if !changes.is_empty() {
        tabs.push(tab(Rows::Changed, page.t("not saved yet", "belum disimpan"), changes.len()));
    }
    tabs
}

fn lists(catalogue: &Catalogue, page: &Page) -> Vec<List> {
    let several = catalogue.lists.len() > 1;
    let list = |list: &ItemList| List {
        book: several.then(|| list.book.clone()),
        count: list.items.len() as i64,
        read_at: moment(list.read_at, page),
        is_read: list.read_at.is_some(),
        reading: list.reading.map(|reading| match reading.of {
            0 => page.t("being read now", "sedang dibaca").to_owned(),
            of => format!(
                "{} {} {} {}",
                page.t("being read now:", "sedang dibaca:"),
                page.count(reading.rows),
                page.t("of", "dari"),
                page.count(of)
            ),
        }),
    };
    catalogue.lists.iter().map(list).collect()
}
