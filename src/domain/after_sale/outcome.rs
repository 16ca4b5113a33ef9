//! What is decided about an order after the sale.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{
    document::{Drafted, Part},
    ids::BookName,
    money::Rupiah,
    payout::{Payout, PayoutKey, RowState},
    reason::{Finding, Reason},
    receipt::ReceiptBody,
    return_record::{ReturnKey, ReturnRecord},
    sales_return::ReturnBody,
};

/// What must exist besides an order's invoice, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The receipts that must exist. A stored receipt that is not listed must be gone.
    pub receipts: Vec<Planned<PayoutKey, ReceiptDraft>>,
    /// The returns that must exist. A stored return that is not listed must be gone.
    pub returns: Vec<Planned<ReturnKey, ReturnDraft>>,
    /// The outcome of each payout row.
    pub rows: Vec<Verdict<PayoutKey>>,
    /// The outcome of each return record.
    pub records: Vec<Verdict<ReturnKey>>,
    /// What happens to the invoice.
    pub invoice: Fate,
    /// The record of a cancellation after shipping, which must be stored with the order's return records. It is always
    /// the same one for an order.
    pub add: Option<ReturnRecord>,
    /// What is owed and what was booked so far.
    pub sums: Sums,
    /// The next day on which time alone changes the decision.
    pub again_on: Option<Date>,
}

/// A document that must exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned<K, D> {
    /// Its part, from 1.
    pub part: Part,
    /// The row or record that it books.
    pub of: K,
    /// What must be sent, or was sent.
    pub draft: D,
}

/// Everything that posting needs to know about a receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptDraft {
    /// Name of the Accurate database it goes to.
    pub book: BookName,
    /// The row that it books, with the content that it was made from.
    pub payout: Payout,
    /// What it has used up, so that no other row of the order uses it again.
    pub used: Used,
    /// The branch of the invoice. It is sent only if Accurate requires one.
    #[serde(default)]
    pub branch: Option<String>,
    /// The body that is sent.
    pub body: ReceiptBody,
}

/// What a payout row has used up of the order, in rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Of the invoice's discount; 0 or below, because it is taken from the seller.
    pub discount: Rupiah,
    /// Of the shipping on the invoice.
    pub shipping: Rupiah,
    /// Of the order's returns, which explain the row's refund.
    pub returns: Rupiah,
    /// Of the refunds without a return: the buyer keeps the goods.
    #[serde(default)]
    pub kept: Rupiah,
}

/// Everything that posting needs to know about a return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnDraft {
    /// Name of the Accurate database it goes to.
    pub book: BookName,
    /// The record that it books, with the content that it was made from.
    pub record: ReturnRecord,
    /// By how much it reduces what is owed, in rupiah, including exclusive tax.
    pub total: Rupiah,
    /// The branch of the invoice. It is sent only if Accurate requires one.
    #[serde(default)]
    pub branch: Option<String>,
    /// The body that is sent.
    pub body: ReturnBody,
}

/// The outcome of a payout row or a return record.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict<K> {
    /// Which one.
    pub of: K,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its amount, in rupiah, if it is known: the money of a payout; what a return takes off the invoice, or the refund
    /// where that is not clear.
    pub amount: Option<Rupiah>,
}

/// The outcome of one row or record.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It waits.
    Waiting(WaitsFor),
    /// Its document is wanted.
    Due,
    /// Its document exists, or nothing more is to be booked for it.
    Settled,
    /// A person must act.
    Blocked(Finding),
    /// Nothing is booked for it; with the order's reason, if the order is ignored.
    Ignored(Option<Reason>),
    /// A person has booked it in Accurate, which takes this amount in rupiah off what is owed.
    ByHand(Rupiah),
    /// The same, and it was corrected afterwards: a person must act.
    ByHandCorrected(Rupiah, Finding),
}

/// What a row or a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The order's invoice.
    Invoice,
    /// This day.
    Day(Date),
    /// A person's approval.
    Approval,
    /// A person's approval of a return that takes this amount off the invoice, while the buyer got back another one.
    ApprovalOf(Rupiah),
    /// The payout whose receipt books this refund as a discount.
    Payout,
    /// A return record that explains this part of a refund; from this day on a person is asked.
    ReturnRecord(Rupiah, Date),
    /// The arrival of the goods; from this day on a person is asked.
    Goods(Date),
    /// A person who books the return in Accurate: `returns.mode = "list"`.
    Person,
    /// A person's decision about an order that was cancelled although something is booked on its invoice.
    Decision,
}

