//! What the sandbox holds: registers of records, each found by its id and by its number or name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{
    Account, AccountType, Action, Customer, Invoice, InvoiceLine, Item, Masters, Named, Receipt, Settings, Tax,
};

/// Something that stands in a register.
pub(super) trait Record {
    /// The number or name it is known by; unique in its register.
    fn key(&self) -> &str;
}

/// Records of one kind. Finding one takes the same time however many there are.
#[derive(Debug)]
pub(super) struct Register<T> {
    by_id: BTreeMap<i64, T>,
    id_of: HashMap<String, i64>,
    /// Ids are never used again, also not after a delete.
    last_id: i64,
}

impl<T: Record> Register<T> {
    fn new() -> Self {
        Self { by_id: BTreeMap::new(), id_of: HashMap::new(), last_id: 0 }
    }

    /// Adds a record made with the next id; one with the same key is replaced.
    pub(super) fn add(&mut self, make: impl FnOnce(i64) -> T) -> &T {
        self.last_id += 1;
        let id = self.last_id;
        let record = make(id);
        if let Some(replaced) = self.id_of.insert(record.key().to_owned(), id) {
            self.by_id.remove(&replaced);
        }
        self.by_id.entry(id).or_insert(record)
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.by_id.get(self.id_of.get(key)?)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.by_id.get_mut(self.id_of.get(key)?)
    }

    pub(super) fn with_id(&self, id: i64) -> Option<&T> {
        self.by_id.get(&id)
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<T> {
        let removed = self.by_id.remove(&id)?;
        self.id_of.remove(removed.key());
        Some(removed)
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.id_of.contains_key(key)
    }

    /// All records by id.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.by_id.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// The database behind the sandbox.
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
    /// Calls that the token's user has no right for.
    pub(super) withheld: BTreeSet<Action>,
    receipts: u64,
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
            receipts: 0,
        };
        books.add_masters(masters);
        books
    }

    /// Adds masters; what is there under the same number or name is replaced and no longer suspended.
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

    /// Percent of PPN. The rate is the tax master's, never the call's (accurate.md §4); items share the first tax.
    pub(super) fn ppn_rate(&self) -> Decimal {
        self.taxes.all().next().map_or(Decimal::ZERO, |tax| tax.rate)
    }

    /// The number Accurate gives an invoice that came without one; its form is a guess.
    pub(super) fn own_invoice_number(&self, date: Date) -> String {
        let mut serial = self.invoices.last_id + 1;
        loop {
            let number = format!("SI.{:04}.{:02}.{serial:05}", date.year(), date.month());
            if !self.invoices.holds(&number) {
                return number;
            }
            serial += 1;
        }
    }

    /// The number Accurate gives a customer that came without one; its form is a guess.
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

    /// An invoice that somebody else made by hand: one line that is worth `total` rupiah.
    pub(super) fn add_strangers_invoice(
        &mut self,
        number: &str,
        customer_no: &str,
        description: &str,
        total: Decimal,
        saved_at: Timestamp,
    ) -> Invoice {
        let line = InvoiceLine {
            item_no: String::new(),
            detail_name: description.to_owned(),
            quantity: Decimal::ONE,
            unit_price: total,
            item_cash_discount: Decimal::ZERO,
            warehouse_name: None,
            use_tax1: false,
        };
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
            lines: vec![line],
            expenses: Vec::new(),
            receipts: Vec::new(),
            saved_at,
        };
        self.invoices.add(make).clone()
    }

    /// Pays all that is owed for an invoice; none when there is no such invoice.
    pub(super) fn put_receipt_on(&mut self, number: &str) -> Option<Receipt> {
        let invoice = self.invoices.get_mut(number)?;
        self.receipts += 1;
        let receipt = Receipt { number: format!("SR.{:05}", self.receipts), amount: invoice.owed() };
        invoice.receipts.push(receipt.clone());
        Some(receipt)
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
