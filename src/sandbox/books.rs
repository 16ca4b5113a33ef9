//! The sandbox's data, and which changes look-ups already show.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{
    Account, AccountType, Action, Customer, Invoice, InvoiceLine, Item, LetterCase, Masters, Named, Receipt, Settings,
    Tax, messages,
    register::{Record, Register},
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
    pub(super) invoices: Register<Invoice>,
    /// Calls for which the token's user lacks the right.
    pub(super) withheld: BTreeSet<Action>,
    /// Changes that some look-ups do not show yet, oldest first.
    recent: VecDeque<Change>,
    receipts: u64,
    own_errors: u64,
}

/// A change of an invoice.
#[derive(Debug)]
struct Change {
    at: Timestamp,
    id: i64,
    /// The previous state; `None` if the invoice did not exist.
    before: Option<Invoice>,
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
            invoices: Register::new(),
            withheld: BTreeSet::new(),
            recent: VecDeque::new(),
            receipts: 0,
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
        self.invoices.ignores_case = self.settings.letter_case != LetterCase::Exact;
    }

    // ---- invoices ----

    /// Adds an invoice, built with the next id.
    pub(super) fn add_invoice(&mut self, now: Timestamp, make: impl FnOnce(i64) -> Invoice) -> Invoice {
        let invoice = self.invoices.add(make).clone();
        self.changed(now, invoice.id, None);
        invoice
    }

    /// Changes an invoice; `None` if it does not exist.
    pub(super) fn edit_invoice(&mut self, now: Timestamp, id: i64, edit: impl FnOnce(&mut Invoice)) -> Option<Invoice> {
        let before = self.invoices.with_id(id)?.clone();
        let mut after = before.clone();
        edit(&mut after);
        self.changed(now, id, Some(before));
        Some(self.invoices.put(id, after).clone())
    }

    /// Deletes an invoice; `None` if it does not exist.
    pub(super) fn remove_invoice(&mut self, now: Timestamp, id: i64) -> Option<Invoice> {
        let removed = self.invoices.remove(id)?;
        self.changed(now, id, Some(removed.clone()));
        Some(removed)
    }

    fn changed(&mut self, at: Timestamp, id: i64, before: Option<Invoice>) {
        let longest = self.settings.detail_lag.max(self.settings.list_lag);
        let shown = |change: &Change| has_passed(longest, change.at, at);
        while self.recent.front().is_some_and(shown) {
            self.recent.pop_front();
        }
        if !longest.is_zero() {
            self.recent.push_back(Change { at, id, before });
        }
    }

    /// The invoices as a look-up with this delay shows them.
    pub(super) fn shown(&self, lag: Duration, now: Timestamp) -> Cow<'_, Register<Invoice>> {
        let mut unseen = self.recent.iter().rev().filter(|change| !has_passed(lag, change.at, now)).peekable();
        if unseen.peek().is_none() {
            return Cow::Borrowed(&self.invoices);
        }
        let mut shown = self.invoices.clone();
        for change in unseen {
            match &change.before {
                Some(before) => drop(shown.put(change.id, before.clone())),
                None => drop(shown.remove(change.id)),
            }
        }
        Cow::Owned(shown)
    }

    /// The number that Accurate generates for an invoice; its format is a guess.
    pub(super) fn own_invoice_number(&self) -> String {
        let mut serial = self.invoices.last_id + 1_001;
        loop {
            let number = format!("SI.{serial}");
            if !self.invoices.holds(&number) {
                return number;
            }
            serial += 1;
        }
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
            saved_at,
        };
        self.add_invoice(saved_at, make)
    }

    /// Pays the full amount of an invoice; `None` if it does not exist.
    pub(super) fn put_receipt_on(&mut self, number: &str, now: Timestamp) -> Option<Receipt> {
        let invoice = self.invoices.get(number)?;
        let (id, amount) = (invoice.id, invoice.owed());
        self.receipts += 1;
        let receipt = Receipt { number: format!("SR.{:05}", self.receipts), amount };
        self.edit_invoice(now, id, |invoice| invoice.receipts.push(receipt.clone()))?;
        Some(receipt)
    }
}

/// Whether a change made at that time is old enough to be shown.
fn has_passed(lag: Duration, changed_at: Timestamp, now: Timestamp) -> bool {
    lag.is_zero() || now.duration_since(changed_at) >= SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX)
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
