//! `/mapping/skus`: every SKU in orders beside the items in Accurate, and the mapping between them.
//!
//! Whatever is entered travels with the page until it is saved, so that it works without JavaScript and on any replica.

mod form;
mod line;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use self::{
    form::{Action, Rows, Sent, View},
    line::{Context, Line, kind_shown, mistake, moment, unseen},
};
use super::{
    format,
    mapping::words::{self as mapping_words, Change},
    page::{Page, address, html},
};
use crate::{
    clock::SystemClock,
    deciding::mapping::{ActiveMapping, Applied, Document, apply, current},
    domain::{day_in_wib, mapping::Mapping, masters::MasterKind, operator::Role, reason::Language},
    export::{Format, Headers},
    http::{App, auth::By, problem::Problem},
    skus::{
        Catalogue, Changes, Kind, MOST_ROWS, Mistake, Row,
        file::{self, Unreadable},
        pairs::{self, Pairs, WrongLine, WrongPair},
    },
};

/// Rows of a page.
const PAGE: usize = 50;

/// Wrong lines, mistakes and changes of others that are listed.
const MOST_LISTED: usize = 20;

/// Items that a field offers.
const MOST_OFFERED: usize = 20;

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
    pasted: String,
    mistakes: Vec<(String, String)>,
    more_mistakes: usize,
    may_save_anyway: bool,
    meanwhile: Vec<Meanwhile>,
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
    book: Option<String>,
    count: i64,
    read_at: String,
    is_read: bool,
    /// How far it is being read now.
    reading: Option<String>,
}

/// What somebody else has changed since the page was made.
struct Meanwhile {
    who: String,
    at: String,
    changes: Vec<Change>,
    more: usize,
}

/// What is shown beside the table.
#[derive(Default)]
struct Aside {
    notice: Option<String>,
    refusal: Option<String>,
    wrong_lines: Vec<WrongLine>,
    pasted: String,
    meanwhile: Vec<Meanwhile>,
    conflicts: BTreeMap<String, Option<String>>,
}

/// `GET /mapping/skus`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let view = View::read(|name| query.get(name).map(String::as_str));
    let saved = query.get("saved").and_then(|count| count.parse::<u32>().ok());
    let notice = saved.map(|count| {
        let count = page.counted(i64::from(count), "item number", "item numbers", "Kode Barang");
        let sentence = page.t(
            "{} saved. Orders that waited for them continue automatically.",
            "{} disimpan. Pesanan yang menunggunya diproses otomatis.",
        );
        sentence.replace("{}", &count)
    });
    let catalogue = Catalogue::load(&app.engine).await?;
    let aside = Aside { notice, ..Aside::default() };
    render(page, &catalogue, &view, &Changes::default(), aside)
}

/// `POST /mapping/skus`: takes what was entered along, and saves it if it is asked to.
pub(super) async fn change(State(app): State<App>, By(actor): By, page: Page, sent: Sent) -> Result<Response, Problem> {
    let Sent { mut view, revision, mut changes, action, anyway, pasted, file } = sent;
    let mut aside = Aside::default();
    match &action {
        Action::Show | Action::Save | Action::AcceptSpellings => {}
        Action::Use { sku, item_no } => changes.enter(sku, item_no),
        Action::Discard => changes = Changes::default(),
        Action::Refresh => {
            for book in app.engine.books() {
                app.engine.refresh_list(&book.name, MasterKind::Items, &actor).await?;
            }
            let notice =
                page.t("The items of Accurate are being read again.", "Daftar barang Accurate sedang dibaca ulang.");
            aside.notice = Some(notice.to_owned());
        }
        Action::Paste => {
            let read = pairs::from_text(&pasted);
            aside.pasted = pasted;
            enter(read, &mut changes, &mut aside, &page);
        }
        Action::Import => match read_file(file).await? {
            Ok(read) => enter(read, &mut changes, &mut aside, &page),
            Err(unreadable) => aside.refusal = Some(unreadable_in_words(unreadable, &page).to_owned()),
        },
    }
    let catalogue = Catalogue::load(&app.engine).await?;
    let active = app.engine.mapping();
    if action == Action::AcceptSpellings {
        let accepted = catalogue.acceptable(&changes);
        let count = accepted.len();
        for (sku, suggestion) in accepted {
            changes.enter(sku, &suggestion.item_no);
        }
        aside.notice = Some(entered(count, &page));
    }
    changes.forget_what_holds(&active.mapping);
    if !matches!(action, Action::Show | Action::Save | Action::Use { .. } | Action::Refresh) {
        let rows = if changes.is_empty() { view.rows } else { Rows::Changed };
        view = View { rows, page: 1, q: String::new() };
    }
    if revision != active.revision {
        aside.since(&app, revision, &active, &changes, &page).await?;
    } else if action == Action::Save && !changes.is_empty() {
        let mistakes = changes.mistakes(&catalogue);
        let is_wrong = mistakes.iter().any(|mistake| !(anyway && mistake.wrong.may_be_right()));
        if is_wrong {
            view = View { rows: Rows::Changed, page: 1, q: String::new() };
        } else if changes.len() > MOST_ROWS {
            aside.refusal = Some(too_many(&page).to_owned());
        } else {
            match save(&app, &changes, &active, &actor.name).await? {
                Applied::Stale(_) => {
                    // Another replica may have applied it.
                    let now = current(app.engine.storage().as_ref()).await?;
                    app.engine.set_mapping(now.clone());
                    aside.since(&app, revision, &now, &changes, &page).await?;
                    let catalogue = Catalogue::load(&app.engine).await?;
                    return render(page, &catalogue, &view, &changes, aside);
                }
                Applied::Equal(_) | Applied::Changed(..) => {
                    let saved = changes.len().to_string();
                    if view.rows == Rows::Changed {
                        view = View::default();
                    }
                    let mut query = view.query();
                    query.push(("saved", saved));
                    return Ok(Redirect::to(&address_of(&query)).into_response());
                }
            }
        }
    }
    let is_plain = aside.is_empty() && changes.is_empty() && view.rows != Rows::Changed;
    if is_plain {
        return Ok(Redirect::to(&address_of(&view.query())).into_response());
    }
    render(page, &catalogue, &view, &changes, aside)
}

