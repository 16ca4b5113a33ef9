//! Why a payout row or a return record needs a person, with amounts and accounts, so that a bookkeeper can act without
//! opening the row.

#[cfg(test)]
mod tests;
mod words;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{as_text, correction::Correction};
use crate::domain::{ids::DocumentNumber, money::Rupiah, payout::PayoutKey};

/// What exactly about a payout or a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum AfterSale {
    /// Names of fees without a category.
    FeeNames {
        /// As the marketplace writes them; never empty.
        names: Vec<String>,
    },
    /// A category without an account.
    Category {
        /// The category of `[accounts]`.
        category: String,
        /// The amount, in rupiah.
        #[serde(with = "as_text")]
        amount: Rupiah,
    },
    /// A store without the Cash & Bank account in which its payouts arrive.
    BankAccount {
        /// Forstok's store id.
        store: String,
    },
    /// Money that the row's amounts do not explain, beyond what may be booked as rest.
    Rest {
        /// The difference, in rupiah.
        #[serde(with = "as_text")]
        rest: Rupiah,
        /// `payout.rest_limit`, in rupiah.
        #[serde(with = "as_text")]
        limit: Rupiah,
    },
    /// More money than is owed, which the mapping leaves to a person.
    AboveOwed {
        /// The invoice's number.
        invoice: DocumentNumber,
        /// What is owed on it, in rupiah.
        #[serde(with = "as_text")]
        owed: Rupiah,
        /// What a person books.
        to_book: Box<AfterSale>,
    },
    /// Money that a receipt has probably booked already, but without the fees that another report names.
    SameMoney {
        /// The receipt's number.
        number: DocumentNumber,
        /// The payout that it books.
        payout: Box<PayoutKey>,
        /// The money of both, in rupiah.
        #[serde(with = "as_text")]
        net: Rupiah,
        /// The fees that the receipt lacks, each on its account; never empty.
        fees: Vec<OnAccount>,
    },
    /// Money that no receipt can book: what a person has to book in Accurate.
    ToBook {
        /// The money that arrived on or left the account below, in rupiah.
        #[serde(with = "as_text")]
        net: Rupiah,
        /// The store's Cash & Bank account; empty if it has none.
        bank: String,
        /// The amounts that it consists of, each on its account; may be empty.
        amounts: Vec<OnAccount>,
    },
    /// Money that the marketplace took back for a return, whose credit a journal voucher closes.
    CreditToClose {
        /// The credit, in rupiah, positive.
        #[serde(with = "as_text")]
        amount: Rupiah,
        /// The invoice's customer.
        customer: String,
        /// The store's Cash & Bank account; empty if it has none.
        bank: String,
        /// Other amounts of the same payout, each on its account.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fees: Vec<OnAccount>,
    },
    /// A receipt that would be dated before its invoice.
    BeforeInvoice {
        /// The receipt's day.
        receipt: Date,
        /// The invoice's day.
        invoice: Date,
    },
    /// An invoice whose total was changed in Accurate, which a person adopted.
    TotalAdopted {
        /// The total that was sent, in rupiah.
        #[serde(with = "as_text")]
        sent: Rupiah,
        /// The total that counts now, in rupiah.
        #[serde(with = "as_text")]
        total: Rupiah,
    },
    /// A return that would be dated before its invoice.
    ReturnBeforeInvoice {
        /// The return's day.
        returned: Date,
        /// The invoice's day.
        invoice: Date,
    },
    /// The content of a row or record changed after it was booked.
    Corrected {
        /// The changes; never empty.
        changes: Vec<Correction>,
    },
    /// A refund that no return record explains.
    Refund {
        /// What remains of it, in rupiah.
        #[serde(with = "as_text")]
        amount: Rupiah,
    },
    /// Goods that did not arrive.
    GoodsMissing {
        /// The day on which the wait began.
        since: Date,
    },
    /// A SKU that is not on the invoice, or only as a part of a bundle.
    NotSold {
        /// The SKU.
        sku: String,
    },
    /// More pieces than are left on the invoice.
    MoreThanSold {
        /// The SKU.
        sku: String,
        /// How many came back.
        pieces: String,
        /// How many are left, after earlier returns.
        left: String,
    },
    /// More pieces are to be returned than Accurate shows as left: somebody has returned them in Accurate.
    ReturnedBefore {
        /// The item's number.
        item: String,
        /// How many are to be returned.
        pieces: String,
        /// How many were sold.
        sold: String,
        /// How many were returned according to Accurate.
        returned: String,
    },
    /// A receipt would pay more than Accurate shows as owed: somebody has booked a receipt or a return in Accurate.
    PaidBefore {
        /// The invoice's number.
        invoice: DocumentNumber,
        /// What the receipt would pay, in rupiah.
        #[serde(with = "as_text")]
        payment: Rupiah,
        /// What is owed according to Accurate, in rupiah.
        #[serde(with = "as_text")]
        owed: Rupiah,
    },
    /// No product is left on the invoice that could be returned.
    NothingLeft {
        /// The shipping on the invoice, which returns of single products leave there, in rupiah.
        #[serde(default, with = "as_text")]
        shipping: Rupiah,
    },
    /// Forstok says that the order came back or was not delivered, and nothing says which pieces.
    StatusOnly,
    /// Pieces with several prices, or a refund that no choice of pieces explains.
    WhichPieces {
        /// What the buyer got back, if it is known, in rupiah.
        refund: Option<String>,
    },
    /// A reply to a save was lost, and Accurate gives out numbers of its own: what it may have created cannot be found.
    NotSearchable {
        /// Its invoice's number, with which a person can find it.
        invoice: DocumentNumber,
    },
    /// Receipts and returns that could not be deleted, so the invoice under them stays.
    NotDeleted {
        /// Their numbers; never empty.
        numbers: Vec<DocumentNumber>,
    },
    /// Receipts and returns that exist for a cancelled order.
    Booked {
        /// Their numbers; never empty.
        numbers: Vec<DocumentNumber>,
    },
}

/// An amount on its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnAccount {
    /// The category of `[accounts]`.
    pub category: String,
    /// Its account number in Accurate.
    pub account: String,
    /// In rupiah, with the seller's sign.
    #[serde(with = "as_text")]
    pub amount: Rupiah,
}
