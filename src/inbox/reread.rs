//! Rereads stored bodies that could not be read when they arrived: a newer version may understand them.

use super::{Inbox, folding};
use crate::{domain::ids::DeliveryId, storage::Result};

/// Most bodies reread in one step.
pub const STEP: i64 = 100;

/// The progress of rereading all unreadable bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// The last body that was reread.
    pub after: DeliveryId,
    /// Number of bodies that could be read but not stored.
    pub failed: usize,
    /// All bodies were reread.
    pub is_over: bool,
}

/// The result of rereading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Number of bodies that were reread.
    pub looked_at: usize,
    /// Number of them that are orders now.
    pub now_orders: usize,
}

impl Sweep {
    /// Records that this body could not be stored. The step ends, and the next one begins after this body, so that one
    /// body does not block the others, and a failing database is not flooded with attempts.
    pub fn failed_at(&mut self, body: DeliveryId) {
        self.failed += 1;
        self.after = body;
    }
}

impl Inbox {
    /// Rereads all unreadable bodies that were not cleared.
    pub async fn reread(&self) -> Result<Reread> {
        let (mut sum, mut sweep) = (Reread::default(), Sweep::default());
        while !sweep.is_over {
            let Reread { looked_at, now_orders } = self.reread_some(&mut sweep, || {}).await?;
            sum = Reread { looked_at: sum.looked_at + looked_at, now_orders: sum.now_orders + now_orders };
        }
        Ok(sum)
    }

    /// Rereads the next bodies, at most [`STEP`]; calls `report` before each long operation, as a sign of progress.
    pub async fn reread_some(&self, sweep: &mut Sweep, report: impl Fn() + Send + Sync) -> Result<Reread> {
        report();
        let bodies = self.storage.unreadable_bodies(sweep.after, STEP).await?;
        let Some(last) = bodies.last() else {
            sweep.is_over = true;
            return Ok(Reread::default());
        };
        let read = bodies.iter().map(|one| folding(one.delivery, &one.body, one.received_at));
        let orders: Vec<_> = read.filter(|one| one.facts.is_ok()).collect();
        let mut done = Reread { looked_at: bodies.len(), now_orders: 0 };
        let together = if orders.is_empty() { Ok(0) } else { self.storage.fold_reread(&orders).await };
        sweep.after = last.delivery;
        match together {
            Ok(now_orders) => done.now_orders = now_orders,
            Err(_) => {
                for one in &orders {
                    report();
                    match self.storage.fold_reread(std::slice::from_ref(one)).await {
                        Ok(now_orders) => done.now_orders += now_orders,
                        Err(error) => {
                            let id = one.delivery.0;
                            tracing::error!(id, "webhook {id} could not be read again yet: {error}");
                            sweep.failed_at(one.delivery);
                            break;
                        }
                    }
                }
            }
        }
        if done.now_orders > 0 {
            let orders = done.now_orders;
            self.signals.news_came();
            tracing::info!(orders, "{orders} webhooks that could not be read are orders now");
        }
        Ok(done)
    }

    /// Rereads one body; returns whether it is an order now, or `None` if it is not an unreadable body or was cleared.
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
