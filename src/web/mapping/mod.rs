//! `/mapping`: the rules in words and tables that a seller understands ([`view`]). An admin edits them; [`history`]
//! shows who changed what, and restores.
//!
//! Nothing changes until *Save*. [`form`] names the fields and makes the mapping that they describe; [`editor`] shows
//! them with Accurate's [`lists`] as choices and with [`suggestions`]; [`trial`] shows what the mapping would change.

mod editor;
mod field;
mod form;
pub(super) mod history;
mod lists;
mod suggestions;
pub(super) mod trial;
mod unlisted;
mod view;
pub(super) mod words;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use toml::Table;

use self::{
    editor::{Editor, Source},
    field::Input,
    form::Values,
    lists::Lists,
    trial::TrialShown,
};
use super::{
    format, mistakes,
    page::{Page, html},
};
use crate::{
    deciding::mapping::{Applied, Author, Document, current, revision_of},
    domain::{
        mapping::{Mapping as Rules, merge::merge},
        masters::MasterKind,
        operator::Role,
        reason::Reason,
        toml_text::Problem as Mistake,
    },
    http::{
        App, auth::By, params::day_of_text, problem::Problem, v1::check_mapping::document_of, wrong_field::storable,
    },
    storage::{MappingRevision, MasterSearch},
};

/// Warehouses of orders that are shown.
const MOST_WAREHOUSES: i64 = 500;

/// Choices that a browser gets for what was typed so far.
const MOST_CHOICES: i64 = 50;

#[derive(Template)]
#[template(path = "mapping_edit.html")]
struct Edit {
    page: Page,
    /// The revision that the fields were made from.
    revision: i64,
    changed: Option<String>,
    note: String,
    from: String,
    to: String,
    editor: Editor,
    trial: Option<TrialShown>,
    /// Somebody else's change since this form was opened: who and when, and what.
    theirs: Option<(String, Vec<words::Change>)>,
    skus: i64,
    mapping_file: Option<String>,
}

/// `GET /mapping`: the form for those who may change it.
pub(super) async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    if page.may(Role::Admin) {
        let active = app.engine.mapping();
        return edit(&app, page, Draft::of(Values::of(&active.mapping), active.revision)).await;
    }
    view::show(&app, page).await
}

/// What a person has entered, and what is to be said about it.
struct Draft {
    values: Values,
    revision: i64,
    note: String,
    from: String,
    to: String,
    mistakes: BTreeMap<String, String>,
    theirs: BTreeMap<String, String>,
    trial: Option<TrialShown>,
    /// What others changed since the form was opened.
    meanwhile: Vec<MappingRevision>,
}

impl Draft {
    fn of(values: Values, revision: i64) -> Self {
        Self {
            values,
            revision,
            note: String::new(),
            from: String::new(),
            to: String::new(),
            mistakes: BTreeMap::new(),
            theirs: BTreeMap::new(),
            trial: None,
            meanwhile: Vec::new(),
        }
    }

    /// What was sent.
    fn sent(mut fields: Vec<(String, String)>) -> Self {
        let mut take = |name: &str| {
            let place = fields.iter().position(|(field, _)| field == name)?;
            Some(fields.remove(place).1)
        };
        let revision = take("revision").and_then(|revision| revision.parse().ok()).unwrap_or(-1);
        let [note, from, to] = ["note", "from", "to"].map(|name| take(name).unwrap_or_default());
        Self { note, from, to, ..Self::of(Values::sent(fields), revision) }
    }

    /// The mapping that was entered, or the mistakes in it, each at its field.
    fn document(&mut self, app: &App, base: &Table, page: &Page) -> Option<Document> {
        self.mistakes = self.values.idle_warehouses(base).into_iter().map(|field| (field, idle(page))).collect();
        match document_of(app, &self.values.onto(base)) {
            Ok(document) if self.mistakes.is_empty() => Some(document),
            Ok(_) => None,
            Err(mistakes) => {
                self.note_mistakes(mistakes, page);
                None
            }
        }
    }

    fn note_mistakes(&mut self, mistakes: Vec<Mistake>, page: &Page) {
        let shown = mistakes.into_iter().map(|mistake| {
            let field = form::field_of_key(&mistake.key);
            let words = mistake_in_words(&field, &mistake, page);
            (field, words)
        });
        self.mistakes.extend(shown);
    }
}

