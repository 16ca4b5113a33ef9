//! What both sides of every day come to, and what findings explain, to the rupiah: computed from what the test did and
//! from what the sandbox holds, not from what the service stores.

use std::collections::BTreeMap;

use forstok_accurate::{
    domain::reconciliation::{Class, Period},
    storage::FindingRecord,
};
use jiff::civil::Date;

use super::Shop;

/// The total of every order, in hundredths of a rupiah. Accurate may make a little more of its invoice.
pub(super) const TOTAL: i64 = 8_000_000;

/// A sum for each day, in hundredths of a rupiah; days that come to nothing are left out.
type ByDay = BTreeMap<Date, i64>;

/// The invoices that our ledger must hold: the day and the total of each, by order.
#[derive(Default)]
pub(super) struct Ledger(BTreeMap<u32, (Date, i64)>);

impl Ledger {
    /// The order has an invoice with this total, or from now on what somebody made of it.
    pub(super) fn books(&mut self, id: u32, day: Date, total: i64) {
        self.0.insert(id, (day, total));
    }

    /// The day and the total of an order's invoice.
    pub(super) fn invoice_of(&self, id: u32) -> (Date, i64) {
        self.0[&id]
    }

    /// The order has no invoice any more.
    pub(super) fn forgets(&mut self, id: u32) {
        self.0.remove(&id);
    }

    fn by_day(&self, period: Period) -> ByDay {
        sums(self.0.values().copied(), period)
    }
}

fn sums(amounts: impl Iterator<Item = (Date, i64)>, period: Period) -> ByDay {
    let mut sums = ByDay::new();
    for (day, amount) in amounts.filter(|(day, _)| period.contains(*day)) {
        *sums.entry(day).or_default() += amount;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// What the findings explain: what our ledger holds of each, less what Accurate shows of it.
fn explained(findings: &[FindingRecord], period: Period) -> ByDay {
    let explains = |finding: &&FindingRecord| {
        matches!(finding.class, Class::MissingInAccurate | Class::Differs | Class::Twice | Class::Foreign)
    };
    let sides = findings.iter().filter(explains).flat_map(|finding| {
        let ledger = finding.facts.ledger.as_ref().map(|side| (side.day, side.total));
        let accurate = finding.facts.accurate.as_ref().map(|side| (side.day, -side.total));
        ledger.into_iter().chain(accurate)
    });
    sums(sides, period)
}

impl Shop {
    /// The sandbox's sum is what a run counts of Accurate, the test's own sum what it counts of our ledger, and the
    /// findings explain the rest: on every day.
    pub(super) async fn every_day_adds_up(&self, period: Period) {
        let days = self.world.storage.reconciled_days(period).await.expect("readable");
        for day in &days {
            assert_eq!(day.sums.unexplained(), 0, "{day:?}");
            assert!(day.complete, "{day:?}");
        }
        let of = |amount: fn(&forstok_accurate::domain::reconciliation::sums::Sums) -> i64| {
            sums(days.iter().map(|day| (day.day, amount(&day.sums))), period)
        };
        let in_accurate = self.world.accurate.invoices();
        let in_accurate =
            in_accurate.iter().map(|invoice| (invoice.trans_date, super::hundredths(invoice.total_amount)));
        assert_eq!(of(|sums| sums.accurate.total), sums(in_accurate, period), "Accurate's side");
        assert_eq!(of(|sums| sums.ledger.total), self.ledger.by_day(period), "our side");
        assert_eq!(of(|sums| sums.explained), explained(&self.open().await, period), "what findings explain");
    }
}
