//! What happens after the sale: rows of payouts and returns, and the orders that they are about.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{ExistingDocument, Undecided, UnreadableOrder};
use crate::domain::{
    after_sale::{Settlement, Sums, Waits, WaitsFor},
    decision::Verdict,
    document::{Drafted, Kind, Part, Progress, Wanted},
    ids::DocumentNumber,
    money::Rupiah,
    order::OrderId,
    payout::{Payout, RowState, unmatched::Unmatched},
    reason::{Finding, Language, Reason, after_sale::book_it_there_too},
    return_record::ReturnRecord,
};

/// The content of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowContent {
    /// A payout.
    Payout(Payout),
    /// A return record.
    Return(ReturnRecord),
}

/// A payout row or a return record, with its state.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRecord {
    /// Its number, in the order of arrival.
    pub id: i64,
    /// What was sent last.
    pub content: RowContent,
    /// The order that it is about, if one is known.
    pub order_id: Option<OrderId>,
    /// Its state.
    pub state: RowState,
    /// The reason, if a person must act or the order is ignored.
    pub reason: Option<Reason>,
    /// Why a person must act.
    pub finding: Option<Finding>,
    /// What it waits for.
    pub waits_for: Option<WaitsFor>,
    /// The document that books it.
    pub document: Option<RowDocument>,
    /// When it arrived first.
    pub arrived_at: Timestamp,
    /// When its content was recorded.
    pub content_at: Timestamp,
    /// Who approved this content, and when.
    pub approved: Option<(String, Timestamp)>,
    /// Who has booked it in Accurate.
    pub by_hand: Option<ByHand>,
    /// What it said when that person marked it, if it was corrected afterwards.
    pub was: Option<RowContent>,
    /// Of a row without an order that is read for people: orders with its number, in its store if it names one.
    pub orders_with_number: i64,
    /// Accurate's id of the order's invoice then: their document is on no later one.
    pub marked_invoice: Option<i64>,
    /// Whether their document was created by this service, before the row was corrected.
    pub was_ours: bool,
    /// What their document takes off what is owed, in hundredths of a rupiah.
    pub settles: i64,
    /// The net of a payout; what a return takes off its invoice, or the refund where that is not clear. `None` if it is
    /// not known yet.
    pub amount: Option<Rupiah>,
}

impl RowRecord {
    /// What its reason is about. Without a mark of its own, a row is ignored because its order is.
    pub fn reason_is_about(&self) -> Kind {
        match self.reason {
            Some(Reason::ByHand | Reason::Excluded) if self.by_hand.is_none() => Kind::Invoice,
            _ => self.content.kind(),
        }
    }

    /// What to do about its reason.
    pub fn remedy(&self, language: Language) -> Option<String> {
        let there = self.is_of_an_ignored_order().then(|| book_it_there_too(self.content.kind(), language).to_owned());
        there.or_else(|| Some(self.reason?.remedy_about(self.reason_is_about(), language)))
    }

    /// Whether this service books nothing for its order, by a rule or a person's decision.
    pub fn is_of_an_ignored_order(&self) -> bool {
        let is_ignored = self.state == RowState::Ignored && self.by_hand.is_none();
        is_ignored && self.reason.is_some_and(|reason| reason != Reason::Cancelled)
    }

    /// Why it has no order; `None` if it has one, or needs none.
    pub fn unmatched(&self) -> Option<Unmatched> {
        let (store_id, number) = self.content.order();
        (self.state == RowState::Unmatched && self.by_hand.is_none()).then(|| Unmatched {
            kind: self.content.kind(),
            has_number: !number.is_empty(),
            has_store: !store_id.is_empty(),
            orders: self.orders_with_number,
        })
    }

    /// The number of the document in Accurate with which a person has booked it.
    pub fn booked_by_hand(&self) -> Option<&str> {
        self.by_hand.as_ref()?.document.as_deref()
    }

    /// The number of the document in Accurate that books it, once it exists.
    pub fn booked_as(&self) -> Option<&DocumentNumber> {
        self.document.as_ref().filter(|document| document.id.is_some()).map(|document| &document.number)
    }
}

