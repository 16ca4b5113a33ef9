//! What happens after the sale.

use forstok_accurate::{
    domain::{document::Kind, order::OrderId},
    storage::{
        Approving, FeeKind, OrderDocument, Result, RowContent, RowCount, RowFilter, RowRecord, RowRecorded,
        SettlementVerdict, Settling, Unsettled,
    },
};
use jiff::Timestamp;

use super::SimStore;

#[async_trait::async_trait]
impl Settling for SimStore {
    async fn record_rows(&self, rows: &[RowContent], now: Timestamp) -> Result<Vec<RowRecorded>> {
        self.write("before record_rows", "after record_rows", self.inner.record_rows(rows, now)).await
    }

    async fn approve_rows(&self, kind: Kind, which: Approving<'_>, actor: &str, now: Timestamp) -> Result<u64> {
        let call = self.inner.approve_rows(kind, which, actor, now);
        self.write("before approve_rows", "after approve_rows", call).await
    }

    async fn settlement_rows(
        &self,
        kind: Kind,
        filter: &RowFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<RowRecord>> {
        self.inner.settlement_rows(kind, filter, before, limit).await
    }

    async fn row_counts(&self, kind: Kind) -> Result<Vec<RowCount>> {
        self.inner.row_counts(kind).await
    }

    async fn fee_kinds(&self) -> Result<Vec<FeeKind>> {
        self.inner.fee_kinds().await
    }

    async fn booked(&self, order_id: &OrderId) -> Result<(Vec<RowRecord>, Vec<OrderDocument>)> {
        self.inner.booked(order_id).await
    }

    async fn unsettled(&self, now: Timestamp, limit: i64) -> Result<Vec<Unsettled>> {
        self.gates.in_store(self.inner.unsettled(now, limit)).await
    }

    async fn settle_orders(&self, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<usize> {
        self.write("before settle_orders", "after settle_orders", self.inner.settle_orders(verdicts, now)).await
    }
}
