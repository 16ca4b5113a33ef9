//! What people say about rows: that they have booked one themselves, that nothing is to be booked for it, or that they
//! have corrected the document that the service had booked for it, which is theirs from then on. And what they do in
//! Accurate at the same time.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{
    domain::{
        document::{Kind, Progress},
        doubt::SAVE_IS_OVER,
        money::Rupiah,
        payout::RowState,
    },
    engine::Engine,
    sandbox::SettlingEdit,
    storage::{self, ByHand, Marked, State},
};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{
    booked::{Known, Live, SettlementRow, money, pieces},
    checks::Violation,
    sales::{Deed, Errand, SOURCE, Sales},
    view::View,
    world::World,
};

/// The number that people give of documents of their own. None of these is in Accurate.
const THEIRS: &str = "TANGAN-1";

/// What a person says about a row.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// They have booked it in Accurate.
    Booked,
    /// Nothing is to be booked for it.
    Never,
    /// They have corrected in Accurate what the service had booked for it.
    Corrected(Corrected),
    /// What they said before does not count any more.
    Nothing,
}

/// A receipt or a return that a person corrects in Accurate, because its row was corrected after it was booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Corrected {
    pub(crate) order: String,
    pub(crate) kind: Kind,
    /// In Accurate.
    pub(crate) id: i64,
    /// In Accurate.
    number: String,
    /// As the service shows it.
    named: String,
    /// What it takes off the invoice, in rupiah: before, and once it is corrected.
    amounts: (Decimal, Decimal),
}

/// What people know of the rows that were corrected after they were booked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Rows that were booked at some time.
    booked: BTreeSet<String>,
    /// Rows with the documents that were seen to need a correction.
    noticed: BTreeSet<(String, i64)>,
    /// Documents that people are about to take over, by row: these may be corrected in Accurate already.
    wanted: BTreeMap<String, Corrected>,
    /// Documents that are people's now, by row.
    taken: BTreeMap<String, Corrected>,
    /// Rows whose document people have replaced by one of their own on another order.
    replaced: BTreeSet<String>,
    /// Until when a save of one of them may still arrive, by its id: its number must stay taken.
    arrives: BTreeMap<(Kind, i64), Timestamp>,
}

impl Says {
    /// Says it; returns whether it took effect.
    pub(crate) async fn say(&self, engine: &Engine, kind: Kind, id: &str) -> storage::Result<bool> {
        let now = engine.now();
        let said = |document: Option<&str>, amount: Option<Decimal>| ByHand {
            document: document.map(str::to_owned),
            amount: amount.map(Rupiah::from_decimal),
            reason: "booked it myself".to_owned(),
            actor: "ani".to_owned(),
            at: now,
        };
        let by_hand = match self {
            Self::Booked => Some(said(Some(THEIRS), None)),
            Self::Never => Some(said(None, None)),
            // The amount of a receipt is that of its row.
            Self::Corrected(Corrected { kind, named, amounts, .. }) => {
                Some(said(Some(named), Some(amounts.1).filter(|_| *kind == Kind::Return)))
            }
            Self::Nothing => None,
        };
        let marked = engine.storage().mark_by_hand(kind, (SOURCE, id), by_hand.as_ref(), "ani", now).await;
        marked.map(|marked| marked == Marked::Done)
    }

    /// What happened, for the coverage table.
    fn in_words(&self, took_effect: bool) -> &'static str {
        match (self, took_effect) {
            (Self::Booked, true) => "a person books a row by hand",
            (Self::Never, true) => "a person says never",
            (Self::Booked | Self::Never, false) => "a mark is refused",
            (Self::Corrected(Corrected { kind: Kind::Return, .. }), true) => "a corrected return is taken over",
            (Self::Corrected(_), true) => "a corrected receipt is taken over",
            (Self::Corrected(_), false) => "a takeover is refused",
            (Self::Nothing, _) => "a person takes a mark back",
        }
    }
}

