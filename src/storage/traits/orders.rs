//! [`Orders`] and its implementation.

use crate::{
    domain::{ids::DeliveryId, order::OrderId, timeline::Entry},
    storage::{
        Filter, OrderRecord, Page, Position, Result, SnapshotRecord, StoreName, Sums, TimelinePage, TimelinePlace,
        list, pages, read,
        sql::{Base, Sql, read},
        timeline,
    },
};

/// Orders, in lists and one by one, with their timelines and snapshots.
#[async_trait::async_trait]
pub trait Orders: Send + Sync {
    /// One order.
    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>>;

    /// The orders that match, newest first, starting below this position in the order of arrival.
    async fn orders(&self, filter: &Filter, before: Option<i64>, limit: i64) -> Result<Vec<OrderRecord>> {
        let (mut orders, mut before) = (Vec::new(), before.map(|id| Position { key: id, id }));
        loop {
            let page = self.page(filter, before, limit - orders.len() as i64).await?;
            orders.extend(page.orders);
            if page.next.is_none() || orders.len() as i64 >= limit {
                return Ok(orders);
            }
            before = page.next;
        }
    }

    /// A page of the orders that match, newest first, starting below `before`.
    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page>;

    /// How many orders match, and their value. Both are exact, except for a large number of orders that no counter
    /// covers.
    async fn sums(&self, filter: &Filter) -> Result<Sums>;

    /// The timeline of an order, oldest entry first.
    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>>;

    /// A page of the timeline of an order, newest entry first, starting below `before`.
    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage>;

    /// The newest snapshots of an order, newest first.
    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>>;

    /// One snapshot of an order with its body; `None` if the order has no snapshot with this id.
    async fn snapshot(&self, order_id: &OrderId, id: DeliveryId) -> Result<Option<SnapshotRecord>>;

    /// The stores that have had an order.
    async fn stores(&self) -> Result<Vec<StoreName>>;

    /// The newest bodies of orders that may still be invoiced: watched, due or blocked.
    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>>;
}

#[async_trait::async_trait]
impl<B: Base> Orders for Sql<B> {
    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        read!(self, db => read::order(db, order_id))
    }

    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page> {
        read!(self, db => list::page(db, filter, before, limit))
    }

    async fn sums(&self, filter: &Filter) -> Result<Sums> {
        read!(self, db => list::sums(db, filter))
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        read!(self, db => timeline::all(db, order_id))
    }

    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage> {
        read!(self, db => timeline::page(db, order_id, before, limit))
    }

    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
        read!(self, db => pages::snapshots(db, order_id, limit))
    }

    async fn snapshot(&self, order_id: &OrderId, id: DeliveryId) -> Result<Option<SnapshotRecord>> {
        read!(self, db => pages::snapshot_of(db, order_id, id))
    }

    async fn stores(&self) -> Result<Vec<StoreName>> {
        read!(self, db => pages::stores(db))
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        read!(self, db => read::waiting_bodies(db, limit))
    }
}
