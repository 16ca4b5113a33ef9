//! `/orders/import`: a person compares a file with what is known, and takes in what is missing.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use futures_util::{StreamExt, stream};

use super::{
    format,
    page::{Page, html},
    webhooks,
};
use crate::{
    domain::{
        import::{
            Difference, Report, Side, Standing,
            columns::{Choice, Column},
        },
        money::Rupiah,
        unreadable_file,
    },
    http::{App, auth::By, problem::Problem, v1::import_orders},
    importing::{
        Mode,
        file::{MOST_NAMED, Outcome},
    },
    spreadsheet::Unreadable,
    storage::BackfillState,
};

/// Largest form that is read, in bytes: the file and what surrounds it.
pub(super) const LARGEST_FORM: usize = import_orders::LARGEST + 64 * 1024;

#[derive(Template)]
#[template(path = "import.html")]
struct Import {
    page: Page,
    result: Option<Found>,
    /// Why the file could not be read.
    refusal: Option<String>,
    choosing: Option<Choosing>,
    remembered: bool,
    /// Whether the last choice of columns names no column with an order.
    not_enough: bool,
    /// What Forstok's order API has shown, if it is on.
    asked: Option<String>,
}

/// What a file contains beside what is known.
struct Found {
    heading: String,
    /// What is to be done now.
    next: &'static str,
    /// New orders are known by now.
    is_imported: bool,
    counts: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    unread: Vec<(u64, String)>,
    /// Only some are named.
    is_cut: bool,
}

/// An order that is missing here or out of date.
struct Line {
    at: u64,
    /// The marketplace's number, else Forstok's id.
    number: String,
    order_id: Option<String>,
    is_known: bool,
    listed: String,
    known: String,
}

/// The form for the columns of an export.
struct Choosing {
    /// The headings, as JSON.
    headings: String,
    fields: Vec<Field>,
    /// Nothing can be compared without it.
    is_needed: bool,
}

struct Field {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, bool)>,
}

impl Import {
    fn empty(page: Page) -> Self {
        Self { page, result: None, refusal: None, choosing: None, remembered: false, not_enough: false, asked: None }
    }
}

/// `GET /orders/import`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let remembered = query.contains_key("columns");
    let asked = match app.engine.forstok() {
        Some(_) => Some(asked(&app.engine.storage().backfill().await?, &page)),
        None => None,
    };
    html(&Import { remembered, asked, ..Import::empty(page) })
}

/// When Forstok's order API was last read, and what it has shown.
fn asked(state: &BackfillState, page: &Page) -> String {
    let (Some(at), Some(result)) = (state.ended_at, &state.result) else {
        return page.t("Forstok's list has not been read yet.", "Daftar pesanan Forstok belum dibaca.").to_owned();
    };
    let count = |key: &str| page.count(result[key].as_i64().unwrap_or_default());
    let sentence = match (result["complete"] == true, result["ingest"] == true) {
        (false, _) => page.t(
            "Forstok's list was read on {at}, but not to its end; the log says why. The service tries again automatically.",
            "Daftar pesanan Forstok dibaca pada {at}, tetapi tidak sampai akhir; penyebabnya tercatat di log. Layanan ini mencoba lagi secara otomatis.",
        ),
        (true, false) => page.t(
            "Forstok's list was read on {at}: {new} orders are missing here, {newer} are out of date. The service only reports them and has imported none.",
            "Daftar pesanan Forstok dibaca pada {at}: {new} pesanan belum ada di sini, {newer} belum diperbarui. Pesanan itu baru dilaporkan, belum diimpor.",
        ),
        (true, true) => page.t(
            "Forstok's list was read on {at}: {new} orders were missing here, {newer} were out of date; {ingested} were imported.",
            "Daftar pesanan Forstok dibaca pada {at}: {new} pesanan belum ada di sini, {newer} belum diperbarui; {ingested} diimpor.",
        ),
    };
    let sentence = sentence.replace("{at}", &format::moment(at)).replace("{newer}", &count("newer"));
    sentence.replace("{new}", &count("new")).replace("{ingested}", &count("ingested"))
}

