//! `/reconciliation/export`: a month as a workbook that an accountant can hand on: totals, days, findings.

use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    super::page::Page,
    month::{month_of, month_word, store_ids, store_words, sum},
};
use crate::{
    domain::{
        WIB, day_in_wib,
        reconciliation::{Action, FindingState, Period},
        state::State as OrderState,
    },
    export::{
        Cell, Format,
        table::{Sheet, workbook},
    },
    http::{App, params::read_format, problem::Problem},
    storage::{DayOf, Days, FindingFilter, Grouping, ReconciledDay, StoreName},
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
    let days = storage.reconciled_days(period).await?;
    let names = storage.stores().await?;
    let sheets = [
        totals(&app, &page, period, &days, &names).await?,
        by_day(&page, &days, &names),
        findings(&app, &page, period, &names).await?,
    ];
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
async fn totals(
    app: &App,
    page: &Page,
    period: Period,
    days: &[ReconciledDay],
    names: &[StoreName],
) -> Result<Sheet<'static>, Problem> {
    let of_month = Days { by: DayOf::Ordered, from: Some(period.from), to: Some(period.to) };
    let by_store = Grouping { by_store: true, by_day: false };
    let orders = app.engine.storage().totals(&of_month, by_store, i64::MAX).await?;
    let mut ids = store_ids(days);
    ids.extend(orders.iter().filter_map(|total| total.store_id.clone()));
    ids.sort_unstable();
    ids.dedup();
    let row = |name: Cell, id: Option<&String>| {
        let of_store = || orders.iter().filter(|total| id.is_none_or(|id| total.store_id.as_ref() == Some(id)));
        let voided = of_store().filter(|total| total.state == OrderState::Voided);
        let sums = sum(days.iter().filter(|day| id.is_none_or(|id| day.store_id == *id)));
        vec![
            name,
            id.map_or(Cell::Empty, text),
            Cell::Number(of_store().map(|total| total.sums.orders).sum()),
            Cell::Number(voided.map(|total| total.sums.orders).sum()),
            Cell::Number(sums.ledger.count),
            money(sums.ledger.total),
            Cell::Number(sums.accurate.count),
            money(sums.accurate.total),
            money(sums.difference()),
            money(sums.explained),
            money(sums.unexplained()),
        ]
    };
    let mut rows: Vec<_> = ids.iter().map(|id| row(name_of(id, names, page), Some(id))).collect();
    rows.push(row(text(page.t("All stores", "Semua toko")), None));
    Ok(Sheet {
        name: page.t("Totals", "Total"),
        headers: vec![
            page.t("Store", "Toko"),
            page.t("Store id", "Id toko"),
            page.t("Orders", "Pesanan"),
            page.t("Invoice deleted", "Faktur dihapus"),
            page.t("Invoices here", "Faktur di sini"),
            page.t("Sum here", "Total di sini"),
            page.t("Invoices in Accurate", "Faktur di Accurate"),
            page.t("Sum in Accurate", "Total di Accurate"),
            page.t("Difference", "Selisih"),
            page.t("Explained by findings", "Dijelaskan oleh temuan"),
            page.t("Unexplained", "Tanpa penjelasan"),
        ],
        widths: vec![28, 12, 12, 14, 14, 18, 18, 18, 16, 20, 16],
        rows,
    })
}

/// By day and store.
fn by_day(page: &Page, days: &[ReconciledDay], names: &[StoreName]) -> Sheet<'static> {
    let rows = days.iter().map(|day| {
        let state = match (day.complete, day.open) {
            (_, 1..) => page.t("open findings", "ada temuan"),
            (false, _) => page.t("incomplete", "belum lengkap"),
            (true, _) => page.t("agrees", "sesuai"),
        };
        vec![
            Cell::Day(day.day),
            name_of(&day.store_id, names, page),
            text(day.book.as_str()),
            text(state),
            Cell::Number(day.sums.ledger.count),
            money(day.sums.ledger.total),
            Cell::Number(day.sums.accurate.count),
            money(day.sums.accurate.total),
            money(day.sums.difference()),
            Cell::Number(day.open),
            Cell::Moment(WIB.to_datetime(day.at)),
        ]
    });
    Sheet {
        name: page.t("Days", "Hari"),
        headers: vec![
            page.t("Day", "Tanggal"),
            page.t("Store", "Toko"),
            page.t("Accurate database", "Database Accurate"),
            page.t("State", "Status"),
            page.t("Invoices here", "Faktur di sini"),
            page.t("Sum here", "Total di sini"),
            page.t("Invoices in Accurate", "Faktur di Accurate"),
            page.t("Sum in Accurate", "Total di Accurate"),
            page.t("Difference", "Selisih"),
            page.t("Open findings", "Temuan terbuka"),
            page.t("Compared at", "Dibandingkan pada"),
        ],
        widths: vec![12, 28, 18, 16, 14, 18, 18, 18, 16, 14, 18],
        rows: rows.collect(),
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
            amount(finding.class.effect(finding.ledger_total, finding.accurate_total)),
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