/// One new revision of the mapping.
async fn save(app: &App, changes: &Changes, active: &ActiveMapping, who: &str) -> Result<Applied, Problem> {
    let table = changes.applied_to(&active.mapping).to_table();
    // Numbers of SKUs cannot break a mapping that was valid before.
    let document = Document::from_table(&table).map_err(Problem::MappingWrong)?;
    let applied = apply(app.engine.storage().as_ref(), &SystemClock, document, who, Some(active.revision)).await?;
    if let Applied::Changed(active, _) = &applied {
        app.engine.set_mapping(active.clone());
    }
    Ok(applied)
}

async fn read_file(file: Bytes) -> Result<Result<Pairs, Unreadable>, Problem> {
    tokio::task::spawn_blocking(move || file::read(&file)).await.map_err(|error| {
        tracing::error!("a file could not be read: {error}");
        Problem::Broken
    })
}

/// Enters what was read, and reports what could not be used.
fn enter(read: Pairs, changes: &mut Changes, aside: &mut Aside, page: &Page) {
    let count = read.pairs.len();
    for (sku, item_no) in read.pairs {
        changes.enter(&sku, &item_no);
    }
    if count == 0 && read.wrong.is_empty() {
        let nothing = page.t("There are no item numbers in it.", "Tidak ada Kode Barang di dalamnya.");
        aside.refusal = Some(nothing.to_owned());
    } else if count > 0 {
        aside.notice = Some(entered(count, page));
    }
    aside.wrong_lines = read.wrong;
}

fn entered(count: usize, page: &Page) -> String {
    let count = page.counted(count as i64, "item number was", "item numbers were", "Kode Barang");
    let sentence = page.t(
        "{} entered. Nothing is saved yet: check them and save.",
        "{} diisi. Belum ada yang disimpan: periksa lalu simpan.",
    );
    sentence.replace("{}", &count)
}

fn too_many(page: &Page) -> &'static str {
    page.t("These are too many changes to save at once.", "Perubahannya terlalu banyak untuk disimpan sekaligus.")
}

fn unreadable_in_words(unreadable: Unreadable, page: &Page) -> &'static str {
    match unreadable {
        Unreadable::TooLarge => {
            page.t("The file is too large. 3 MB can be read.", "Berkasnya terlalu besar. Batasnya 3 MB.")
        }
        Unreadable::OldWorkbook => page.t(
            "This is a workbook of an old Excel. Save it as XLSX or CSV and import it again.",
            "Ini buku kerja Excel lama. Simpan sebagai XLSX atau CSV, lalu impor lagi.",
        ),
        Unreadable::Damaged => page.t(
            "This file cannot be read. Choose an XLSX or CSV file.",
            "Berkas ini tidak dapat dibaca. Pilih berkas XLSX atau CSV.",
        ),
    }
}

