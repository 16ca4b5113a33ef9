//! Rows that a correction moves to another order: each is booked once, on one order, and in the end on the one that it
//! names.

use std::collections::BTreeMap;

use forstok_accurate::domain::{
    document::{Kind, Progress},
    payout::RowState,
};

use super::{
    booked::{Known, Live, SettlementRow, money, pieces},
    checks::Violation,
    view::View,
    world::World,
};

/// When corrections must reach a row that they move, for the coverage table.
pub(crate) const MOVES: &[&str] = &[
    "a payout names another order while it waits",
    "a payout names another order while its receipt is due",
    "a payout names another order after it was booked",
    "a payout names another order after it was unmatched",
    "a return names another order while it waits",
    "a return names another order while its return is due",
    "a return names another order after it was booked",
    "a return names another order after it was unmatched",
    "a payout moves once its receipt is gone",
    "a return moves once its return is gone",
];

/// The marketplace's number of an order.
pub(super) fn number_of(order: &str) -> String {
    format!("INV-{order}")
}

/// Where a correction finds a row.
fn at_what(before: &SettlementRow, view: &View) -> usize {
    let document = view.booked.documents.get(&(before.order.clone(), before.kind, before.part));
    match (before.state, document.map(|document| document.state)) {
        (RowState::Unmatched, _) => 3,
        (_, Some(Progress::Exists)) => 2,
        (RowState::Due, _) => 1,
        _ => 0,
    }
}

impl Known<'_> {
    /// The row that a receipt or a return of an order books.
    fn rows_of<'a>(&'a self, order: &'a str, live: &'a Live) -> impl Iterator<Item = (&'a str, &'a String)> {
        let receipts = live.receipts.get(order).into_iter().flatten();
        let receipts = receipts.filter_map(|one| Some((self.sales.row(order, money(one))?, &one.number)));
        let returns = live.returns.get(order).into_iter().flatten();
        receipts.chain(returns.filter_map(|one| Some((self.sales.record(order, pieces(one))?, &one.number))))
    }

    /// Money and goods that moved to another order are not booked on both.
    pub(super) fn each_is_on_one_order(&self, view: &View, live: &Live) -> Result<(), Violation> {
        let mut booked: BTreeMap<&str, &String> = BTreeMap::new();
        for order in live.orders() {
            for (row, number) in self.rows_of(order, live) {
                if is_cancelled(order, view) && view.booked.rows.get(row).is_some_and(|row| row.kind == Kind::Return) {
                    continue;
                }
                if let Some(other) = booked.insert(row, number) {
                    return Err(Violation::Promise(format!("{row} is booked twice: as {other} and as {number}")));
                }
            }
        }
        Ok(())
    }

    /// What a person has booked by hand, or never wants to be booked, the service does not book, on no order.
    pub(super) fn leaves_to_people(&self, view: &View, live: &Live) -> Result<(), Violation> {
        let is_peoples = |id: &str| view.booked.rows.get(id).filter(|row| row.by_hand.is_some());
        for order in live.orders() {
            for (id, number) in self.rows_of(order, live) {
                let Some(row) = is_peoples(id) else { continue };
                // A cancellation returns the same pieces.
                if row.kind == Kind::Receipt || !is_cancelled(order, view) {
                    let what = format!("{id} is for people alone ({:?}), and {number} exists too", row.by_hand);
                    return Err(Violation::Promise(what));
                }
            }
        }
        Ok(())
    }
}

/// Whether an order has a return record of its cancellation.
fn is_cancelled(order: &str, view: &View) -> bool {
    view.booked.rows.iter().any(|(id, row)| row.order == *order && id.starts_with("cancelled/"))
}

impl World {
    /// Rows were moved, for the coverage table.
    pub(crate) fn meet_moves(&mut self, before: &View) {
        for (id, row) in &self.view.booked.rows {
            let Some(old) = before.booked.rows.get(id) else { continue };
            let is_return = row.kind == Kind::Return;
            if old.named != row.named {
                let at = at_what(old, before) + if is_return { 4 } else { 0 };
                self.coverage.meet("after the sale", MOVES[at]);
            } else if old.order != row.order && !old.order.is_empty() {
                self.coverage.meet("after the sale", MOVES[if is_return { 9 } else { 8 }]);
            }
        }
        for (key, document) in &self.view.booked.documents {
            let existed = before.booked.documents.get(key).is_some_and(|old| old.state == Progress::Exists);
            let is_of = |(id, row): &(&String, &SettlementRow)| {
                (&row.order, row.kind, row.part) == (&key.0, key.1, key.2) && self.after.sales.was_moved(id)
            };
            if document.state == Progress::Exists && !existed && self.view.booked.rows.iter().any(|row| is_of(&row)) {
                let what = if key.1 == Kind::Return { "a moved return is booked" } else { "a moved payout is booked" };
                self.coverage.meet("after the sale", what);
            }
        }
    }

    /// Whether a row names an order that does not exist.
    pub(crate) fn names_nobody(&self, row: &SettlementRow) -> bool {
        !self.scripts.iter().any(|script| script.number == row.named)
    }

    /// Whether a row belongs to the order that it names, or to an earlier one because it is booked there.
    pub(crate) fn is_where_it_belongs(&self, row: &SettlementRow) -> bool {
        let document = self.view.booked.documents.get(&(row.order.clone(), row.kind, row.part));
        let is_booked = document.is_some_and(|document| document.state != Progress::Gone);
        let is_there = if row.order.is_empty() { self.names_nobody(row) } else { row.named == number_of(&row.order) };
        is_there || row.by_hand.is_some() || is_booked
    }
}
