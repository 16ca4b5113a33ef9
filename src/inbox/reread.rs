//! Reading stored bodies again that could not be read when they came: a newer version may understand them.

use super::{Inbox, folding};
use crate::{domain::ids::DeliveryId, storage::Result};

/// Most bodies that are read again in one step.
const STEP: i64 = 100;

/// What reading again achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Bodies that were read again.
    pub looked_at: usize,
    /// How many of them are orders now.
    pub now_orders: usize,
}

impl Inbox {
    /// Reads all unreadable bodies again, as far as they are kept.
    pub async fn reread(&self) -> Result<Reread> {
        self.reread_reporting(|| {}).await
    }

    /// As [`Inbox::reread`], reporting before each step that it is under way.
    pub async fn reread_reporting(&self, report: impl Fn() + Send + Sync) -> Result<Reread> {
        let mut sum = Reread::default();
        let mut after = DeliveryId(0);
        loop {
            report();
            let bodies = self.storage.unreadable_bodies(after, STEP).await?;
            let Some(last) = bodies.last() else { break };
            after = last.delivery;
            sum.looked_at += bodies.len();
            let read = bodies.iter().map(|one| folding(one.delivery, &one.body, one.received_at));
            let orders: Vec<_> = read.filter(|one| one.facts.is_ok()).collect();
            if !orders.is_empty() {
                sum.now_orders += self.storage.fold_reread(&orders).await?;
            }
        }
        if sum.now_orders > 0 {
            self.signals.news_came();
            tracing::info!(
                orders = sum.now_orders,
                "{} webhooks that could not be read are orders now",
                sum.now_orders
            );
        }
        Ok(sum)
    }

    /// Reads one unreadable body again; whether it is an order now, `None` when it is not among the unreadable ones.
    pub async fn reread_one(&self, id: DeliveryId) -> Result<Option<bool>> {
        let Some((unreadable, Some(body))) = self.storage.unreadable_one(id).await? else { return Ok(None) };
        let read = folding(id, &body, unreadable.received_at);
        let is_order = read.facts.is_ok();
        if is_order {
            self.storage.fold_reread(&[read]).await?;
            self.signals.news_came();
        }
        Ok(Some(is_order))
    }
}
