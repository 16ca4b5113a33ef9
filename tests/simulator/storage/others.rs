//! What everybody else writes and reads.

use std::time::Duration;

use forstok_accurate::{
    domain::{
        ids::{BookName, DeliveryId},
        notice::Arrivals,
        order::OrderId,
        reason::{Reason, Warning},
        shadow::Kind,
        timeline::Entry,
    },
    storage::{
        Cause, Cleared, Compared, Comparison, ComparisonResult, Comparisons, Count, DayOf, DaySum, Days, DifferenceRow,
        Figures, Filter, Grouping, Housekeeping, Leadership, ManualChange, MappingRevision, Mappings, NewMapping,
        OpenWarning, OrderRecord, Orders, Page, Position, Put, Replicas, Requests, Result, Seen, SeenSku,
        SessionRecord, Sessions, ShadowSums, SkuInStore, SnapshotRecord, StoreName, Sums, TimelinePage, TimelinePlace,
        ToCompare, Total, WarehouseInStore, Written,
    },
};
use jiff::{Timestamp, civil::Date};

use super::SimStore;

#[async_trait::async_trait]
impl Requests for SimStore {
    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
        self.write("before rearm", "after rearm", self.inner.rearm(filter, actor, now)).await
    }

    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>> {
        self.write("before rearm", "after rearm", self.inner.rearm_one(order_id, actor, now)).await
    }

    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written> {
        let decided = self.inner.decide_manually(order_id, change, now);
        self.write("before a person's decision", "after a person's decision", decided).await
    }

    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written> {
        self.gates.in_store(self.inner.acknowledge(order_id, warning, actor, now)).await
    }
}

#[async_trait::async_trait]
impl Comparisons for SimStore {
    async fn drafts_to_compare(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<ToCompare>> {
        self.gates.in_store(self.inner.drafts_to_compare(book, now, limit)).await
    }

    async fn write_comparisons(&self, compared: &[Compared], now: Timestamp) -> Result<()> {
        self.gates.in_store(self.inner.write_comparisons(compared, now)).await
    }

    async fn compare_again(&self) -> Result<u64> {
        self.gates.in_store(self.inner.compare_again()).await
    }

    async fn shadow_sums(&self) -> Result<ShadowSums> {
        self.gates.in_store(self.inner.shadow_sums()).await
    }

    async fn comparison(&self, order_id: &OrderId) -> Result<Option<Comparison>> {
        self.gates.in_store(self.inner.comparison(order_id)).await
    }

    async fn differences(&self, kind: Option<Kind>, before: Option<i64>, limit: i64) -> Result<Vec<DifferenceRow>> {
        self.gates.in_store(self.inner.differences(kind, before, limit)).await
    }

    async fn orders_compared(
        &self,
        result: ComparisonResult,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<Vec<(OrderId, String)>> {
        self.gates.in_store(self.inner.orders_compared(result, after, limit)).await
    }
}

#[async_trait::async_trait]
impl Orders for SimStore {
    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        self.gates.in_store(self.inner.order(order_id)).await
    }

    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page> {
        self.gates.in_store(self.inner.page(filter, before, limit)).await
    }

    async fn sums(&self, filter: &Filter) -> Result<Sums> {
        self.gates.in_store(self.inner.sums(filter)).await
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        self.gates.in_store(self.inner.timeline(order_id)).await
    }

    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage> {
        self.gates.in_store(self.inner.timeline_page(order_id, before, limit)).await
    }

    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
        self.inner.snapshots(order_id, limit).await
    }

    async fn snapshot(&self, order_id: &OrderId, id: DeliveryId) -> Result<Option<SnapshotRecord>> {
        self.gates.in_store(self.inner.snapshot(order_id, id)).await
    }

    async fn stores(&self) -> Result<Vec<StoreName>> {
        self.inner.stores().await
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        self.gates.in_store(self.inner.waiting_bodies(limit)).await
    }
}

#[async_trait::async_trait]
impl Figures for SimStore {
    async fn counts(&self) -> Result<Vec<Count>> {
        self.gates.in_store(self.inner.counts()).await
    }

    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
        self.gates.in_store(self.inner.totals(days, grouping, limit)).await
    }

    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
        self.inner.days(by, from).await
    }

    async fn invoiced_since(&self, since: Timestamp) -> Result<i64> {
        self.gates.in_store(self.inner.invoiced_since(since)).await
    }

    async fn causes(&self, limit: i64) -> Result<Vec<Cause>> {
        self.gates.in_store(self.inner.causes(limit)).await
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        self.gates.in_store(self.inner.warning_counts()).await
    }

    async fn open_warnings(&self) -> Result<Vec<OpenWarning>> {
        self.gates.in_store(self.inner.open_warnings()).await
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.oldest_due()).await
    }

    async fn oldest_received(&self) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.oldest_received()).await
    }

    async fn newest_webhook(&self) -> Result<Option<Timestamp>> {
        self.inner.newest_webhook().await
    }

    async fn arrivals(&self, since: Timestamp, until: Timestamp) -> Result<Arrivals> {
        self.inner.arrivals(since, until).await
    }
}

#[async_trait::async_trait]
impl Mappings for SimStore {
    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        self.gates.in_store(self.inner.mapping()).await
    }

    async fn mapping_revision(&self) -> Result<i64> {
        self.gates.in_store(self.inner.mapping_revision()).await
    }

    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>> {
        self.gates.in_store(self.inner.mapping_of_file()).await
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Put> {
        self.write("before put_mapping", "after put_mapping", self.inner.put_mapping(new, now)).await
    }

    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
        self.gates.in_store(self.inner.mappings_below(below, limit)).await
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        self.gates.in_store(self.inner.mapping_history(limit)).await
    }
}

#[async_trait::async_trait]
impl Sessions for SimStore {
    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()> {
        self.inner.open_session(session, now).await
    }

    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
        self.inner.session(digest, now).await
    }

    async fn end_session(&self, digest: &str) -> Result<()> {
        self.inner.end_session(digest).await
    }
}

#[async_trait::async_trait]
impl Replicas for SimStore {
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership> {
        self.gates.in_store(self.inner.lead(book, holder, lease, pause)).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        self.gates.in_store(self.inner.resign(holder)).await
    }

    async fn notified(&self) {
        self.inner.notified().await;
    }

    async fn notify_others(&self) -> Result<()> {
        self.gates.in_store(self.inner.notify_others()).await
    }
}

#[async_trait::async_trait]
impl Housekeeping for SimStore {
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        self.write("before clear_bodies", "after clear_bodies", self.inner.clear_bodies(older_than, now, step)).await
    }

    async fn refresh_statistics(&self) -> Result<()> {
        self.inner.refresh_statistics().await
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>> {
        self.inner.last_backup().await
    }
}

#[async_trait::async_trait]
impl Seen for SimStore {
    async fn seen_skus(&self, after: &str, limit: i64) -> Result<Vec<SeenSku>> {
        self.inner.seen_skus(after, limit).await
    }

    async fn seen_skus_in_stores(&self, after: &str, limit: i64) -> Result<Vec<SkuInStore>> {
        self.inner.seen_skus_in_stores(after, limit).await
    }

    async fn seen_warehouses(&self, limit: i64) -> Result<Vec<WarehouseInStore>> {
        self.inner.seen_warehouses(limit).await
    }

    async fn blocked_by_subject(&self, reason: Reason) -> Result<Vec<(String, Sums)>> {
        self.inner.blocked_by_subject(reason).await
    }
}