impl Marks {
    /// The documents of an order that are people's now, with the rows that they book.
    pub(crate) fn of<'a>(&'a self, order: &'a str) -> impl Iterator<Item = (&'a String, &'a Corrected)> {
        self.taken.iter().filter(move |(_, taken)| taken.order == order)
    }

    /// Whether a document may be corrected in Accurate although it is still the service's.
    pub(crate) fn is_in_hand(&self, kind: Kind, id: i64) -> bool {
        self.wanted.values().any(|wanted| (wanted.kind, wanted.id) == (kind, id))
    }

    /// Whether a document was taken over at some time.
    pub(crate) fn was_taken(&self, kind: Kind, id: Option<i64>) -> bool {
        id.is_some_and(|id| self.arrives.contains_key(&(kind, id)))
    }

    /// Whether a person is correcting a document of this order, or has one that its row no longer names: then nobody
    /// can say what counts.
    pub(crate) fn is_unclear(&self, order: &str, view: &View) -> bool {
        let is_named =
            |(row, taken): (&String, &Corrected)| view.booked.rows.get(row).is_some_and(|row| taken.is_there_of(row));
        self.wanted.values().any(|wanted| wanted.order == order) || !self.of(order).all(is_named)
    }
}

impl Corrected {
    /// Whether a row says that this document books it, and that it is a person's.
    fn is_of(&self, row: &SettlementRow) -> bool {
        row.by_hand.as_ref().and_then(|by_hand| by_hand.document.as_ref()) == Some(&self.named)
    }

    /// The same, and the row is of the order that has this document.
    fn is_there_of(&self, row: &SettlementRow) -> bool {
        self.is_of(row) && self.order == row.order
    }

    /// The document with this id that books a row; `None` if it is not there, or says what the row says.
    fn of(id: i64, row: &SettlementRow, name: &str, sales: &Sales, live: &Live) -> Option<Self> {
        let order = row.order.clone();
        let (number, before, after) = match row.kind {
            Kind::Return => {
                let found = live.returns.get(&order)?.iter().find(|one| one.id == id)?;
                let (before, count) = (found.total_amount, Decimal::from(pieces(found)));
                let now = sales.other_pieces(name, pieces(found)).map_or(count, Decimal::from);
                (found.number.clone(), before, before / count * now)
            }
            Kind::Invoice | Kind::Receipt => {
                let found = live.receipts.get(&order)?.iter().find(|one| one.id == id)?;
                let more = row.amount / 100 - money(found);
                let more = if sales.is_about_products(name) { more } else { 0 };
                (found.number.clone(), found.paid(), found.paid() + Decimal::from(more))
            }
        };
        let (kind, amounts) = (row.kind, (before, after));
        Some(Self { order, kind, id, number, named: String::new(), amounts })
    }
}

impl Known<'_> {
    /// What the service counts for the documents of an order that are people's now; `None` if that is not clear yet.
    pub(super) fn taken_over(&self, order: &str, view: &View) -> Option<Vec<(Kind, Decimal)>> {
        let taken: Vec<_> = self.marks.of(order).collect();
        let is_left = |(_, taken): &(_, &Corrected)| self.owners.has_lost(taken.kind, taken.id);
        let state = view.orders.get(order).map(|order| order.state);
        // Where everything goes, nothing of people counts.
        let counts = view.booked.is_decided(order) && matches!(state, Some(State::Invoiced));
        let is_unclear = self.marks.is_unclear(order, view) || taken.iter().any(is_left);
        if is_unclear || (!taken.is_empty() && !counts) {
            return None;
        }
        let amount = |row: &str| Decimal::new(view.booked.rows.get(row).map_or(0, |row| row.settles), 2);
        Some(taken.iter().map(|(row, taken)| (taken.kind, amount(row))).collect())
    }

    /// What is never to be booked counts as nothing.
    pub(super) fn never_is_nothing(view: &View) -> Result<(), Violation> {
        let excluded = view.booked.rows.iter().filter(|(_, row)| row.is_excluded());
        let mut decided = excluded.filter(|(_, row)| view.booked.is_decided(&row.order));
        match decided.find(|(_, row)| row.settles != 0) {
            Some((id, row)) => Err(Violation::Promise(format!("{id} is never to be booked, and counts: {row:?}"))),
            None => Ok(()),
        }
    }
}

