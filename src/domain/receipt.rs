//! The sales receipt in the form that is sent to Accurate: `sales-receipt/save.do` (payout.md §2).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    ids::DocumentNumber,
    invoice::{read_day, write_day},
    money::Rupiah,
};

/// The JSON body of the save call; field names are Accurate's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in payout.md §2")]
pub struct ReceiptBody {
    pub customer_no: String,
    /// The Cash & Bank account that received the money: the store's wallet.
    pub bank_no: String,
    /// `dd/MM/yyyy`, a plain local day.
    #[serde(serialize_with = "write_day", deserialize_with = "read_day")]
    pub trans_date: Date,
    pub number: DocumentNumber,
    /// Only where Accurate requires a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_name: Option<String>,
    /// Whether Accurate accepts a day before the invoice's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pass_validate_invoice_date: bool,
    /// The money that was received: what is paid on the invoices less all discounts.
    pub cheque_amount: Rupiah,
    pub detail_invoice: Vec<PaidInvoice>,
}

/// What a receipt pays on one invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in payout.md §2")]
pub struct PaidInvoice {
    pub invoice_no: DocumentNumber,
    /// By how much it reduces what is owed on the invoice.
    pub payment_amount: Rupiah,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail_discount: Vec<DetailDiscount>,
}

/// An amount that was deducted from the payment, or added to it if negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in payout.md §2")]
pub struct DetailDiscount {
    pub account_no: String,
    pub amount: Rupiah,
}

impl ReceiptBody {
    /// By how much it reduces what is owed on all its invoices, in rupiah.
    pub fn paid(&self) -> Rupiah {
        self.detail_invoice.iter().map(|invoice| invoice.payment_amount).sum()
    }
}
