//! What is booked besides invoices: in the database and in Accurate, and whether both agree after every step.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{
    domain::{
        document::{Kind, Progress, Wanted},
        payout::RowState,
    },
    sandbox::{Invoice, Receipt, SalesReturn},
    storage::ByHand,
};
use jiff::Timestamp;
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    checks::Violation,
    hands::Owners,
    marks::Marks,
    moved::number_of,
    sales::{Rules, Sales},
    view::{OrderRow, View},
};

/// Accounts of what an invoice already holds: the seller's voucher and shipping.
const HELD: [&str; 2] = ["600101", "700101"];

/// A receipt or a return of an order.
pub(crate) type DocumentKey = (String, Kind, i64);

/// A row or a record that a person approved: its id, the number of the order that it named, and its amount in hundredths.
pub(crate) type Approved = (String, String, i64);

/// A receipt or a return in the database. Times are by the machine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentRow {
    pub(crate) number: String,
    pub(crate) state: Progress,
    pub(crate) wanted: Wanted,
    pub(crate) id: Option<i64>,
    pub(crate) total: String,
    /// An unknown one may exist in Accurate.
    pub(crate) is_unsure: bool,
    pub(crate) lease_until: Timestamp,
    pub(crate) next_attempt_at: Timestamp,
    pub(crate) attempt: i64,
}

impl DocumentRow {
    /// Whether the service counts it as existing in Accurate, wanted or not.
    fn is_there(&self) -> bool {
        self.id.is_some() && self.state != Progress::Gone
    }

    /// Nothing is decided about its order before it was looked up.
    fn keeps_its_order_busy(&self) -> bool {
        self.state == Progress::Due && self.wanted == Wanted::Exist && self.is_unsure
    }
}

/// A payout row or a return record in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettlementRow {
    pub(crate) kind: Kind,
    /// Empty: no order is known.
    pub(crate) order: String,
    pub(crate) state: RowState,
    pub(crate) reason: String,
    /// What it waits for, JSON; empty: nothing.
    pub(crate) waits_for: String,
    pub(crate) is_approved: bool,
    /// A person has booked it, or said that nothing is to be booked.
    pub(crate) by_hand: Option<ByHand>,
    /// In hundredths.
    pub(crate) amount: i64,
    /// What a person has booked for it takes off the invoice, in hundredths.
    pub(crate) settles: i64,
    /// Which document of its order books it; 0: none.
    pub(crate) part: i64,
    /// It was corrected after it was booked.
    pub(crate) is_corrected: bool,
    /// The number of the order that it names.
    pub(crate) named: String,
}

impl SettlementRow {
    /// Whether a person has said that nothing is to be booked.
    pub(crate) fn is_excluded(&self) -> bool {
        self.by_hand.as_ref().is_some_and(|by_hand| by_hand.document.is_none())
    }
}

/// Everything in the database that is about what comes after the sale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Booked {
    pub(crate) documents: BTreeMap<DocumentKey, DocumentRow>,
    /// By id; each is used once.
    pub(crate) rows: BTreeMap<String, SettlementRow>,
    /// When it is decided about an order again.
    pub(crate) unsettled: BTreeMap<String, Timestamp>,
}

