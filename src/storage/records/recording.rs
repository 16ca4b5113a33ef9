//! The outcome of recording a payout or a return record.

use crate::domain::{money::Rupiah, payout::lines, reason::Language};

/// The outcome of recording a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowRecorded {
    /// It is new.
    Accepted,
    /// It was there with the same content.
    Repeat,
    /// It was there with another content, which is replaced.
    Corrected,
    /// Nothing was recorded: it would replace this money of an earlier file, and nothing shows whether it corrects it.
    Unclear(Rupiah),
    /// Nothing was recorded: rows of their own contain this money of the same payout, which could be recorded twice.
    InParts(Rupiah),
    /// Nothing was recorded: a file has this id for another order, which is this one in earlier files.
    OtherOrder(String),
    /// Nothing was recorded: a file has a transaction for another order than the payout in which it is known.
    OtherTransaction {
        /// The marketplace's number.
        transaction: String,
        /// The order in earlier files.
        order: String,
        /// The id of the payout that contains it.
        id: String,
    },
    /// Nothing was recorded: a transaction was part of a payout that a request has replaced as a whole.
    InReplaced {
        /// The marketplace's number.
        transaction: String,
        /// The payout's id.
        id: String,
        /// Its money, as the request gave it.
        net: Rupiah,
    },
    /// Nothing was recorded: another payout of the order contains the same money, and nothing shows whether it is the
    /// same transaction.
    Alike(Rupiah),
    /// Nothing was recorded: a file names another store, which is this one in earlier files.
    OtherStore(String),
}

impl RowRecorded {
    /// Why nothing was recorded, and what to do; `None` if it was.
    pub fn problem(&self, language: Language) -> Option<String> {
        match self {
            Self::Accepted | Self::Repeat | Self::Corrected => None,
            Self::Unclear(lost) => Some(lines::unclear(*lost, language)),
            Self::InParts(elsewhere) => Some(lines::in_parts(*elsewhere, language)),
            Self::OtherOrder(order) => Some(lines::of_another_order(order, language)),
            Self::OtherTransaction { transaction, order, id } => {
                Some(lines::transaction_of_another_order(transaction, order, id, language))
            }
            Self::InReplaced { transaction, id, net } => Some(lines::in_replaced(transaction, id, *net, language)),
            Self::Alike(money) => Some(lines::alike(*money, language)),
            Self::OtherStore(store) => Some(lines::of_another_store(store, language)),
        }
    }

    /// The word of the contract.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeat => "repeat",
            Self::Corrected => "corrected",
            Self::Unclear(_)
            | Self::InParts(_)
            | Self::OtherOrder(_)
            | Self::OtherTransaction { .. }
            | Self::InReplaced { .. }
            | Self::Alike(_)
            | Self::OtherStore(_) => "refused",
        }
    }

    /// The outcome of a payout that was recorded in two rows.
    pub(in crate::storage) fn and(self, other: Self) -> Self {
        let rank = |one: &Self| match one {
            Self::Repeat => 0,
            Self::Accepted => 1,
            Self::Corrected => 2,
            _ => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}
