//! `/reconciliation/days/{day}`: the invoices that the ledger of a day and store counts.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use jiff::civil::Date;
use serde::Deserialize;

use super::{
    super::{
        format,
        order_line::rupiah,
        page::{Page, address, html},
    },
    month::{month_word, store_words},
};
use crate::{
    domain::reconciliation::{Held, Period, Standing},
    http::{App, params::read_day, problem::Problem},
};

/// Invoices that are read at a time.
const BATCH: i64 = 500;

/// Invoices on the page.
const MOST_SHOWN: usize = 2_000;

#[derive(Template)]
#[template(path = "reconciliation_day.html")]
struct Invoices {
    page: Page,
    day: String,
    store: String,
    /// The month that the day belongs to.
    back: String,
    count: String,
    total: String,
    lines: Vec<Line>,
    /// How many are not shown, if any.
    more: Option<String>,
}

/// One invoice.
struct Line {
    order_id: String,
    number: String,
    total: String,
    /// Shadow mode: it was drafted and not sent.
    is_draft: bool,
}

/// Which store.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    store: Option<String>,
}

/// The address of a store's invoices of a day.
pub(super) fn link(day: Date, store_id: &str) -> String {
    address(&format!("/reconciliation/days/{day}"), &[("store", store_id)])
}

/// `GET /reconciliation/days/{day}`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Path(day): Path<String>,
    Query(Asked { store }): Query<Asked>,
) -> Result<Response, Problem> {
    let Some(day) = read_day("day", Some(&day))? else { return Err(Problem::UnknownRoute) };
    let held = counted(&app, day, store.as_deref()).await?;
    let names = app.engine.storage().stores().await?;
    let total = held.iter().map(|held| held.total).sum();
    let more = held.len().saturating_sub(MOST_SHOWN);
    html(&Invoices {
        day: format::day(day),
        store: store.map(|id| store_words(&id, &names, &page)).unwrap_or_default(),
        back: address("/reconciliation", &[("month", &month_word(day))]),
        count: page.counted(held.len() as i64, "invoice", "invoices", "faktur"),
        total: rupiah(total),
        more: (more > 0).then(|| format::count(more as i64)),
        lines: held.into_iter().take(MOST_SHOWN).map(Line::from).collect(),
        page,
    })
}

/// What the ledger of a day counts, of a store or of all: the same that a run would count now.
async fn counted(app: &App, day: Date, store: Option<&str>) -> Result<Vec<Held>, Problem> {
    let (storage, period) = (app.engine.storage(), Period { from: day, to: day });
    let mut counted = Vec::new();
    for book in app.engine.books() {
        let mut after = None;
        loop {
            let read = storage.held_in_period(&book.name, period, after, app.engine.now(), BATCH).await?;
            let Some(last) = read.last() else { break };
            after = Some(last.place);
            let held = read.into_iter().map(|one| one.held);
            counted.extend(
                held.filter(|held| held.standing.is_counted() && store.is_none_or(|store| held.store_id == store)),
            );
        }
    }
    Ok(counted)
}

impl From<Held> for Line {
    fn from(held: Held) -> Self {
        Self {
            order_id: held.order_id.to_string(),
            number: held.number.to_string(),
            total: rupiah(held.total),
            is_draft: held.standing == Standing::Draft,
        }
    }
}
