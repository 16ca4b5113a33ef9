//! [`Deliveries`] and its implementation.

use crate::{
    domain::{ids::DeliveryId, order::OrderId},
    storage::{
        Delivery, Folding, KeptDelivery, Receipt, Result, Unfolded, UnreadableDelivery, fold, read,
        sql::{Base, Sql, read, write},
    },
};

/// Webhooks, and the folding of their bodies into orders.
#[async_trait::async_trait]
pub trait Deliveries: Send + Sync {
    /// Stores deliveries, all or none, and returns once they are on disk, with one receipt for each, in the same order.
    /// [`Deliveries::fold`] adds them to their orders later.
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>>;

    /// Deliveries that are not folded yet, oldest first; of one order, or of all.
    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>>;

    /// Folds deliveries into their orders. A delivery that was folded in the meantime changes nothing.
    async fn fold(&self, deliveries: &[Folding]) -> Result<()>;

    /// Deliveries that could not be read, newest first, with ids below `before`.
    async fn unreadable(&self, before: Option<DeliveryId>, limit: i64) -> Result<Vec<UnreadableDelivery>>;

    /// One unreadable delivery; its body is `None` once it was cleared.
    async fn unreadable_one(&self, id: DeliveryId) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>>;

    /// Bodies of unreadable deliveries, oldest first, with ids above `after`; fewer than `limit` if they are large.
    async fn unreadable_bodies(&self, after: DeliveryId, limit: i64) -> Result<Vec<Unfolded>>;

    /// How many deliveries could not be read.
    async fn unreadable_count(&self) -> Result<i64>;

    /// Folds unreadable deliveries that this version can read. Returns how many.
    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize>;

    /// Replaces the reason for which an unreadable delivery is kept.
    async fn change_problem(&self, kept: KeptDelivery, problem: &str) -> Result<()>;

    /// Removes an unreadable delivery whose payouts are recorded as rows.
    async fn remove_taken(&self, kept: KeptDelivery) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Deliveries for Sql<B> {
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        self.0.record(deliveries).await
    }

    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, db => fold::unfolded(db, order_id, limit))
    }

    async fn fold(&self, deliveries: &[Folding]) -> Result<()> {
        write!(self, Derived, db => fold::fold(db, deliveries))
    }

    async fn unreadable(&self, before: Option<DeliveryId>, limit: i64) -> Result<Vec<UnreadableDelivery>> {
        read!(self, db => read::unreadable(db, before, limit))
    }

    async fn unreadable_one(&self, id: DeliveryId) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
        read!(self, db => read::unreadable_one(db, id))
    }

    async fn unreadable_bodies(&self, after: DeliveryId, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, db => fold::unreadable_bodies(db, after, limit))
    }

    async fn unreadable_count(&self) -> Result<i64> {
        read!(self, db => read::unreadable_count(db))
    }

    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize> {
        write!(self, Small, db => fold::fold_reread(db, deliveries))
    }

    async fn change_problem(&self, kept: KeptDelivery, problem: &str) -> Result<()> {
        write!(self, Small, db => fold::change_problem(db, kept, problem))
    }

    async fn remove_taken(&self, kept: KeptDelivery) -> Result<()> {
        write!(self, Small, db => fold::remove_taken(db, kept))
    }
}
