//! What shadow mode reads and writes: drafts to compare, and how they compare.

use jiff::Timestamp;

use super::Sums;
use crate::domain::{
    ids::DocumentNumber,
    invoice::Draft,
    order::OrderId,
    shadow::{Booked, Difference, Kind},
};

/// How a draft compares with the invoice that another integration has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonResult {
    /// It was not compared yet.
    Waiting,
    /// They are equal in everything that is compared.
    Equal,
    /// They differ.
    Differs,
    /// Accurate has no invoice with this number.
    Absent,
}

impl ComparisonResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Equal, Self::Differs, Self::Absent];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Equal => "equal",
            Self::Differs => "differs",
            Self::Absent => "absent",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == word)
    }
}

/// A draft to be compared.
#[derive(Clone, Debug)]
pub struct ToCompare {
    /// Of which order.
    pub order_id: OrderId,
    /// Which draft of the order.
    pub revision: i64,
    /// The number that the buyer sees. Other integrations give it to their invoices (forstok.md §1).
    pub marketplace_number: DocumentNumber,
    /// The draft, or why it cannot be read.
    pub draft: Result<Draft, String>,
}

/// The outcome of a comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Of which order.
    pub order_id: OrderId,
    /// Which draft of the order.
    pub revision: i64,
    /// The result; `None` if Accurate did not show the invoice, so that the result is the one before.
    pub result: Option<ComparisonResult>,
    /// The invoice in Accurate.
    pub invoice: Option<Booked>,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// When it is compared again, if it is.
    pub again_at: Option<Timestamp>,
}

/// How the draft of one order compares.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The result.
    pub result: ComparisonResult,
    /// When it was compared last.
    pub compared_at: Option<Timestamp>,
    /// The invoice in Accurate.
    pub invoice: Option<Booked>,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

/// How many drafts have which result.
#[derive(Clone, Debug, Default)]
pub struct ShadowSums {
    /// Not compared yet.
    pub waiting: Sums,
    /// Equal.
    pub equal: Sums,
    /// Different.
    pub differs: Sums,
    /// Without an invoice in Accurate.
    pub absent: Sums,
    /// Orders with each kind of difference, with the totals of their drafts and the sum of the differences in
    /// hundredths of a rupiah.
    pub kinds: Vec<(Kind, Sums, i64)>,
}

/// One kind of difference of one order.
#[derive(Clone, Debug)]
pub struct DifferenceRow {
    /// Place in the list.
    pub id: i64,
    /// Of which order.
    pub order_id: OrderId,
    /// The marketplace's number of the order.
    pub channel_order_id: String,
    /// The store.
    pub store_id: String,
    /// Total of the draft, in hundredths of a rupiah.
    pub hundredths: i64,
    /// The difference.
    pub difference: Difference,
}
