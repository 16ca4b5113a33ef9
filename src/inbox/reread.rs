//! Reading stored bodies again that could not be read when they came: a newer version may understand them.

use super::{Inbox, folding};
use crate::{domain::ids::DeliveryId, storage::Result};

/// Most bodies that are read again in one step.
pub const STEP: i64 = 100;

/// How far reading all kept bodies again has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// The last body that was read again.
    pub after: DeliveryId,
    /// How many could be read but not be stored.
    pub failed: usize,
    /// No body is left.
    pub is_over: bool,
}

/// What reading again achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Bodies that were read again.
    pub looked_at: usize,
    /// How many of them are orders now.
    pub now_orders: usize,
}

impl Sweep {
    /// This body could not be stored. The step ends here, and the next one begins behind it: one body keeps no other
    /// from being read, and a database that fails is not asked again and again.
    pub fn failed_at(&mut self, body: DeliveryId) {
        self.failed += 1;
        self.after = body;
    }
}

impl Inbox {
    /// Reads all unreadable bodies again, as far as they are kept.
    pub async fn reread(&self) -> Result<Reread> {
        let (mut sum, mut sweep) = (Reread::default(), Sweep::default());
        while !sweep.is_over {
            let Reread { looked_at, now_orders } = self.reread_some(&mut sweep, || {}).await?;
            sum = Reread { looked_at: sum.looked_at + looked_at, now_orders: sum.now_orders + now_orders };
        }
        Ok(sum)
    }

    /// Reads the next bodies again, at most [`STEP`], reporting that it is under way.
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
