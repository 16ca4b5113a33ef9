//! Actions of people in Accurate itself, outside the API and independent of the numbers and descriptions that the
//! service uses.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{Invoice, InvoiceLine, Sandbox, books::Books};

mod after_sale;

pub use self::after_sale::SettlingEdit;

/// Changes to an invoice; a field that is `None` is not changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new number.
    pub number: Option<String>,
    /// The new customer.
    pub customer_no: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The day on which it is booked.
    pub day: Option<Date>,
    /// The new total in rupiah, reached by an additional line.
    pub total: Option<Decimal>,
}

/// Why an action is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// No invoice has this number.
    #[error("no invoice has the number {0:?}")]
    NoSuchInvoice(String),
    /// No receipt has this number.
    #[error("no receipt has the number {0:?}")]
    NoSuchReceipt(String),
    /// No return has this number.
    #[error("no return has the number {0:?}")]
    NoSuchReturn(String),
    /// Another document of the kind has this number.
    #[error("another document has the number {0:?}")]
    NumberTaken(String),
    /// So many pieces of this item were not sold, or have come back already.
    #[error("so many pieces of {0:?} are not left on the invoice")]
    NotSold(String),
}

impl Sandbox {
    /// Adds an invoice that somebody else created, with an amount of `total` rupiah.
    pub fn add_invoice(&self, number: &str, customer_no: &str, description: &str, total: Decimal) -> Invoice {
        let now = self.now();
        self.core().books.add_strangers_invoice(number, customer_no, description, total, now)
    }

    /// Changes an invoice.
    pub fn edit_invoice(&self, number: &str, edit: &Edit) -> Result<Invoice, NotDone> {
        let now = self.now();
        self.core().books.edit_by_hand(number, edit, now)
    }

    /// Changes an invoice's number.
    pub fn renumber_invoice(&self, number: &str, other: &str) -> Result<Invoice, NotDone> {
        self.edit_invoice(number, &Edit { number: Some(other.to_owned()), ..Edit::default() })
    }

    /// Copies an invoice under another number, unpaid.
    pub fn duplicate_invoice(&self, number: &str, copy: &str) -> Result<Invoice, NotDone> {
        let now = self.now();
        self.core().books.duplicate(number, copy, now)
    }

    /// Deletes an invoice with everything that settles it; returns whether it existed.
    pub fn remove_invoice(&self, number: &str) -> bool {
        let now = self.now();
        self.core().books.remove_with_all(number, now).is_some()
    }
}

impl Books {
    fn edit_by_hand(&mut self, number: &str, edit: &Edit, now: Timestamp) -> Result<Invoice, NotDone> {
        let missing = || NotDone::NoSuchInvoice(number.to_owned());
        let id = self.invoices.get(number).ok_or_else(missing)?.id;
        if let Some(other) = &edit.number {
            self.is_free_for(id, other)?;
        }
        self.edit_invoice(now, id, |invoice| edit.make(invoice)).ok_or_else(missing)
    }

    fn is_free_for(&self, id: i64, number: &str) -> Result<(), NotDone> {
        match self.invoices.get(number) {
            Some(other) if other.id != id => Err(NotDone::NumberTaken(number.to_owned())),
            _ => Ok(()),
        }
    }

    fn duplicate(&mut self, number: &str, copy: &str, now: Timestamp) -> Result<Invoice, NotDone> {
        let original = self.invoices.get(number).ok_or_else(|| NotDone::NoSuchInvoice(number.to_owned()))?.clone();
        if self.invoices.holds(copy) {
            return Err(NotDone::NumberTaken(copy.to_owned()));
        }
        let number = copy.to_owned();
        Ok(self.add_invoice(now, |id| Invoice { id, number, saved_at: now, changed_at: now, ..original.unsettled() }))
    }

    fn remove_with_all(&mut self, number: &str, now: Timestamp) -> Option<Invoice> {
        let invoice = self.invoices.get(number)?.clone();
        for receipt in &invoice.receipts {
            self.remove_receipt(now, receipt.id);
        }
        for sales_return in &invoice.returns {
            self.remove_return(now, sales_return.id);
        }
        self.remove_invoice(now, invoice.id)
    }
}

impl Edit {
    fn make(&self, invoice: &mut Invoice) {
        let set = |field: &mut String, text: &Option<String>| {
            if let Some(text) = text {
                field.clone_from(text);
            }
        };
        set(&mut invoice.number, &self.number);
        set(&mut invoice.customer_no, &self.customer_no);
        set(&mut invoice.description, &self.description);
        invoice.trans_date = self.day.unwrap_or(invoice.trans_date);
        if let Some(total) = self.total {
            let difference = total - invoice.total_amount;
            invoice.lines.push(InvoiceLine::by_hand("Koreksi", difference));
            invoice.sub_total += difference;
            invoice.total_amount = total;
        }
    }
}
