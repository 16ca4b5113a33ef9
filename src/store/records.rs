//! What goes into the store and what comes out.

use std::fmt;

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp, civil::Date};
use rust_decimal::Decimal;

use serde::{Deserialize, Serialize};

use crate::domain::{
    about::About,
    doubt::Doubt,
    history::History,
    invoice::Draft,
    manual::{Manual, ManualDecision, Refused},
    order::OrderId,
    reason::{Finding, Language, Notice, Reason, Warning},
    status::Status,
    timeline::{Entry, Event},
    waiting::Subject,
};

/// Where an order stands (design.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the contract's own words, explained in design.md §4")]
pub enum State {
    Received,
    Watching,
    Due,
    Invoiced,
    Blocked,
    Ignored,
    VoidDue,
    Voided,
}

impl State {
    /// All of them, in the order of an order's way.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Watching,
        Self::Due,
        Self::Invoiced,
        Self::Blocked,
        Self::Ignored,
        Self::VoidDue,
        Self::Voided,
    ];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Watching => "watching",
            Self::Due => "due",
            Self::Invoiced => "invoiced",
            Self::Blocked => "blocked",
            Self::Ignored => "ignored",
            Self::VoidDue => "void_due",
            Self::Voided => "voided",
        }
    }

    /// Reads the contract's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// In words for a person.
    pub fn in_words(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::Received => ("Received", "Diterima"),
            Self::Watching => ("Waiting for its status", "Menunggu status"),
            Self::Due => ("Being invoiced", "Sedang dibuatkan faktur"),
            Self::Invoiced => ("Invoiced", "Sudah difakturkan"),
            Self::Blocked => ("Needs attention", "Perlu ditangani"),
            Self::Ignored => ("No invoice needed", "Tanpa faktur"),
            Self::VoidDue => ("Invoice being deleted", "Faktur sedang dihapus"),
            Self::Voided => ("Invoice deleted", "Faktur dihapus"),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}

/// One authentic webhook, to be recorded.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it came.
    pub received_at: Timestamp,
    /// The same for the same content.
    pub fingerprint: [u8; 32],
    /// As it came.
    pub body: Bytes,
    /// What it holds.
    pub content: Content,
}

/// When a delivery's snapshot is folded into its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// In the same commit, unless another replica is writing just then: the sender does not wait for that.
    Now,
    /// Behind it: many deliveries wait for their answers.
    Later,
}

/// Who may make a book's calls to Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// We may for as long as we live: nobody else can work on this database.
    Ours,
    /// We did, and still may.
    Kept,
    /// We may from now on: it was nobody's, or whoever had it has let its lease end.
    Taken,
    /// Somebody else may.
    Anothers {
        /// How the book is, as that one told it.
        pause: Option<String>,
    },
}

/// A delivery on disk that is not yet folded into its order.
#[derive(Clone, Debug)]
pub struct Unfolded {
    /// Which delivery.
    pub delivery: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// As it came.
    pub body: Vec<u8>,
}

/// What a delivery holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// An order.
    Order(Box<OrderFacts>),
    /// Nothing that can be read.
    Unreadable {
        /// What was not understood.
        problem: String,
        /// The order that it names all the same.
        order_id: Option<OrderId>,
    },
}

impl Content {
    /// The order that something unreadable names.
    pub(super) fn names_order(&self) -> Option<&str> {
        match self {
            Self::Order(_) => None,
            Self::Unreadable { order_id, .. } => order_id.as_ref().map(OrderId::as_str),
        }
    }
}

/// What the store keeps of a snapshot beside its body: enough to list, find and fold.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the order")]
pub struct OrderFacts {
    pub event: String,
    pub order_id: OrderId,
    pub status_text: String,
    pub status: Option<Status>,
    pub updated_at: Option<Timestamp>,
    /// What `updated_at` says when it cannot be read.
    pub unread_time: Option<String>,
    pub store_id: String,
    pub store_name: String,
    pub channel: String,
    pub channel_order_id: String,
    pub ordered_at: Option<Timestamp>,
    /// What it is worth as Forstok says, in hundredths of a rupiah.
    pub hundredths: i64,
    /// What it is found by beside its numbers, as [`terms_of`] makes them.
    pub terms: Vec<String>,
}