/// `POST /orders/import`: compares the file; with `ingest`, takes in what is missing.
pub(super) async fn compare(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
    mut parts: Multipart,
) -> Result<Response, Problem> {
    let mode = if query.contains_key("ingest") { Mode::Ingest } else { Mode::Report };
    let broken = |error: axum::extract::multipart::MultipartError| Problem::BadRequest(error.body_text());
    let mut outcome = None;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        if part.name() == Some("file") {
            let pieces = stream::unfold(part, async |mut part| match part.chunk().await {
                Ok(piece) => piece.map(|piece| (Ok(piece), part)),
                Err(error) => {
                    let problem = match error.status().as_u16() {
                        413 => Problem::TooLarge(import_orders::LARGEST),
                        _ => Problem::BadRequest(error.body_text()),
                    };
                    Some((Err(problem), part))
                }
            });
            outcome = Some(import_orders::import(&app, mode, &actor, pieces.boxed()).await);
            break;
        }
    }
    let empty = Import::empty(page);
    let page = &empty.page;
    let (result, refusal, choosing) = match outcome {
        None => (None, Some(no_file(page).to_owned()), None),
        Some(Err(Problem::UnreadableFile(why))) => (None, Some(unreadable(why, page)), None),
        Some(Err(problem)) => return Err(problem),
        Some(Ok(Outcome::Bodies(report))) if report.counts.listed == 0 => (None, Some(no_file(page).to_owned()), None),
        Some(Ok(Outcome::Bodies(report))) => (Some(Found::of(&report, &Kind::Bodies(mode), page)), None, None),
        Some(Ok(Outcome::Table { report, headings, used })) => {
            let choosing = Choosing::of(&headings, &used, page);
            (Some(Found::of(&report, &Kind::Table, page)), None, Some(choosing))
        }
        Some(Ok(Outcome::ColumnsUnknown(headings))) => {
            let choosing = Choosing { is_needed: true, ..Choosing::of(&headings, &Choice::new(), page) };
            (None, None, Some(choosing))
        }
    };
    html(&Import { result, refusal, choosing, ..empty })
}

/// `POST /orders/import/columns`: remembers which columns contain what.
pub(super) async fn choose(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Form(mut form): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let headings = form.remove("headings").unwrap_or_default();
    let headings: Vec<String> = serde_json::from_str(&headings)
        .map_err(|_| Problem::BadRequest("the form is incomplete; reload the page and send it again".to_owned()))?;
    let chosen: Choice = form
        .into_iter()
        .filter(|(column, heading)| {
            Column::parse(column).is_some() && headings.contains(heading) && !heading.is_empty()
        })
        .collect();
    if app.engine.importer().choose_columns(&headings, &chosen, &actor.name).await? {
        return Ok(Redirect::to("/orders/import?columns=chosen").into_response());
    }
    let choosing = Choosing { is_needed: true, ..Choosing::of(&headings, &chosen, &page) };
    html(&Import { choosing: Some(choosing), not_enough: true, ..Import::empty(page) })
}

/// What was compared.
enum Kind {
    Bodies(Mode),
    Table,
}

impl Found {
    fn of(report: &Report, kind: &Kind, page: &Page) -> Self {
        let counts = &report.counts;
        let listed = page.count(counts.listed as i64);
        let heading = match kind {
            Kind::Bodies(Mode::Ingest) => {
                let taken = page.counted(counts.ingested as i64, "snapshot was", "snapshots were", "data pesanan");
                page.t("{} imported", "{} diimpor").replace("{}", &taken)
            }
            Kind::Bodies(Mode::Report) | Kind::Table => page
                .t("{} lines compared, nothing imported", "{} baris dibandingkan, belum ada yang diimpor")
                .replace("{}", &listed),
        };
        let row = |english, indonesian, count: u64| (page.t(english, indonesian), page.count(count as i64));
        let counts = vec![
            row("Missing here", "Belum ada di sini", counts.new),
            row("Newer than the data here", "Lebih baru daripada data di sini", counts.newer),
            row("The same", "Sama", counts.same),
            row("Older than the data here", "Lebih lama daripada data di sini", counts.older),
            row("Cannot be read", "Tidak dapat dibaca", counts.unreadable),
        ];
        Self {
            heading,
            next: next(report, kind, page),
            is_imported: matches!(kind, Kind::Bodies(Mode::Ingest)),
            counts,
            lines: report.differences.iter().map(|one| Line::of(one, page)).collect(),
            unread: report.unread.iter().map(|one| (one.line, problem(&one.problem, kind, page))).collect(),
            is_cut: report.counts.differences() > MOST_NAMED as u64 || report.counts.unreadable > MOST_NAMED as u64,
        }
    }
}

/// What is to be done after a comparison.
fn next(report: &Report, kind: &Kind, page: &Page) -> &'static str {
    match kind {
        Kind::Bodies(Mode::Ingest) => page.t(
            "They are processed like webhooks. An older snapshot never replaces a newer one.",
            "Semuanya diproses seperti webhook. Data yang lebih lama tidak pernah menggantikan yang lebih baru.",
        ),
        _ if report.counts.listed == 0 => page.t(
            "The file contains no orders. Check that it is the right one.",
            "Berkas ini tidak berisi pesanan. Periksa apakah berkasnya benar.",
        ),
        _ if report.counts.differences() == 0 => {
            page.t("Nothing is missing here.", "Semua pesanan di berkas sudah ada di sini.")
        }
        Kind::Bodies(Mode::Report) => page.t(
            "Choose the file again and press Import to add what is missing.",
            "Pilih lagi berkasnya, lalu tekan Impor untuk memasukkan data yang belum ada.",
        ),
        Kind::Table => page.t(
            "The rows of a table do not contain enough for an invoice, so they are not imported. Ask Forstok to send these orders again, or import their webhook bodies.",
            "Isi baris tabel tidak cukup untuk membuat faktur, sehingga tidak diimpor. Minta Forstok mengirim ulang pesanan ini, atau impor data webhook-nya.",
        ),
    }
}

