//! Hints, which no simulated service gets.

use std::collections::HashMap;

use forstok_accurate::{
    domain::{hint::Hint, ids::BookName, order::OrderId, reconciliation::Listed},
    storage::{AccurateWebhook, Followed, Hints, Result, StoredHint},
};
use jiff::Timestamp;

use super::SimStore;

#[async_trait::async_trait]
impl Hints for SimStore {
    async fn add_hints(&self, book: &BookName, hints: &[Hint], now: Timestamp, due_at: Timestamp) -> Result<usize> {
        self.inner.add_hints(book, hints, now, due_at).await
    }

    async fn due_hints(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<StoredHint>> {
        self.inner.due_hints(book, now, limit).await
    }

    async fn postpone_hint(&self, book: &BookName, hint: &StoredHint, until: Timestamp) -> Result<()> {
        self.inner.postpone_hint(book, hint, until).await
    }

    async fn forget_hints(&self, book: &BookName, hints: &[StoredHint]) -> Result<()> {
        self.inner.forget_hints(book, hints).await
    }

    async fn owners(&self, book: &BookName, listed: &[Listed]) -> Result<HashMap<i64, OrderId>> {
        self.inner.owners(book, listed).await
    }

    async fn end_hint(&self, book: &BookName, hint: &StoredHint, followed: &Followed, now: Timestamp) -> Result<()> {
        self.inner.end_hint(book, hint, followed, now).await
    }

    async fn accurate_webhook(&self, book: &BookName) -> Result<AccurateWebhook> {
        self.inner.accurate_webhook(book).await
    }

    async fn set_accurate_webhook(&self, book: &BookName, webhook: &AccurateWebhook) -> Result<()> {
        self.inner.set_accurate_webhook(book, webhook).await
    }
}
