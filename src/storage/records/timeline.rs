//! Places in a timeline.

use std::fmt;

use crate::domain::timeline::Entry;

/// A place in an order's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelinePlace {
    at: i64,
    /// 0: what Forstok sent, 1: what was done about it.
    source: i64,
    number: i64,
}

impl TimelinePlace {
    pub(in crate::storage) fn new(at: i64, source: i64, number: i64) -> Self {
        Self { at, source, number }
    }

    pub(in crate::storage) fn parts(self) -> [i64; 3] {
        [self.at, self.source, self.number]
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse().ok());
        Some(Self { at: parts.next()??, source: parts.next()??, number: parts.next()?? })
    }
}

impl fmt::Display for TimelinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.at, self.source, self.number)
    }
}

/// Part of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelinePage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<TimelinePlace>,
}