/// What a row or a record waits for, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in WaitsFor")]
pub enum Waits {
    Invoice,
    Day,
    Approval,
    Payout,
    ReturnRecord,
    Goods,
    Person,
    Decision,
}

/// What happens to the invoice of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It stays as it is.
    Kept,
    /// The order was cancelled before shipping, and nothing is booked on its invoice: it must be deleted.
    Void,
    /// The order was cancelled, but money or a return is booked on its invoice: a person must act.
    Blocked(Finding),
}

/// What is owed on an invoice and what was booked on it, in rupiah. Always
/// `invoice = paid + returned + owed - credit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// What is still owed.
    pub owed: Rupiah,
    /// The receipts' `paymentAmount`.
    pub paid: Rupiah,
    /// The returns.
    pub returned: Rupiah,
    /// What was paid and returned beyond the invoice: the customer's credit.
    pub credit: Rupiah,
}

impl Sums {
    /// Of an invoice with this total.
    pub fn of(total: Rupiah, paid: Rupiah, returned: Rupiah) -> Self {
        let open = total - paid - returned;
        let (owed, credit) =
            if open < Rupiah::ZERO { (Rupiah::ZERO, Rupiah::ZERO - open) } else { (open, Rupiah::ZERO) };
        Self { owed, paid, returned, credit }
    }

    /// Of an invoice with this total, on which these documents are booked.
    pub fn of_documents<'a>(total: Rupiah, booked: impl IntoIterator<Item = &'a Drafted>) -> Self {
        let (mut paid, mut returned) = (Rupiah::ZERO, Rupiah::ZERO);
        for document in booked {
            match document {
                Drafted::Invoice(_) => {}
                Drafted::Receipt(_) => paid = paid + document.total(),
                Drafted::Return(_) => returned = returned + document.total(),
            }
        }
        Self::of(total, paid, returned)
    }
}

impl WaitsFor {
    /// In one word.
    pub fn what(self) -> Waits {
        match self {
            Self::Invoice => Waits::Invoice,
            Self::Day(_) => Waits::Day,
            Self::Approval | Self::ApprovalOf(_) => Waits::Approval,
            Self::Payout => Waits::Payout,
            Self::ReturnRecord(..) => Waits::ReturnRecord,
            Self::Goods(_) => Waits::Goods,
            Self::Person => Waits::Person,
            Self::Decision => Waits::Decision,
        }
    }
}

impl Waits {
    const ALL: [Self; 8] = [
        Self::Invoice,
        Self::Day,
        Self::Approval,
        Self::Payout,
        Self::ReturnRecord,
        Self::Goods,
        Self::Person,
        Self::Decision,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Day => "day",
            Self::Approval => "approval",
            Self::Payout => "payout",
            Self::ReturnRecord => "return_record",
            Self::Goods => "goods",
            Self::Person => "person",
            Self::Decision => "decision",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|waits| waits.as_str() == word)
    }
}

impl Outcome {
    /// Its state, as the API gives it.
    pub fn state(&self) -> RowState {
        match self {
            Self::Waiting(_) => RowState::Waiting,
            Self::Due => RowState::Due,
            Self::Settled => RowState::Settled,
            Self::Blocked(_) | Self::ByHandCorrected(..) => RowState::Blocked,
            Self::Ignored(_) | Self::ByHand(_) => RowState::Ignored,
        }
    }

    /// Why a person must act.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Blocked(finding) | Self::ByHandCorrected(_, finding) => Some(finding),
            _ => None,
        }
    }

    /// What a document that a person has booked takes off what is owed, in rupiah.
    pub fn booked_by_hand(&self) -> Rupiah {
        match self {
            Self::ByHand(amount) | Self::ByHandCorrected(amount, _) => *amount,
            _ => Rupiah::ZERO,
        }
    }

    /// The day on which time alone changes it.
    pub(super) fn changes_on(&self) -> Option<Date> {
        match self {
            Self::Waiting(WaitsFor::Day(day) | WaitsFor::ReturnRecord(_, day) | WaitsFor::Goods(day)) => Some(*day),
            _ => None,
        }
    }
}
