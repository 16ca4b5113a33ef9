//! A month: a cell for each day of each store, and the totals.

use jiff::{ToSpan, civil::Date};

use super::super::{
    format,
    order_line::rupiah,
    page::{Page, address},
};
use crate::{
    domain::{
        reconciliation::{Class, FindingState, Period, sums::Sums},
        state::State,
    },
    http::{App, params::shortened, problem::Problem, wrong_field::WrongField},
    storage::{ComparedDay, DayOf, Days, Grouping, ReconciledDay, StoreName, Total},
};

/// One day, with a cell for each store.
pub(super) struct DayShown {
    pub(super) day: String,
    /// Why nothing can be concluded from an empty cell.
    pub(super) note: Option<&'static str>,
    pub(super) cells: Vec<Cell>,
}

/// One store's day.
pub(super) struct Cell {
    pub(super) store: String,
    /// `good`, `warn`, `bad` or empty.
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) amount: String,
    /// Here less in Accurate, unless it is 0; or that it is not known.
    pub(super) difference: Option<String>,
    /// How many invoices were not paid out in time, and where they are: money that a marketplace owes, which is no
    /// difference between the two sides.
    pub(super) unpaid: Option<(String, String)>,
    /// To its findings.
    pub(super) link: Option<String>,
    /// To the invoices of the store that are dated on this day.
    pub(super) invoices: Option<String>,
}

/// The totals of a month, for one store or for all.
pub(super) struct TotalShown {
    pub(super) store: String,
    /// By the date of the order.
    pub(super) orders: String,
    /// Orders whose invoice was deleted, by the date of the order.
    pub(super) voided: String,
    pub(super) invoices: String,
    pub(super) ledger: String,
    pub(super) accurate: String,
    pub(super) difference: String,
    pub(super) explained: String,
    pub(super) unexplained: String,
}

/// What is known of a month.
pub(super) struct Month {
    /// From its first day until today, or its last.
    pub(super) period: Period,
    pub(super) days: Vec<ReconciledDay>,
    compared: Vec<ComparedDay>,
    /// By store and state; by the date of the order.
    orders: Vec<Total>,
    /// All stores with anything to compare, that of shared customers last.
    pub(super) stores: Vec<String>,
}

/// How far a day is compared with Accurate and Forstok.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// No run has compared it.
    Never,
    /// The latest run over it could not read everything of Accurate.
    Incomplete,
    /// The orders that Forstok lists were not read to the end.
    WithoutForstok,
    Completely,
}

impl Month {
    /// Reads what is known of a month.
    pub(super) async fn read(app: &App, month: Period, today: Date) -> Result<Self, Problem> {
        let storage = app.engine.storage();
        let period = Period { to: month.to.min(today), ..month };
        let days = storage.reconciled_days(month).await?;
        let ordered = Days { by: DayOf::Ordered, from: Some(month.from), to: Some(month.to) };
        let by_day_and_store = Grouping { by_store: true, by_day: true };
        let orders = storage.totals(&ordered, by_day_and_store, i64::MAX).await?;
        let mut stores: Vec<_> = days.iter().map(|day| day.store_id.clone()).collect();
        stores.extend(orders.iter().filter_map(|total| total.store_id.clone()));
        stores.sort_by(|one, other| (one.is_empty(), one).cmp(&(other.is_empty(), other)));
        stores.dedup();
        Ok(Self { period, days, compared: storage.compared_days(month).await?, orders, stores })
    }

    /// Whether no run has compared any of its days.
    pub(super) fn is_unknown(&self) -> bool {
        self.days.is_empty() && self.compared.is_empty()
    }

    /// Whether some of its days were not compared completely, so that its sums are lower bounds.
    pub(super) fn is_incomplete(&self) -> bool {
        self.dates().any(|day| matches!(self.seen(day), Seen::Never | Seen::Incomplete))
    }

    /// Its days, the first one first.
    pub(super) fn dates(&self) -> impl Iterator<Item = Date> {
        let Period { from, to } = self.period;
        from.series(1.day()).take_while(move |day| *day <= to)
    }

    /// How far a day is compared.
    pub(super) fn seen(&self, day: Date) -> Seen {
        let of_day = || self.compared.iter().filter(move |one| one.day == day);
        let mut books = of_day().filter(|one| one.book.is_some()).peekable();
        if books.peek().is_none() {
            return Seen::Never;
        }
        if books.any(|book| !book.complete) {
            return Seen::Incomplete;
        }
        if of_day().all(|one| one.complete) { Seen::Completely } else { Seen::WithoutForstok }
    }

    /// Orders, and those of them whose invoice was deleted; of a store and of a day, or of all.
    pub(super) fn orders(&self, store: Option<&str>, day: Option<Date>) -> (i64, i64) {
        let is_asked = |total: &&Total| {
            store.is_none_or(|store| total.store_id.as_deref() == Some(store))
                && day.is_none_or(|day| total.day == Some(day))
        };
        let (mut all, mut voided) = (0, 0);
        for Total { state, sums, .. } in self.orders.iter().filter(is_asked) {
            all += sums.orders;
            voided += if *state == State::Voided { sums.orders } else { 0 };
        }
        (all, voided)
    }
}

