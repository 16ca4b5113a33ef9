//! What happens after the sale, with the switches.

use std::{
    collections::{HashMap, HashSet},
    sync::PoisonError,
};

use forstok_accurate::{
    deciding::{after_sale, mapping},
    domain::{
        day_in_wib,
        document::Kind,
        money::Rupiah,
        order::OrderId,
        payout::{PaidDay, Payout, PayoutKey},
    },
    storage::{
        AfterSaleStorage, Approving, ByHand, FeeKind, Marked, OrderDocument, Result, RowContent, RowCount, RowFilter,
        RowRecord, RowRecorded, RowSum, SettlementVerdict, UnreadableOrder, Unsettled, UnsettledNews,
    },
};
use jiff::Timestamp;
use serde_json::Value;

use super::{SimStore, Switch};

impl SimStore {
    /// For [`Switch::DecidedApart`]: the same decisions, each of receipts without returns, and of returns without
    /// receipts.
    async fn apart(&self, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<Vec<SettlementVerdict>> {
        let active = mapping::current(self.inner.as_ref()).await?;
        let known = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let without = |order: &Unsettled, kind: Kind| {
            let mut order = order.clone();
            order.rows.retain(|row| row.content.kind() != kind);
            after_sale::settle(&order, &active, day_in_wib(now))
        };
        let mut apart = verdicts.to_vec();
        for SettlementVerdict { order_id, revision, settlement, .. } in &mut apart {
            let Some(order) = known.get(order_id).filter(|order| order.revision == *revision) else { continue };
            let (money, goods) = (without(order, Kind::Return), without(order, Kind::Receipt));
            (settlement.receipts, settlement.rows) = (money.receipts, money.rows);
            (settlement.returns, settlement.records) = (goods.returns, goods.records);
        }
        Ok(apart)
    }

    /// For [`Switch::NewestPrices`]: the same decisions, with returns at the price of the newest snapshot.
    fn at_newest_prices(&self, verdicts: &[SettlementVerdict]) -> Vec<SettlementVerdict> {
        let known = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = verdicts.to_vec();
        for SettlementVerdict { order_id, settlement, .. } in &mut changed {
            let body = known.get(order_id).and_then(|order| order.order.body.as_deref()).unwrap_or_default();
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let Some(price) = body["order"]["item_lines"][0]["price"].as_i64().map(Rupiah::whole) else { continue };
            for planned in &mut settlement.returns {
                for item in &mut planned.draft.body.detail_item {
                    planned.draft.total = planned.draft.total + (price - item.unit_price) * item.quantity;
                    item.unit_price = price;
                }
            }
        }
        changed
    }

    /// For [`Switch::MovedRowsStay`]: each order keeps the rows that it had.
    fn keep_moved_rows(&self, orders: &mut [Unsettled]) {
        let mut known = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        for order in orders {
            let before = known.get(&order.order.order_id).map_or(Vec::new(), |before| before.rows.clone());
            let moved = before.into_iter().filter(|row| order.rows.iter().all(|other| other.id != row.id));
            order.rows.extend(moved.collect::<Vec<_>>());
            known.insert(order.order.order_id.clone(), order.clone());
        }
    }
}

#[async_trait::async_trait]
impl AfterSaleStorage for SimStore {
    async fn record_file(&self, payouts: &[Payout], now: Timestamp) -> Result<Vec<(PayoutKey, RowRecorded)>> {
        self.write("before record_file", "after record_file", self.inner.record_file(payouts, now)).await
    }

    async fn record_rows(&self, rows: &[RowContent], now: Timestamp) -> Result<Vec<RowRecorded>> {
        self.write("before record_rows", "after record_rows", self.inner.record_rows(rows, now)).await
    }

    async fn record_delivered(
        &self,
        payouts: &[Payout],
        day: PaidDay,
        kept_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RowRecorded>> {
        let call = self.inner.record_delivered(payouts, day, kept_since, now);
        self.write("before record_rows", "after record_rows", call).await
    }

    async fn approve_rows(&self, kind: Kind, which: Approving<'_>, actor: &str, now: Timestamp) -> Result<u64> {
        let call = self.inner.approve_rows(kind, which, actor, now);
        self.write("before approve_rows", "after approve_rows", call).await
    }

    async fn mark_by_hand(
        &self,
        kind: Kind,
        key: (&str, &str),
        by_hand: Option<&ByHand>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Marked> {
        let call = self.inner.mark_by_hand(kind, key, by_hand, actor, now);
        self.write("before mark_by_hand", "after mark_by_hand", call).await
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

    async fn awaiting_approval(&self, kind: Kind) -> Result<RowSum> {
        self.inner.awaiting_approval(kind).await
    }

    async fn fee_kinds(&self) -> Result<Vec<FeeKind>> {
        self.inner.fee_kinds().await
    }

    async fn booked(&self, order_id: &OrderId) -> Result<(Vec<RowRecord>, Vec<OrderDocument>)> {
        self.inner.booked(order_id).await
    }

    async fn unsettled(&self, now: Timestamp, limit: i64) -> Result<UnsettledNews> {
        let mut news = self.gates.in_store(self.inner.unsettled(now, limit)).await?;
        if self.switch == Some(Switch::MovedRowsStay) {
            self.keep_moved_rows(&mut news.orders);
        }
        if matches!(self.switch, Some(Switch::DecidedApart | Switch::NewestPrices)) {
            let known: HashMap<_, _> =
                news.orders.iter().map(|order| (order.order.order_id.clone(), order.clone())).collect();
            *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        if self.switch == Some(Switch::MarksIgnored) {
            news.orders.iter_mut().flat_map(|order| &mut order.rows).for_each(|row| row.by_hand = None);
        }
        if self.switch == Some(Switch::NeverCounts) {
            let marks = news.orders.iter_mut().flat_map(|order| &mut order.rows).filter_map(|row| row.by_hand.as_mut());
            marks.for_each(|mark| mark.document = Some(mark.document.take().unwrap_or_default()));
        }
        if self.switch == Some(Switch::HoldingIgnored) {
            for draft in news.orders.iter_mut().filter_map(|order| order.order.draft.as_mut()) {
                draft.body.cash_discount = Rupiah::ZERO;
                draft.body.detail_expense.clear();
            }
        }
        Ok(news)
    }

    async fn block_unreadable(
        &self,
        orders: &[UnreadableOrder],
        again_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<OrderId>> {
        self.gates.in_store(self.inner.block_unreadable(orders, again_at, now)).await
    }

    async fn settle_orders(&self, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        let call = async {
            if self.switch == Some(Switch::DecidedApart) {
                let verdicts = self.apart(verdicts, now).await?;
                return self.inner.settle_orders(&verdicts, now).await;
            }
            if self.switch == Some(Switch::NewestPrices) {
                return self.inner.settle_orders(&self.at_newest_prices(verdicts), now).await;
            }
            self.inner.settle_orders(verdicts, now).await
        };
        self.write("before settle_orders", "after settle_orders", call).await
    }
}