/// Most terms of one order; nobody searches for the rest of a longer one.
const MOST_TERMS: usize = 200;

/// Longest term, in characters.
const LONGEST_TERM: usize = 100;

/// What an order is found by: its marketplace number from its end, and its SKUs.
pub fn terms_of<'a>(channel_order_id: &str, skus: impl Iterator<Item = &'a str>) -> Vec<String> {
    let reversed = channel_order_id.trim().to_lowercase().chars().rev().take(LONGEST_TERM).collect::<String>();
    let skus = skus.map(|sku| sku.trim().to_lowercase()).filter(|sku| !sku.is_empty());
    let skus = skus.map(|sku| format!("s:{}", sku.chars().take(LONGEST_TERM).collect::<String>()));
    let terms: std::collections::BTreeSet<_> = skus.take(MOST_TERMS).collect();
    std::iter::once(format!("r:{reversed}")).chain(terms).collect()
}

/// What a step of housekeeping came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Bodies that were cleared.
    pub bodies: u64,
    /// Deliveries that were looked at; fewer than were asked for when no others are old enough.
    pub looked_at: u64,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The very same content came before.
    pub repeat: bool,
    /// Where the order stands now.
    pub state: State,
    /// Its invoice, once there is one.
    pub invoice: Option<InvoiceRef>,
}

/// An invoice that exists in Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRef {
    /// Its number.
    pub number: String,
    /// Accurate's id of it.
    pub id: i64,
}

/// An order with news to decide about.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// Which order.
    pub order_id: OrderId,
    /// The news decided about; newer news makes the decision void.
    pub revision: i64,
    /// Where it stands.
    pub state: State,
    /// All its snapshots folded.
    pub history: History,
    /// The body whose amounts count; `None` once it was cleared.
    pub body: Option<Vec<u8>>,
    /// The store as that body named it.
    pub store_id: String,
    /// When the buyer ordered.
    pub ordered_at: Option<Timestamp>,
    /// When the newest news arrived.
    pub received_at: Timestamp,
    /// When the body whose amounts count arrived.
    pub body_received_at: Option<Timestamp>,
    /// The deletion of its invoice may have been sent.
    pub deletion_tried: bool,
    /// What was drafted before.
    pub draft: Option<Draft>,
    /// Why it was blocked or ignored before.
    pub reason: Option<Reason>,
    /// What was in the way before.
    pub findings: Vec<Finding>,
    /// An invoice of it stands in Accurate, also when a person must see to it.
    pub invoice_stands: bool,
    /// What is known of its saves.
    pub saves: Saves,
    /// What deserved a look before.
    pub warnings: Vec<Notice>,
    /// What a person decided about it.
    pub manual: Option<ManualDecision>,
}

/// What a person decides about an order.
#[derive(Clone, Debug)]
pub struct ManualChange {
    /// What; `None` takes back what was decided before.
    pub decision: Option<Manual>,
    /// Why.
    pub reason: Option<String>,
    /// Number of the document that the person created.
    pub document: Option<String>,
    /// Who.
    pub actor: String,
}

/// What became of something that a person wants of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is on disk.
    Changed,
    /// It was so before.
    Unchanged,
    /// The order is in no state for it.
    Refused(Refused),
    /// There is no such order, or no such warning on it.
    Unknown,
}

/// A warning that a person has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Which.
    pub warning: Warning,
    /// What it was about then; a warning about something else is another one.
    pub about: About,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

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

/// What is known of the saves that were sent for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saves {
    /// There was no attempt.
    NoneSent,
    /// There were attempts, and nothing that they sent was carried out as far as Accurate said.
    AccountedFor,
    /// An invoice may exist that we do not know of: before the order leaves `blocked` it is looked up.
    InDoubt,
}

/// What was decided about an order.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which order.
    pub order_id: OrderId,
    /// The news it was decided about.
    pub revision: i64,
    /// The mapping it was decided by.
    pub mapping_revision: i64,
    /// Where the order stands now.
    pub state: State,
    /// Why, when it is blocked or ignored.
    pub reason: Option<Reason>,
    /// All that is in the way.
    pub findings: Vec<Finding>,
    /// What deserves a look.
    pub warnings: Vec<Notice>,
    /// What is to be sent; `None` keeps what was drafted before.
    pub draft: Option<Draft>,
    /// Entries for the timeline.
    pub events: Vec<Event>,
    /// Nothing is decided yet: the order is `due` only to be looked up, and is decided again after that.
    pub look_up_first: bool,
}

