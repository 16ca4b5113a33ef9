//! Sales receipts: money that was received for invoices (payout.md §2).

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    books::Books,
    invoice::{customer, day},
    reply::number,
};

/// A sales receipt. Amounts are in rupiah, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Accurate's id.
    pub id: i64,
    /// The receipt's number; unique among live receipts.
    pub number: String,
    /// The customer's number.
    pub customer_no: String,
    /// The Cash & Bank account that received the money.
    pub bank_no: String,
    /// The receipt's date.
    pub trans_date: Date,
    /// Free text.
    pub description: String,
    /// The branch, if the call contained one.
    pub branch_name: Option<String>,
    /// The money that was received.
    pub cheque_amount: Decimal,
    /// What it pays on which invoices, in the order of the call.
    pub invoices: Vec<PaidInvoice>,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// What a receipt pays on one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidInvoice {
    /// The invoice's id.
    pub invoice_id: i64,
    /// The invoice's number when it was paid.
    pub invoice_no: String,
    /// By how much less is owed on the invoice.
    pub payment_amount: Decimal,
    /// Amounts that were kept from the payment, or with a negative sign added to it.
    pub discounts: Vec<ReceiptDiscount>,
}

/// An amount that was kept from a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptDiscount {
    /// The account's number.
    pub account_no: String,
    /// Rupiah.
    pub amount: Decimal,
    /// Free text.
    pub notes: String,
}

impl Receipt {
    /// By how much less is owed on all its invoices, in rupiah.
    pub fn paid(&self) -> Decimal {
        self.invoices.iter().map(|invoice| invoice.payment_amount).sum()
    }

    /// The receipt in the form of `detail.do` and of the `r` of a save. Only `detailInvoice` with its invoice's number
    /// and `paymentAmount` is known (payout.md §2, B); the other names are those of the call.
    pub(super) fn record(&self, books: &Books) -> Value {
        let mut record = self.head(books);
        record["bank"] = json!({ "no": self.bank_no });
        record["description"] = json!(self.description);
        record["branchName"] = json!(self.branch_name);
        record["detailInvoice"] = self.invoices.iter().map(|invoice| invoice.record(books)).collect();
        record
    }

    /// The receipt as `list.do` can show it (payout.md §2, B).
    pub(super) fn head(&self, books: &Books) -> Value {
        json!({
            "id": self.id,
            "number": self.number,
            "transDate": day(self.trans_date),
            "customer": customer(books, &self.customer_no),
            "totalPayment": number(self.paid()),
            "chequeAmount": number(self.cheque_amount),
        })
    }
}

impl PaidInvoice {
    /// The money for it: the payment less all discounts (payout.md §2, A).
    pub fn cash(&self) -> Decimal {
        self.payment_amount - self.discounts.iter().map(|discount| discount.amount).sum::<Decimal>()
    }

    fn record(&self, books: &Books) -> Value {
        let present_number =
            books.invoices.with_id(self.invoice_id).map_or(&self.invoice_no, |invoice| &invoice.number);
        let discount = |discount: &ReceiptDiscount| {
            json!({
                "account": { "no": discount.account_no },
                "amount": number(discount.amount),
                "discountNotes": discount.notes,
            })
        };
        json!({
            "invoice": { "id": self.invoice_id, "number": present_number },
            "paymentAmount": number(self.payment_amount),
            "detailDiscount": self.discounts.iter().map(discount).collect::<Vec<_>>(),
        })
    }
}
