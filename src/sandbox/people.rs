//! Actions of people in Accurate itself, outside the API and independent of the numbers and descriptions that the
//! service uses.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Invoice, InvoiceLine, Receipt, Sandbox, books::Books};

/// Changes to an invoice; a field that is `None` is not changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new number.
    pub number: Option<String>,
    /// The new customer.
    pub customer_no: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new total in rupiah, reached by an additional line.
    pub total: Option<Decimal>,
}

/// Why an action is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// No invoice has this number.
    #[error("no invoice has the number {0:?}")]
    NoSuchInvoice(String),
    /// Another invoice has this number.
    #[error("another invoice has the number {0:?}")]
    NumberTaken(String),
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

    /// Deletes an invoice even if it is paid; returns whether it existed.
    pub fn remove_invoice(&self, number: &str) -> bool {
        let now = self.now();
        let mut core = self.core();
        let id = core.books.invoices.get(number).map(|invoice| invoice.id);
        id.is_some_and(|id| core.books.remove_invoice(now, id).is_some())
    }

    /// Pays the full amount of an invoice.
    pub fn put_receipt_on(&self, number: &str) -> Result<Receipt, NotDone> {
        let now = self.now();
        self.core().books.put_receipt_on(number, now).ok_or_else(|| NotDone::NoSuchInvoice(number.to_owned()))
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
        Ok(self.add_invoice(now, |id| Invoice { id, number, receipts: Vec::new(), saved_at: now, ..original }))
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
        if let Some(total) = self.total {
            let difference = total - invoice.total_amount;
            invoice.lines.push(InvoiceLine::by_hand("Koreksi", difference));
            invoice.sub_total += difference;
            invoice.total_amount = total;
        }
    }
}
