//! `/mapping/skus`: every SKU in orders beside the items in Accurate, and the mapping between them.
//!
//! Whatever is entered travels with the page until it is saved, so that it works without JavaScript and on any replica.
//! [`form`] reads what the page sends, [`aside`] is what it says beside the table, [`table`] shows the rows ([`line`]),
//! and [`files`] offers items and exports rows.

mod aside;
mod files;
mod form;
mod line;
mod table;

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};

pub(super) use self::files::{export, items};
use self::{
    aside::Aside,
    form::{Action, Rows, Sent, View},
    table::{address_of, render},
};
use super::{mapping::trial::TrialShown, page::Page};
use crate::{
    deciding::mapping::{ActiveMapping, Applied, Author, Document, current},
    domain::masters::MasterKind,
    http::{App, auth::By, problem::Problem, wrong_field::storable},
    skus::{
        Catalogue, Changes, MOST_ROWS, file,
        pairs::{self, Pairs},
    },
    spreadsheet::Unreadable,
};

/// `GET /mapping/skus`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let view = View::asked(&query)?;
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
    let Sent { mut view, revision, mut changes, action, anyway, note, pasted, file } = sent;
    let mut aside = Aside { note, ..Aside::default() };
    match &action {
        Action::Show | Action::Save | Action::Try | Action::AcceptSpellings => {}
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
            aside.enter(read, &mut changes, &page);
        }
        Action::Import => match read_file(file).await? {
            Ok(read) => aside.enter(read, &mut changes, &page),
            Err(unreadable) => aside.cannot_read(unreadable, &page),
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
        aside.are_entered(count, &page);
    }
    changes.forget_what_holds(&active.mapping);
    if !matches!(action, Action::Show | Action::Save | Action::Try | Action::Use { .. } | Action::Refresh) {
        let rows = if changes.is_empty() { view.rows } else { Rows::Changed };
        view = View { rows, page: 1, q: String::new() };
    }
    if revision != active.revision {
        aside.since(&app, revision, &active, &changes, &page).await?;
    } else if action == Action::Try {
        let candidate = changes.applied_to(&active.mapping);
        let tried = app.engine.try_mapping(candidate, (None, None)).await?;
        aside.trial = Some(TrialShown::new(&tried, &page));
    } else if action == Action::Save && !changes.is_empty() {
        let mistakes = changes.mistakes(&catalogue);
        let is_wrong = mistakes.iter().any(|mistake| !(anyway && mistake.wrong.may_be_right()));
        if is_wrong {
            view = View { rows: Rows::Changed, page: 1, q: String::new() };
        } else if changes.len() > MOST_ROWS {
            aside.are_too_many(&page);
        } else {
            let author = Author { who: &actor.name, note: storable("note", &aside.note)? };
            match save(&app, &changes, &active, author).await? {
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
async fn save(app: &App, changes: &Changes, active: &ActiveMapping, author: Author<'_>) -> Result<Applied, Problem> {
    let table = changes.applied_to(&active.mapping).to_table();
    // Numbers of SKUs cannot break a mapping that was valid before.
    let document = Document::from_table(&table).map_err(Problem::MappingWrong)?;
    Ok(app.engine.apply_mapping(document, author, Some(active.revision)).await?)
}

async fn read_file(file: Bytes) -> Result<Result<Pairs, Unreadable>, Problem> {
    tokio::task::spawn_blocking(move || file::read(&file)).await.map_err(|error| {
        tracing::error!("a file could not be read: {error}");
        Problem::Broken
    })
}