/// The rules that the fields were made from.
async fn base(app: &App, revision: i64) -> Result<Rules, Problem> {
    let stored = revision_of(app.engine.storage().as_ref(), revision).await?;
    let read = stored.and_then(|stored| Rules::parse("mapping", &stored.document).ok());
    Ok(read.unwrap_or_else(|| if revision == 0 { Rules::default() } else { app.engine.mapping().mapping.clone() }))
}

/// `POST /mapping`.
pub(super) async fn save(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut draft = Draft::sent(fields);
    let rules = base(&app, draft.revision).await?;
    let base = rules.to_table();
    let document = draft.document(&app, &base, &page);
    let storage = app.engine.storage().as_ref();
    let unlisted = app.engine.unlisted(&base, &draft.values.onto(&base)).await?;
    draft.mistakes.extend(unlisted.iter().map(|one| unlisted::mistake(one, &page)));
    let Some(document) = document.filter(|_| draft.mistakes.is_empty()) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, edit(&app, page, draft).await?).into_response());
    };
    let author = Author { who: &actor.name, note: storable("note", &draft.note)? };
    let wanted = document.mapping.clone();
    match app.engine.apply_mapping(document, author, Some(draft.revision)).await? {
        Applied::Equal(_) => Ok(Redirect::to("/mapping?done=mapping_same").into_response()),
        Applied::Changed(..) => Ok(Redirect::to("/mapping?done=mapping_saved").into_response()),
        Applied::Stale(_) => {
            let newest = current(storage).await?;
            // The button was pressed twice, or somebody else has saved the same.
            if newest.mapping == wanted {
                return Ok(Redirect::to("/mapping?done=mapping_saved").into_response());
            }
            let merged = merge(&base, &newest.mapping.to_table(), &draft.values.onto(&base));
            let theirs = merged.conflicts.iter().map(|conflict| {
                let removed = page.t("(removed)", "(dihapus)");
                let value = if conflict.theirs.is_empty() { removed } else { &conflict.theirs };
                (form::field_of_conflict(conflict), value.to_owned())
            });
            let meanwhile = storage.mappings_below(newest.revision + 1, newest.revision - draft.revision).await?;
            let draft = Draft {
                values: Values::of_table(&merged.table),
                revision: newest.revision,
                theirs: theirs.collect(),
                meanwhile,
                ..draft
            };
            Ok((StatusCode::CONFLICT, edit(&app, page, draft).await?).into_response())
        }
    }
}

/// `POST /mapping/try`.
pub(super) async fn try_it(
    State(app): State<App>,
    page: Page,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut draft = Draft::sent(fields);
    let days = (day_of_text("from", &draft.from)?, day_of_text("to", &draft.to)?);
    let base = base(&app, draft.revision).await?.to_table();
    let Some(document) = draft.document(&app, &base, &page) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, edit(&app, page, draft).await?).into_response());
    };
    let tried = app.engine.try_mapping(document.mapping, days).await?;
    draft.trial = Some(TrialShown::new(&tried, &page));
    edit(&app, page, draft).await
}

/// The form.
async fn edit(app: &App, page: Page, draft: Draft) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let stores = storage.stores().await?;
    let seen = storage.seen_warehouses(MOST_WAREHOUSES).await?;
    let mut warehouses = BTreeMap::<_, String>::new();
    let mut warehouses_of_stores = BTreeMap::<_, BTreeSet<_>>::new();
    for warehouse in seen {
        warehouses_of_stores.entry(warehouse.store_id).or_default().insert(warehouse.id.clone());
        warehouses.entry(warehouse.id).or_insert(warehouse.code);
    }
    let mut waiting = BTreeMap::new();
    for (id, sums) in storage.blocked_by_subject(Reason::StoreUnmapped).await? {
        waiting.insert(form::of_store(&id, form::INVOICING), sums.orders);
    }
    for (id, sums) in storage.blocked_by_subject(Reason::WarehouseUnmapped).await? {
        waiting.insert(format!("{}/{id}", form::WAREHOUSES), sums.orders);
        if !id.is_empty() {
            warehouses.entry(id).or_default();
        }
    }
    let newest = storage.mapping_history(1).await?;
    let changed = newest.first().map(|newest| format!("{} · {}", format::moment(newest.at), who(newest, &page)));
    let theirs = draft.meanwhile.first().map(|newest| {
        let settings = draft.meanwhile.iter().rev().flat_map(|revision| &revision.changes);
        let names: BTreeSet<_> = draft.meanwhile.iter().map(|revision| who(revision, &page)).collect();
        let by = format!("{} · {}", names.into_iter().collect::<Vec<_>>().join(", "), format::moment(newest.at));
        (by, settings.map(|change| words::change(change, &page)).collect())
    });
    let lists = Lists::read(app, &draft.values, &stores).await?;
    let source = Source {
        values: draft.values,
        mistakes: draft.mistakes,
        theirs: draft.theirs,
        stores: &stores,
        warehouses: &warehouses,
        waiting: &waiting,
        warehouses_of_stores: &warehouses_of_stores,
        lists: &lists,
        books: app.engine.books().into_iter().map(|book| book.name).collect(),
    };
    html(&Edit {
        revision: draft.revision,
        changed,
        note: draft.note,
        from: draft.from,
        to: draft.to,
        editor: Editor::new(source, &page),
        trial: draft.trial,
        theirs,
        skus: app.engine.mapping().mapping.skus.len() as i64,
        mapping_file: app.mapping_file.as_ref().map(|path| path.display().to_string()),
        page,
    })
}

