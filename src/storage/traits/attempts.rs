//! [`Attempts`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::{ids::BookName, order::OrderId},
    storage::{
        AttemptResult, Claim, Claimable, LongestWaits, NextAttempts, Result, Selection, Settled, attempts, claim,
        settle,
        sql::{Base, Sql, read, write},
    },
};

/// Documents that are due: claims, outcomes and next attempts.
#[async_trait::async_trait]
pub trait Attempts: Send + Sync {
    /// Leases due documents of a book and writes the intent of each attempt, in one commit.
    async fn claim(
        &self,
        book: &BookName,
        selection: Selection,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claim>>;

    /// Counts the documents of a book that may be claimed now, by lane; stops counting at `most` in each.
    async fn claimable(&self, book: &BookName, now: Timestamp, most: i64) -> Result<Claimable>;

    /// Writes outcomes. An outcome whose claim is no longer current changes nothing. Returns the result of each.
    async fn settle(&self, results: &[AttemptResult], now: Timestamp) -> Result<Vec<Settled>>;

    /// When the next attempt of a book is due.
    async fn next_attempt_at(&self, book: &BookName) -> Result<Option<Timestamp>>;

    /// When the invoices and deletions of a book that are due are tried; `None` if there are none.
    async fn next_attempts(&self, book: &BookName) -> Result<Option<NextAttempts>>;

    /// Makes all documents of a book due now that wait because of an error on Accurate's side. Returns how many.
    async fn hasten(&self, book: &BookName, now: Timestamp) -> Result<u64>;

    /// The same for the invoice of one order; returns 1 if it was waiting, otherwise 0.
    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64>;

    /// Ends waits of a book that are longer than any wait may be, because they were written while the clock was wrong.
    /// Attempts and rechecks become due now; leases end after the longest possible lease. Returns how many there were.
    async fn shorten_waits(&self, book: &BookName, now: Timestamp, longest: LongestWaits) -> Result<u64>;

    /// Ends all leases of a book. For a new leader, once the previous one makes no more calls.
    async fn end_leases(&self, book: &BookName, now: Timestamp) -> Result<u64>;
}

#[async_trait::async_trait]
impl<B: Base> Attempts for Sql<B> {
    async fn claim(
        &self,
        book: &BookName,
        selection: Selection,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claim>> {
        write!(self, Small, db => claim::claim(db, book, selection, now, lease_until))
    }

    async fn claimable(&self, book: &BookName, now: Timestamp, most: i64) -> Result<Claimable> {
        read!(self, db => claim::claimable(db, book, now, most))
    }

    async fn settle(&self, results: &[AttemptResult], now: Timestamp) -> Result<Vec<Settled>> {
        write!(self, Small, db => settle::settle(db, results, now))
    }

    async fn next_attempt_at(&self, book: &BookName) -> Result<Option<Timestamp>> {
        read!(self, db => attempts::next_at(db, book))
    }

    async fn next_attempts(&self, book: &BookName) -> Result<Option<NextAttempts>> {
        read!(self, db => attempts::next_attempts(db, book))
    }

    async fn hasten(&self, book: &BookName, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => attempts::hasten(db, book, now))
    }

    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64> {
        write!(self, Small, db => attempts::hasten_one(db, order_id, now))
    }

    async fn shorten_waits(&self, book: &BookName, now: Timestamp, longest: LongestWaits) -> Result<u64> {
        write!(self, Large, db => attempts::shorten_waits(db, book, now, longest))
    }

    async fn end_leases(&self, book: &BookName, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => attempts::end_leases(db, book, now))
    }
}