/// A person's mark that a row is booked in Accurate by hand, or that nothing is to be booked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// The number of the document in Accurate; `None` if nothing is to be booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What it takes off the invoice, in rupiah, as the person said it of a return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Rupiah>,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// The result of marking a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is marked, or the mark is taken back.
    Done,
    /// There is no such row.
    Unknown,
    /// This document of ours books it already, or may do so at any moment.
    BookedHere(DocumentNumber),
    /// The row was corrected after this document of ours was created: only under its number a person can take it over.
    CorrectedHere(DocumentNumber),
    /// Nothing shows what the person's return takes off the invoice: they must say it.
    AmountMissing,
    /// The amount is more than this, which earlier returns have left of the invoice.
    AmountAbove(Rupiah),
}

/// The document that books a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDocument {
    /// Which of the order's documents of its kind.
    pub part: Part,
    /// Its number.
    pub number: DocumentNumber,
    /// Accurate's id, while it exists.
    pub id: Option<i64>,
}

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// In this state.
    pub state: Option<RowState>,
    /// From this source.
    pub source: Option<String>,
    /// About this order.
    pub order_id: Option<OrderId>,
    /// With this reason.
    pub reason: Option<Reason>,
    /// That wait for this.
    pub waits: Option<Waits>,
    /// Whose content had arrived by then: what a person saw.
    pub content_until: Option<Timestamp>,
}

/// How many rows of a kind are in a state, with a reason or something they wait for; and the sum of their amounts, in
/// hundredths of a rupiah.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// In which state.
    pub state: RowState,
    /// With which reason.
    pub reason: Option<Reason>,
    /// What they wait for.
    pub waits: Option<Waits>,
    /// How many.
    pub count: i64,
    /// Their sum.
    pub hundredths: i64,
    /// How many of those that wait or are blocked have no amount yet, and are not in the sum.
    pub unknown: i64,
}

/// A number of rows, and the sum of their amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSum {
    /// How many.
    pub rows: i64,
    /// Rupiah.
    pub total: Rupiah,
}

impl RowSum {
    /// All rows that a condition selects.
    pub fn of<'a>(counts: impl IntoIterator<Item = &'a RowCount>, is_counted: impl Fn(&RowCount) -> bool) -> Self {
        let counted = counts.into_iter().filter(|count| is_counted(count));
        counted.fold(Self::default(), |sum, count| Self {
            rows: sum.rows + count.count,
            total: sum.total + Rupiah::from_hundredths(count.hundredths),
        })
    }
}

/// A name of an amount that payouts have used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeKind {
    /// Which source named it.
    pub source: String,
    /// The name as the marketplace writes it, or a category.
    pub name: String,
    /// How many rows have named it.
    pub count: i64,
    /// Their sum, in hundredths of a rupiah.
    pub hundredths: i64,
    /// When it was seen first.
    pub first_at: Timestamp,
}

/// A document of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderDocument {
    /// The kind of document.
    pub kind: Kind,
    /// Which of them.
    pub part: Part,
    /// Its number.
    pub number: DocumentNumber,
    /// Accurate's id, once it exists; kept when it is deleted.
    pub id: Option<i64>,
    /// How far posting is with it.
    pub progress: Progress,
    /// What the last decision wanted of it.
    pub wanted: Wanted,
    /// A save was sent whose outcome is not known.
    pub is_doubted: bool,
    /// There was an attempt. Unless a save is in doubt, Accurate reported for each that nothing was saved.
    pub was_tried: bool,
    /// The number of attempts that count.
    pub tries: i64,
    /// Why a person must act; or had to, when a document was given up that Accurate had refused.
    pub findings: Vec<Finding>,
    /// What is sent; `None` if it cannot be read.
    pub draft: Option<Drafted>,
}

/// Orders whose receipts and returns must be decided.
#[derive(Clone, Debug, Default)]
pub struct UnsettledNews {
    /// What is to be decided about, in no particular order.
    pub orders: Vec<Unsettled>,
    /// Orders whose stored data cannot be read: nothing can be decided about them.
    pub unreadable: Vec<UnreadableOrder>,
}

