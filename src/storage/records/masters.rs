//! The lists of an Accurate database, as the last readings left them.

use jiff::Timestamp;

use crate::domain::{
    ids::BookName,
    masters::{ListFailure, MasterKind},
};

/// One list: when it was read, whether it is being read, and why that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterList {
    /// Which list.
    pub kind: MasterKind,
    /// Rows that are shown.
    pub rows: i64,
    /// When these rows were read; `None` if the list was never read.
    pub read_at: Option<Timestamp>,
    /// When it is read next; a time in the past means as soon as possible.
    pub next_at: Timestamp,
    /// The reading that has not ended.
    pub reading: Option<ReadingProgress>,
    /// Why the latest reading failed.
    pub failure: Option<ListFailure>,
}

impl MasterList {
    /// A list that was never read.
    pub fn unread(kind: MasterKind) -> Self {
        Self { kind, rows: 0, read_at: None, next_at: Timestamp::UNIX_EPOCH, reading: None, failure: None }
    }
}

/// How far a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingProgress {
    /// Rows that were read.
    pub rows: i64,
    /// Rows that the list has; 0 until its first page is read.
    pub of: i64,
}

/// A reading of a list, to which its writes belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterReading {
    /// The Accurate database.
    pub book: BookName,
    /// Which list.
    pub kind: MasterKind,
    /// Counts the readings of this list. When another one has begun, writes that name this one change nothing.
    pub number: i64,
}

/// Which rows of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterSearch {
    /// Part of the number or the name, in upper or lower case; empty: all rows.
    pub text: String,
    /// The id of the row after which the page begins.
    pub after: Option<i64>,
    /// Most rows of the page.
    pub limit: i64,
    /// Only rows of this type, in Accurate's own word; empty: of any.
    pub of_type: String,
    /// Only rows that are not inactive in Accurate.
    pub is_active: bool,
}
