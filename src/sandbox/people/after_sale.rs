//! People book money and goods that came back.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::NotDone;
use crate::sandbox::{
    Invoice, InvoiceLine, PaidInvoice, Receipt, ReturnedLine, SalesReturn, Sandbox, auth::WIB, books::Books,
};

/// The account that people book money on.
const CASH: &str = "110101";

/// Changes to a receipt or a return; a field that is `None` is not changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettlingEdit {
    /// The new number.
    pub number: Option<String>,
    /// By how much less is owed on the invoice, in rupiah. A receipt brings as much more or less money.
    pub amount: Option<Decimal>,
}

impl Sandbox {
    /// Pays the full amount of an invoice, under a number that Accurate generates.
    pub fn put_receipt_on(&self, invoice: &str) -> Result<Receipt, NotDone> {
        let now = self.now();
        let mut core = self.core();
        let number = core.books.own_receipt_number(CASH, WIB.to_datetime(now).date());
        let owed = core.books.invoices.get(invoice).map(Invoice::owed).unwrap_or_default();
        core.books.pay_by_hand(&number, invoice, owed, now)
    }

    /// Pays so many rupiah on an invoice.
    pub fn add_receipt(&self, number: &str, invoice: &str, payment: Decimal) -> Result<Receipt, NotDone> {
        let now = self.now();
        self.core().books.pay_by_hand(number, invoice, payment, now)
    }

    /// Changes a receipt; its money and its first invoice follow the amount.
    pub fn edit_receipt(&self, number: &str, edit: &SettlingEdit) -> Result<Receipt, NotDone> {
        let now = self.now();
        self.core().books.edit_receipt_by_hand(number, edit, now)
    }

    /// Deletes a receipt; returns whether it existed.
    pub fn remove_receipt(&self, number: &str) -> bool {
        let now = self.now();
        let books = &mut self.core().books;
        let id = books.receipts.get(number).map(|receipt| receipt.id);
        id.is_some_and(|id| books.remove_receipt(now, id).is_some())
    }

    /// Takes back so many pieces of an item, at the price of the invoice.
    pub fn add_return(
        &self,
        number: &str,
        invoice: &str,
        item_no: &str,
        pieces: Decimal,
    ) -> Result<SalesReturn, NotDone> {
        let now = self.now();
        self.core().books.take_back_by_hand(number, invoice, (item_no, pieces), now)
    }

    /// Changes a return.
    pub fn edit_return(&self, number: &str, edit: &SettlingEdit) -> Result<SalesReturn, NotDone> {
        let now = self.now();
        self.core().books.edit_return_by_hand(number, edit, now)
    }

    /// Deletes a return; returns whether it existed.
    pub fn remove_return(&self, number: &str) -> bool {
        let now = self.now();
        let books = &mut self.core().books;
        let id = books.returns.get(number).map(|sales_return| sales_return.id);
        id.is_some_and(|id| books.remove_return(now, id).is_some())
    }
}

impl Books {
    fn pay_by_hand(
        &mut self,
        number: &str,
        invoice: &str,
        payment: Decimal,
        now: Timestamp,
    ) -> Result<Receipt, NotDone> {
        let invoice = self.invoices.get(invoice).ok_or_else(|| NotDone::NoSuchInvoice(invoice.to_owned()))?;
        if self.receipts.holds(number) {
            return Err(NotDone::NumberTaken(number.to_owned()));
        }
        let paid = PaidInvoice {
            invoice_id: invoice.id,
            invoice_no: invoice.number.clone(),
            payment_amount: payment,
            discounts: Vec::new(),
        };
        let customer_no = invoice.customer_no.clone();
        Ok(self.add_receipt(now, |id| Receipt {
            id,
            number: number.to_owned(),
            customer_no,
            bank_no: CASH.to_owned(),
            trans_date: WIB.to_datetime(now).date(),
            description: String::new(),
            branch_name: None,
            cheque_amount: payment,
            invoices: vec![paid],
            saved_at: now,
        }))
    }

    fn edit_receipt_by_hand(&mut self, number: &str, edit: &SettlingEdit, now: Timestamp) -> Result<Receipt, NotDone> {
        let missing = || NotDone::NoSuchReceipt(number.to_owned());
        let receipt = self.receipts.get(number).ok_or_else(missing)?;
        let id = receipt.id;
        let taken = edit.number.as_ref().filter(|other| self.receipts.get(other).is_some_and(|other| other.id != id));
        if let Some(taken) = taken {
            return Err(NotDone::NumberTaken(taken.clone()));
        }
        let edited = self.receipts.edit(now, id, |receipt| {
            if let Some(number) = &edit.number {
                receipt.number.clone_from(number);
            }
            if let (Some(amount), Some(first)) = (edit.amount, receipt.invoices.first_mut()) {
                receipt.cheque_amount += amount - first.payment_amount;
                first.payment_amount = amount;
            }
        });
        let edited = edited.ok_or_else(missing)?;
        self.resettle(&edited, now);
        Ok(edited)
    }

    fn take_back_by_hand(
        &mut self,
        number: &str,
        invoice: &str,
        (item_no, pieces): (&str, Decimal),
        now: Timestamp,
    ) -> Result<SalesReturn, NotDone> {
        let invoice = self.invoices.get(invoice).ok_or_else(|| NotDone::NoSuchInvoice(invoice.to_owned()))?;
        if self.returns.holds(number) {
            return Err(NotDone::NumberTaken(number.to_owned()));
        }
        let is_left = |line: &InvoiceLine| line.item_no == item_no && line.quantity - line.returned >= pieces;
        let at = invoice.lines.iter().position(is_left).ok_or_else(|| NotDone::NotSold(item_no.to_owned()))?;
        let line = InvoiceLine {
            quantity: pieces,
            item_cash_discount: Decimal::ZERO,
            returned: Decimal::ZERO,
            ..invoice.lines[at].clone()
        };
        let total = line.amount();
        let (invoice_id, invoice_no) = (invoice.id, invoice.number.clone());
        let customer_no = invoice.customer_no.clone();
        Ok(self.add_return(now, |id| SalesReturn {
            id,
            number: number.to_owned(),
            customer_no,
            invoice_id,
            invoice_no,
            trans_date: WIB.to_datetime(now).date(),
            description: String::new(),
            branch_name: None,
            status: None,
            taxable: false,
            inclusive_tax: false,
            sub_total: total,
            cash_discount: Decimal::ZERO,
            tax1_amount: Decimal::ZERO,
            total_amount: total,
            lines: vec![ReturnedLine { goods: line, status: None }],
            expenses: Vec::new(),
            taken: vec![(at, pieces)],
            saved_at: now,
        }))
    }

    fn edit_return_by_hand(
        &mut self,
        number: &str,
        edit: &SettlingEdit,
        now: Timestamp,
    ) -> Result<SalesReturn, NotDone> {
        let missing = || NotDone::NoSuchReturn(number.to_owned());
        let id = self.returns.get(number).ok_or_else(missing)?.id;
        let taken = edit.number.as_ref().filter(|other| self.returns.get(other).is_some_and(|other| other.id != id));
        if let Some(taken) = taken {
            return Err(NotDone::NumberTaken(taken.clone()));
        }
        let edited = self.edit_return(now, id, |sales_return| {
            if let Some(number) = &edit.number {
                sales_return.number.clone_from(number);
            }
            if let Some(total) = edit.amount {
                sales_return.total_amount = total;
            }
        });
        edited.ok_or_else(missing)
    }
}
