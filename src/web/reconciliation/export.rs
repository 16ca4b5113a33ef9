//! `/reconciliation/export`: a month as a workbook that an accountant can hand on: totals, days, findings.

use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    super::page::Page,
    month::{Month, Seen, month_of, month_word, result, store_words, sum, sum_of_complete},
};
use crate::{
    domain::{
        WIB, day_in_wib,
        reconciliation::{Action, FindingState, Period},
    },
    export::{
        Cell, Format,
        table::{Sheet, workbook},
    },
    http::{App, params::read_format, problem::Problem},
    storage::{FindingFilter, ReconciledDay, StoreName},
};

/// Findings that are exported at most.
const MOST_FINDINGS: i64 = 100_000;

/// Which month, and in which format; there is one.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    month: Option<String>,
    format: Option<String>,
}

/// `GET /reconciliation/export`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let period = month_of(asked.month.as_ref(), day_in_wib(page.now))?;
    let format = read_format(asked.format.as_ref(), [Format::Xlsx])?;
    let storage = app.engine.storage();
    let month = Month::read(&app, period, day_in_wib(page.now)).await?;
    let names = storage.stores().await?;
    let sheets =
        [totals(&page, &month, &names), by_day(&page, &month, &names), findings(&app, &page, period, &names).await?];
    let file = workbook(&sheets).map_err(|error| {
        tracing::error!("a month could not be exported: {error}");
        Problem::Broken
    })?;
    let mut response = Body::from(file).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    let name = format!("attachment; filename=\"reconciliation-{}.xlsx\"", month_word(period.from));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn money(hundredths: i64) -> Cell {
    Cell::Money(Decimal::new(hundredths, 2).normalize())
}

fn name_of(id: &str, names: &[StoreName], page: &Page) -> Cell {
    text(store_words(id, names, page))
}

/// By store, then for all of them: orders of the month, invoices, voided orders, and both sides.
fn totals(page: &Page, month: &Month, names: &[StoreName]) -> Sheet<'static> {
    let row = |name: Cell, id: Option<&str>| {
        let days = || month.days.iter().filter(|day| id.is_none_or(|id| day.store_id == id));
        let (all, known) = (sum(days()), sum_of_complete(days()));
        let (orders, voided) = month.orders(id, None);
        vec![
            name,
            id.map_or(Cell::Empty, text),
            Cell::Number(orders),
            Cell::Number(voided),
            Cell::Number(all.ledger.count),
            money(all.ledger.total),
            Cell::Number(all.accurate.count),
            money(all.accurate.total),
            money(known.difference()),
            money(known.explained),
            money(known.unexplained()),
            Cell::Number(days().filter(|day| !day.complete).count() as i64),
        ]
    };
    let mut rows: Vec<_> = month.stores.iter().map(|id| row(name_of(id, names, page), Some(id))).collect();
    rows.push(row(text(page.t("All stores", "Semua toko")), None));
    Sheet {
        name: page.t("Totals", "Total"),
        headers: vec![
            page.t("Store", "Toko"),
            page.t("Store id", "ID toko"),
            page.t("Orders (by date of the order)", "Pesanan (menurut tanggal pesanan)"),
            page.t("Invoice deleted (by date of the order)", "Faktur dihapus (menurut tanggal pesanan)"),
            page.t("Invoices here (by date of the invoice)", "Faktur di sini (menurut tanggal faktur)"),
            page.t("Sum here", "Total di sini"),
            page.t("Invoices in Accurate", "Faktur di Accurate"),
            page.t("Sum in Accurate", "Total di Accurate"),
            page.t("Difference on complete days", "Selisih pada tanggal yang lengkap"),
            page.t("Explained by findings", "Dijelaskan oleh temuan"),
            page.t("Unexplained", "Tanpa penjelasan"),
            page.t("Incomplete days", "Tanggal belum lengkap"),
        ],
        widths: vec![28, 12, 18, 18, 18, 18, 18, 18, 16, 20, 16, 14],
        rows,
    }
}

/// By day and store; a day without any is a row as well.
fn by_day(page: &Page, month: &Month, names: &[StoreName]) -> Sheet<'static> {
    let mut rows = Vec::new();
    for day in month.dates() {
        let before = rows.len();
        for store in &month.stores {
            rows.extend(rows_of_store(page, month, (day, store), names));
        }
        if rows.len() == before {
            let mut row = vec![Cell::Day(day), Cell::Empty, Cell::Empty, text(state(page, month.seen(day), None))];
            row.resize(DAY_COLUMNS, Cell::Empty);
            rows.push(row);
        }
    }
    Sheet {
        name: page.t("Days", "Hari"),
        headers: vec![
            page.t("Day", "Tanggal"),
            page.t("Store", "Toko"),
            page.t("Accurate database", "Database Accurate"),
            page.t("State", "Status"),
            page.t("Orders of this date", "Pesanan bertanggal ini"),
            page.t("of which invoice deleted", "di antaranya faktur dihapus"),
            page.t("Invoices of this date here", "Faktur bertanggal ini di sini"),
            page.t("Sum here", "Total di sini"),
            page.t("Invoices in Accurate", "Faktur di Accurate"),
            page.t("Sum in Accurate", "Total di Accurate"),
            page.t("Difference", "Selisih"),
            page.t("Open findings", "Temuan terbuka"),
            page.t("Compared at", "Dibandingkan pada"),
        ],
        widths: vec![12, 28, 18, 22, 14, 14, 14, 18, 18, 18, 16, 14, 18],
        rows,
    }
}