/// What is wrong with a line.
fn problem(problem: &str, kind: &Kind, page: &Page) -> String {
    match problem {
        "names no order" => page.t("The row names no order.", "Baris ini tidak menyebut pesanan.").to_owned(),
        _ if problem.starts_with("is longer") => {
            page.t("The line is longer than 4 MiB.", "Baris ini lebih panjang dari 4 MiB.").to_owned()
        }
        _ if problem.starts_with("order.updated_at") => page
            .t(
                "The order exists here, and the line has no readable time, so it is not clear which data is newer.",
                "Pesanan ini sudah ada di sini, dan baris ini tidak memuat waktu yang dapat dibaca, sehingga tidak diketahui data mana yang lebih baru.",
            )
            .to_owned(),
        _ if matches!(kind, Kind::Table) => {
            let id = problem.split(" is not an order id").next().unwrap_or_default();
            page.t("The order id {} is not a number.", "ID pesanan {} bukan angka.").replace("{}", id)
        }
        _ => webhooks::in_words(problem, page.language),
    }
}

impl Line {
    fn of(difference: &Difference, page: &Page) -> Self {
        let order_id = difference.order_id.as_ref().map(ToString::to_string);
        let number = match (difference.channel_order_id.as_str(), &order_id) {
            ("", Some(id)) => id.clone(),
            (number, _) => number.to_owned(),
        };
        let known = match difference.standing {
            Standing::New => page.t("missing here", "belum ada di sini").to_owned(),
            _ => difference.known.as_ref().map(side).unwrap_or_default(),
        };
        Self {
            at: difference.line.unwrap_or_default(),
            number,
            order_id,
            is_known: difference.known.is_some(),
            listed: side(&difference.listed),
            known,
        }
    }
}

/// Status, total and time, as far as there are any.
fn side(side: &Side) -> String {
    let status = (!side.status.is_empty()).then(|| side.status.clone());
    let total = side.total.map(Rupiah::in_words);
    let at = side.updated_at.map(format::moment);
    [status, total, at].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

impl Choosing {
    fn of(headings: &[String], used: &Choice, page: &Page) -> Self {
        let field = |column: Column| {
            let chosen = used.get(column.as_str());
            let options = headings.iter().filter(|heading| !heading.is_empty());
            Field {
                name: column.as_str(),
                label: label(column, page),
                options: options.map(|heading| (heading.clone(), chosen == Some(heading))).collect(),
            }
        };
        let fields = Column::ALL.into_iter().map(field).collect();
        let headings = serde_json::Value::from(headings.to_vec()).to_string();
        Self { headings, fields, is_needed: false }
    }
}

fn label(column: Column, page: &Page) -> &'static str {
    match column {
        Column::OrderId => page.t("Forstok's order id", "ID pesanan Forstok"),
        Column::ChannelOrderId => page.t("Marketplace order number", "Nomor pesanan marketplace"),
        Column::StoreId => page.t("Forstok's store id", "ID toko Forstok"),
        Column::Status => page.t("Status", "Status"),
        Column::Total => page.t("Order total", "Total pesanan"),
        Column::UpdatedAt => page.t("Last change", "Perubahan terakhir"),
        Column::OrderedAt => page.t("Ordered", "Dipesan"),
    }
}

fn no_file(page: &Page) -> &'static str {
    page.t("Choose a file that is not empty.", "Pilih berkas yang tidak kosong.")
}

fn unreadable(why: Unreadable, page: &Page) -> String {
    match why {
        Unreadable::TooLarge => page.t(
            "The file is too large. 16 MiB can be read here; the command orders import reads larger ones.",
            "Berkasnya terlalu besar. Batasnya 16 MiB; perintah orders import dapat membaca yang lebih besar.",
        ),
        Unreadable::Damaged => page.t(
            "This file cannot be read. Choose a file with webhook bodies, one per line, or an XLSX or CSV file.",
            "Berkas ini tidak dapat dibaca. Pilih berkas berisi data webhook, satu per baris, atau berkas XLSX atau CSV.",
        ),
        other => return cannot_be_read(other, page),
    }
    .to_owned()
}

/// What a file is that cannot be read here, as a sentence.
pub(super) fn cannot_be_read(why: Unreadable, page: &Page) -> String {
    format!(
        "{}: {}.",
        page.t("This file cannot be read", "Berkas ini tidak dapat dibaca"),
        unreadable_file::in_words(why, page.language)
    )
}