/// How far ahead the moments may lie that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestWaits {
    /// Of an order's next attempt.
    pub attempt: SignedDuration,
    /// Of a lease's end.
    pub lease: SignedDuration,
    /// Of the next look at what blocked orders wait for.
    pub look: SignedDuration,
    /// Until a blocked order is tried again by itself.
    pub recheck: SignedDuration,
}

/// An order that a worker may work on until the lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which order.
    pub order_id: OrderId,
    /// Names this claim in everything that is written about it.
    pub attempt: i64,
    /// From then on another worker may hold the order, so no call may be under way any more.
    pub lease_until: Timestamp,
    /// Counted attempts before this one; above 0 the number is looked up before it is saved.
    pub earlier_tries: i64,
    /// Failures in a row before this attempt.
    pub failures: i64,
    /// `Due` or `VoidDue`; `Blocked` when it is only looked up.
    pub state: State,
    /// There is news that was not decided about, because an invoice may already stand.
    pub undecided: bool,
    /// The news that was there when it was claimed.
    pub revision: i64,
    /// What is sent.
    pub draft: Draft,
    /// The invoice as Accurate gave it back, when it is known to stand.
    pub invoice: Option<InvoiceRef>,
    /// How long ago, by the database's clock, that invoice was saved or found.
    pub invoice_age: Option<SignedDuration>,
    /// Why the order is blocked.
    pub findings: Vec<Finding>,
    /// How Accurate failed for this order so far.
    pub trouble: Trouble,
    /// What deserves a look.
    pub warnings: Vec<Notice>,
    /// When the newest news arrived.
    pub received_at: Timestamp,
    /// What is not known about its saves.
    pub doubt: Doubt,
    /// What it waited for before it was tried again.
    pub waits_for: Option<Subject>,
}

/// Something outside of us that orders wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What it is.
    pub subject: Subject,
    /// Looks in vain so far.
    pub looks: i64,
}

/// What an attempt came to.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which order.
    pub order_id: OrderId,
    /// The claim it was done under; if it is no longer the current one, nothing is written.
    pub attempt: i64,
    /// As in [`Claim::revision`]: with a person to act, nothing is left to be decided about that news.
    pub revision: i64,
    /// What is to be written.
    pub outcome: Outcome,
    /// What is not known about its saves by now, whatever the outcome is.
    pub doubt: Doubt,
    /// How Accurate failed for this order by now.
    pub trouble: Trouble,
    /// What deserves a look by now.
    pub warnings: Vec<Notice>,
    /// Entries for the timeline, each with its own time.
    pub entries: Vec<Entry>,
}

impl Settlement {
    /// An outcome of a claim about which nothing else is new.
    pub fn of(claim: &Claim, outcome: Outcome) -> Self {
        Self {
            order_id: claim.order_id.clone(),
            attempt: claim.attempt,
            revision: claim.revision,
            outcome,
            doubt: claim.doubt.clone(),
            trouble: claim.trouble.clone(),
            warnings: claim.warnings.clone(),
            entries: Vec::new(),
        }
    }
}

/// What an attempt came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The invoice stands.
    Invoiced {
        /// As Accurate reports it.
        invoice: StandingInvoice,
    },
    /// A person must act.
    Blocked {
        /// Why; the first is the reason.
        findings: Vec<Finding>,
        /// What outside of us it waits for, if it does.
        waits_for: Option<Subject>,
        /// After how long it is looked at again for its own sake, if it is.
        recheck_after: Option<SignedDuration>,
    },
    /// There will be another attempt.
    Postponed {
        /// When.
        until: Timestamp,
        /// Whether this attempt counts.
        counted: Counted,
    },
    /// Nothing stands in Accurate and there is news: it must be decided anew.
    Reconsider,
    /// The invoice is gone.
    Voided {
        /// The number that it had.
        number: String,
        /// Whether it was our call that deleted it.
        by: Deletion,
    },
}