fn wrong_line(wrong: &WrongLine, page: &Page) -> String {
    let why = match &wrong.why {
        WrongPair::OneColumn => page.t("has no second column", "tidak memiliki kolom kedua").to_owned(),
        WrongPair::SkuMissing => page.t("has no SKU", "tidak memiliki SKU").to_owned(),
        WrongPair::Contradiction(earlier) => {
            format!("{} {earlier}", page.t("an earlier line says", "baris sebelumnya berisi"))
        }
        WrongPair::TooLong => page.t("is too long", "terlalu panjang").to_owned(),
        WrongPair::Date => page
            .t(
                "the spreadsheet has made a date of it; format the column as text",
                "terbaca sebagai tanggal; format kolomnya sebagai teks",
            )
            .to_owned(),
        WrongPair::TooMany => page
            .t("is beyond the 50.000 rows that are read at once", "melebihi 50.000 baris yang dapat dibaca sekaligus")
            .to_owned(),
    };
    let line = format!("{} {}", page.t("Line", "Baris"), wrong.line);
    if wrong.sku.is_empty() { format!("{line}: {why}") } else { format!("{line} ({}): {why}", wrong.sku) }
}

impl Aside {
    fn is_empty(&self) -> bool {
        self.notice.is_none() && self.refusal.is_none() && self.wrong_lines.is_empty() && self.meanwhile.is_empty()
    }

    /// What somebody else has changed since the page was made from this revision.
    async fn since(
        &mut self,
        app: &App,
        revision: i64,
        now: &ActiveMapping,
        changes: &Changes,
        page: &Page,
    ) -> Result<(), Problem> {
        let storage = app.engine.storage();
        let newest = storage.mapping_history(MOST_LISTED as i64).await?;
        for later in newest.into_iter().filter(|one| one.revision > revision) {
            let more = later.changes.len().saturating_sub(MOST_LISTED);
            let listed = later.changes.iter().take(MOST_LISTED).map(|change| mapping_words::change(change, page));
            self.meanwhile.push(Meanwhile {
                at: format::moment(later.at),
                changes: listed.collect(),
                more,
                who: later.who,
            });
        }
        let base = storage.mappings_below(revision.saturating_add(1), 1).await?.pop();
        let base = base.and_then(|base| Mapping::parse("mapping", &base.document).ok()).unwrap_or_default();
        self.conflicts = changes.also_changed(&base, &now.mapping);
        Ok(())
    }
}

fn address_of(query: &[(&'static str, String)]) -> String {
    let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    address("/mapping/skus", &query)
}

fn render(
    page: Page,
    catalogue: &Catalogue,
    view: &View,
    changes: &Changes,
    aside: Aside,
) -> Result<Response, Problem> {
    let Aside { notice, refusal, wrong_lines, pasted, meanwhile, conflicts } = aside;
    let mistakes = changes.mistakes(catalogue);
    let rows = rows(catalogue, view, changes, &mistakes);
    let found = rows.len();
    let this_page = view.page.min(found.div_ceil(PAGE).max(1));
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
        pasted,
        may_save_anyway: !mistakes.is_empty() && mistakes.iter().all(|mistake| mistake.wrong.may_be_right()),
        more_mistakes: mistakes.len().saturating_sub(MOST_LISTED),
        mistakes: mistakes.iter().take(MOST_LISTED).map(|one| (one.sku.clone(), mistake(one, &page))).collect(),
        meanwhile,
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
    let list = |list: &crate::skus::ItemList| List {
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

/// Which items a field offers.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    item: Option<String>,
}

#[derive(Template)]
#[template(
    source = r#"{% for item in items %}<option value="{{ item.0 }}">{{ item.1 }}</option>{% endfor %}"#,
    ext = "html"
)]
struct Offered {
    items: Vec<(String, String)>,
}

/// `GET /mapping/skus/items`: what a field offers while somebody types.
pub(super) async fn items(State(app): State<App>, Query(typed): Query<Typed>) -> Result<Response, Problem> {
    let text = typed.item.unwrap_or_default();
    let items = crate::skus::ItemList::search(&app.engine, text.trim(), MOST_OFFERED).await?;
    html(&Offered { items: items.into_iter().map(|item| (item.no, item.name)).collect() })
}

/// `GET /mapping/skus/export`: the rows as a file, which can be filled in and imported.
pub(super) async fn export(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let view = View::read(|name| query.get(name).map(String::as_str));
    let format = query.get("format").and_then(|format| Format::parse(format)).unwrap_or(Format::Xlsx);
    let headers = Headers::For(if page.lang() == "en" { Language::English } else { Language::Indonesian });
    let catalogue = Catalogue::load(&app.engine).await?;
    let written = tokio::task::spawn_blocking(move || {
        let filter = view.filter();
        let rows: Vec<_> = catalogue.filtered(&filter).collect();
        file::write(&rows, format, headers)
    });
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!("SKUs could not be exported: {error}");
        Problem::Broken
    };
    let file = written.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let name = format!("attachment; filename=\"skus-{}.{}\"", day_in_wib(app.engine.now()), format.ending());
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
