//! `/reconciliation`: which days agree with Accurate, store by store, and what does not.

pub(super) mod export;
pub(super) mod finding;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;

use super::{
    after_sale::expected::Expected,
    format,
    order_line::rupiah,
    page::{Page, address, html},
};
use crate::{
    domain::{
        day_in_wib,
        reconciliation::{Class, FindingState, Period, sums::Sums},
    },
    http::{
        App,
        auth::By,
        paging::Page as Cut,
        params::{read_word, shortened},
        problem::Problem,
        v1::{
            list_findings::{FindingParams, page as findings},
            request_reconciliation::{ReconciliationRequest, request},
        },
        wrong_field::WrongField,
    },
    storage::{FindingRecord, ReconciledDay, Run, RunPart, StoreName},
};

/// Findings on the page.
const FINDINGS: i64 = 50;

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
    classes: Vec<ClassShown>,
    expected: Option<Expected>,
    findings: Vec<FindingLine>,
    /// What the list of findings is limited to.
    about: Option<String>,
    older: Option<String>,
    /// Open, gone, closed; one of them is shown.
    states: Vec<(&'static str, String, bool)>,
}

/// The latest run.
struct RunShown {
    kind: &'static str,
    state: String,
    sentence: String,
    books: Vec<String>,
}

/// One day, with a cell for each store.
struct DayShown {
    day: String,
    cells: Vec<Cell>,
}

/// One store's day.
struct Cell {
    store: String,
    /// `good`, `warn`, `bad` or empty.
    kind: &'static str,
    text: String,
    amount: String,
    link: Option<String>,
}

/// What a store's month comes to.
struct TotalShown {
    store: String,
    invoices: String,
    ledger: String,
    accurate: String,
    difference: String,
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
    pub(super) sentence: String,
    pub(super) seen: String,
}