impl Booked {
    /// The receipts and returns of an order.
    pub(crate) fn of<'a>(&'a self, order: &str) -> impl Iterator<Item = (&'a DocumentKey, &'a DocumentRow)> {
        let first = (order.to_owned(), Kind::Invoice, i64::MIN);
        let order = order.to_owned();
        self.documents.range(first..).take_while(move |((of, ..), _)| *of == order)
    }

    /// Whether an order has such a document that is not gone.
    pub(crate) fn has(&self, order: &str, kind: Kind) -> bool {
        self.of(order).any(|((_, of, _), document)| *of == kind && document.state != Progress::Gone)
    }

    /// Whether a person has booked something of an order.
    pub(crate) fn is_by_hand(&self, order: &str) -> bool {
        self.rows.values().any(|row| row.by_hand.is_some() && row.order == order)
    }

    /// Whether nothing new is known about an order since it was last decided.
    pub(crate) fn is_decided(&self, order: &str) -> bool {
        self.unsettled.get(order) != Some(&Timestamp::UNIX_EPOCH)
    }

    /// Whether something of an order was booked, or may have been, and has to be looked at before it is decided.
    pub(crate) fn is_busy(&self, order: &str) -> bool {
        self.of(order).any(|(_, document)| document.keeps_its_order_busy())
    }

    /// Until when an order's documents are in work.
    pub(crate) fn leased_until(&self, order: &str) -> Timestamp {
        self.of(order).map(|(_, document)| document.lease_until).max().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether a document may be claimed once its time has come.
    fn may_be_claimed(&self, key: &DocumentKey, document: &DocumentRow, order: &OrderRow) -> bool {
        let (id, kind, _) = key;
        let has_news = order.undecided || self.unsettled.get(id) == Some(&Timestamp::UNIX_EPOCH);
        let is_decided = !has_news || (document.wanted == Wanted::Exist && document.is_unsure);
        let has_what_it_needs = match document.wanted {
            // What is in doubt is looked up in any case.
            Wanted::Exist => order.has_invoice || document.is_unsure,
            Wanted::Gone => {
                let is_unlikely = *kind == Kind::Return && document.id.is_none() && !document.is_unsure;
                is_unlikely || !kind.goes_after().any(|earlier| self.has(id, earlier))
            }
        };
        document.state == Progress::Due && is_decided && has_what_it_needs
    }

    /// Next attempts and leases of the documents that wait for an attempt.
    pub(crate) fn claimable<'a>(
        &'a self,
        orders: &'a BTreeMap<String, OrderRow>,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> + 'a {
        let is_claimable = |(key, document): &(&DocumentKey, &DocumentRow)| {
            orders.get(&key.0).is_some_and(|order| self.may_be_claimed(key, document, order))
        };
        let times = |(_, document): (_, &DocumentRow)| (document.next_attempt_at, document.lease_until);
        self.documents.iter().filter(is_claimable).map(times)
    }

    /// A document that was claimed although another worker still had its lease.
    pub(crate) fn held_twice(&self, after: &Self, now: Timestamp) -> Result<(), Violation> {
        for (key, document) in &after.documents {
            let held = self.documents.get(key).filter(|held| held.attempt < document.attempt && held.lease_until > now);
            if let Some(held) = held {
                let what = format!("{key:?} was claimed again although it is held until {}", held.lease_until);
                return Err(Violation::Rule(what));
            }
        }
        Ok(())
    }
}

/// Receipts and returns in Accurate that the service made, by order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    pub(crate) receipts: BTreeMap<String, Vec<Receipt>>,
    pub(crate) returns: BTreeMap<String, Vec<SalesReturn>>,
    /// What all receipts and returns, also those of people, settle on each invoice, in rupiah.
    pub(crate) settled: BTreeMap<i64, Settled>,
}

/// What receipts and returns settle on an invoice, in rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) paid: Decimal,
    pub(crate) returned: Decimal,
}

impl Live {
    /// Ids of the documents of one kind that an order has, with what each is about in rupiah.
    fn of(&self, order: &str, kind: Kind) -> Vec<(i64, Decimal)> {
        let receipts = self.receipts.get(order).into_iter().flatten().map(|one| (one.id, one.paid()));
        let returns = self.returns.get(order).into_iter().flatten().map(|one| (one.id, one.total_amount));
        if kind == Kind::Receipt { receipts.collect() } else { returns.collect() }
    }

    /// Whether a fault changed an amount of an order: only a person can say what is right.
    pub(crate) fn has_a_fraction(&self, order: &str) -> bool {
        let is_off = |(_, amount): &(i64, Decimal)| amount.fract() != Decimal::ZERO;
        let mut all = [Kind::Receipt, Kind::Return].into_iter().flat_map(|kind| self.of(order, kind));
        all.any(|one| is_off(&one))
    }

    pub(crate) fn orders(&self) -> BTreeSet<&String> {
        self.receipts.keys().chain(self.returns.keys()).collect()
    }

    pub(crate) fn is_empty(&self, order: &str) -> bool {
        !self.receipts.contains_key(order) && !self.returns.contains_key(order)
    }
}