/// How Accurate fails for one order while it deals with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Looks in a row that left the order where it was.
    pub looks: i64,
    /// What was said last.
    pub words: String,
}

/// How an invoice came to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// This attempt deleted it.
    ThisAttempt,
    /// It was gone before.
    Before,
}

/// What happened to a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Written,
    /// Its claim is no longer the current one: nothing is written.
    Late,
    /// Nothing is written, since the invoice belongs to another order already.
    InvoiceOf(OrderId),
}

/// A place in an order's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelinePlace {
    at: i64,
    /// 0: what Forstok sent, 1: what was done about it.
    source: i64,
    number: i64,
}

impl TimelinePlace {
    pub(super) fn new(at: i64, source: i64, number: i64) -> Self {
        Self { at, source, number }
    }

    pub(super) fn parts(self) -> [i64; 3] {
        [self.at, self.source, self.number]
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse().ok());
        Some(Self { at: parts.next()??, source: parts.next()??, number: parts.next()?? })
    }
}

impl fmt::Display for TimelinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.at, self.source, self.number)
    }
}

/// Part of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelinePage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<TimelinePlace>,
}

/// Whether an attempt counts for the waiting time and the look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It does.
    Yes,
    /// Accurate asked to slow down, or refused the whole book: it cost this order nothing.
    No,
    /// Accurate dealt with its calls, and it only waits until a lost save is over: what fails after that begins anew.
    WentWell,
}

/// An invoice as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingInvoice {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Accurate's total in rupiah.
    pub total: Decimal,
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
    pub warnings: Vec<Notice>,
    pub book: String,
    pub tries: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub draft: Option<Draft>,
    pub invoice: Option<StandingInvoice>,
    pub invoiced_at: Option<Timestamp>,
    pub changed_at: Timestamp,
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

/// A snapshot of an order as Forstok sent it.
#[derive(Clone, Debug)]
pub struct SnapshotRecord {
    /// Tells it from the others.
    pub id: i64,
    /// When it first came.
    pub received_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often it came.
    pub times: i64,
    /// Status as Forstok wrote it.
    pub status: String,
    /// For example `orders/update`.
    pub event: String,
    /// As it came; `None` once it was cleared.
    pub body: Option<Vec<u8>>,
    /// The order's amounts are taken from this one.
    pub counts: bool,
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

/// A delivery that was authentic but is no order that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableDelivery {
    /// Tells it from the others; later arrivals have higher numbers.
    pub id: i64,
    /// When it first came.
    pub received_at: Timestamp,
    /// When it last came.
    pub last_at: Timestamp,
    /// The order that it names, as far as that can be read.
    pub order_id: Option<OrderId>,
    /// Bytes of its body; 0 when the body is no longer kept.
    pub bytes: i64,
    /// How often it came.
    pub times: i64,
    /// What was not understood.
    pub problem: String,
}

/// A mapping that was put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRevision {
    /// Counts up from 1.
    pub revision: i64,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// As it was written, TOML.
    pub document: String,
    /// What it changed, in words.
    pub changes: Vec<String>,
}

/// A mapping to be put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMapping {
    /// As it was written, TOML.
    pub document: String,
    /// By whom.
    pub who: String,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// The revision that it replaces; 0 when there is none.
    pub replaces: i64,
}

/// Which orders a claim takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Orders of one lane whose time has come.
    Due {
        /// Which lane.
        lane: Lane,
        /// Those that became due last go first.
        newest_first: bool,
        /// This many at most.
        limit: i64,
    },
    /// One, even if its time has not come: the probe of a paused book.
    Probe,
}

/// What waits for calls is kept apart by kind, so that a long queue of one kind never holds up the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Due, and never tried.
    Fresh,
    /// Due, and tried before.
    Again,
    /// The invoice must be deleted.
    Void,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Again, Self::Void];
}

/// How many orders of each lane may be claimed now, as far as they were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claimable {
    counts: [i64; Lane::ALL.len()],
}

impl Claimable {
    /// From a count for each lane, in the order of [`Lane::ALL`].
    pub fn new(counts: [i64; Lane::ALL.len()]) -> Self {
        Self { counts }
    }

    /// How many of this lane.
    pub fn of(&self, lane: Lane) -> i64 {
        self.counts[lane as usize]
    }
}
