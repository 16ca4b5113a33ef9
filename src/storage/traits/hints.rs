//! [`Hints`] and its implementation.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    domain::{hint::Hint, ids::BookName, order::OrderId, reconciliation::Listed},
    storage::{
        AccurateWebhook, Followed, Result, StoredHint, hints,
        reconciliation::listed,
        sql::{Base, Sql, read, write},
    },
};

/// Accurate's own webhooks: documents to be read again.
#[async_trait::async_trait]
pub trait Hints: Send + Sync {
    /// Stores hints that are to be followed from `due_at` on. A hint without a time was heard of now. Returns how many
    /// were left out, because too many wait.
    async fn add_hints(&self, book: &BookName, hints: &[Hint], now: Timestamp, due_at: Timestamp) -> Result<usize>;

    /// Hints that are due, the oldest first.
    async fn due_hints(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<StoredHint>>;

    /// A hint is followed later.
    async fn postpone_hint(&self, book: &BookName, hint: &StoredHint, until: Timestamp) -> Result<()>;

    /// Hints that need not be followed, unless they were heard of again.
    async fn forget_hints(&self, book: &BookName, hints: &[StoredHint]) -> Result<()>;

    /// To which orders invoices belong, by Accurate's id.
    async fn owners(&self, book: &BookName, listed: &[Listed]) -> Result<HashMap<i64, OrderId>>;

    /// Writes what a hint led to, as a run would, and forgets the hint.
    async fn end_hint(&self, book: &BookName, hint: &StoredHint, followed: &Followed, now: Timestamp) -> Result<()>;

    /// What is known of Accurate's webhooks about a book.
    async fn accurate_webhook(&self, book: &BookName) -> Result<AccurateWebhook>;

    /// Replaces that.
    async fn set_accurate_webhook(&self, book: &BookName, webhook: &AccurateWebhook) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Hints for Sql<B> {
    async fn add_hints(&self, book: &BookName, hints: &[Hint], now: Timestamp, due_at: Timestamp) -> Result<usize> {
        write!(self, Small, db => hints::add(db, book, hints, now, due_at))
    }

    async fn due_hints(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<StoredHint>> {
        read!(self, db => hints::due(db, book, now, limit))
    }

    async fn postpone_hint(&self, book: &BookName, hint: &StoredHint, until: Timestamp) -> Result<()> {
        write!(self, Small, db => hints::postpone(db, book, hint, until))
    }

    async fn forget_hints(&self, book: &BookName, hints: &[StoredHint]) -> Result<()> {
        write!(self, Small, db => hints::forget(db, book, hints))
    }

    async fn owners(&self, book: &BookName, listed: &[Listed]) -> Result<HashMap<i64, OrderId>> {
        read!(self, db => listed::owners(db, book, listed))
    }

    async fn end_hint(&self, book: &BookName, hint: &StoredHint, followed: &Followed, now: Timestamp) -> Result<()> {
        write!(self, Small, db => hints::end(db, book, hint, followed, now))
    }

    async fn accurate_webhook(&self, book: &BookName) -> Result<AccurateWebhook> {
        read!(self, db => hints::webhook(db, book))
    }

    async fn set_accurate_webhook(&self, book: &BookName, webhook: &AccurateWebhook) -> Result<()> {
        write!(self, Small, db => hints::set_webhook(db, book, webhook))
    }
}
