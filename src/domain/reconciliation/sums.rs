//! The sums of a period, and the identity that they must satisfy (design.md §8).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Amount, Finding, Known, Period, Side};

/// What both sides count, and how much of the difference findings explain. Amounts are hundredths of a rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Invoices that our ledger counts.
    pub ledger: Count,
    /// Invoices that Accurate counts.
    pub accurate: Count,
    /// How much of the difference findings explain.
    pub explained: i64,
}

/// A number of invoices and their sum, in hundredths of a rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// Their sum, in hundredths of a rupiah.
    pub total: i64,
}

impl Count {
    fn add(&mut self, amount: i64) {
        self.count += 1;
        self.total += amount;
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.total += other.total;
    }
}

impl Sums {
    /// Our ledger's sum less Accurate's.
    pub fn difference(&self) -> i64 {
        self.ledger.total - self.accurate.total
    }

    /// What no finding explains.
    pub fn unexplained(&self) -> i64 {
        self.difference() - self.explained
    }
}

impl std::ops::Add for Sums {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.ledger += other.ledger;
        self.accurate += other.accurate;
        self.explained += other.explained;
    }
}

/// The sums of a period by store and day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SumsByDay(BTreeMap<(String, Date), Sums>);

impl SumsByDay {
    /// Adds the result of comparing an order of this store.
    pub fn add(&mut self, store_id: &str, known: &Known, period: Period) {
        if let Some(Amount { day, total }) = known.ledger {
            self.at(store_id, day).ledger.add(total);
        }
        for Amount { day, total } in &known.accurate {
            self.at(store_id, *day).accurate.add(*total);
        }
        for finding in &known.findings {
            self.explain(store_id, finding, period);
        }
    }

    /// Adds an invoice of our ledger alone.
    pub fn add_ledger(&mut self, store_id: &str, day: Date, total: i64) {
        self.at(store_id, day).ledger.add(total);
    }

    /// Adds rupiah that Accurate shows, without an invoice that could be named.
    pub fn add_rest(&mut self, day: Date, total: i64) {
        self.at("", day).accurate.total += total;
    }

    fn explain(&mut self, store_id: &str, finding: &Finding, period: Period) {
        let in_period = |side: &&Side| period.contains(side.day);
        if !finding.class.explains_rupiah() {
            return;
        }
        if let Some(side) = finding.ledger.as_ref().filter(in_period) {
            self.at(store_id, side.day).explained += side.total;
        }
        if let Some(side) = finding.accurate.as_ref().filter(in_period) {
            self.at(store_id, side.day).explained -= side.total;
        }
    }

    fn at(&mut self, store_id: &str, day: Date) -> &mut Sums {
        self.0.entry((store_id.to_owned(), day)).or_default()
    }

    /// Each store and day, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Date, &Sums)> {
        self.0.iter().map(|((store_id, day), sums)| (store_id.as_str(), *day, sums))
    }

    /// The sums of all stores on each day.
    pub fn by_day(&self) -> BTreeMap<Date, Sums> {
        let mut days = BTreeMap::<Date, Sums>::new();
        for (_, day, sums) in self.iter() {
            *days.entry(day).or_default() += *sums;
        }
        days
    }

    /// The sums of the whole period.
    pub fn total(&self) -> Sums {
        let mut all = Sums::default();
        for sums in self.0.values() {
            all += *sums;
        }
        all
    }
}
