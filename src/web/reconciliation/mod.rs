//! `/reconciliation`: which days agree with Accurate, store by store, and what does not.

pub(super) mod closing;
pub(super) mod day;
pub(super) mod export;
pub(super) mod finding;
mod latest;
mod month;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;

use self::{
    closing::{Closing, Offer},
    latest::RunShown,
    month::{DayShown, Month, TotalShown, days_shown, month_of, month_word, store_words, totals},
};
use super::{
    after_sale::expected::Expected,
    format,
    order_line::rupiah,
    page::{Page, address, html},
};
use crate::{
    domain::{
        day_in_wib,
        reconciliation::{Class, FindingState, Period},
    },
    http::{
        App,
        auth::By,
        paging::Page as Cut,
        params::read_word,
        problem::Problem,
        v1::{
            list_findings::{FindingParams, page as findings},
            request_reconciliation::{ReconciliationRequest, request},
        },
    },
    storage::{FindingRecord, Run, StoreName},
};

/// Findings on the page.
const FINDINGS: i64 = 50;

/// Latest runs among which the month's is looked for: nightly ones and those that people have asked for.
const RUNS: i64 = 50;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct Reconciliation {
    page: Page,
    /// November 2026.
    month: String,
    previous: String,
    next: Option<String>,
    export: String,
    run: Option<RunShown>,
    /// Whether a run is under way, so that the page is refreshed.
    is_live: bool,
    from: String,
    to: String,
    stores: Vec<String>,
    days: Vec<DayShown>,
    totals: Vec<TotalShown>,
    /// Whether the sums of the month are lower bounds.
    is_lower_bound: bool,
    classes: Vec<ClassShown>,
    expected: Option<Expected>,
    findings: Vec<FindingLine>,
    /// Findings that were to be closed and have changed meanwhile.
    changed: Vec<FindingLine>,
    /// What can be closed at once.
    offer: Option<Offer>,
    /// The form in which a person says why.
    closing: Option<Closing>,
    /// What the list of findings is limited to.
    about: Option<String>,
    older: Option<String>,
    /// Open, gone, closed; one of them is shown.
    states: Vec<(&'static str, String, bool)>,
}

struct ClassShown {
    name: &'static str,
    count: String,
    link: String,
    is_here: bool,
}

/// A finding in a list.
pub(super) struct FindingLine {
    pub(super) id: i64,
    pub(super) class: &'static str,
    pub(super) state: &'static str,
    pub(super) day: String,
    pub(super) store: String,
    pub(super) sentence: String,
    /// How much of the difference it explains.
    pub(super) effect: Option<String>,
    pub(super) seen: String,
    /// The number, and since when it is as it is shown.
    pub(super) as_seen: String,
}

impl FindingLine {
    /// `period` is what the list is about.
    fn new(finding: &FindingRecord, names: &[StoreName], period: Period, page: &Page) -> Self {
        let effect = finding.facts.effect(finding.class, period);
        Self {
            store: store_words(&finding.store_id, names, page),
            effect: effect.map(rupiah),
            id: finding.id,
            class: finding.class.name(page.language),
            state: finding.state.in_words(page.language),
            day: format::day(finding.day),
            sentence: finding.facts.in_words(finding.class, page.language),
            seen: page.moment(finding.seen_at),
            as_seen: format!("{}:{}", finding.id, finding.changed_at.as_microsecond()),
        }
    }
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// `2026-11`.
    month: Option<String>,
    class: Option<String>,
    store: Option<String>,
    /// One day of the month.
    day: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
    /// The form that is open.
    form: Option<String>,
    /// Findings that were to be closed and have changed meanwhile: `12.15`.
    changed: Option<String>,
}

impl Asked {
    /// The days of the list of findings, in this month unless all days are asked for.
    fn days_shown(&self, month: Period) -> Period {
        match self.day.as_deref().and_then(|day| day.parse().ok()) {
            Some(day) => Period { from: day, to: day },
            None if self.spans_all_days() => Period { from: Date::MIN, to: Date::MAX },
            None => month,
        }
    }

    /// A link that names only a class, as on *Today*, is about all days.
    fn spans_all_days(&self) -> bool {
        self.class.is_some() && self.month.is_none() && self.day.is_none()
    }
}

/// The filter of a list of findings, as the API takes it.
fn filter_params(asked: &Asked, period: Period, state: FindingState) -> FindingParams {
    let bound = |day: Date| (!asked.spans_all_days()).then(|| asked.day.clone().unwrap_or_else(|| day.to_string()));
    FindingParams {
        class: asked.class.clone(),
        state: Some(state.as_str().to_owned()),
        store: asked.store.clone(),
        from: bound(period.from),
        to: bound(period.to),
        ..FindingParams::default()
    }
}

/// The run that is under way, else the latest one about these days, else the latest one. `runs` begin with the latest.
fn run_about(runs: Vec<Run>, period: Period) -> Option<Run> {
    let is_about = |run: &Run| run.period.from <= period.to && period.from <= run.period.to;
    let at = runs.iter().position(|run| run.ended_at.is_none() || is_about(run)).unwrap_or_default();
    runs.into_iter().nth(at)
}

/// `GET /reconciliation`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
    Query(fields): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let today = day_in_wib(page.now);
    let period = month_of(asked.month.as_ref(), today)?;
    let compared = Month::read(&app, period, today).await?;
    let names = storage.stores().await?;
    let state =
        read_word("state", asked.state.as_ref(), FindingState::parse, FindingState::ALL.map(FindingState::as_str))?;
    let state = state.unwrap_or(FindingState::Open);
    let params = FindingParams {
        limit: Some(FINDINGS.to_string()),
        cursor: asked.cursor.clone(),
        ..filter_params(&asked, period, state)
    };
    let Cut { rows, next } = findings(&app, &params).await?;
    let run = run_about(storage.runs(None, RUNS).await?, period);
    let (month, shown) = (month_word(period.from), asked.days_shown(period));
    let chosen: Vec<_> = fields.into_iter().filter(|(name, _)| name == "finding").map(|(_, value)| value).collect();
    let (offer, closing) = closing::offer(&app, &page, &asked, (period, &month), &chosen, &names).await?;
    let name_of = |id: &String| store_words(id, &names, &page);
    html(&Reconciliation {
        previous: month_word(period.from.saturating_sub(1.days())),
        next: (period.to < today).then(|| month_word(period.to.saturating_add(1.days()))),
        export: address("/reconciliation/export", &[("month", &month)]),
        // What somebody types or ticks would be lost.
        is_live: closing.is_none() && run.as_ref().is_some_and(|run| run.ended_at.is_none()),
        changed: closing::changed(&app, &asked, period, &names, &page).await?,
        offer,
        closing,
        run: run.map(|run| RunShown::new(&run, &page)),
        from: period.from.to_string(),
        to: compared.period.to.to_string(),
        stores: compared.stores.iter().map(name_of).collect(),
        days: days_shown(&compared, &name_of, &page),
        totals: totals(&compared, &name_of, &page),
        is_lower_bound: compared.is_incomplete(),
        classes: classes(&app, &asked, &page).await?,
        expected: Expected::read(&app, &page).await?,
        findings: rows.iter().map(|finding| FindingLine::new(finding, &names, shown, &page)).collect(),
        about: about(&asked, &names, &page),
        older: next.map(|id| with(&asked, &month, &[("cursor", &id.to_string())])),
        month: format::month(period.from, page.language),
        states: FindingState::ALL
            .iter()
            .map(|one| (one.in_words(page.language), with(&asked, &month, &[("state", one.as_str())]), *one == state))
            .collect(),
        page,
    })
}

