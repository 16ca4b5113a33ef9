//! Accurate's lists on `/connection`: when each was read, how far its reading is, why it failed, and *Refresh*.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::page::Page;
use crate::{
    domain::{ids::BookName, masters::MasterKind},
    http::{App, auth::By, problem::Problem, v1::list_masters::list_of},
    storage::MasterList,
};

/// One list.
pub(super) struct ListShown {
    /// The word in addresses.
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// How many rows are shown, in words; empty if the list was never read.
    pub(super) rows: String,
    /// When it was read; empty if it never was.
    pub(super) read_at: String,
    /// How far its reading is; empty if there is none.
    pub(super) reading: String,
    /// Why the latest reading failed, and what to do.
    pub(super) failure: Option<(String, &'static str)>,
}

/// The lists of an Accurate database.
pub(super) async fn of_book(app: &App, book: &BookName, page: &Page) -> Result<Vec<ListShown>, Problem> {
    let lists = app.engine.storage().master_lists(book).await?;
    Ok(lists.into_iter().map(|list| ListShown::new(list, page)).collect())
}

impl ListShown {
    fn new(list: MasterList, page: &Page) -> Self {
        let is_requested = list.next_at <= page.now;
        let reading = match list.reading {
            Some(reading) if reading.of > 0 => page
                .t("being read: {rows} of {of}", "sedang dibaca: {rows} dari {of}")
                .replace("{rows}", &page.count(reading.rows))
                .replace("{of}", &page.count(reading.of)),
            Some(_) => page.t("being read", "sedang dibaca").to_owned(),
            None if is_requested => page.t("will be read soon", "segera dibaca").to_owned(),
            None => String::new(),
        };
        Self {
            kind: list.kind.as_str(),
            name: name(list.kind, page),
            rows: list.read_at.map(|_| page.counted(list.rows, "row", "rows", "baris")).unwrap_or_default(),
            read_at: list.read_at.map(|at| page.moment(at)).unwrap_or_default(),
            reading,
            failure: list.failure.map(|failure| (failure.sentence(page.language), failure.remedy(page.language))),
        }
    }
}

/// A list as Accurate's own screens name it.
fn name(kind: MasterKind, page: &Page) -> &'static str {
    match kind {
        MasterKind::Accounts => page.t("Accounts", "Akun Perkiraan"),
        MasterKind::Warehouses => page.t("Warehouses", "Gudang"),
        MasterKind::Branches => page.t("Branches", "Cabang"),
        MasterKind::Terms => page.t("Payment terms", "Syarat Pembayaran"),
        MasterKind::Taxes => page.t("Taxes", "Pajak"),
        MasterKind::Customers => page.t("Customers", "Pelanggan"),
        MasterKind::Items => page.t("Items", "Barang & Jasa"),
    }
}

/// Which list is read again.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    book: String,
    kind: String,
}

/// `POST /connection/refresh`.
pub(super) async fn refresh(
    State(app): State<App>,
    By(actor): By,
    Form(Which { book, kind }): Form<Which>,
) -> Result<Response, Problem> {
    let book = BookName::from(book);
    let kind = list_of(&app, &book, &kind)?;
    app.engine.refresh_list(&book, kind, &actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Redirect::to("/connection?done=list_requested#lists").into_response())
}
