//! [`Rechecks`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::{ids::BookName, recheck::Subject},
    storage::{
        Claim, DocumentKey, Recheck, Result, claim, order_recheck, recheck,
        sql::{Base, Sql, read, write},
    },
};

/// Rechecks: of what blocked orders wait for, and of blocked documents themselves.
#[async_trait::async_trait]
pub trait Rechecks: Send + Sync {
    /// The next thing to recheck that orders of a book wait for, if a recheck is due.
    async fn due_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<Recheck>>;

    /// When the next recheck of a book is due.
    async fn next_recheck_at(&self, book: &BookName) -> Result<Option<Timestamp>>;

    /// Sets the next recheck of a thing that does not exist yet.
    async fn put_off_recheck(&self, book: &BookName, subject: &Subject, until: Timestamp) -> Result<()>;

    /// Makes all orders undecided that wait for a thing, because it exists now. Returns how many.
    async fn finish_recheck(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64>;

    /// Makes one of the orders due that wait for a thing, if only an attempt can show whether it exists. Returns 1, or
    /// 0 if no order waits for it.
    async fn try_one_awaiting(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64>;

    /// The next blocked document of a book to recheck individually, if a recheck is due.
    async fn due_own_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<DocumentKey>>;

    /// Leases a blocked document for a look-up that saves nothing. Returns `None` if the document is no longer blocked
    /// or not in doubt, or if its order has news.
    async fn claim_blocked(
        &self,
        document: &DocumentKey,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>>;

    /// Makes the order of a blocked document undecided, and the document due again.
    async fn retry_blocked(&self, document: &DocumentKey, now: Timestamp) -> Result<()>;

    /// Sets the next recheck of a blocked document.
    async fn recheck_at(&self, document: &DocumentKey, at: Timestamp) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Rechecks for Sql<B> {
    async fn due_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<Recheck>> {
        read!(self, db => recheck::due(db, book, now))
    }

    async fn next_recheck_at(&self, book: &BookName) -> Result<Option<Timestamp>> {
        read!(self, db => recheck::next_at(db, book))
    }

    async fn put_off_recheck(&self, book: &BookName, subject: &Subject, until: Timestamp) -> Result<()> {
        write!(self, Small, db => recheck::put_off(db, book, subject, until))
    }

    async fn finish_recheck(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => recheck::end(db, book, subject, now))
    }

    async fn try_one_awaiting(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Small, db => recheck::try_one(db, book, subject, now))
    }

    async fn due_own_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<DocumentKey>> {
        read!(self, db => order_recheck::due(db, book, now))
    }

    async fn claim_blocked(
        &self,
        document: &DocumentKey,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>> {
        write!(self, Small, db => claim::claim_blocked(db, document, now, lease_until))
    }

    async fn retry_blocked(&self, document: &DocumentKey, now: Timestamp) -> Result<()> {
        write!(self, Small, db => order_recheck::try_again(db, document, now))
    }

    async fn recheck_at(&self, document: &DocumentKey, at: Timestamp) -> Result<()> {
        write!(self, Small, db => order_recheck::put_off(db, document, at))
    }
}