impl World {
    /// Marketplaces correct some of the rows that are booked by now.
    pub(crate) fn marketplaces_correct(&mut self) {
        let booked = &self.view.booked;
        let exists = |row: &SettlementRow| {
            let document = booked.documents.get(&(row.order.clone(), row.kind, row.part));
            document.is_some_and(|document| document.state == Progress::Exists)
        };
        let all = booked.rows.iter().filter(|(_, row)| row.state == RowState::Settled && exists(row));
        let all: Vec<_> = all.map(|(id, row)| (id.clone(), row.order.clone())).collect();
        for (id, order) in all {
            if !self.after.marks.booked.insert(id.clone()) || self.rng.u8(..4) > 0 {
                continue;
            }
            let corrections = if self.rng.u8(..3) == 0 {
                self.after.sales.moved(&mut self.rng, &order, &id, &self.scripts)
            } else {
                self.after.sales.correct(&mut self.rng, &order, &id).into_iter().collect()
            };
            let mut at = self.clock.truth();
            for row in corrections {
                at += SignedDuration::from_secs(self.rng.i64(0..600));
                let words = format!("row {id} again, of {}", row.order().1);
                self.after.errands.push(Errand { at, words, deed: Deed::Send(Box::new(row)) });
            }
        }
    }

    /// People see rows that were corrected after they were booked, and most of them do what the remedy says.
    pub(crate) fn people_notice_corrections(&mut self) {
        let mut seen = Vec::new();
        for (id, row) in self.view.booked.rows.iter().filter(|(_, row)| row.is_corrected) {
            let key = (row.order.clone(), row.kind, row.part);
            let document = self.view.booked.documents.get(&key);
            let document = document.filter(|one| one.state == Progress::Exists && row.by_hand.is_none());
            let Some((document, in_accurate)) = document.and_then(|one| Some((one, one.id?))) else { continue };
            if self.after.marks.noticed.insert((id.clone(), in_accurate)) {
                let found = Corrected::of(in_accurate, row, id, &self.after.sales, &self.after.live);
                seen.extend(found.map(|found| (id.clone(), Corrected { named: document.number.clone(), ..found })));
            }
        }
        for (id, corrected) in seen {
            if self.rng.u8(..4) == 0 {
                continue;
            }
            let at = self.clock.truth() + SignedDuration::from_secs(self.rng.i64(0..300));
            let (kind, words) = (corrected.kind, format!("row {id} is corrected"));
            let deed = Deed::Say { kind, id: id.clone(), says: Says::Corrected(corrected) };
            self.after.errands.push(Errand { at, words, deed });
            if self.rng.u8(..3) == 0 {
                let later = at + SignedDuration::from_secs(self.rng.i64(1..900));
                let deed = Deed::Say { kind, id: id.clone(), says: Says::Nothing };
                self.after.errands.push(Errand { at: later, words: format!("row {id} is not corrected"), deed });
            }
        }
    }

    /// The database says which documents are people's now.
    pub(crate) fn learn_what_people_took_over(&mut self) {
        let marks = &mut self.after.marks;
        let rows = &self.view.booked.rows;
        let is_of = |id: &String, taken: &Corrected| rows.get(id).is_some_and(|row| taken.is_of(row));
        marks.taken.retain(|id, _| rows.get(id).is_some_and(|row| row.by_hand.is_some()));
        let now: Vec<_> = marks.wanted.extract_if(.., |id, wanted| is_of(id, wanted)).collect();
        if now.is_empty() {
            return;
        }
        for (id, taken) in now {
            self.owners.gives_away(taken.kind, taken.id);
            marks.arrives.insert((taken.kind, taken.id), self.clock.truth() + SAVE_IS_OVER);
            marks.taken.insert(id, taken);
        }
        self.read_what_is_booked();
    }

    /// Where a person's mark has moved a row to another order, they replace its document by one of their own there, which
    /// no invoice here has.
    pub(crate) fn people_replace_what_moved(&mut self) {
        let (now, rows) = (self.clock.truth(), &self.view.booked.rows);
        let marks = &mut self.after.marks;
        let arrives = &marks.arrives;
        let has_moved = |id: &String, taken: &mut Corrected| {
            let is_elsewhere = rows.get(id).is_some_and(|row| taken.is_of(row) && !taken.is_there_of(row));
            is_elsewhere && arrives[&(taken.kind, taken.id)] <= now
        };
        let moved: Vec<_> = marks.taken.extract_if(.., has_moved).collect();
        for (id, taken) in moved {
            self.after.marks.replaced.insert(id);
            self.delete_taken(&taken);
        }
    }

