//! What people read: orders, lists, sums.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{Acknowledgement, ExistingDocument};
use crate::domain::{
    about::About,
    ids::BookName,
    invoice::Draft,
    manual::ManualDecision,
    money::Rupiah,
    order::OrderId,
    reason::{Finding, OrderWarning, Reason, Warning},
    state::State,
};

/// Orders with a warning that nobody has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenWarning {
    /// Which.
    pub warning: Warning,
    /// How many.
    pub orders: i64,
}

/// What totals have a row for, beside each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Each store.
    pub by_store: bool,
    /// Each day.
    pub by_day: bool,
}

/// Orders of one store, one day and one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Which store, where totals are by store.
    pub store_id: Option<String>,
    /// Which day, where totals are by day.
    pub day: Option<Date>,
    /// Which state.
    pub state: State,
    /// How many, and what they are worth.
    pub sums: Sums,
}

/// Blocked orders that wait for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Why they are blocked.
    pub reason: Reason,
    /// What the reason is about, for example an item's number; empty where it is about each order alone.
    pub subject: String,
    /// The same as the oldest of them has it, with names.
    pub about: About,
    /// When the oldest of them came.
    pub oldest: Timestamp,
    /// How many, and what they are worth.
    pub sums: Sums,
}

/// An order as operators see it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub struct OrderRecord {
    /// Position in lists.
    pub id: i64,
    pub order_id: OrderId,
    pub store_id: String,
    pub store_name: String,
    pub channel: String,
    pub channel_order_id: String,
    pub status: String,
    pub ordered_at: Option<Timestamp>,
    /// When the newest news arrived.
    pub received_at: Timestamp,
    /// When the first webhook came.
    pub created_at: Timestamp,
    pub state: State,
    /// What it is worth, in hundredths of a rupiah: its invoice, else its draft, else what Forstok says.
    pub hundredths: i64,
    /// What its reason is about, for grouping.
    pub subject: String,
    /// What a person decided about it.
    pub manual: Option<ManualDecision>,
    /// Warnings that a person has acknowledged.
    pub acknowledged: Vec<Acknowledgement>,
    pub findings: Vec<Finding>,
    pub reason: Option<Reason>,
    pub warnings: Vec<OrderWarning>,
    /// The book that its invoice goes to, once it has a draft.
    pub book: Option<BookName>,
    pub tries: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub draft: Option<Draft>,
    pub invoice: Option<ExistingDocument>,
    pub invoiced_at: Option<Timestamp>,
    pub changed_at: Timestamp,
}

impl OrderRecord {
    /// Its invoice, unless that was deleted.
    pub fn standing_invoice(&self) -> Option<&ExistingDocument> {
        self.invoice.as_ref().filter(|_| self.state != State::Voided)
    }

    /// The total that was sent, if a person has adopted another one from Accurate.
    pub fn sent_total(&self) -> Option<Rupiah> {
        let (invoice, body) = (self.standing_invoice()?, &self.draft.as_ref()?.body);
        let sent = body.total();
        (body.total_is_final() && sent != Rupiah::from_decimal(invoice.total)).then_some(sent)
    }

    /// Who has acknowledged this warning, and when; `None` while it needs attention.
    pub fn acknowledgement(&self, one: &OrderWarning) -> Option<&Acknowledgement> {
        self.acknowledged.iter().find(|known| known.warning == one.warning && known.about == one.about)
    }
}

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Blocked or ignored for this reason.
    pub reason: Option<Reason>,
    /// Blocked because of this, for example `item:KAOS-M`.
    pub subject: Option<String>,
    /// With this warning.
    pub warning: Option<Warning>,
    /// Only those whose warning a person has acknowledged, or has not.
    pub acknowledged: Option<bool>,
    /// Of this store.
    pub store_id: Option<String>,
    /// Any part that people have of an order: its id, marketplace number or its last digits, invoice number, SKU,
    /// store name, exact amount.
    pub text: Option<String>,
    /// Of these days.
    pub days: Option<Days>,
}

/// Days in Jakarta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// What happened on them.
    pub by: DayOf,
    /// The first of them.
    pub from: Option<Date>,
    /// The last of them.
    pub to: Option<Date>,
}

/// What happened on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayOf {
    /// The buyer ordered; where Forstok does not say when, the first webhook came.
    #[default]
    Ordered,
    /// The first webhook came.
    Received,
    /// The invoice was created.
    Invoiced,
}

impl DayOf {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ordered, Self::Received, Self::Invoiced];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Received => "received",
            Self::Invoiced => "invoiced",
        }
    }

    /// Reads the contract's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == word)
    }
}

impl Days {
    /// The first and the last day, counted from 1970.
    pub fn as_numbers(&self) -> (i64, i64) {
        (self.from.map_or(i64::MIN, number_of_day), self.to.map_or(i64::MAX, number_of_day))
    }
}

/// A day's number, counted from 1970.
pub fn number_of_day(day: Date) -> i64 {
    day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24
}

/// The day with a number, counted from 1970.
pub fn day_of_number(number: i64) -> Date {
    Date::constant(1970, 1, 1).saturating_add(jiff::SignedDuration::from_hours(number.saturating_mul(24)))
}

/// Where a page ends: the next one begins below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What the list is sorted by: the order's place, or microseconds since 1970.
    pub key: i64,
    /// The order's place, which decides between equal keys.
    pub id: i64,
}

/// A page of orders.
#[derive(Clone, Debug)]
pub struct Page {
    /// Those that match, newest first. A page may be short, or empty, although there are more.
    pub orders: Vec<OrderRecord>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Position>,
}

/// How many orders match, and what they are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub orders: i64,
    /// Hundredths of a rupiah.
    pub hundredths: i64,
    /// Whether that is all; else there are more, and nobody has counted them.
    pub exact: bool,
}

impl Sums {
    /// In rupiah.
    pub fn rupiah(&self) -> Decimal {
        Decimal::new(self.hundredths, 2).normalize()
    }
}

/// How many orders stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub struct Count {
    pub state: State,
    pub reason: Option<Reason>,
    pub store_id: String,
    pub orders: i64,
}

/// The orders of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySum {
    /// In Jakarta.
    pub day: Date,
    /// How many.
    pub orders: i64,
    /// What they are worth, in hundredths of a rupiah.
    pub hundredths: i64,
}

/// A store of the seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreName {
    /// Forstok's store id.
    pub id: String,
    /// As its newest order names it.
    pub name: String,
    /// Marketplace.
    pub channel: String,
}

/// Somebody who is signed in on the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Of the cookie's value; the value itself is nowhere but in the browser.
    pub digest: String,
    /// The operator's name in the settings.
    pub operator: String,
    /// Of the operator's token and role at that moment.
    pub proof: String,
    /// When it is over.
    pub until: Timestamp,
}