impl Seen {
    /// What is to be said of such a day.
    pub(super) fn note(self, page: &Page) -> Option<&'static str> {
        match self {
            Self::Never => Some(page.t("not compared yet", "belum dibandingkan")),
            Self::Incomplete => Some(page.t("not read completely", "belum terbaca seluruhnya")),
            Self::WithoutForstok => {
                Some(page.t("Forstok's orders not read completely", "pesanan Forstok belum terbaca seluruhnya"))
            }
            Self::Completely => None,
        }
    }
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

/// All days until today, the newest first; none if no run has compared any.
pub(super) fn days_shown(month: &Month, name_of: &impl Fn(&String) -> String, page: &Page) -> Vec<DayShown> {
    if month.is_unknown() {
        return Vec::new();
    }
    let shown = |day: Date| {
        let seen = month.seen(day);
        let cell = |store: &String| {
            let of_store: Vec<_> = month.days.iter().filter(|one| one.day == day && one.store_id == *store).collect();
            Cell::new(&of_store, seen, (day, store), name_of(store), page)
        };
        DayShown { day: format::day(day), note: seen.note(page), cells: month.stores.iter().map(cell).collect() }
    };
    let mut days: Vec<_> = month.dates().map(shown).collect();
    days.reverse();
    days
}

impl Cell {
    fn new(days: &[&ReconciledDay], seen: Seen, (day, store_id): (Date, &str), store: String, page: &Page) -> Self {
        let Some(first) = days.first() else {
            return Self {
                store,
                kind: "",
                text: String::new(),
                amount: String::new(),
                difference: None,
                unpaid: None,
                link: None,
                invoices: None,
            };
        };
        let sums = sum(days.iter().copied());
        let is_complete = days.iter().all(|day| day.complete);
        let month = month_word(day);
        let to_findings_of = |class: &'static str, state: FindingState| {
            let day = day.to_string();
            let mut query = vec![("month", &*month), ("day", &day), ("store", store_id), ("state", state.as_str())];
            query.extend((!class.is_empty()).then_some(("class", class)));
            format!("{}#findings", address("/reconciliation", &query))
        };
        let to_findings = |state| to_findings_of("", state);
        let unpaid = (first.unpaid > 0).then(|| {
            let text = page.t("{} not paid out", "{} belum dicairkan").replace("{}", &format::count(first.unpaid));
            (text, to_findings_of(Class::NotSettled.as_str(), FindingState::Open))
        });
        let incomplete = page.t("incomplete", "belum lengkap").to_owned();
        let (kind, text, link) = match first.open {
            open if open > 0 => {
                let text = page.t("{} open", "{} terbuka").replace("{}", &format::count(open));
                ("bad", text, Some(to_findings(FindingState::Open)))
            }
            _ if !is_complete || seen == Seen::WithoutForstok => ("warn", incomplete.clone(), None),
            _ => {
                let link = (sums.difference() != 0).then(|| to_findings(FindingState::Closed));
                ("good", result(&sums, page).to_owned(), link)
            }
        };
        // What was not seen is no difference.
        let difference = match sums.difference() {
            _ if !is_complete => (kind != "warn").then_some(incomplete),
            0 => None,
            difference => Some(format!("{} {}", page.t("difference", "selisih"), rupiah(difference))),
        };
        let invoices = (!store_id.is_empty()).then(|| super::day::link(day, store_id));
        Self { store, kind, text, amount: rupiah(sums.ledger.total), difference, unpaid, link, invoices }
    }
}

/// The result of a day that was read completely and has no open finding. A finding that a person has closed explains what
/// remains of a difference.
pub(super) fn result(sums: &Sums, page: &Page) -> &'static str {
    if sums.difference() == 0 { page.t("agrees", "sesuai") } else { page.t("explained", "sudah dijelaskan") }
}

/// What days come to.
pub(super) fn sum<'a>(days: impl Iterator<Item = &'a ReconciledDay>) -> Sums {
    let mut all = Sums::default();
    for day in days {
        all += day.sums;
    }
    all
}

/// What days come to of which everything was seen: only of these, the difference is known.
pub(super) fn sum_of_complete<'a>(days: impl Iterator<Item = &'a ReconciledDay>) -> Sums {
    sum(days.filter(|day| day.complete))
}

/// The totals of the month for each store and, if there are several, for all of them together.
pub(super) fn totals(month: &Month, name_of: &impl Fn(&String) -> String, page: &Page) -> Vec<TotalShown> {
    let of_store = |store: &String| TotalShown::new(name_of(store), month, Some(store));
    let mut totals: Vec<_> = month.stores.iter().map(of_store).collect();
    if month.stores.len() > 1 {
        totals.push(TotalShown::new(page.t("All stores", "Semua toko").to_owned(), month, None));
    }
    totals
}

impl TotalShown {
    fn new(name: String, month: &Month, store: Option<&str>) -> Self {
        let days = || month.days.iter().filter(|day| store.is_none_or(|store| day.store_id == store));
        let (all, known) = (sum(days()), sum_of_complete(days()));
        let (orders, voided) = month.orders(store, None);
        Self {
            store: name,
            orders: format::count(orders),
            voided: format::count(voided),
            invoices: format::count(all.ledger.count),
            ledger: rupiah(all.ledger.total),
            accurate: rupiah(all.accurate.total),
            difference: rupiah(known.difference()),
            explained: rupiah(known.explained),
            unexplained: rupiah(known.unexplained()),
        }
    }
}
