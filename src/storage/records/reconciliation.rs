//! What reconciliation reads and writes: runs, what Accurate showed, findings, and the sums of days.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date};

use crate::domain::{
    format::count,
    ids::{BookName, DocumentNumber},
    masters::ListFailure,
    order::OrderId,
    reason::Language,
    reconciliation::{
        Class, Facts, Finding, FindingState, Held, Listed, Period, Seen,
        sums::{Sums, SumsByDay},
    },
};

/// What the ledger is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Accurate, in these books.
    pub books: &'a [BookName],
    /// The orders that Forstok lists.
    pub asks_forstok: bool,
}

/// A run: the comparison of a period, in all books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The days that it compares.
    pub period: Period,
    /// Who requested it; empty for the nightly run.
    pub who: String,
    /// The incomplete nightly run that it repeats.
    pub repeats: Option<i64>,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When its last part ended.
    pub ended_at: Option<Timestamp>,
    /// Its parts, one for each book.
    pub parts: Vec<RunPart>,
    /// The comparison with the orders that Forstok lists; `None` if they are not asked for.
    pub forstok: Option<ForstokPart>,
    /// Findings about its days.
    pub findings: FindingCounts,
}

/// A nightly run, or its repetition, that could not read everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompleteNight {
    /// The number of the run.
    pub run: i64,
    /// The days that it compares.
    pub period: Period,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Books that were not read completely.
    pub books: Vec<BookName>,
    /// Whether the orders that Forstok lists were not read completely.
    pub asks_forstok: bool,
}

/// The part of a run that concerns one book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPart {
    /// Its number.
    pub id: i64,
    /// The book.
    pub book: BookName,
    /// The days that it compares.
    pub period: Period,
    /// Whether it belongs to a nightly run, or to the repetition of one.
    pub is_nightly: bool,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When the latest complete part of the book began.
    pub last_complete_began_at: Option<Timestamp>,
    /// Invoices of other days that were changed and that no run has looked at yet, at most.
    pub changes_left: i64,
    /// Whether the whole list was read.
    pub is_listed: bool,
    /// How often the list was begun.
    pub readings: i64,
    /// Rows of the list that were read.
    pub rows_read: i64,
    /// Rows that the list has.
    pub rows_expected: i64,
    /// Invoices that were asked for one by one.
    pub asked: i64,
    /// Why its days are incomplete.
    pub incomplete: Option<ListFailure>,
    /// Its result.
    pub sums: Sums,
}

impl RunPart {
    /// Whether it has ended and everything was seen: its days, and changed invoices of other days.
    pub fn is_complete(&self) -> bool {
        self.ended_at.is_some() && self.incomplete.is_none() && self.changes_left == 0
    }

    /// Why not everything was seen, in one sentence.
    pub fn why_incomplete(&self, language: Language) -> Option<String> {
        let days = self.incomplete.as_ref().map(|why| why.sentence(language));
        days.or_else(|| (self.changes_left > 0).then(|| changes_left(self.changes_left, language)))
    }
}

fn changes_left(most: i64, language: Language) -> String {
    let most = count(most);
    match language {
        Language::English => format!(
            "These days were compared completely. Up to {most} older invoices that were changed in Accurate have not \
             been looked at yet; the next runs continue there, so there may be more findings."
        ),
        Language::Indonesian => format!(
            "Tanggal tersebut sudah dibandingkan seluruhnya. Paling banyak {most} faktur lama yang diubah di Accurate \
             belum diperiksa; perbandingan berikutnya melanjutkannya, sehingga temuan masih bisa bertambah."
        ),
    }
}

/// The part of a run that concerns the orders that Forstok lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForstokPart {
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Orders that were compared.
    pub orders: i64,
    /// Why it is incomplete.
    pub incomplete: Option<String>,
}

impl Run {
    /// Whether it has ended and everything was seen.
    pub fn is_complete(&self) -> bool {
        self.ended_at.is_some()
            && self.parts.iter().all(RunPart::is_complete)
            && self.forstok.as_ref().is_none_or(|forstok| forstok.incomplete.is_none())
    }
}

/// The result of comparing the orders that Forstok lists.
#[derive(Clone, Debug, Default)]
pub struct ForstokConclusion {
    /// Orders that were compared.
    pub orders: u64,
    /// Why it is incomplete; `None`: all of them were seen.
    pub incomplete: Option<String>,
    /// Orders that are missing here or out of date, by book.
    pub findings: BTreeMap<BookName, Vec<Finding>>,
}

/// How many findings are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Open.
    pub open: i64,
    /// Those of them that are about an unpaid invoice, on which both sides agree.
    pub unpaid: i64,
    /// Gone.
    pub gone: i64,
    /// Closed by a person.
    pub closed: i64,
}

/// A document of our ledger, in the order of days.
#[derive(Clone, Debug)]
pub struct HeldAt {
    /// Behind which the next page begins.
    pub place: (Date, i64),
    /// What the ledger says.
    pub held: Held,
}

/// What Accurate showed for each of some orders.
pub type SeenOf = HashMap<OrderId, Seen>;

