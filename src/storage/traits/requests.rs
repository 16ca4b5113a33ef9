//! [`Requests`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::{order::OrderId, reason::Warning},
    storage::{
        Filter, ManualChange, Result, Written, decide, manual,
        sql::{Base, Sql, write},
    },
};

/// Changes that people request.
#[async_trait::async_trait]
pub trait Requests: Send + Sync {
    /// Lets the blocked and waiting orders that match be decided and attempted again. Returns how many.
    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64>;

    /// The same for one order; `None` if the order is unknown.
    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>>;

    /// Writes what a person decides about an order, and marks the order as undecided.
    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written>;

    /// Writes that a person has acknowledged a warning. The warning stays, but no longer needs attention.
    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written>;
}

#[async_trait::async_trait]
impl<B: Base> Requests for Sql<B> {
    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => decide::rearm(db, filter, actor, now))
    }

    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>> {
        write!(self, Small, db => decide::rearm_one(db, order_id, actor, now))
    }

    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written> {
        write!(self, Small, db => manual::decide(db, order_id, change, now))
    }

    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written> {
        write!(self, Small, db => manual::acknowledge(db, order_id, warning, actor, now))
    }
}
