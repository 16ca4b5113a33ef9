//! `/payouts`: what marketplaces have paid, what of it is booked, and what waits for a person.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};

use super::{
    super::page::{Page, html},
    approve::Approval,
    by_hand::Marking,
    expected::Expected,
    fees::Fees,
    row::RowLine,
    shown::{Asked, Chip, Counts, Shown},
    unmatched::suggestions,
};
use crate::{
    domain::{document::Kind, payout::RowState},
    http::{App, paging::Page as Cut, problem::Problem},
    storage::RowRecord,
};

/// Rows on a page.
pub(super) const ROWS: i64 = 25;

/// Where the page is.
pub(super) const PATH: &str = "/payouts";

#[derive(Template)]
#[template(path = "payouts.html")]
struct Payouts {
    page: Page,
    path: &'static str,
    /// There is none at all.
    is_empty: bool,
    chips: Vec<Chip>,
    reasons: Vec<Chip>,
    hidden: Vec<(&'static str, String)>,
    cursor: String,
    approval: Approval,
    marking: Option<Marking>,
    fees: Fees,
    expected: Option<Expected>,
    heading: String,
    rows: Vec<RowLine>,
    /// Some of them can be approved.
    is_approvable: bool,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /payouts`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    asked.check()?;
    let fees = Fees::read(&app, &page).await?;
    render(&app, page, &asked, fees).await
}

pub(super) async fn render(app: &App, page: Page, asked: &Asked, fees: Fees) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let counts = Counts::read(app, Kind::Receipt).await?;
    let Cut { rows, next } = rows(app, Kind::Receipt, asked).await?;
    let (stores, active) = (storage.stores().await?, app.engine.mapping());
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut line = RowLine::new(row, &active.mapping, &stores, &page);
        if row.state == RowState::Unmatched {
            line.suggestions = suggestions(app, row, &page).await?;
        }
        lines.push(line);
    }
    let shown = asked.shown();
    html(&Payouts {
        path: PATH,
        is_empty: counts.all().count == 0,
        chips: counts.chips(PATH, shown, &page),
        reasons: counts.reasons(PATH, asked, &page),
        cursor: asked.cursor.clone().unwrap_or_default(),
        hidden: asked.query().into_iter().map(|(key, value)| (key, value.to_owned())).collect(),
        marking: Marking::new(Kind::Receipt, &rows, &lines, asked, &page),
        approval: Approval::new(Kind::Receipt, counts.to_approve(), asked, &page),
        expected: Expected::read(app, &page).await?,
        fees,
        heading: heading(&counts, asked, &page),
        is_approvable: lines.iter().any(|line| line.is_approvable),
        rows: lines,
        first: asked.cursor.as_ref().map(|_| asked.page_below(PATH, None)),
        next: next.map(|next| asked.page_below(PATH, Some(next))),
        page,
    })
}

/// A page of rows.
pub(super) async fn rows(app: &App, kind: Kind, asked: &Asked) -> Result<Cut<RowRecord>, Problem> {
    let rows = app.engine.storage().settlement_rows(kind, &asked.filter(), asked.before()?, ROWS + 1).await?;
    Ok(Cut::cut(rows, ROWS, |row| row.id))
}

/// What the list shows, for a reader who does not see the chips.
pub(super) fn heading(counts: &Counts, asked: &Asked, page: &Page) -> String {
    let shown = asked.shown();
    let sort = if shown == Shown::All { page.t("All", "Semua") } else { shown.text(page) };
    let here = counts.chips("", shown, page).into_iter().find(|chip| chip.is_here);
    here.map_or_else(String::new, |chip| format!("{sort}: {} · {}", chip.count, chip.total))
}