/// An answer to questions about one order's invoices.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The order.
    pub order_id: OrderId,
    /// When the first question was asked.
    pub at: Timestamp,
    /// Invoices that exist.
    pub found: Vec<Listed>,
    /// Ids of invoices that do not exist.
    pub absent: Vec<i64>,
    /// The id of the invoice that was found by the number.
    pub numbered: Option<i64>,
}

/// The result of a part.
#[derive(Clone, Debug, Default)]
pub struct Conclusion {
    /// Why it is incomplete; `None`: everything was seen.
    pub incomplete: Option<ListFailure>,
    /// The sums of each store's days.
    pub sums: SumsByDay,
    /// The findings.
    pub findings: Vec<Finding>,
    /// Orders about which nothing is said, because their invoices were being created or deleted.
    pub undetermined: Vec<OrderId>,
    /// How far changed invoices of other days were looked at, if that was asked for.
    pub changes: Option<ChangesRead>,
}

/// How far changed invoices of other days were looked at in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesRead {
    /// Where the next run continues.
    pub reading: ChangeReading,
    /// Invoices that were not looked at, at most.
    pub left: u64,
}

/// A reading of the invoices that were changed in Accurate, by id. It may take several runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeReading {
    /// Changes from then on are read.
    pub since: Timestamp,
    /// When it began: the next reading is about changes from then on.
    pub began_at: Timestamp,
    /// The first of Accurate's ids that was not looked at; `None`: it is complete.
    pub next_id: Option<i64>,
}

/// A finding as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// Its number.
    pub id: i64,
    /// The book.
    pub book: BookName,
    /// What kind of difference.
    pub class: Class,
    /// What has become of it.
    pub state: FindingState,
    /// The order, if one is known.
    pub order_id: Option<OrderId>,
    /// The store; empty if several stores share the customer.
    pub store_id: String,
    /// The day under which it is listed.
    pub day: Date,
    /// The invoice's id in Accurate.
    pub accurate_id: Option<i64>,
    /// The invoice's number.
    pub number: DocumentNumber,
    /// Our ledger's total, in hundredths of a rupiah.
    pub ledger_total: Option<i64>,
    /// Accurate's total, in hundredths of a rupiah.
    pub accurate_total: Option<i64>,
    /// What is known about it.
    pub facts: Facts,
    /// When it was met first.
    pub first_at: Timestamp,
    /// When it was met last.
    pub seen_at: Timestamp,
    /// When what it says changed last.
    pub changed_at: Timestamp,
    /// Who closed it, when and why.
    pub closed: Option<ClosedBy>,
}

/// Who closed a finding, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedBy {
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Which findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Of this class.
    pub class: Option<Class>,
    /// In this state.
    pub state: Option<FindingState>,
    /// About this order.
    pub order_id: Option<OrderId>,
    /// Of this store.
    pub store_id: Option<String>,
    /// From this day on.
    pub from: Option<Date>,
    /// Up to this day.
    pub to: Option<Date>,
    /// Unchanged since this time.
    pub unchanged_since: Option<Timestamp>,
}

/// Which open findings are closed at once.
#[derive(Clone, Copy, Debug)]
pub enum Closing<'a> {
    /// Those with these ids, if they have not changed since these times, which the person saw.
    Seen(&'a [(i64, Timestamp)]),
    /// All that a filter shows.
    Shown(&'a FindingFilter),
}

/// The result of closing findings at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedFindings {
    /// How many were closed.
    pub closed: u64,
    /// Those that were not, because they have changed meanwhile or are no longer open.
    pub changed: Vec<i64>,
    /// Ids of no finding.
    pub unknown: Vec<i64>,
}

/// Which invoices of a book are looked at: those of a store that are booked on these days.
#[derive(Clone, Copy, Debug)]
pub struct UnpaidOf<'a> {
    /// The book.
    pub book: &'a BookName,
    /// The store.
    pub store_id: &'a str,
    /// The days.
    pub period: Period,
}

/// What the marketplace of a store still owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receivable {
    /// The store.
    pub store_id: String,
    /// What is owed on its invoices, less what customers have as credit, in hundredths of a rupiah.
    pub hundredths: i64,
}

/// The result of a person's action on a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It was carried out.
    Done,
    /// There is no such finding.
    Unknown,
    /// The finding is not open, or has changed meanwhile, so that the action does not fit any more.
    NoLongerFits,
}

/// A day that a run has compared, with or without an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedDay {
    /// The day.
    pub day: Date,
    /// With which book; `None`: with the orders that Forstok lists.
    pub book: Option<BookName>,
    /// Whether the latest run over it has seen everything.
    pub complete: bool,
}

/// The latest comparison of one store's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciledDay {
    /// The day.
    pub day: Date,
    /// The store; empty if several stores share the customer.
    pub store_id: String,
    /// The book.
    pub book: BookName,
    /// When it was compared.
    pub at: Timestamp,
    /// Whether everything was seen.
    pub complete: bool,
    /// What both sides count.
    pub sums: Sums,
    /// Open findings, without those about unpaid invoices, on which both sides agree.
    pub open: i64,
    /// Open findings about unpaid invoices.
    pub unpaid: i64,
}
