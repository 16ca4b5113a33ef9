//! What happens to a world after the sale: rows arrive, people approve, undo, pay and delete.

use std::collections::BTreeSet;

use forstok_accurate::domain::document::Kind;
use jiff::{SignedDuration, Timestamp};

use super::{
    booked::{Approved, Known, Live},
    checks::Violation,
    marks::Marks,
    sales::{self, Deed, Errand, Sales},
    senders::Script,
    terms::Terms,
    view::View,
    world::{Life, World},
};

/// What must happen after the sale in some world.
pub(crate) const AFTER_THE_SALE: &[&str] = &[
    "a row arrives",
    "a person approves a receipt",
    "a person approves a return",
    "a person books a row by hand",
    "a mark is refused",
    "a person takes a mark back",
    "a person says never",
    "a corrected receipt is taken over",
    "a corrected return is taken over",
    "a takeover is refused",
    "a document that was taken over is deleted",
    "the sums with a document that was taken over are compared",
    "a person undoes an order",
    "the sums that are shown are compared",
    "a receipt is booked after its order was changed",
    "a return is booked after its order was changed",
    "a moved payout is booked",
    "a moved return is booked",
    RECEIPTS_IN_BULK,
    RETURNS_IN_BULK,
];

pub(crate) const RECEIPTS_IN_BULK: &str = "receipts are saved in bulk";
pub(crate) const RETURNS_IN_BULK: &str = "returns are saved in bulk";

/// What the simulator knows of a world's payouts and returns.
#[derive(Debug, Default)]
pub(crate) struct AfterSale {
    pub(crate) sales: Sales,
    /// What is still to be done.
    pub(crate) errands: Vec<Errand>,
    /// Orders about which a person has decided that everything is deleted.
    pub(crate) undone: BTreeSet<String>,
    /// Rows that were recorded: their ids.
    recorded: BTreeSet<String>,
    pub(crate) live: Live,
    /// Rows that a person approved at some time.
    pub(crate) approved: BTreeSet<Approved>,
    /// What people say about rows.
    pub(crate) marks: Marks,
    /// Orders that were invoiced at some time: Forstok has changed some of them since.
    pub(crate) invoiced: BTreeSet<String>,
}

impl AfterSale {
    pub(crate) fn drawn(rng: &mut fastrand::Rng, terms: &Terms, scripts: &[Script], at: Timestamp) -> Self {
        if terms.sale.is_none() {
            return Self::default();
        }
        let (sales, errands) = sales::draw(rng, scripts, at, terms.heap > 0);
        Self { sales, errands, ..Self::default() }
    }
}

impl World {
    /// The process begins something that somebody wants.
    pub(crate) fn begin_errand(&mut self, at: usize, index: usize) {
        let errand = self.after.errands.swap_remove(index);
        let words = errand.words.clone();
        let Some(errand) = self.prepare(errand) else { return self.tell(&format!("not now: {words}")) };
        self.tell(&format!("p{at} takes {}", errand.words));
        self.process(at).run(errand);
    }

    /// What somebody wanted is done, or is wanted again a little later.
    pub(crate) fn errand_ended(&mut self, errand: Errand, done: Option<bool>) {
        let Some(took_effect) = done else {
            let at = self.clock.truth() + SignedDuration::from_secs(self.rng.i64(1..60));
            self.after.errands.push(Errand { at, ..errand });
            return;
        };
        match errand.deed {
            Deed::Send(row) => {
                self.coverage.meet("after the sale", "a row arrives");
                self.after.recorded.insert(row.key().1.to_owned());
            }
            Deed::Approve(kind) if took_effect => {
                self.coverage.meet("after the sale", format!("a person approves a {}", kind.as_str()));
            }
            Deed::Undo(order) if took_effect => {
                self.coverage.meet("after the sale", "a person undoes an order");
                self.after.undone.insert(order);
            }
            Deed::Say { id, says, .. } => self.said(&id, &says, took_effect),
            Deed::Approve(_) | Deed::Undo(_) => {}
        }
    }

    /// Whether what is booked besides invoices is as it must be at any time.
    pub(crate) fn booked_agrees(&self) -> Result<(), Violation> {
        let Some(rules) = self.terms.sale else { return Ok(()) };
        if let Some(id) = self.after.recorded.iter().find(|id| !self.view.booked.rows.contains_key(*id)) {
            return Err(Violation::Promise(format!("row {id} was taken and is not on disk")));
        }
        let AfterSale { sales, live, approved, marks, .. } = &self.after;
        let known = Known { rules, sales, owners: &self.owners, invoices: &self.invoices, approved, marks };
        known.agree(&self.view, live)
    }