    /// A person deletes a document that they took over.
    fn delete_taken(&mut self, taken: &Corrected) {
        self.owners.forgets(taken.kind, taken.id);
        let is_gone = match taken.kind {
            Kind::Return => self.accurate.remove_return(&taken.number),
            Kind::Invoice | Kind::Receipt => self.accurate.remove_receipt(&taken.number),
        };
        if is_gone {
            self.coverage.meet("after the sale", "a document that was taken over is deleted");
            self.tell(&format!("{} is deleted by a person", taken.number));
            self.wire.books_changed();
        }
        self.invoices = self.owners.by_order(self.accurate.invoices());
        self.read_what_is_booked();
    }

    /// What a person does in Accurate before they say something about a row. `None`: they have nothing to say, or say
    /// it later.
    pub(crate) fn prepare(&mut self, errand: Errand) -> Option<Errand> {
        let Deed::Say { id, says, .. } = &errand.deed else { return Some(errand) };
        let taken = self.after.marks.taken.get(id).cloned();
        match (says, taken) {
            (Says::Corrected(corrected), None) => {
                let (id, corrected) = (id.clone(), corrected.clone());
                if !self.edit(&corrected, corrected.amounts.1) {
                    self.after.marks.wanted.remove(&id);
                    return None;
                }
                self.after.marks.wanted.insert(id, corrected);
            }
            // A mark that is being made is taken back later.
            (Says::Nothing, None) if self.after.marks.wanted.contains_key(id) => {
                let at = self.clock.truth() + SignedDuration::from_mins(1);
                self.after.errands.push(Errand { at, ..errand });
                return None;
            }
            (Says::Nothing, Some(taken)) => {
                // As for all documents: within five minutes of a lost save nobody may free the number.
                let at = self.after.marks.arrives[&(taken.kind, taken.id)];
                if self.clock.truth() < at {
                    self.after.errands.push(Errand { at, ..errand });
                    return None;
                }
                self.delete_taken(&taken);
            }
            // Nobody says that they have booked, or never book, what they have taken over.
            (Says::Booked | Says::Never, Some(_)) => return None,
            (Says::Booked | Says::Never | Says::Nothing, None) | (Says::Corrected(_), Some(_)) => {}
        }
        Some(errand)
    }

    /// A person corrects what a document takes off its invoice; returns false if it is not there.
    fn edit(&mut self, corrected: &Corrected, amount: Decimal) -> bool {
        let edit = SettlingEdit { amount: Some(amount), ..SettlingEdit::default() };
        let edited = match corrected.kind {
            Kind::Return => self.accurate.edit_return(&corrected.number, &edit).map(|one| one.id),
            Kind::Invoice | Kind::Receipt => self.accurate.edit_receipt(&corrected.number, &edit).map(|one| one.id),
        };
        self.tell(&format!("a person corrects {}: {amount}", corrected.number));
        self.wire.books_changed();
        edited == Ok(corrected.id)
    }

    /// A person has said something about a row.
    pub(crate) fn said(&mut self, id: &str, says: &Says, took_effect: bool) {
        self.coverage.meet("after the sale", says.in_words(took_effect));
        // What stays the service's must be as the service has booked it.
        if let Some(wanted) = self.after.marks.wanted.remove(id).filter(|_| !took_effect) {
            self.edit(&wanted, wanted.amounts.0);
        }
    }

    /// Whether people have documents of their own on an order's invoice that the service had booked.
    pub(crate) fn has_taken_over(&self, order: &str) -> bool {
        self.after.marks.of(order).next().is_some()
    }

    /// Whether what a person has booked of an order, or may have booked, is not in Accurate.
    pub(crate) fn is_booked_elsewhere(&self, order: &str) -> bool {
        let marks = &self.after.marks;
        let by_hand = self.view.booked.rows.iter().filter(|(_, row)| row.order == order);
        let mut numbers = by_hand.filter_map(|(id, row)| Some((id, row.by_hand.as_ref()?.document.as_ref()?)));
        let is_elsewhere =
            |id: &String| marks.replaced.contains(id) || marks.taken.get(id).is_some_and(|taken| taken.order != order);
        numbers.any(|(id, number)| number == THEIRS || is_elsewhere(id)) || marks.is_unclear(order, &self.view)
    }

    /// Whether nothing of an order is booked, because a person said so of its only row.
    pub(crate) fn is_never_booked(&self, order: &str) -> bool {
        let rows: Vec<_> = self.view.booked.rows.values().filter(|row| row.order == order).collect();
        matches!(rows[..], [row] if row.state == RowState::Ignored && row.is_excluded())
    }
}
