//! Payouts: what a marketplace paid to the seller for one order (design.md §7).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::money::Rupiah;

/// What a payout row is known by: the same source and id again is a repeat or a correction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PayoutKey {
    /// Where it comes from, for example `shopee`.
    pub source: String,
    /// Which row of that source.
    pub id: String,
}

/// One payout for one order, or a part of it. Amounts are signed as the seller feels them: what is paid to the seller is
/// positive, what is taken is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// What it is known by.
    #[serde(flatten)]
    pub key: PayoutKey,
    /// Forstok's store id; empty if the source does not name it.
    pub store_id: String,
    /// The marketplace's order number; empty for money without an order.
    pub channel_order_id: String,
    /// The day on which the money arrived in the seller's wallet.
    pub paid_at: Date,
    /// The money that arrived, in rupiah; below 0: it was taken.
    pub net: Rupiah,
    /// The amounts that it consists of, in rupiah: a category of `[accounts]`, `subtotal`, `refund`, or the
    /// marketplace's name of a fee.
    pub amounts: BTreeMap<String, Rupiah>,
}

/// What becomes of a payout row or a return record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// No order has its number.
    Unmatched,
    /// It waits for its invoice, its day, another row, its goods or a person's approval.
    Waiting,
    /// Its document is wanted.
    Due,
    /// Its document exists, or it is part of another one.
    Settled,
    /// A person must act.
    Blocked,
    /// Nothing is booked for it.
    Ignored,
}

impl RowState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Unmatched, Self::Waiting, Self::Due, Self::Settled, Self::Blocked, Self::Ignored];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Settled => "settled",
            Self::Blocked => "blocked",
            Self::Ignored => "ignored",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}