/// The address of the field for the account in which a store's payouts arrive.
pub(super) fn bank_account_of(store: &str) -> String {
    format!("/mapping#{}", editor::id_of(&form::of_store(store, "bank_account")))
}

/// The address of the field for the account of a category.
pub(super) fn account_of(category: &str) -> String {
    format!("/mapping#{}", editor::id_of(&format!("{}/{category}", form::ACCOUNTS)))
}

/// The address of the field of a rule.
pub(super) fn rule(name: &str) -> String {
    format!("/mapping#{}", editor::id_of(name))
}

/// What is wrong with a warehouse that was chosen for nothing.
fn idle(page: &Page) -> String {
    let words = page.t(
        "Choose “Put on every line” above, or leave this field empty.",
        "Pilih “Dicantumkan pada setiap baris” di atas, atau kosongkan isian ini.",
    );
    words.to_owned()
}

/// A mistake in the reader's language.
fn mistake_in_words(field: &str, mistake: &Mistake, page: &Page) -> String {
    let words = match field {
        "invoice_number" => page.t(
            "Must contain {channel_order_id} or {order_id}; only {store_id} may be added. Each order needs its own number.",
            "Harus memuat {channel_order_id} atau {order_id}, dan hanya boleh ditambah {store_id}. Setiap pesanan memerlukan nomor sendiri.",
        ),
        "description" => page.t(
            "Must contain {order_id}, by which the service recognises the invoice of an order.",
            "Harus memuat {order_id}, yang dipakai untuk mengenali faktur setiap pesanan.",
        ),
        "orders_from" => page.t("Must be a day.", "Harus berupa tanggal."),
        _ => return mistakes::in_words(mistake, page),
    };
    words.to_owned()
}

/// `GET /mapping/export`: the active mapping as it was written, for a file.
pub(super) async fn export(State(app): State<App>) -> Result<Response, Problem> {
    let stored = app.engine.storage().mapping().await?;
    let text = stored.map_or_else(String::new, |stored| {
        format!("# Revision {}, {}, {}\n{}", stored.revision, stored.at, one_line(&stored.who), stored.document)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/toml; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"mapping.toml\"")),
    ];
    Ok((headers, text).into_response())
}

/// A name that cannot end a comment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// What was typed so far into a field, whose name is in the way of its key.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    book: String,
    /// The type of the accounts that fit, in Accurate's own word; empty: of any.
    #[serde(default, rename = "type")]
    of_type: String,
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "choices.html")]
struct Choices {
    rows: Vec<(String, String)>,
}

/// `GET /mapping/choices/{kind}`: the choices for what was typed so far, from a list that is too long for the page.
pub(super) async fn choices(
    State(app): State<App>,
    Path(kind): Path<String>,
    Query(Typed { book, of_type, q }): Query<Typed>,
) -> Result<Response, Problem> {
    let kind = MasterKind::parse(&kind).ok_or(Problem::UnknownRoute)?;
    let search = MasterSearch { text: q, limit: MOST_CHOICES, of_type, is_active: true, after: None };
    let rows = app.engine.storage().masters(&book.into(), kind, &search).await?.unwrap_or_default();
    html(&Choices { rows: rows.iter().map(editor::option).collect() })
}

/// Who changed it: a person, or the mapping file.
fn who(revision: &MappingRevision, page: &Page) -> String {
    match revision.who.as_str() {
        "file at start" => {
            page.t("mapping file, when the service started", "berkas pemetaan, saat layanan dijalankan").to_owned()
        }
        "file at reload" => page
            .t("mapping file, when settings were reloaded", "berkas pemetaan, saat pengaturan dimuat ulang")
            .to_owned(),
        who => who.to_owned(),
    }
}