/// The address of this page with these parameters in place of others.
fn with(asked: &Asked, month: &str, more: &[(&str, &str)]) -> String {
    let mut query = vec![("month", month)];
    for (key, value) in [("class", &asked.class), ("store", &asked.store), ("day", &asked.day), ("state", &asked.state)]
    {
        if let Some(value) = value
            && !more.iter().any(|(other, _)| *other == key)
        {
            query.push((key, value));
        }
    }
    query.extend_from_slice(more);
    format!("{}#findings", address("/reconciliation", &query))
}

fn about(asked: &Asked, names: &[StoreName], page: &Page) -> Option<String> {
    let store = asked.store.as_ref().map(|id| store_words(id, names, page));
    let day = asked.day.as_ref().and_then(|day| day.parse().ok()).map(format::day);
    let parts: Vec<_> = [store, day].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

async fn classes(app: &App, asked: &Asked, page: &Page) -> Result<Vec<ClassShown>, Problem> {
    let counts = app.engine.storage().finding_counts().await?;
    let open = |class| {
        let count = counts.iter().find(|(of, state, _)| *of == class && *state == FindingState::Open);
        count.map_or(0, |(_, _, n)| *n)
    };
    let shown = |class: Class| {
        let count = open(class);
        (count > 0).then(|| ClassShown {
            name: class.name(page.language),
            count: format::count(count),
            // As many as the count says: those of all months.
            link: format!("{}#findings", address("/reconciliation", &[("class", class.as_str())])),
            is_here: asked.class.as_deref() == Some(class.as_str()),
        })
    };
    Ok(Class::ALL.into_iter().filter_map(shown).collect())
}

/// Days as the form sends them.
#[derive(Debug, Deserialize)]
pub(super) struct RunForm {
    from: String,
    to: String,
}

/// `POST /reconciliation`.
pub(super) async fn run(
    State(app): State<App>,
    By(actor): By,
    Form(RunForm { from, to }): Form<RunForm>,
) -> Result<Response, Problem> {
    let month = from.get(..7).unwrap_or_default().to_owned();
    request(&app, &ReconciliationRequest { from, to }, &actor).await?;
    Ok(Redirect::to(&address("/reconciliation", &[("month", &month), ("done", "comparing_books")])).into_response())
}
