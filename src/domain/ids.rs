//! Numbers that must not be mistaken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stored webhook. With one database file, later arrivals have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId(pub i64);

/// A claim of a document: it counts every claim, so that the write of a late worker is recognised. It is not the number
/// of attempts that the timeline shows, which leaves out attempts that made no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AttemptNo(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