    /// Reads from Accurate what the service booked besides invoices.
    pub(crate) fn read_what_is_booked(&mut self) {
        if self.terms.sale.is_some() {
            self.after.live = self.owners.live(self.accurate.receipts(), self.accurate.returns());
        }
    }

    /// The database has changed.
    pub(crate) fn learn_what_is_booked(&mut self, before: &View) {
        for (id, row) in self.view.booked.rows.iter().filter(|(_, row)| row.is_approved) {
            self.after.approved.insert((id.clone(), row.named.clone(), row.amount));
        }
        self.meet_changes(before);
        self.meet_moves(before);
        self.learn_what_people_took_over();
        self.people_replace_what_moved();
        self.people_notice_corrections();
        self.marketplaces_correct();
        self.forstok_changes_orders();
    }

    /// A person pays a part of an invoice, takes goods back, or deletes a receipt or a return that the service created.
    pub(crate) fn somebody_books(&mut self) {
        match self.rng.u8(..4) {
            0 => self.somebody_pays_a_part(),
            1 => self.somebody_takes_back(),
            2 => self.somebody_deletes_one(Kind::Receipt, "a receipt is deleted by a person"),
            _ => self.somebody_deletes_one(Kind::Return, "a return is deleted by a person"),
        }
    }

    fn somebody_deletes_one(&mut self, kind: Kind, what: &'static str) {
        self.read_what_is_booked();
        let live = &self.after.live;
        let receipts =
            live.receipts.iter().flat_map(|(order, all)| all.iter().map(move |one| (order, one.id, &one.number)));
        let returns =
            live.returns.iter().flat_map(|(order, all)| all.iter().map(move |one| (order, one.id, &one.number)));
        let all: Vec<_> = if kind == Kind::Receipt { receipts.collect() } else { returns.collect() };
        // As for invoices: within five minutes of a lost save nobody may free the number.
        let may_go: Vec<_> = all.into_iter().filter(|(order, ..)| self.is_sure_of(order)).collect();
        let Some((order, id, number)) =
            self.rng.choice(&may_go).map(|(order, id, number)| ((*order).clone(), *id, (*number).clone()))
        else {
            return;
        };
        let is_gone = match kind {
            Kind::Receipt => self.accurate.remove_receipt(&number),
            Kind::Invoice | Kind::Return => self.accurate.remove_return(&number),
        };
        assert!(is_gone, "{kind:?} {number} of order {order} was there");
        self.owners.loses(&order, kind, id);
        self.happened(what);
    }

    /// A person deletes what Accurate has of an order's receipts and returns and the service does not know, as the
    /// remedy of
    /// `number_conflict` says.
    pub(crate) fn delete_unknown(&mut self, order: &str) {
        self.read_what_is_booked();
        let is_known = |kind: Kind, id: i64| {
            let mut documents = self.view.booked.of(order);
            documents.any(|((_, of, _), document)| *of == kind && document.id == Some(id))
        };
        let live = &self.after.live;
        let receipts = live.receipts.get(order).into_iter().flatten();
        let receipts: Vec<_> =
            receipts.filter(|one| !is_known(Kind::Receipt, one.id)).map(|one| one.number.clone()).collect();
        let returns = live.returns.get(order).into_iter().flatten();
        let returns: Vec<_> =
            returns.filter(|one| !is_known(Kind::Return, one.id)).map(|one| one.number.clone()).collect();
        for number in receipts {
            self.accurate.remove_receipt(&number);
            self.happened("a receipt is deleted by a person");
        }
        for number in returns {
            self.accurate.remove_return(&number);
            self.happened("a return is deleted by a person");
        }
    }

    /// Whether no save of the order's receipts and returns may still arrive.
    pub(crate) fn is_sure_of(&self, order: &str) -> bool {
        self.view.booked.of(order).all(|(_, document)| !document.is_unsure)
    }

    /// Whether something is left to be done for someone.
    pub(crate) fn has_errands(&self) -> bool {
        let runs = |life: &Life| matches!(life, Life::Alive(process) if !process.errands.is_empty());
        !self.after.errands.is_empty() || self.lives.iter().any(runs)
    }
}
