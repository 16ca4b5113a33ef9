//! The sandbox's data, and what documents do to each other.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{
    Account, AccountType, Action, Customer, HistoryEntry, Invoice, InvoiceLine, Item, Masters, Named, Receipt,
    SalesReturn, Settings, Tax,
    documents::Documents,
    messages,
    register::{Record, Register},
    webhooks::Webhooks,
};

/// The database of the sandbox.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) settings: Settings,
    pub(super) items: Register<Item>,
    pub(super) accounts: Register<Account>,
    pub(super) warehouses: Register<Named>,
    pub(super) branches: Register<Named>,
    pub(super) payment_terms: Register<Named>,
    pub(super) taxes: Register<Tax>,
    pub(super) customers: Register<Customer>,
    pub(super) invoices: Documents<Invoice>,
    pub(super) receipts: Documents<Receipt>,
    pub(super) returns: Documents<SalesReturn>,
    /// Calls for which the token's user lacks the right.
    pub(super) withheld: BTreeSet<Action>,
    /// Accurate's own webhooks.
    pub(super) webhooks: Webhooks,
    own_errors: u64,
}

impl Books {
    pub(super) fn new(masters: &Masters, settings: Settings) -> Self {
        let mut books = Self {
            settings,
            items: Register::new(),
            accounts: Register::new(),
            warehouses: Register::new(),
            branches: Register::new(),
            payment_terms: Register::new(),
            taxes: Register::new(),
            customers: Register::new(),
            invoices: Documents::new(),
            receipts: Documents::new(),
            returns: Documents::new(),
            withheld: BTreeSet::new(),
            webhooks: Webhooks::default(),
            own_errors: 0,
        };
        books.settings_changed();
        books.add_masters(masters);
        books
    }

    /// Adds masters. A master with the same number or name is replaced and no longer suspended.
    pub(super) fn add_masters(&mut self, masters: &Masters) {
        for (no, name) in &masters.items {
            self.items.add(|id| Item { id, no: no.clone(), name: name.clone(), suspended: false });
        }
        for (no, name, account_type) in &masters.accounts {
            let account_type: AccountType = *account_type;
            self.accounts.add(|id| Account { id, no: no.clone(), name: name.clone(), account_type, suspended: false });
        }
        for (register, names) in [
            (&mut self.warehouses, &masters.warehouses),
            (&mut self.branches, &masters.branches),
            (&mut self.payment_terms, &masters.payment_terms),
        ] {
            for name in names {
                register.add(|id| Named { id, name: name.clone(), suspended: false });
            }
        }
        for (description, rate) in &masters.taxes {
            self.taxes.add(|id| Tax { id, description: description.clone(), rate: *rate });
        }
        for (no, name) in &masters.customers {
            self.customers.add(|id| Customer { id, customer_no: no.clone(), name: name.clone() });
        }
    }

    /// Somebody adds an item and a customer while a list is read.
    pub(super) fn somebody_adds_masters(&mut self) {
        let (item, customer) = (self.items.last_id + 1, self.customers.last_id + 1);
        let masters = Masters::default().item(&format!("BARU-{item:05}"), "Barang baru");
        self.add_masters(&masters.customer(&format!("BARU-{customer:05}"), "Pelanggan baru"));
    }

    /// Percent of PPN. The rate comes from the tax master, never from the call (accurate.md §4); items share the first
    /// tax.
    pub(super) fn ppn_rate(&self) -> Decimal {
        self.taxes.all().next().map_or(Decimal::ZERO, |tax| tax.rate)
    }

    /// What follows from the settings.
    pub(super) fn settings_changed(&mut self) {
        self.invoices.settings_changed(&self.settings);
        self.receipts.settings_changed(&self.settings);
        self.returns.settings_changed(&self.settings);
    }

    // ---- documents ----

    /// Adds an invoice, built with the next id.
    pub(super) fn add_invoice(&mut self, now: Timestamp, make: impl FnOnce(i64) -> Invoice) -> Invoice {
        let invoice = self.invoices.add(now, make);
        self.webhooks.note(now, invoice.id, &invoice.number, "WRITE");
        invoice
    }

    /// Changes an invoice; `None` if it does not exist.
    pub(super) fn edit_invoice(&mut self, now: Timestamp, id: i64, edit: impl FnOnce(&mut Invoice)) -> Option<Invoice> {
        let edited = self.invoices.edit(now, id, |invoice| {
            edit(invoice);
            invoice.changed_at = now;
        })?;
        self.webhooks.note(now, id, &edited.number, "WRITE");
        Some(edited)
    }

    /// Deletes an invoice; `None` if it does not exist.
    pub(super) fn remove_invoice(&mut self, now: Timestamp, id: i64) -> Option<Invoice> {
        let removed = self.invoices.remove(now, id)?;
        self.webhooks.note(now, id, &removed.number, "DELETE");
        Some(removed)
    }

    /// Adds a receipt, built with the next id, and settles its invoices.
    pub(super) fn add_receipt(&mut self, now: Timestamp, make: impl FnOnce(i64) -> Receipt) -> Receipt {
        let receipt = self.receipts.add(now, make);
        self.settle(&receipt, now);
        receipt
    }

    /// Settles a changed receipt's invoices as it says now.
    pub(super) fn resettle(&mut self, receipt: &Receipt, now: Timestamp) {
        self.unsettle(receipt, now);
        self.settle(receipt, now);
    }

    fn settle(&mut self, receipt: &Receipt, now: Timestamp) {
        for paid in &receipt.invoices {
            let settled = HistoryEntry { id: receipt.id, number: receipt.number.clone(), amount: paid.payment_amount };
            self.invoices.edit(now, paid.invoice_id, |invoice| invoice.receipts.push(settled));
        }
    }