/// An order whose receipts and returns must be decided.
#[derive(Clone, Debug)]
pub struct Unsettled {
    /// The order, as for the decision about its invoice.
    pub order: Undecided,
    /// The revision of the news that is decided.
    pub revision: i64,
    /// The marketplace's number of the order.
    pub channel_order_id: String,
    /// Its invoice as Accurate returned it.
    pub invoice: Option<ExistingDocument>,
    /// The customer and the day of its invoice, if it has one: the draft's, or those that a person adopted.
    pub booked_on: Option<(String, Date)>,
    /// Its rows, in the order of arrival.
    pub rows: Vec<RowRecord>,
    /// Its receipts and returns.
    pub documents: Vec<OrderDocument>,
}

/// What was decided about an order after the sale.
#[derive(Clone, Debug)]
pub struct SettlementVerdict {
    /// Which order.
    pub order_id: OrderId,
    /// The revision of the news that was decided.
    pub revision: i64,
    /// The mapping on which the decision is based.
    pub mapping_revision: i64,
    /// The decision.
    pub settlement: Settlement,
    /// The ids of rows that leave the order, because they were corrected to another one.
    pub moving: Vec<i64>,
    /// What it means for the order itself; `None` if nothing changes.
    pub order: Option<Verdict>,
}

/// What is booked on an invoice with this total, in Accurate by this service and by people, and what is left.
pub fn sums_of(total: Rupiah, documents: &[OrderDocument], rows: &[RowRecord]) -> Sums {
    let exist = documents.iter().filter(|document| document.exists());
    let sums = Sums::of_documents(total, exist.filter_map(|document| document.draft.as_ref()));
    let by_hand = |kind: Kind| {
        let rows = rows.iter().filter(|row| row.content.kind() == kind);
        rows.map(|row| Rupiah::from_hundredths(row.settles)).sum::<Rupiah>()
    };
    Sums::of(total, sums.paid + by_hand(Kind::Receipt), sums.returned + by_hand(Kind::Return))
}

impl OrderDocument {
    /// Whether it exists in Accurate, wanted or not.
    pub fn exists(&self) -> bool {
        self.id.is_some() && self.progress != Progress::Gone
    }

    /// Whether it exists in Accurate, or may exist there: what was sent is then what counts.
    pub fn may_exist(&self) -> bool {
        self.progress != Progress::Gone && (self.id.is_some() || self.is_doubted)
    }

    /// Why Accurate refused what was then given up. If the same is wanted again, it is blocked as before: a new attempt
    /// each time would never pause.
    pub fn refused_before(&self) -> Option<&Finding> {
        let never_existed = self.progress == Progress::Gone && self.id.is_none();
        self.findings.first().filter(|finding| never_existed && finding.reason == Reason::RefusedByAccurate)
    }
}

impl RowContent {
    /// What books it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Payout(_) => Kind::Receipt,
            Self::Return(_) => Kind::Return,
        }
    }

    /// Its source and its id there.
    pub fn key(&self) -> (&str, &str) {
        match self {
            Self::Payout(payout) => (&payout.key.source, &payout.key.id),
            Self::Return(record) => (&record.key.source, &record.key.id),
        }
    }

    /// The store and the marketplace's number of the order.
    pub fn order(&self) -> (&str, &str) {
        match self {
            Self::Payout(payout) => (&payout.store_id, &payout.channel_order_id),
            Self::Return(record) => (&record.store_id, &record.channel_order_id),
        }
    }

    /// Its days, by their names in the contract.
    pub fn days(&self) -> impl Iterator<Item = (&'static str, Date)> {
        let days = match self {
            Self::Payout(payout) => [("paid_at", Some(payout.paid_at)), ("", None)],
            Self::Return(record) => [("accepted_at", record.accepted_at), ("received_at", record.received_at)],
        };
        days.into_iter().filter_map(|(name, day)| Some((name, day?)))
    }

    /// When the money was paid, or the goods arrived.
    pub fn day(&self) -> Option<Date> {
        match self {
            Self::Payout(payout) => Some(payout.paid_at),
            Self::Return(record) => record.received_at.or(record.accepted_at),
        }
    }
}
