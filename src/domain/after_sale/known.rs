//! What is known about an order when its receipts and returns are decided.

use jiff::civil::Date;

use super::outcome::{ReceiptDraft, ReturnDraft};
use crate::domain::{
    document::Part,
    ids::DocumentNumber,
    invoice::Draft,
    money::Rupiah,
    order::Snapshot,
    payout::Payout,
    reason::{Finding, Reason},
    return_record::ReturnRecord,
};

/// An order after the sale.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Forstok's store id.
    pub store_id: &'a str,
    /// The marketplace's order number.
    pub channel_order_id: &'a str,
    /// Its invoice.
    pub invoice: Invoice<'a>,
    /// Its cancellation, if it counts.
    pub cancelled: Option<Cancelled>,
    /// What its status says about its goods, if the mapping follows that.
    pub came_back: Option<CameBack>,
    /// The snapshot that the invoice was made from. It shows which SKU became which line; without it, only the whole
    /// order can be returned, not single pieces.
    pub snapshot: Option<&'a Snapshot>,
    /// Its payout rows, in order of arrival.
    pub rows: &'a [Row],
    /// Its return records, in order of arrival.
    pub records: &'a [Record],
    /// The highest parts of receipts and returns that existed and are no longer ours: no other document gets their
    /// numbers.
    pub last_parts: LastParts,
}

/// The highest parts of an order's documents that existed and are no longer ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastParts {
    /// Of its receipts.
    pub receipt: Part,
    /// Of its returns.
    pub sales_return: Part,
}

/// An order's invoice, as far as payouts and returns depend on it.
#[derive(Clone, Debug)]
pub enum Invoice<'a> {
    /// It does not exist yet: the order is received, watched, due or blocked.
    Awaited,
    /// It exists.
    Exists(Standing<'a>),
    /// It exists, and a person must act before anything is booked on it: the order is blocked.
    Held(Standing<'a>),
    /// A person decided to delete it: everything that is booked on it must be deleted first.
    Leaving,
    /// It does not exist: the order is ignored for this reason, or its invoice was deleted (`None`).
    Absent(Option<Reason>),
}

/// An invoice that exists in Accurate.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The draft that was sent.
    pub draft: &'a Draft,
    /// The number that Accurate returned.
    pub number: &'a DocumentNumber,
    /// The total that Accurate returned, in rupiah.
    pub total: Rupiah,
}

/// A cancellation that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// The day, in WIB.
    pub day: Date,
    /// Whether the parcel had left: then its goods come back, and a return is booked instead of deleting the invoice.
    pub after_shipping: bool,
    /// The day on which its goods have arrived according to its status, in WIB.
    pub arrived: Option<Date>,
}

/// An order that is `Returned` or `Failed Delivery`, according to its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CameBack {
    /// The day of that status, in WIB.
    pub day: Date,
    /// Whether the goods have arrived; a failed delivery only begins their way back.
    pub has_arrived: bool,
}

/// A payout row, with its approval and its receipt.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its content, as it was last sent.
    pub payout: Payout,
    /// The day on which this content arrived, in WIB.
    pub arrived: Date,
    /// Whether a person has approved exactly this content. Storing a correction must therefore clear the approval.
    pub approved: bool,
    /// The document in Accurate with which a person has booked it.
    pub by_hand: Option<ByHand<Payout>>,
    /// The receipt that was made for it.
    pub receipt: Option<Document<ReceiptDraft>>,
}

/// A return record, with its approval and its return.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its content, as it was last sent.
    pub record: ReturnRecord,
    /// The day on which it first arrived, in WIB.
    pub arrived: Date,
    /// Whether a person has approved exactly this content; a correction takes the approval away.
    pub approved: bool,
    /// The document in Accurate with which a person has booked it.
    pub by_hand: Option<ByHand<ReturnRecord>>,
    /// The return that was made for it.
    pub document: Option<Document<ReturnDraft>>,
}

/// A person's mark: a row or record is booked in Accurate by hand, or nothing is to be booked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand<R> {
    /// The number of the person's document; `None` if nothing is to be booked.
    pub number: Option<String>,
    /// What it takes off the invoice, in rupiah, if the person said that.
    pub amount: Option<Rupiah>,
    /// What was counted for it before, in rupiah: that stays, whatever is booked afterwards.
    pub counted: Option<Rupiah>,
    /// Whether this service created that document, before the row was corrected.
    pub was_ours: bool,
    /// What the row said then, if it was corrected afterwards: that is what the person has booked.
    pub was: Option<R>,
}

impl Record {
    /// Whether a person has decided that nothing is booked for it.
    pub(super) fn is_excluded(&self) -> bool {
        self.by_hand.as_ref().is_some_and(|by_hand| by_hand.number.is_none())
    }
}

/// A receipt or a return that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<D> {
    /// Its part, which is in its number. It never changes, and no other document of its kind gets it for this order.
    pub part: Part,
    /// How far posting is with it.
    pub stage: Stage,
    /// The draft that was or will be sent. It contains the row or record from which it was made.
    pub draft: D,
}

/// How far posting is with a document, as far as its draft depends on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Nothing was sent, or nothing that was sent was saved: the draft can still change, and the document can be
    /// dropped.
    Planned,
    /// It may exist in Accurate: what was sent is what counts until a look-up shows whether it exists.
    Sent,
    /// The same, and a person must act first.
    Stuck(Finding),
    /// It exists in Accurate.
    Exists,
    /// It does not exist, and a person must act first.
    Blocked(Finding),
    /// It was deleted, or was never created.
    Gone,
    /// It was never created: Accurate refused it with this, and then it was no longer wanted.
    GivenUp(Finding),
}

impl Stage {
    /// Whether the document stays as it was sent, whatever is decided now.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Sent | Self::Stuck(_) | Self::Exists)
    }
}
