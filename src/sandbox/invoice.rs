//! Sales invoices and their customers.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{books::Books, reply::number};

/// A sales invoice. Amounts are in rupiah, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Accurate's id.
    pub id: i64,
    /// The invoice number; unique among live invoices.
    pub number: String,
    /// The customer's number.
    pub customer_no: String,
    /// Free text.
    pub description: String,
    /// The buyer's own reference.
    pub po_number: String,
    /// The invoice's date.
    pub trans_date: Date,
    /// The branch, if the call contained one.
    pub branch_name: Option<String>,
    /// The payment term, if the call contained one.
    pub payment_term_name: Option<String>,
    /// Whether PPN is computed at all.
    pub taxable: bool,
    /// Whether unit prices include PPN.
    pub inclusive_tax: bool,
    /// Sum of quantity × unit price − discounts of the lines.
    pub sub_total: Decimal,
    /// Discount on the whole invoice.
    pub cash_discount: Decimal,
    /// PPN.
    pub tax1_amount: Decimal,
    /// Sum of the expenses.
    pub total_expense: Decimal,
    /// The total that the customer owes.
    pub total_amount: Decimal,
    /// Lines of goods, in the order of the call.
    pub lines: Vec<InvoiceLine>,
    /// Expenses such as shipping, in the order of the call.
    pub expenses: Vec<InvoiceExpense>,
    /// What receipts paid on it.
    pub receipts: Vec<HistoryEntry>,
    /// What returns credited on it.
    pub returns: Vec<HistoryEntry>,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// One line of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The item's number.
    pub item_no: String,
    /// The name on the invoice; the item's own name if the call contained none.
    pub detail_name: String,
    /// Number of pieces.
    pub quantity: Decimal,
    /// Rupiah for one piece.
    pub unit_price: Decimal,
    /// Discount in rupiah for the whole line.
    pub item_cash_discount: Decimal,
    /// The warehouse, if the call contained one.
    pub warehouse_name: Option<String>,
    /// Whether PPN applies to this line.
    pub use_tax1: bool,
    /// Number of pieces that came back.
    pub returned: Decimal,
}

/// One expense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceExpense {
    /// The account's number.
    pub account_no: String,
    /// Rupiah.
    pub amount: Decimal,
    /// The name on the invoice.
    pub name: String,
}

/// By how much a receipt or a return made the customer owe less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The id of the receipt or the return.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Rupiah.
    pub amount: Decimal,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Accurate's id.
    pub id: i64,
    /// The customer's number.
    pub customer_no: String,
    /// The customer's name.
    pub name: String,
}

impl Customer {
    pub(super) fn record(&self) -> Value {
        json!({ "id": self.id, "customerNo": self.customer_no, "name": self.name })
    }
}

impl Invoice {
    /// What the customer still owes, in rupiah.
    pub fn owed(&self) -> Decimal {
        self.balance().max(Decimal::ZERO)
    }

    /// What the customer has paid more than was owed in the end: a return after the payment, in rupiah.
    pub fn credit(&self) -> Decimal {
        (-self.balance()).max(Decimal::ZERO)
    }

    fn balance(&self) -> Decimal {
        let settled: Decimal = self.receipts.iter().chain(&self.returns).map(|settled| settled.amount).sum();
        self.total_amount - settled
    }

    /// A copy as new: nothing was paid on it, and nothing came back.
    pub(super) fn unsettled(mut self) -> Self {
        self.receipts.clear();
        self.returns.clear();
        self.lines.iter_mut().for_each(|line| line.returned = Decimal::ZERO);
        self
    }

    /// The invoice in the form of `detail.do` and of the `r` of a save (accurate.md §4).
    ///
    /// `outstanding` is a flag and `primeOwing` the open amount (accurate.md §4, C); the other values of `status` are a
    /// guess.
    pub(super) fn record(&self, books: &Books) -> Value {
        let mut record = self.head(books);
        record["detailItem"] = self.lines.iter().enumerate().map(|(at, line)| line.record(at, books)).collect();
        record["detailExpense"] = self.expenses.iter().map(InvoiceExpense::record).collect();
        record["receiptHistory"] = self.receipts.iter().map(HistoryEntry::record).collect();
        record
    }

    /// The invoice without its lines, expenses and payments, as `list.do` can show it.
    pub(super) fn head(&self, books: &Books) -> Value {
        let outstanding = self.owed() > Decimal::ZERO;
        json!({
            "id": self.id,
            "number": self.number,
            "transDate": day(self.trans_date),
            "description": self.description,
            "poNumber": self.po_number,
            "customer": customer(books, &self.customer_no),
            "branchName": self.branch_name,
            "branch": self.branch_name.as_ref().map(|name| json!({ "name": name })),
            "paymentTerm": self.payment_term_name.as_ref().map(|name| json!({ "name": name })),
            "taxable": self.taxable,
            "inclusiveTax": self.inclusive_tax,
            "subTotal": number(self.sub_total),
            "cashDiscount": number(self.cash_discount),
            "tax1Amount": number(self.tax1_amount),
            "totalExpense": number(self.total_expense),
            "totalAmount": number(self.total_amount),
            "status": if outstanding { "OUTSTANDING" } else { "PAID" },
            "statusName": if outstanding { "Belum Lunas" } else { "Lunas" },
            "outstanding": outstanding,
            "primeOwing": number(self.owed()),
        })
    }
}

impl InvoiceLine {
    /// One piece without an item, as a person enters it.
    pub(super) fn by_hand(name: &str, price: Decimal) -> Self {
        Self {
            item_no: String::new(),
            detail_name: name.to_owned(),
            quantity: Decimal::ONE,
            unit_price: price,
            item_cash_discount: Decimal::ZERO,
            warehouse_name: None,
            use_tax1: false,
            returned: Decimal::ZERO,
        }
    }

    /// Rupiah for the whole line.
    pub fn amount(&self) -> Decimal {
        self.quantity * self.unit_price - self.item_cash_discount
    }

    pub(super) fn record(&self, at: usize, books: &Books) -> Value {
        let item_name = books.items.get(&self.item_no).map_or("", |item| &item.name);
        json!({
            "seq": at + 1,
            "item": { "no": self.item_no, "name": item_name },
            "detailName": self.detail_name,
            "quantity": number(self.quantity),
            "unitPrice": number(self.unit_price),
            "itemCashDiscount": number(self.item_cash_discount),
            "totalPrice": number(self.amount()),
            "returnQuantity": number(self.returned),
            "useTax1": self.use_tax1,
            "warehouse": self.warehouse_name.as_ref().map(|name| json!({ "name": name })),
        })
    }
}

impl InvoiceExpense {
    pub(super) fn record(&self) -> Value {
        json!({
            "account": { "no": self.account_no },
            "expenseName": self.name,
            "expenseAmount": number(self.amount),
        })
    }
}

impl HistoryEntry {
    /// An entry of `receiptHistory`; only `historyAmount` is known (accurate.md §4, C).
    fn record(&self) -> Value {
        json!({ "number": self.number, "historyAmount": number(self.amount) })
    }
}

/// The customer of a document.
pub(super) fn customer(books: &Books, customer_no: &str) -> Value {
    let name = books.customers.get(customer_no).map_or("", |customer| &customer.name);
    json!({ "customerNo": customer_no, "name": name })
}

/// A date in Accurate's format: `dd/MM/yyyy` (accurate.md §3).
pub(super) fn day(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}