/// Columns of the sheet of days.
const DAY_COLUMNS: usize = 13;

/// A row for each Accurate database. Orders belong to none, so they are in the first row.
fn rows_of_store(page: &Page, month: &Month, (day, store): (Date, &str), names: &[StoreName]) -> Vec<Vec<Cell>> {
    let seen = month.seen(day);
    let (orders, voided) = month.orders(Some(store), Some(day));
    let of_books = month.days.iter().filter(|one| one.day == day && one.store_id == store);
    let mut rows: Vec<_> = of_books
        .map(|one| {
            vec![
                Cell::Day(day),
                name_of(store, names, page),
                text(one.book.as_str()),
                text(state(page, seen, Some(one))),
                Cell::Empty,
                Cell::Empty,
                Cell::Number(one.sums.ledger.count),
                money(one.sums.ledger.total),
                Cell::Number(one.sums.accurate.count),
                money(one.sums.accurate.total),
                if one.complete { money(one.sums.difference()) } else { Cell::Empty },
                Cell::Number(one.open + one.unpaid),
                Cell::Moment(WIB.to_datetime(one.at)),
            ]
        })
        .collect();
    if rows.is_empty() && orders > 0 {
        let mut row = vec![Cell::Day(day), name_of(store, names, page), Cell::Empty, text(state(page, seen, None))];
        row.resize(DAY_COLUMNS, Cell::Empty);
        rows.push(row);
    }
    if let Some(first) = rows.first_mut() {
        first[4] = Cell::Number(orders);
        first[5] = Cell::Number(voided);
    }
    rows
}

/// How far a day is compared, and the result for one store.
fn state(page: &Page, seen: Seen, day: Option<&ReconciledDay>) -> &'static str {
    match day {
        Some(ReconciledDay { open: 1.., complete: false, .. }) => {
            page.t("open findings, incomplete", "ada temuan, belum lengkap")
        }
        Some(ReconciledDay { open: 1.., .. }) => page.t("open findings", "ada temuan"),
        Some(ReconciledDay { complete: false, .. }) => page.t("incomplete", "belum lengkap"),
        Some(day) => seen.note(page).unwrap_or(result(&day.sums, page)),
        None => seen.note(page).unwrap_or(page.t("no invoice", "tidak ada faktur")),
    }
}

async fn findings(app: &App, page: &Page, period: Period, names: &[StoreName]) -> Result<Sheet<'static>, Problem> {
    let filter = FindingFilter { from: Some(period.from), to: Some(period.to), ..<_>::default() };
    let found = app.engine.storage().findings(&filter, None, MOST_FINDINGS).await?;
    let amount = |total: Option<i64>| total.map_or(Cell::Empty, money);
    let rows = found.iter().map(|finding| {
        let closed = finding.closed.as_ref().filter(|_| finding.state == FindingState::Closed);
        vec![
            Cell::Day(finding.day),
            text(finding.class.name(page.language)),
            text(finding.state.in_words(page.language)),
            name_of(&finding.store_id, names, page),
            text(finding.order_id.as_ref().map(ToString::to_string).unwrap_or_default()),
            text(finding.number.as_str()),
            amount(finding.ledger_total),
            amount(finding.accurate_total),
            amount(finding.facts.effect(finding.class, period)),
            amount(finding.facts.forstok.as_ref().and_then(|listed| listed.total)),
            text(finding.facts.in_words(finding.class, page.language)),
            text(closed.map(|closed| closed.actor.clone()).unwrap_or_default()),
            text(closed.map(|closed| Action::or_reason(&closed.reason, page.language)).unwrap_or_default()),
        ]
    });
    Ok(Sheet {
        name: page.t("Findings", "Temuan"),
        headers: vec![
            page.t("Day", "Tanggal"),
            page.t("Kind", "Jenis"),
            page.t("State", "Status"),
            page.t("Store", "Toko"),
            page.t("Order", "Pesanan"),
            page.t("Invoice", "Faktur"),
            page.t("Total here", "Total di sini"),
            page.t("Total in Accurate", "Total di Accurate"),
            page.t("Explains", "Menjelaskan"),
            page.t("Total in Forstok", "Total di Forstok"),
            page.t("What happened", "Apa yang terjadi"),
            page.t("Closed by", "Ditutup oleh"),
            page.t("Reason", "Alasan"),
        ],
        widths: vec![12, 28, 18, 28, 14, 22, 16, 16, 16, 16, 70, 16, 40],
        rows: rows.collect(),
    })
}
