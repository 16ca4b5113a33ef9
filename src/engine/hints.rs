//! Accurate's own webhooks: the leader of each book reads the invoices that they name again.

use super::Engine;
use crate::{
    domain::{ids::BookName, mapping::ReconcileBy},
    reconciling::MayCall,
    storage::{AccurateWebhook, Result},
};

impl Engine {
    /// Stores what the body of a webhook about this book names, to be read again. Returns how many documents it names.
    pub async fn hear_accurate(&self, book: &BookName, body: &[u8]) -> Result<usize> {
        self.reconciling.hear(book, body).await
    }

    /// Whether Accurate's own webhooks about a book are followed.
    pub fn follows_hints(&self, book: &BookName) -> bool {
        self.hinted.contains(book)
    }

    /// What is known of Accurate's webhooks about a book; `None` if they are not followed.
    pub async fn accurate_webhook(&self, book: &BookName) -> Result<Option<AccurateWebhook>> {
        if !self.follows_hints(book) {
            return Ok(None);
        }
        self.storage.accurate_webhook(book).await.map(Some)
    }

    /// Follows some hints of a book that this replica leads; false if there are none, or if it had to stop.
    pub async fn follow_hints(&self, book: &BookName) -> Result<bool> {
        let are_followed = self.follows_hints(book) || self.mapping().mapping.reconcile.by == ReconcileBy::LastUpdate;
        let may_call = are_followed && matches!(self.may_compare(book), MayCall::Yes);
        let Some(session) = self.session(book).filter(|_| may_call) else { return Ok(false) };
        // Not beside a run, which another leader may have begun.
        if self.storage.next_part(book).await?.is_some() {
            return Ok(false);
        }
        let ours = self.our_customers(book).await?;
        self.reconciling.follow_hints(session, &ours, &|| self.may_compare(book)).await
    }

    /// Renews Accurate's webhooks about a book, or reads a part of their history, if that is due.
    pub async fn keep_accurate_webhooks(&self, book: &BookName) -> Result<bool> {
        let may_call = self.follows_hints(book) && matches!(self.may_compare(book), MayCall::Yes);
        let Some(session) = self.session(book).filter(|_| may_call) else { return Ok(false) };
        self.reconciling.keep_webhooks(session, &|| self.may_compare(book)).await
    }
}
