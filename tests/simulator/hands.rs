//! People who work in Accurate at the same time as the service, and which invoices still belong to the service
//! afterwards.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, doubt::SAVE_IS_OVER},
    sandbox::{Edit, Invoice, Numbering, Receipt, SalesReturn},
    settings::Database,
};
use rust_decimal::Decimal;

use super::{booked::Live, world::World};

/// Prefix of the descriptions of invoices that belong to no order.
const STRANGER: &str = "somebody else's";

/// What people did to an invoice that the service created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touch {
    Renumbered,
    /// Another customer or total.
    Edited,
    /// Changed the description: nothing shows any more for which order the invoice was created.
    Described,
    Copied,
    Deleted,
    Paid,
    /// Goods were taken back.
    Returned,
    /// Deleted a receipt or a return that the service created.
    Unbooked,
}

/// Which invoice was created for which order, and what people did to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    made_for: BTreeMap<i64, String>,
    /// Invoices that people created or took over.
    peoples: BTreeSet<i64>,
    /// Copies that people made of an order's invoice. The service may adopt one of them.
    copies: BTreeMap<i64, String>,
    deleted: BTreeSet<i64>,
    /// Receipts that people created.
    money: BTreeSet<i64>,
    /// Returns that people created.
    goods: BTreeSet<i64>,
    /// Receipts and returns that people deleted.
    unbooked: BTreeSet<(Kind, i64)>,
    touched: BTreeMap<String, BTreeSet<Touch>>,
}

impl Owners {
    /// Registers new invoices: an invoice that no person created is the service's.
    pub(crate) fn learn(&mut self, invoices: &[Invoice]) {
        for invoice in invoices {
            if !self.peoples.contains(&invoice.id) {
                self.made_for.entry(invoice.id).or_insert_with(|| invoice.description.clone());
            }
        }
    }

    /// The service's live invoices, by order.
    pub(crate) fn by_order(&self, invoices: Vec<Invoice>) -> BTreeMap<String, Vec<Invoice>> {
        let mut by_order: BTreeMap<String, Vec<Invoice>> = BTreeMap::new();
        for invoice in invoices {
            if let Some(order) = self.made_for.get(&invoice.id).filter(|_| !self.peoples.contains(&invoice.id)) {
                by_order.entry(order.clone()).or_default().push(invoice);
            }
        }
        by_order
    }

    fn touch(&mut self, invoice: &Invoice, touch: Touch) {
        if let Some(order) = self.made_for.get(&invoice.id) {
            self.touched.entry(order.clone()).or_default().insert(touch);
        }
    }

    /// Whether people did this to an invoice of this order.
    pub(crate) fn met(&self, order: &str, touch: Touch) -> bool {
        self.touched.get(order).is_some_and(|touches| touches.contains(&touch))
    }

    /// Whether people did something unforeseeable to invoices of this order.
    pub(crate) fn is_touched(&self, order: &str) -> bool {
        use Touch as T;
        [T::Renumbered, T::Edited, T::Described, T::Copied].into_iter().any(|touch| self.met(order, touch))
    }

    /// Whether the service never created this invoice.
    pub(crate) fn is_strangers(&self, invoice: i64) -> bool {
        self.peoples.contains(&invoice) && !self.made_for.contains_key(&invoice)
    }

    /// Whether people did nothing at all to what was booked for this order.
    pub(crate) fn leaves_alone(&self, order: &str) -> bool {
        !self.touched.contains_key(order)
    }

    /// The order of an invoice of the service, or of a copy of one.
    fn order_of(&self, invoice: i64) -> String {
        self.made_for.get(&invoice).or_else(|| self.copies.get(&invoice)).cloned().unwrap_or_default()
    }

