//! From a verified body to a delivery on disk, and from there into its order.
//!
//! [`record`] commits waiting deliveries together; [`Inbox::fold_some`] folds deliveries into their orders; [`reread`]
//! rereads bodies that an earlier version could not read.

mod folding;
pub mod record;
pub mod reread;

use std::sync::Arc;

pub use self::{
    folding::folding,
    record::{delivery, delivery_by},
};
use crate::{
    domain::order::OrderId,
    signals::Signals,
    storage::{Delivery, InboxStorage, Receipt, Result, Unfolded},
};

/// Most deliveries folded in one commit.
const BATCH: i64 = 200;

/// Stores deliveries and folds them into their orders.
pub struct Inbox {
    storage: Arc<dyn InboxStorage>,
    signals: Arc<Signals>,
}

impl Inbox {
    /// An inbox on this storage.
    pub fn new(storage: Arc<dyn InboxStorage>, signals: Arc<Signals>) -> Self {
        Self { storage, signals }
    }

    /// Folds at most `batch` recorded deliveries of one order, or of all orders; returns how many.
    pub async fn fold_some(&self, order_id: Option<&OrderId>, batch: i64) -> Result<usize> {
        let unfolded = self.storage.unfolded(order_id, batch).await?;
        if unfolded.is_empty() {
            return Ok(0);
        }
        let read = |one: &Unfolded| folding(one.delivery, &one.body, one.received_at);
        self.storage.fold(&unfolded.iter().map(read).collect::<Vec<_>>()).await?;
        Ok(unfolded.len())
    }

    /// Folds all recorded deliveries.
    pub async fn fold_all(&self) -> Result<()> {
        while self.fold_some(None, BATCH).await? as i64 == BATCH {
            self.signals.news_came();
        }
        Ok(())
    }

    /// Stores deliveries that did not arrive as webhooks, in one commit; returns once they are on disk.
    pub async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let receipts = self.storage.record(deliveries).await?;
        self.signals.news_came();
        Ok(receipts)
    }

    /// Folds all recorded deliveries of one order.
    pub async fn fold_order(&self, order_id: &OrderId) -> Result<()> {
        while self.fold_some(Some(order_id), BATCH).await? > 0 {
            self.signals.news_came();
        }
        Ok(())
    }
}
