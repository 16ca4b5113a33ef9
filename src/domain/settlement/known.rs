//! What is known about an order when it is decided what must exist besides its invoice.

use jiff::civil::Date;

use super::outcome::{ReceiptDraft, ReturnDraft};
use crate::domain::{
    document::Part,
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
    /// What the invoice was made from. It tells which SKU became which line; without it, pieces cannot be returned,
    /// only the whole order.
    pub snapshot: Option<&'a Snapshot>,
    /// Its payout rows, in order of arrival.
    pub rows: &'a [Row],
    /// Its return records, in order of arrival.
    pub records: &'a [Record],
}

/// An order's invoice, as far as payouts and returns depend on it.
#[derive(Clone, Debug)]
pub enum Invoice<'a> {
    /// It does not exist yet: the order is received, watched, due or blocked.
    Awaited,
    /// It exists.
    Exists(Standing<'a>),
    /// It must go, because a person decided so: everything that was booked on it must go first.
    Leaving,
    /// There is none: the order is ignored for this reason, or its invoice was deleted (`None`).
    Absent(Option<Reason>),
}

/// An invoice that exists in Accurate.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// What was sent.
    pub draft: &'a Draft,
    /// The number that Accurate gave back.
    pub number: &'a str,
    /// The total that Accurate gave back, in rupiah.
    pub total: Rupiah,
}

/// A cancellation that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// The day, in WIB.
    pub day: Date,
    /// Whether the parcel had left: its goods travel back, and a return takes the place of deleting the invoice.
    pub after_shipping: bool,
}

/// A payout row, with what was done about it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its content, as it was last sent.
    pub payout: Payout,
    /// The day on which this content arrived, in WIB.
    pub arrived: Date,
    /// Whether a person has approved exactly this content. A correction takes the approval away, so whoever stores a
    /// correction must clear it.
    pub approved: bool,
    /// The receipt that was made for it.
    pub receipt: Option<Document<ReceiptDraft>>,
}

/// A return record, with what was done about it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its content, as it was last sent.
    pub record: ReturnRecord,
    /// The day on which it first arrived, in WIB.
    pub arrived: Date,
    /// Whether a person has approved exactly this content; a correction takes the approval away.
    pub approved: bool,
    /// The return that was made for it.
    pub document: Option<Document<ReturnDraft>>,
}

/// A receipt or a return that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<D> {
    /// Its part, which is in its number. It never changes, and no other document of the order gets it.
    pub part: Part,
    /// How far posting is with it.
    pub stage: Stage,
    /// What was sent or is to be sent. It names the content that it was made from.
    pub draft: D,
}

/// How far posting is with a document, as far as its draft depends on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Nothing was sent: the draft can still change, and the document can be dropped.
    Planned,
    /// It may exist in Accurate: what was sent is what counts.
    Sent,
    /// It exists in Accurate.
    Exists,
    /// It does not exist, and a person must act first.
    Blocked(Finding),
    /// It was deleted, or was never created.
    Gone,
}

impl Stage {
    /// Whether what was sent counts, whatever is decided now.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Sent | Self::Exists)
    }
}
