//! A month: a cell for each day of each store, and the totals.

use jiff::{ToSpan, civil::Date};

use super::super::{
    format,
    order_line::rupiah,
    page::{Page, address},
};
use crate::{
    domain::reconciliation::{FindingState, Period, sums::Sums},
    http::{params::shortened, problem::Problem, wrong_field::WrongField},
    storage::{ReconciledDay, StoreName},
};

/// One day, with a cell for each store.
pub(super) struct DayShown {
    pub(super) day: String,
    pub(super) cells: Vec<Cell>,
}

/// One store's day.
pub(super) struct Cell {
    pub(super) store: String,
    /// `good`, `warn`, `bad` or empty.
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) amount: String,
    /// Here less in Accurate, unless it is 0.
    pub(super) difference: Option<String>,
    /// To its findings.
    pub(super) link: Option<String>,
    /// To the orders of the store on this day.
    pub(super) orders: Option<String>,
}

/// What a store's month comes to.
pub(super) struct TotalShown {
    pub(super) store: String,
    pub(super) invoices: String,
    pub(super) ledger: String,
    pub(super) accurate: String,
    pub(super) difference: String,
    pub(super) explained: String,
    pub(super) unexplained: String,
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

/// A store's name, as its newest order has it.
pub(super) fn store_words(id: &str, names: &[StoreName], page: &Page) -> String {
    match names.iter().find(|store| store.id == id) {
        Some(store) if !store.name.is_empty() => store.name.clone(),
        None if id.is_empty() => page.t("Shared customer", "Pelanggan bersama").to_owned(),
        Some(_) | None => id.to_owned(),
    }
}

pub(super) fn month_word(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

/// All stores with anything to compare, those of one customer alone first.
pub(super) fn store_ids(days: &[ReconciledDay]) -> Vec<String> {
    let mut ids: Vec<_> = days.iter().map(|day| day.store_id.clone()).collect();
    ids.sort_by(|one, other| (one.is_empty(), one).cmp(&(other.is_empty(), other)));
    ids.dedup();
    ids
}

pub(super) fn days_shown(
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
            return Self {
                store,
                kind: "",
                text: String::new(),
                amount: String::new(),
                difference: None,
                link: None,
                orders: None,
            };
        };
        let sums = sum(days.iter().copied());
        let month = month_word(day);
        let to_findings = |state| {
            let day = day.to_string();
            let query = [("month", &*month), ("day", &day), ("store", store_id), ("state", state)];
            Some(format!("{}#findings", address("/reconciliation", &query)))
        };
        let (kind, text, link) = match (days.iter().all(|day| day.complete), first.open) {
            (_, open) if open > 0 => {
                let text = page.t("{} open", "{} terbuka").replace("{}", &format::count(open));
                ("bad", text, to_findings(FindingState::Open.as_str()))
            }
            (false, _) => ("warn", page.t("incomplete", "belum lengkap").to_owned(), None),
            (true, _) if sums.difference() != 0 => {
                let text = page.t("explained", "sudah dijelaskan").to_owned();
                ("good", text, to_findings(FindingState::Closed.as_str()))
            }
            (true, _) => ("good", page.t("agrees", "sesuai").to_owned(), None),
        };
        let difference = (sums.difference() != 0).then(|| rupiah(sums.difference()));
        let orders = (!store_id.is_empty()).then(|| {
            let day = day.to_string();
            address("/orders", &[("by", "ordered"), ("from", &day), ("to", &day), ("store", store_id)])
        });
        Self { store, kind, text, amount: rupiah(sums.ledger.total), difference, link, orders }
    }
}

pub(super) fn sum<'a>(days: impl Iterator<Item = &'a ReconciledDay>) -> Sums {
    let mut all = Sums::default();
    for day in days {
        all += day.sums;
    }
    all
}

/// What each store's month comes to, and all of them together.
pub(super) fn totals(
    days: &[ReconciledDay],
    stores: &[String],
    name_of: &impl Fn(&String) -> String,
    page: &Page,
) -> Vec<TotalShown> {
    let of_store =
        |store: &String| TotalShown::new(name_of(store), sum(days.iter().filter(|day| day.store_id == *store)));
    let mut totals: Vec<_> = stores.iter().map(of_store).collect();
    if stores.len() > 1 {
        totals.push(TotalShown::new(page.t("All stores", "Semua toko").to_owned(), sum(days.iter())));
    }
    totals
}

impl TotalShown {
    fn new(store: String, sums: Sums) -> Self {
        Self {
            store,
            invoices: format::count(sums.ledger.count),
            ledger: rupiah(sums.ledger.total),
            accurate: rupiah(sums.accurate.total),
            difference: rupiah(sums.difference()),
            explained: rupiah(sums.explained),
            unexplained: rupiah(sums.unexplained()),
        }
    }
}