impl FindingLine {
    fn new(finding: &FindingRecord, page: &Page) -> Self {
        Self {
            id: finding.id,
            class: finding.class.name(page.language),
            state: finding.state.in_words(page.language),
            day: format::day(finding.day),
            sentence: finding.facts.in_words(finding.class, page.language),
            seen: page.moment(finding.seen_at),
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
}

/// A month: its first and last day.
pub(super) fn month_of(word: Option<&String>, today: Date) -> Result<Period, Problem> {
    let asked = word.filter(|word| !word.is_empty()).map(|word| {
        let first = format!("{word}-01").parse::<Date>();
        first.map_err(|_| WrongField::NotAMonth { name: "month", word: shortened(word) })
    });
    let first = asked.transpose()?.unwrap_or(today).first_of_month();
    Ok(Period { from: first, to: first.last_of_month() })
}

/// `GET /reconciliation`.
pub(super) async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let today = day_in_wib(page.now);
    let period = month_of(asked.month.as_ref(), today)?;
    let days = storage.reconciled_days(period).await?;
    let names = storage.stores().await?;
    let state =
        read_word("state", asked.state.as_ref(), FindingState::parse, FindingState::ALL.map(FindingState::as_str))?;
    let state = state.unwrap_or(FindingState::Open);
    // A link that names only a class, as on *Today*, is about all days.
    let all_days = asked.class.is_some() && asked.month.is_none() && asked.day.is_none();
    let bounds = |day: Date| (!all_days).then(|| asked.day.clone().unwrap_or_else(|| day.to_string()));
    let params = FindingParams {
        class: asked.class.clone(),
        state: Some(state.as_str().to_owned()),
        order_id: None,
        store: asked.store.clone(),
        from: bounds(period.from),
        to: bounds(period.to),
        limit: Some(FINDINGS),
        cursor: asked.cursor.clone(),
    };
    let Cut { rows, next } = findings(&app, &params).await?;
    let run = storage.runs(None, 1).await?.into_iter().next();
    let month = month_word(period.from);
    let store_ids = store_ids(&days);
    let name_of = |id: &String| store_words(id, &names, &page);
    let last = period.to.min(today);
    html(&Reconciliation {
        previous: month_word(period.from.saturating_sub(1.days())),
        next: (period.to < today).then(|| month_word(period.to.saturating_add(1.days()))),
        export: address("/reconciliation/export", &[("month", &month)]),
        is_live: run.as_ref().is_some_and(|run| run.ended_at.is_none()),
        run: run.map(|run| RunShown::new(&run, &page)),
        from: period.from.to_string(),
        to: last.to_string(),
        stores: store_ids.iter().map(name_of).collect(),
        days: days_shown(&days, &store_ids, &name_of, last, period.from, &page),
        totals: totals(&days, &store_ids, &name_of),
        classes: classes(&app, &asked, &page).await?,
        expected: Expected::read(&app, &page).await?,
        findings: rows.iter().map(|finding| FindingLine::new(finding, &page)).collect(),
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

/// A store's name, as its newest order has it.
fn store_words(id: &str, names: &[StoreName], page: &Page) -> String {
    match names.iter().find(|store| store.id == id) {
        Some(store) if !store.name.is_empty() => store.name.clone(),
        None if id.is_empty() => page.t("Shared customer", "Pelanggan bersama").to_owned(),
        Some(_) | None => id.to_owned(),
    }
}

fn month_word(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
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

/// All stores with anything to compare, those of one customer alone first.
pub(super) fn store_ids(days: &[ReconciledDay]) -> Vec<String> {
    let mut ids: Vec<_> = days.iter().map(|day| day.store_id.clone()).collect();
    ids.sort_by(|one, other| (one.is_empty(), one).cmp(&(other.is_empty(), other)));
    ids.dedup();
    ids
}

fn days_shown(
    days: &[ReconciledDay],
    stores: &[String],
    name_of: &impl Fn(&String) -> String,
    last: Date,
    first: Date,
    page: &Page,
) -> Vec<DayShown> {
    let mut shown = Vec::new();
    let mut day = last;
    while day >= first {
        let cell = |store: &String| {
            let of_store: Vec<_> = days.iter().filter(|one| one.day == day && one.store_id == *store).collect();
            Cell::new(&of_store, day, store, name_of(store), page)
        };
        if days.iter().any(|one| one.day == day) {
            shown.push(DayShown { day: format::day(day), cells: stores.iter().map(cell).collect() });
        }
        day = day.saturating_sub(1.days());
    }
    shown
}

impl Cell {
    fn new(days: &[&ReconciledDay], day: Date, store_id: &str, store: String, page: &Page) -> Self {
        let Some(first) = days.first() else {
            return Self { store, kind: "", text: String::new(), amount: String::new(), link: None };
        };
        let sums = sum(days.iter().copied());
        let month = month_word(day);
        let to_findings =
            address("/reconciliation", &[("month", &month), ("day", &day.to_string()), ("store", store_id)]);
        let (kind, text, link) = match (days.iter().all(|day| day.complete), first.open) {
            (_, open) if open > 0 => {
                let text = page.t("{} open", "{} terbuka").replace("{}", &format::count(open));
                ("bad", text, Some(format!("{to_findings}#findings")))
            }
            (false, _) => ("warn", page.t("incomplete", "belum lengkap").to_owned(), None),
            (true, _) => ("good", page.t("agrees", "sesuai").to_owned(), None),
        };
        Self { store, kind, text, amount: rupiah(sums.ledger.total), link }
    }
}

fn sum<'a>(days: impl Iterator<Item = &'a ReconciledDay>) -> Sums {
    let mut all = Sums::default();
    for day in days {
        all += day.sums;
    }
    all
}

fn totals(days: &[ReconciledDay], stores: &[String], name_of: &impl Fn(&String) -> String) -> Vec<TotalShown> {
    let total = |store: &String| {
        let sums = sum(days.iter().filter(|day| day.store_id == *store));
        TotalShown {
            store: name_of(store),
            invoices: format::count(sums.ledger.count),
            ledger: rupiah(sums.ledger.total),
            accurate: rupiah(sums.accurate.total),
            difference: rupiah(sums.difference()),
        }
    };
    stores.iter().map(total).collect()
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

impl RunShown {
    fn new(run: &Run, page: &Page) -> Self {
        let Period { from, to } = run.period;
        let days = format!("{} – {}", format::day(from), format::day(to));
        let why =
            |part: &RunPart| Some(format!("{}: {}", part.book, part.incomplete.as_ref()?.sentence(page.language)));
        let mut incomplete: Vec<_> = run.parts.iter().filter_map(why).collect();
        incomplete.extend(run.forstok.as_ref().and_then(|forstok| forstok.incomplete.as_ref()).map(|why| {
            let sentence = page.t(
                "Forstok's orders were not read to the end, so more of them may be missing here",
                "Daftar pesanan Forstok tidak terbaca sampai selesai, sehingga mungkin masih ada pesanan yang belum masuk",
            );
            format!("{sentence}: {why}")
        }));
        let is_complete = incomplete.is_empty();
        let books = if run.ended_at.is_none() {
            let of = page.t("invoices of Accurate's list read", "faktur dari daftar Accurate sudah dibaca");
            let open = run.parts.iter().filter(|part| part.ended_at.is_none());
            let mut lines: Vec<_> = open
                .map(|part| {
                    let (read, all) = (format::count(part.rows_read), format::count(part.rows_expected));
                    format!("{}: {read} / {all} {of}", part.book)
                })
                .collect();
            if run.forstok.as_ref().is_some_and(|forstok| forstok.ended_at.is_none()) {
                lines.push(
                    page.t("Forstok's orders are being read.", "Daftar pesanan Forstok sedang dibaca.").to_owned(),
                );
            }
            lines
        } else {
            incomplete
        };
        let (kind, state) = match (run.ended_at, is_complete, run.findings.open) {
            (None, ..) => ("busy", page.t("Comparing", "Sedang dibandingkan")),
            (Some(_), false, _) => ("warn", page.t("Incomplete", "Belum lengkap")),
            (Some(_), true, 0) => ("good", page.t("Agrees with Accurate", "Sesuai dengan Accurate")),
            (Some(_), true, _) => ("bad", page.t("Differences found", "Ada perbedaan")),
        };
        let sentence = match run.ended_at {
            Some(at) => format!("{days}, {} {}", page.t("compared", "dibandingkan"), page.moment(at)),
            None => days,
        };
        Self { kind, state: state.to_owned(), sentence, books }
    }
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