/// The money of a receipt, without what a fault added to it.
pub(crate) fn money(receipt: &Receipt) -> i64 {
    receipt.cheque_amount.floor().to_i64().unwrap_or_default()
}

/// The pieces of a return.
pub(crate) fn pieces(sales_return: &SalesReturn) -> i64 {
    sales_return.lines.iter().map(|line| line.goods.quantity).sum::<Decimal>().to_i64().unwrap_or_default()
}

/// What is compared with what the service says.
pub(crate) struct Known<'a> {
    pub(crate) rules: Rules,
    pub(crate) sales: &'a Sales,
    pub(crate) owners: &'a Owners,
    pub(crate) invoices: &'a BTreeMap<String, Vec<Invoice>>,
    /// Rows and records that a person approved at some time.
    pub(crate) approved: &'a BTreeSet<Approved>,
    pub(crate) marks: &'a Marks,
}

impl Known<'_> {
    /// Whether Accurate and the database agree about everything besides invoices.
    pub(crate) fn agree(&self, view: &View, live: &Live) -> Result<(), Violation> {
        for order in live.orders() {
            self.is_booked_once(order, live)?;
            self.is_approved(order, live)?;
        }
        self.each_is_on_one_order(view, live)?;
        self.returns_are_of_their_invoices(live)?;
        self.leaves_to_people(view, live)?;
        Self::never_is_nothing(view)?;
        Self::every_one_is_known(view, live)?;
        self.every_one_exists(view, live)?;
        self.sums_agree(view, live)?;
        self.money_is_conserved(live)
    }

    /// What the service says was paid and returned is what Accurate says, for orders without doubt that people left
    /// alone.
    fn sums_agree(&self, view: &View, live: &Live) -> Result<(), Violation> {
        for (order, invoices) in self.invoices.iter().filter(|(order, _)| self.owners.leaves_alone(order)) {
            let documents: Vec<_> = view.booked.of(order).collect();
            let is_sure = |document: &DocumentRow| {
                !document.is_unsure && (document.state == Progress::Gone || document.wanted == Wanted::Exist)
            };
            let [invoice] = invoices.as_slice() else { continue };
            if !documents.iter().all(|(_, document)| is_sure(document)) || live.has_a_fraction(order) {
                continue;
            }
            let Some(people) = self.taken_over(order, view) else { continue };
            let sum = |kind: Kind| -> Decimal {
                let exist = documents.iter().filter(|((_, of, _), one)| *of == kind && one.is_there());
                let ours: Decimal = exist.filter_map(|(_, document)| document.total.parse::<Decimal>().ok()).sum();
                ours + people.iter().filter(|(of, _)| *of == kind).map(|(_, amount)| amount).sum::<Decimal>()
            };
            let ours = Settled { paid: sum(Kind::Receipt), returned: sum(Kind::Return) };
            let theirs = live.settled.get(&invoice.id).copied().unwrap_or_default();
            if ours != theirs {
                let what = format!("of order {order} the service has {ours:?}, but Accurate has {theirs:?}");
                return Err(Violation::Promise(what));
            }
        }
        Ok(())
    }

    /// One receipt for each row, and one return for each record.
    fn is_booked_once(&self, order: &str, live: &Live) -> Result<(), Violation> {
        let mut rows = BTreeSet::new();
        for receipt in live.receipts.get(order).into_iter().flatten() {
            let Some(row) = self.sales.row(order, money(receipt)) else {
                return Err(Violation::Promise(format!("nobody paid out {receipt:?} of order {order}")));
            };
            if !rows.insert(row) {
                return Err(Violation::Promise(format!("payout {row} has two receipts: {:?}", live.receipts[order])));
            }
        }
        let mut counts = BTreeSet::new();
        for sales_return in live.returns.get(order).into_iter().flatten() {
            let count = pieces(sales_return);
            if !counts.insert(self.sales.record(order, count).ok_or(count)) {
                let what = format!("a return record of order {order} has two returns: {:?}", live.returns[order]);
                return Err(Violation::Promise(what));
            }
        }
        Ok(())
    }

    /// What people must approve was approved; what people do themselves is not done by the service.
    fn is_approved(&self, order: &str, live: &Live) -> Result<(), Violation> {
        let must_be = |one: &&Receipt| self.rules.post == "approve" && !self.marks.is_in_hand(Kind::Receipt, one.id);
        for receipt in live.receipts.get(order).into_iter().flatten().filter(must_be) {
            let net = money(receipt);
            let row = self.sales.row(order, net).unwrap_or_default().to_owned();
            if !self.approved.contains(&(row.clone(), number_of(order), net * 100)) {
                return Err(Violation::Promise(format!("nobody approved receipt {} of {row}", receipt.number)));
            }
        }
        for sales_return in live.returns.get(order).into_iter().flatten().filter(|_| self.rules.returns != "auto") {
            let record = self.sales.record(order, pieces(sales_return));
            let is_of_it = |id: &String| {
                record.is_some_and(|record| record == id) || (id.starts_with("cancelled/") && id.ends_with(order))
            };
            if !self.approved.iter().any(|(id, named, _)| is_of_it(id) && *named == number_of(order)) {
                let what = format!("nobody approved return {} of order {order}", sales_return.number);
                return Err(Violation::Promise(what));
            }
        }
        Ok(())
    }

    /// Nothing that the service booked is unknown to it.
    fn every_one_is_known(view: &View, live: &Live) -> Result<(), Violation> {
        for order in live.orders() {
            for kind in [Kind::Receipt, Kind::Return] {
                let documents: Vec<_> = view.booked.of(order).filter(|((_, of, _), _)| *of == kind).collect();
                for (id, _) in live.of(order, kind) {
                    let knows = |document: &DocumentRow| {
                        document.is_unsure || (document.id == Some(id) && document.state != Progress::Gone)
                    };
                    if !documents.iter().any(|(_, document)| knows(document)) {
                        let what = format!("{} {id} of order {order} exists and is not known: ", kind.as_str());
                        return Err(Violation::Promise(format!("{what}{documents:?}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Everything that counts as booked exists, with its amount.
    fn every_one_exists(&self, view: &View, live: &Live) -> Result<(), Violation> {
        for ((order, kind, part), document) in &view.booked.documents {
            let id = document.id.unwrap_or_default();
            let is_peoples = self.owners.has_lost(*kind, id) || self.marks.is_in_hand(*kind, id);
            if document.state != Progress::Exists || is_peoples {
                continue;
            }
            let there = live.of(order, *kind).into_iter().find(|(id, _)| Some(*id) == document.id);
            let total = document.total.parse::<Decimal>().ok();
            if there.is_none_or(|(_, amount)| Some(amount) != total) {
                let what = format!("{} {part} of order {order} counts as booked: ", kind.as_str());
                return Err(Violation::Promise(format!("{what}{document:?}, but there is {there:?}")));
            }
        }
        Ok(())
    }

    /// An invoice's total is what was paid, what went back, and what is still owed, less what the customer has to get;
    /// the service never pays more than the total, and never books again what the invoice holds.
    fn money_is_conserved(&self, live: &Live) -> Result<(), Violation> {
        for (order, invoices) in self.invoices {
            for invoice in invoices {
                let Settled { paid, returned } = live.settled.get(&invoice.id).copied().unwrap_or_default();
                if invoice.total_amount != paid + returned + invoice.owed() - invoice.credit() {
                    return Err(Violation::Promise(format!(
                        "the money of order {order} is not conserved: {invoice:?}"
                    )));
                }
                let ours: Decimal = live.of(order, Kind::Receipt).iter().map(|(_, amount)| amount).sum();
                if ours > invoice.total_amount && !self.owners.is_touched(order) {
                    return Err(Violation::Promise(format!("order {order} was paid above its total: {ours}")));
                }
            }
        }
        for receipt in live.receipts.values().flatten() {
            let mut discounts = receipt.invoices.iter().flat_map(|paid| &paid.discounts);
            if discounts.any(|discount| HELD.contains(&discount.account_no.as_str())) {
                return Err(Violation::Promise(format!("what the invoice holds is booked again: {receipt:?}")));
            }
        }
        Ok(())
    }
}