    /// The service's live receipts and returns, by order.
    pub(crate) fn live(&self, receipts: Vec<Receipt>, returns: Vec<SalesReturn>) -> Live {
        let mut live = Live::default();
        for paid in receipts.iter().flat_map(|receipt| &receipt.invoices) {
            live.settled.entry(paid.invoice_id).or_default().paid += paid.payment_amount;
        }
        for one in &returns {
            live.settled.entry(one.invoice_id).or_default().returned += one.total_amount;
        }
        for receipt in receipts.into_iter().filter(|receipt| !self.money.contains(&receipt.id)) {
            let order = receipt.invoices.first().map(|paid| self.order_of(paid.invoice_id)).unwrap_or_default();
            live.receipts.entry(order).or_default().push(receipt);
        }
        for sales_return in returns.into_iter().filter(|one| !self.goods.contains(&one.id)) {
            live.returns.entry(self.order_of(sales_return.invoice_id)).or_default().push(sales_return);
        }
        live
    }

    /// A receipt or a return that the service created is people's from now on.
    pub(crate) fn gives_away(&mut self, kind: Kind, id: i64) {
        if kind == Kind::Return {
            self.goods.insert(id)
        } else {
            self.money.insert(id)
        };
    }

    /// A person deletes a receipt or a return that is theirs.
    pub(crate) fn forgets(&mut self, kind: Kind, id: i64) {
        self.unbooked.insert((kind, id));
    }

    /// A person deleted this receipt or return of an order.
    pub(crate) fn loses(&mut self, order: &str, kind: Kind, id: i64) {
        self.unbooked.insert((kind, id));
        self.touched.entry(order.to_owned()).or_default().insert(Touch::Unbooked);
    }

    /// Whether people deleted this receipt or return.
    pub(crate) fn has_lost(&self, kind: Kind, id: i64) -> bool {
        self.unbooked.contains(&(kind, id))
    }

    /// Whether people deleted this invoice or took it over.
    pub(crate) fn lost(&self, invoice: i64) -> bool {
        self.deleted.contains(&invoice) || self.peoples.contains(&invoice)
    }
}

impl World {
    /// Invoices that the service created and that people have not taken over.
    fn ours(&mut self) -> Vec<Invoice> {
        let invoices = self.accurate.invoices();
        self.owners.learn(&invoices);
        self.owners.by_order(invoices).into_values().flatten().collect()
    }

    /// Whether a person may free the number of an invoice. Where our numbers are kept, a second save of an order is
    /// refused because the first one has taken the number. As long as a lost save of the same order can arrive, that
    /// number must stay taken. The service cannot withstand a person who frees it within these five minutes.
    fn may_lose_its_number(&self, invoice: &Invoice) -> bool {
        let order = self.owners.made_for.get(&invoice.id).and_then(|order| self.view.orders.get(order));
        let now = match self.place {
            Database::Sqlite(_) => self.clock.now(),
            Database::Postgres(_) => self.clock.truth(),
        };
        let is_over =
            order.is_none_or(|order| !order.is_unsure || now.duration_since(order.doubt_since) >= SAVE_IS_OVER);
        is_over || self.terms.numbering == Numbering::Automatic
    }

    pub(crate) fn stranger_takes_a_number(&mut self) {
        self.ours();
        let (_, number) = self.any_script();
        if self.accurate.invoices_numbered(&number).is_empty() {
            let invoice = self.accurate.add_invoice(&number, "8277", STRANGER, Decimal::from(5));
            self.owners.peoples.insert(invoice.id);
            self.happened("a stranger takes a number");
        }
    }

    pub(crate) fn strangers_leave(&mut self) {
        for invoice in self.accurate.invoices() {
            if invoice.description.starts_with(STRANGER) {
                self.accurate.remove_invoice(&invoice.number);
                self.happened("a stranger's invoice is deleted");
            }
        }
    }

    pub(crate) fn somebody_pays(&mut self) {
        let is_unpaid = |invoice: &Invoice| invoice.receipts.is_empty() && invoice.owed() > Decimal::ZERO;
        let unpaid: Vec<_> = self.ours().into_iter().filter(is_unpaid).collect();
        if let Some(invoice) = self.rng.choice(&unpaid) {
            let receipt = self.accurate.put_receipt_on(&invoice.number).expect("it exists");
            self.owners.money.insert(receipt.id);
            self.owners.touch(invoice, Touch::Paid);
            self.happened("an invoice is paid");
        }
    }

