//! [`MasterLists`] and its implementation.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    domain::{
        ids::BookName,
        masters::{ListFailure, Master, MasterKind},
    },
    storage::{
        MasterList, MasterReading, MasterSearch, Result, masters,
        sql::{Base, Sql, read, write},
    },
};

/// The lists of Accurate databases from which people choose.
#[async_trait::async_trait]
pub trait MasterLists: Send + Sync {
    /// All lists of a book, in the order of [`MasterKind::ALL`], also those that were never read.
    async fn master_lists(&self, book: &BookName) -> Result<Vec<MasterList>>;

    /// A page of the rows that match; `None` if the row after which it begins is not in the list.
    ///
    /// Rows whose number, or name where there are no numbers, begins with the text come first.
    async fn masters(&self, book: &BookName, kind: MasterKind, search: &MasterSearch) -> Result<Option<Vec<Master>>>;

    /// The rows with these numbers or, in lists without numbers, with these names; also inactive ones.
    async fn masters_named(&self, book: &BookName, kind: MasterKind, values: &BTreeSet<String>) -> Result<Vec<Master>>;

    /// Has a list read as soon as possible.
    async fn request_master_list(&self, book: &BookName, kind: MasterKind, now: Timestamp) -> Result<()>;

    /// Begins to read a list. The list is read again at `next_at`.
    async fn begin_master_reading(
        &self,
        book: &BookName,
        kind: MasterKind,
        now: Timestamp,
        next_at: Timestamp,
    ) -> Result<MasterReading>;

    /// Makes room for a reading: deletes what an earlier one left, `step` rows at most. Returns how many.
    async fn clear_master_reading(&self, reading: &MasterReading, step: i64) -> Result<u64>;

    /// Adds a page to a reading of a list with `of` rows. These rows are not shown yet. False if another reading has
    /// begun.
    async fn add_masters(&self, reading: &MasterReading, rows: &[Master], of: i64) -> Result<bool>;

    /// Shows what was read instead of what was shown before, in one commit. False if another reading has begun.
    async fn finish_master_reading(&self, reading: &MasterReading, now: Timestamp) -> Result<bool>;

    /// Ends a reading that failed: what was shown before stays, with the failure. The list is read again at `next_at`,
    /// or sooner if somebody requests it. False if another reading has begun.
    async fn fail_master_reading(
        &self,
        reading: &MasterReading,
        failure: &ListFailure,
        next_at: Timestamp,
    ) -> Result<bool>;
}

#[async_trait::async_trait]
impl<B: Base> MasterLists for Sql<B> {
    async fn master_lists(&self, book: &BookName) -> Result<Vec<MasterList>> {
        read!(self, db => masters::lists(db, book))
    }

    async fn masters(&self, book: &BookName, kind: MasterKind, search: &MasterSearch) -> Result<Option<Vec<Master>>> {
        read!(self, db => masters::search(db, book, kind, search))
    }

    async fn masters_named(&self, book: &BookName, kind: MasterKind, values: &BTreeSet<String>) -> Result<Vec<Master>> {
        read!(self, db => masters::exactly(db, book, kind, values))
    }

    async fn request_master_list(&self, book: &BookName, kind: MasterKind, now: Timestamp) -> Result<()> {
        write!(self, Small, db => masters::request(db, book, kind, now))
    }

    async fn begin_master_reading(
        &self,
        book: &BookName,
        kind: MasterKind,
        now: Timestamp,
        next_at: Timestamp,
    ) -> Result<MasterReading> {
        write!(self, Small, db => masters::begin(db, book, kind, now, next_at))
    }

    async fn clear_master_reading(&self, reading: &MasterReading, step: i64) -> Result<u64> {
        write!(self, Derived, db => masters::clear(db, reading, step))
    }

    async fn add_masters(&self, reading: &MasterReading, rows: &[Master], of: i64) -> Result<bool> {
        write!(self, Derived, db => masters::add(db, reading, rows, of))
    }

    async fn finish_master_reading(&self, reading: &MasterReading, now: Timestamp) -> Result<bool> {
        write!(self, Small, db => masters::finish(db, reading, now))
    }

    async fn fail_master_reading(
        &self,
        reading: &MasterReading,
        failure: &ListFailure,
        next_at: Timestamp,
    ) -> Result<bool> {
        write!(self, Small, db => masters::fail(db, reading, failure, next_at))
    }
}
