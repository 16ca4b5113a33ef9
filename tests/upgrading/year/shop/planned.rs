//! What must have become of every order, kept apart from what the service stores.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::world::{Order, order};

/// The orders, what our ledger must hold, and what waits for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Planned {
    /// When the release was stopped.
    pub(crate) stopped_at: Timestamp,
    orders: BTreeMap<String, PlannedOrder>,
    /// Orders whose webhook was answered and nothing else: they are only counted.
    pub(super) unfolded: i64,
    /// Day and total of each order's invoice, in hundredths of a rupiah.
    ledger: BTreeMap<String, (Date, i64)>,
    /// State of each payout row and return record.
    pub(crate) rows: BTreeMap<String, String>,
    /// Class and number of each open finding.
    pub(crate) open: Vec<String>,
    /// The first webhook of the year, whose body was cleared long ago, and the last one that was folded.
    pub(crate) bodies: [String; 2],
    /// Invoiced orders without a payout, one of each month.
    pub(crate) unpaid: Vec<String>,
}

/// An order: when it was bought, what it comes to in rupiah, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PlannedOrder {
    day: Date,
    bought_at: String,
    rupiah: i64,
    state: String,
}

impl Planned {
    pub(super) fn bought(&mut self, id: &str, day: Date, bought_at: &str, rupiah: i64) {
        let order = PlannedOrder { day, bought_at: bought_at.to_owned(), rupiah, state: String::new() };
        assert!(self.orders.insert(id.to_owned(), order).is_none(), "order {id} was bought before");
    }

    pub(super) fn becomes(&mut self, id: &str, state: &str) {
        state.clone_into(&mut self.changes(id).state);
    }

    pub(super) fn costs(&mut self, id: &str, rupiah: i64) {
        self.changes(id).rupiah = rupiah;
    }

    fn changes(&mut self, id: &str) -> &mut PlannedOrder {
        self.orders.get_mut(id).expect("it was bought")
    }

    pub(crate) fn books(&mut self, id: &str, day: Date, hundredths: i64) {
        self.ledger.insert(id.to_owned(), (day, hundredths));
    }

    pub(crate) fn has_no_invoice(&mut self, id: &str) {
        self.ledger.remove(id);
    }

    pub(super) fn row(&mut self, row: String, state: &str) {
        self.rows.insert(row, state.to_owned());
    }

    pub(crate) fn rupiah(&self, id: &str) -> i64 {
        self.orders[id].rupiah
    }

    /// A newer snapshot of an order, with what does not change.
    pub(crate) fn again(&self, id: &str) -> Order {
        let planned = &self.orders[id];
        order(id).price(planned.rupiah).with("ordered_at", json!(planned.bought_at))
    }

    /// The state of each order.
    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        self.orders.iter().map(|(id, order)| (id.clone(), order.state.clone())).collect()
    }

    /// The orders in this state.
    pub(crate) fn in_state(&self, state: &str) -> Vec<String> {
        self.orders.iter().filter(|(_, order)| order.state == state).map(|(id, _)| id.clone()).collect()
    }

    /// How many orders there are in each state.
    pub(crate) fn counts(&self) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::from([("received".to_owned(), self.unfolded)]);
        for order in self.orders.values() {
            *counts.entry(order.state.clone()).or_default() += 1;
        }
        counts
    }

    /// How many orders each day has in each state, and what they come to in hundredths of a rupiah.
    pub(crate) fn totals(&self) -> BTreeMap<(Date, String), (i64, i64)> {
        let mut totals = BTreeMap::<_, (i64, i64)>::new();
        for order in self.orders.values() {
            let state = order.state.split(':').next().unwrap_or_default().to_owned();
            let sum = totals.entry((order.day, state)).or_default();
            *sum = (sum.0 + 1, sum.1 + 100 * order.rupiah);
        }
        totals
    }

    /// What our ledger holds of each day, in hundredths of a rupiah.
    pub(crate) fn ledger_by_day(&self) -> BTreeMap<Date, i64> {
        let mut sums = BTreeMap::new();
        for (day, total) in self.ledger.values() {
            *sums.entry(*day).or_default() += total;
        }
        sums
    }
}
