//! What a comparison found.

use jiff::Timestamp;

use super::{Known, Standing};
use crate::domain::{money::Rupiah, order::OrderId};

/// How many of the listed orders relate in which way to what is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were listed, also those that cannot be read.
    pub listed: u64,
    /// Orders that are not known: `missed_webhook`.
    pub new: u64,
    /// Orders of which the source knows something newer: `stale`.
    pub newer: u64,
    /// Orders of which both say the same.
    pub same: u64,
    /// Orders of which the source knows something older.
    pub older: u64,
    /// What cannot be read.
    pub unreadable: u64,
    /// Snapshots that were taken in.
    pub ingested: u64,
}

impl Counts {
    /// Counts one order.
    pub fn add(&mut self, standing: Standing) {
        self.listed += 1;
        match standing {
            Standing::New => self.new += 1,
            Standing::Newer => self.newer += 1,
            Standing::Same => self.same += 1,
            Standing::Older => self.older += 1,
        }
    }

    /// How many orders are missing here or out of date.
    pub fn differences(&self) -> u64 {
        self.new + self.newer
    }
}

/// What one side says about an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The status as it is written; empty if the side has none.
    pub status: String,
    /// The total, if the side has one that can be read.
    pub total: Option<Rupiah>,
    /// When the order last changed, as the side says.
    pub updated_at: Option<Timestamp>,
}

impl From<&Known> for Side {
    fn from(known: &Known) -> Self {
        Self { status: known.status.clone(), total: known.total, updated_at: Some(known.progress.at) }
    }
}

/// An order that is missing here or out of date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line of the file; `None` if the source is not a file.
    pub line: Option<u64>,
    /// [`Standing::New`] or [`Standing::Newer`].
    pub standing: Standing,
    /// Forstok's order id, if the source names it or the order is known.
    pub order_id: Option<OrderId>,
    /// The marketplace's order number; empty if nobody names it.
    pub channel_order_id: String,
    /// The store; empty if nobody names it.
    pub store_id: String,
    /// What the source says.
    pub listed: Side,
    /// What is known here; `None` if the order is not known.
    pub known: Option<Side>,
}

/// Something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The line of the file; for a list of Forstok, the place in it.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many.
    pub counts: Counts,
    /// The orders that are missing here or out of date, in the order of the source; at most [`Report::most`].
    pub differences: Vec<Difference>,
    /// What cannot be read; at most [`Report::most`].
    pub unread: Vec<Unread>,
    most: usize,
}

impl Report {
    /// A report that names at most so many differences and unreadable lines; it counts all of them.
    pub fn naming(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// How many are named at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Adds an order. `difference` is asked for only if it is named.
    pub fn add(&mut self, standing: Standing, difference: impl FnOnce() -> Difference) {
        self.counts.add(standing);
        if standing.class().is_some() && self.differences.len() < self.most {
            self.differences.push(difference());
        }
    }

    /// Adds something that cannot be read.
    pub fn add_unread(&mut self, line: u64, problem: String) {
        self.counts.listed += 1;
        self.counts.unreadable += 1;
        if self.unread.len() < self.most {
            self.unread.push(Unread { line, problem });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_only_some_of_it_is_named() {
        let mut report = Report::naming(1);
        let difference = || Difference {
            line: Some(1),
            standing: Standing::New,
            order_id: None,
            channel_order_id: String::new(),
            store_id: String::new(),
            listed: Side::default(),
            known: None,
        };
        for standing in [Standing::Same, Standing::New, Standing::Newer, Standing::Older] {
            report.add(standing, difference);
        }
        report.add_unread(5, "is empty".to_owned());
        report.add_unread(6, "is empty".to_owned());
        let counts = Counts { listed: 6, new: 1, newer: 1, same: 1, older: 1, unreadable: 2, ingested: 0 };
        assert_eq!((report.counts, report.counts.differences()), (counts, 2));
        assert_eq!((report.differences.len(), report.unread.len()), (1, 1));
    }
}