    pub(crate) fn somebody_pays_a_part(&mut self) {
        let unpaid: Vec<_> = self.ours().into_iter().filter(|invoice| invoice.owed() > Decimal::ONE).collect();
        if let Some(invoice) = self.rng.choice(&unpaid) {
            let number = format!("TUNAI-{}", self.rng.u32(..));
            let receipt = self.accurate.add_receipt(&number, &invoice.number, Decimal::ONE).expect("it exists");
            self.owners.money.insert(receipt.id);
            self.owners.touch(invoice, Touch::Paid);
            self.happened("a part is paid by a person");
        }
    }

    /// A person takes one piece back in Accurate.
    pub(crate) fn somebody_takes_back(&mut self) {
        let is_left =
            |invoice: &Invoice| invoice.lines.iter().any(|line| line.quantity - line.returned >= Decimal::ONE);
        let sold: Vec<_> = self.ours().into_iter().filter(is_left).collect();
        let Some(invoice) = self.rng.choice(&sold) else { return };
        let item = invoice.lines.iter().find(|line| line.quantity - line.returned >= Decimal::ONE);
        let item = item.map(|line| line.item_no.clone()).unwrap_or_default();
        let number = format!("RJN-{}", self.rng.u32(..));
        let taken = self.accurate.add_return(&number, &invoice.number, &item, Decimal::ONE).expect("it is left");
        self.owners.goods.insert(taken.id);
        self.owners.touch(invoice, Touch::Returned);
        self.happened("goods are taken back by a person");
    }

    pub(crate) fn somebody_deletes(&mut self) {
        let (id, _) = self.any_script();
        self.delete_by_hand(&id);
    }

    /// A person deletes an order's invoice in Accurate, with its receipts.
    pub(crate) fn delete_by_hand(&mut self, id: &str) {
        let ours = self.ours();
        for invoice in ours.into_iter().filter(|invoice| invoice.description == id) {
            if !self.may_lose_its_number(&invoice) {
                continue;
            }
            self.accurate.remove_invoice(&invoice.number);
            self.owners.unbooked.extend(invoice.receipts.iter().map(|one| (Kind::Receipt, one.id)));
            self.owners.unbooked.extend(invoice.returns.iter().map(|one| (Kind::Return, one.id)));
            self.owners.deleted.insert(invoice.id);
            self.owners.touch(&invoice, Touch::Deleted);
            self.happened("an invoice is deleted by a person");
        }
    }

    /// A person changes or copies an invoice that the service created.
    pub(crate) fn somebody_edits(&mut self) {
        let ours = self.ours();
        let Some(invoice) = self.rng.choice(&ours).cloned() else { return };
        let number = &invoice.number;
        let may_be_renumbered = self.may_lose_its_number(&invoice);
        let new_number = format!("TANGAN-{}", self.rng.u32(..));
        let (edit, touch, what) = match self.rng.u8(..8) {
            0..3 if may_be_renumbered => {
                let edit = Edit { number: Some(new_number), ..Edit::default() };
                (edit, Touch::Renumbered, "an invoice is renumbered by a person")
            }
            0..4 => {
                let edit = Edit { customer_no: Some("LAIN-1".to_owned()), ..Edit::default() };
                (edit, Touch::Edited, "an invoice is given another customer by a person")
            }
            4 => {
                let edit = Edit { total: Some(invoice.total_amount + Decimal::from(500)), ..Edit::default() };
                (edit, Touch::Edited, "an invoice is given another total by a person")
            }
            5 => {
                let edit = Edit { description: Some("titipan".to_owned()), ..Edit::default() };
                self.owners.peoples.insert(invoice.id);
                (edit, Touch::Described, "an invoice is given another description by a person")
            }
            _ => {
                let copy = self.accurate.duplicate_invoice(number, &new_number).expect("the number is new");
                self.owners.peoples.insert(copy.id);
                self.owners.copies.insert(copy.id, copy.description);
                self.owners.touch(&invoice, Touch::Copied);
                self.happened("an invoice is copied by a person");
                return;
            }
        };
        self.accurate.edit_invoice(number, &edit).expect("it exists, and the number is new");
        self.owners.touch(&invoice, touch);
        self.happened(what);
    }
}
