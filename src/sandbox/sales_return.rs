//! Sales returns: goods, or their price, that went back (returns.md §2).

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    InvoiceExpense, InvoiceLine,
    books::Books,
    invoice::{customer, day},
    reply::number,
};

/// A sales return that names an invoice. Amounts are in rupiah, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReturn {
    /// Accurate's id.
    pub id: i64,
    /// The return's number; unique among live returns.
    pub number: String,
    /// The customer's number.
    pub customer_no: String,
    /// The invoice's id.
    pub invoice_id: i64,
    /// The invoice's number when the goods came back.
    pub invoice_no: String,
    /// The return's date.
    pub trans_date: Date,
    /// Free text.
    pub description: String,
    /// The branch, if the call contained one.
    pub branch_name: Option<String>,
    /// Whether the goods came back, as the call said.
    pub status: Option<String>,
    /// Whether PPN is computed at all.
    pub taxable: bool,
    /// Whether unit prices include PPN.
    pub inclusive_tax: bool,
    /// Sum of the lines.
    pub sub_total: Decimal,
    /// Discount on the whole return.
    pub cash_discount: Decimal,
    /// PPN.
    pub tax1_amount: Decimal,
    /// What the customer is credited.
    pub total_amount: Decimal,
    /// What came back, in the order of the call.
    pub lines: Vec<ReturnedLine>,
    /// Expenses such as shipping, in the order of the call.
    pub expenses: Vec<InvoiceExpense>,
    /// From which lines of the invoice how many pieces came back.
    pub(super) taken: Vec<(usize, Decimal)>,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// One line of goods that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The goods, with the price of the call.
    pub goods: InvoiceLine,
    /// Whether they came back, as the call said.
    pub status: Option<String>,
}

impl SalesReturn {
    /// The return in the form of `detail.do` and of the `r` of a save. Only `id`, `number`, `transDate` and
    /// `totalAmount` are known (returns.md §2, B); the other names are those of the call, or of an invoice.
    pub(super) fn record(&self, books: &Books) -> Value {
        let mut record = self.head(books);
        let line = |(at, line): (usize, &ReturnedLine)| {
            let mut shown = line.goods.record(at, books);
            shown["returnDetailStatusType"] = json!(line.status);
            shown
        };
        record["detailItem"] = self.lines.iter().enumerate().map(line).collect();
        record["detailExpense"] = self.expenses.iter().map(InvoiceExpense::record).collect();
        record
    }

    /// The return as `list.do` can show it.
    pub(super) fn head(&self, books: &Books) -> Value {
        let present_number =
            books.invoices.with_id(self.invoice_id).map_or(&self.invoice_no, |invoice| &invoice.number);
        json!({
            "id": self.id,
            "number": self.number,
            "transDate": day(self.trans_date),
            "description": self.description,
            "customer": customer(books, &self.customer_no),
            "branchName": self.branch_name,
            "returnType": super::save::RETURN_TYPE,
            "returnStatusType": self.status,
            "invoice": { "id": self.invoice_id, "number": present_number },
            "taxable": self.taxable,
            "inclusiveTax": self.inclusive_tax,
            "subTotal": number(self.sub_total),
            "cashDiscount": number(self.cash_discount),
            "tax1Amount": number(self.tax1_amount),
            "totalAmount": number(self.total_amount),
        })
    }
}