    fn unsettle(&mut self, receipt: &Receipt, now: Timestamp) {
        for paid in &receipt.invoices {
            let is_other = |settled: &HistoryEntry| settled.id != receipt.id;
            self.invoices.edit(now, paid.invoice_id, |invoice| invoice.receipts.retain(is_other));
        }
    }

    /// Deletes a receipt: its invoices are owed again. `None` if it does not exist.
    pub(super) fn remove_receipt(&mut self, now: Timestamp, id: i64) -> Option<Receipt> {
        let receipt = self.receipts.remove(now, id)?;
        self.unsettle(&receipt, now);
        Some(receipt)
    }

    /// Adds a return, built with the next id, and credits its invoice.
    pub(super) fn add_return(&mut self, now: Timestamp, make: impl FnOnce(i64) -> SalesReturn) -> SalesReturn {
        let sales_return = self.returns.add(now, make);
        let SalesReturn { id, invoice_id, total_amount: amount, .. } = sales_return;
        let settled = HistoryEntry { id, number: sales_return.number.clone(), amount };
        self.invoices.edit(now, invoice_id, |invoice| {
            invoice.returns.push(settled);
            for (line, pieces) in &sales_return.taken {
                invoice.lines[*line].returned += pieces;
            }
        });
        sales_return
    }

    /// Changes what a return is called and credits, here and on its invoice; `None` if it does not exist.
    pub(super) fn edit_return(
        &mut self,
        now: Timestamp,
        id: i64,
        edit: impl FnOnce(&mut SalesReturn),
    ) -> Option<SalesReturn> {
        let edited = self.returns.edit(now, id, edit)?;
        self.invoices.edit(now, edited.invoice_id, |invoice| {
            for settled in invoice.returns.iter_mut().filter(|settled| settled.id == id) {
                settled.number.clone_from(&edited.number);
                settled.amount = edited.total_amount;
            }
        });
        Some(edited)
    }

    /// Deletes a return: its invoice is owed again. `None` if it does not exist.
    pub(super) fn remove_return(&mut self, now: Timestamp, id: i64) -> Option<SalesReturn> {
        let sales_return = self.returns.remove(now, id)?;
        self.invoices.edit(now, sales_return.invoice_id, |invoice| {
            invoice.returns.retain(|settled| settled.id != id);
            for (line, pieces) in &sales_return.taken {
                invoice.lines[*line].returned -= pieces;
            }
        });
        Some(sales_return)
    }

    /// The number that Accurate generates for an invoice; its format is a guess.
    pub(super) fn own_invoice_number(&self) -> String {
        self.invoices.own_number(|serial| format!("SI.{}", 1_000 + serial))
    }

    /// The number that Accurate generates for a receipt (payout.md §2).
    pub(super) fn own_receipt_number(&self, bank_no: &str, day: jiff::civil::Date) -> String {
        self.receipts.own_number(|serial| format!("{bank_no}.{:04}.{:02}.{serial:05}", day.year(), day.month()))
    }

    /// The number that Accurate generates for a return (returns.md §2, C: `RJN/…`).
    pub(super) fn own_return_number(&self) -> String {
        self.returns.own_number(|serial| format!("RJN/{serial:05}"))
    }

    /// The message of Accurate's own errors.
    pub(super) fn own_error(&mut self) -> String {
        self.own_errors += 1;
        messages::upsss(self.own_errors)
    }

    /// The number that Accurate generates for a customer without one; its format is a guess.
    pub(super) fn own_customer_no(&self) -> String {
        let mut serial = self.customers.last_id + 1;
        loop {
            let no = format!("C.{serial:05}");
            if !self.customers.holds(&no) {
                return no;
            }
            serial += 1;
        }
    }

    /// An invoice that a person created by hand: one line with an amount of `total` rupiah.
    pub(super) fn add_strangers_invoice(
        &mut self,
        number: &str,
        customer_no: &str,
        description: &str,
        total: Decimal,
        saved_at: Timestamp,
    ) -> Invoice {
        let make = |id| Invoice {
            id,
            number: number.to_owned(),
            customer_no: customer_no.to_owned(),
            description: description.to_owned(),
            po_number: String::new(),
            trans_date: super::auth::WIB.to_datetime(saved_at).date(),
            branch_name: None,
            payment_term_name: None,
            taxable: false,
            inclusive_tax: false,
            sub_total: total,
            cash_discount: Decimal::ZERO,
            tax1_amount: Decimal::ZERO,
            total_expense: Decimal::ZERO,
            total_amount: total,
            lines: vec![InvoiceLine::by_hand(description, total)],
            expenses: Vec::new(),
            receipts: Vec::new(),
            returns: Vec::new(),
            saved_at,
            changed_at: saved_at,
        };
        self.add_invoice(saved_at, make)
    }
}

impl Record for Item {
    fn key(&self) -> &str {
        &self.no
    }
}

impl Record for Account {
    fn key(&self) -> &str {
        &self.no
    }
}

impl Record for Named {
    fn key(&self) -> &str {
        &self.name
    }
}

impl Record for Tax {
    fn key(&self) -> &str {
        &self.description
    }
}

impl Record for Customer {
    fn key(&self) -> &str {
        &self.customer_no
    }
}

impl Record for Invoice {
    fn key(&self) -> &str {
        &self.number
    }
}

impl Record for Receipt {
    fn key(&self) -> &str {
        &self.number
    }
}

impl Record for SalesReturn {
    fn key(&self) -> &str {
        &self.number
    }
}
