//! [`AfterSaleStorage`] and its implementation.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::{
    domain::{
        document::Kind,
        order::OrderId,
        payout::{PaidDay, Payout, PayoutKey},
    },
    storage::{
        Approving, ByHand, FeeKind, Marked, OrderDocument, Result, RowContent, RowCount, RowFilter, RowRecord,
        RowRecorded, RowSum, SettlementVerdict, UnreadableOrder, UnsettledNews, after_sale,
        sql::{Base, Sql, read, write},
    },
};

/// After the sale: payout rows and return records, and what is decided about their orders. `kind` is the kind of the
/// documents that book them: payout rows are booked as receipts.
#[async_trait::async_trait]
pub trait AfterSaleStorage: Send + Sync {
    /// Records rows in this order. The same key again is a repeat, or a correction if the content differs.
    async fn record_rows(&self, rows: &[RowContent], now: Timestamp) -> Result<Vec<RowRecorded>>;

    /// Records payouts of a file, in this order; returns the outcome of each, with its key. Rows that are alike but for
    /// their figures get the keys under which they are known: all such rows of the file must be among these.
    async fn record_file(&self, payouts: &[Payout], now: Timestamp) -> Result<Vec<(PayoutKey, RowRecorded)>>;

    /// Records the payouts of one webhook, which has just arrived or was kept since `kept_since`. Content that was sent
    /// after a kept webhook stays, and a row whose day is only that of its arrival keeps the day that is known: both
    /// are repeats.
    async fn record_delivered(
        &self,
        payouts: &[Payout],
        day: PaidDay,
        kept_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RowRecorded>>;

    /// Approves the present content of waiting rows. Returns how many there were.
    async fn approve_rows(&self, kind: Kind, which: Approving<'_>, actor: &str, now: Timestamp) -> Result<u64>;

    /// Marks the row with this source and id as booked by hand; with `None`, takes the mark back.
    async fn mark_by_hand(
        &self,
        kind: Kind,
        key: (&str, &str),
        by_hand: Option<&ByHand>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Marked>;

    /// Rows with numbers below `before`, newest first.
    async fn settlement_rows(
        &self,
        kind: Kind,
        filter: &RowFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<RowRecord>>;

    /// How many rows there are, by state and reason.
    async fn row_counts(&self, kind: Kind) -> Result<Vec<RowCount>>;

    /// Rows that wait for nothing but an approval. A return whose amount a person must see first is none of them.
    async fn awaiting_approval(&self, kind: Kind) -> Result<RowSum>;

    /// Every name of an amount that payouts have used.
    async fn fee_kinds(&self) -> Result<Vec<FeeKind>>;

    /// All rows and all documents of one order.
    async fn booked(&self, order_id: &OrderId) -> Result<(Vec<RowRecord>, Vec<OrderDocument>)>;

    /// Orders whose receipts and returns must be decided.
    async fn unsettled(&self, now: Timestamp, limit: i64) -> Result<UnsettledNews>;

    /// Blocks the payouts and returns of orders that cannot be decided, until there is news or this time. Returns the
    /// orders for which that is new.
    async fn block_unreadable(
        &self,
        orders: &[UnreadableOrder],
        again_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<OrderId>>;

    /// Writes decisions. A decision whose order has news by now changes nothing. Returns the orders for which they took
    /// effect.
    async fn settle_orders(&self, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<HashSet<OrderId>>;
}

#[async_trait::async_trait]
impl<B: Base> AfterSaleStorage for Sql<B> {
    async fn record_rows(&self, rows: &[RowContent], now: Timestamp) -> Result<Vec<RowRecorded>> {
        write!(self, Large, db => after_sale::record::record(db, rows, now))
    }

    async fn record_file(&self, payouts: &[Payout], now: Timestamp) -> Result<Vec<(PayoutKey, RowRecorded)>> {
        write!(self, Large, db => after_sale::of_file::record_of_file(db, payouts, now))
    }

    async fn record_delivered(
        &self,
        payouts: &[Payout],
        day: PaidDay,
        kept_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RowRecorded>> {
        write!(self, Large, db => after_sale::record::record_delivered(db, payouts, day, kept_since, now))
    }

    async fn approve_rows(&self, kind: Kind, which: Approving<'_>, actor: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => after_sale::approve::approve(db, kind, which, actor, now))
    }

    async fn mark_by_hand(
        &self,
        kind: Kind,
        key: (&str, &str),
        by_hand: Option<&ByHand>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Marked> {
        write!(self, Small, db => after_sale::by_hand::mark(db, kind, key, by_hand, actor, now))
    }

    async fn settlement_rows(
        &self,
        kind: Kind,
        filter: &RowFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<RowRecord>> {
        read!(self, db => after_sale::list::rows(db, kind, filter, before, limit))
    }

    async fn row_counts(&self, kind: Kind) -> Result<Vec<RowCount>> {
        read!(self, db => after_sale::list::counts(db, kind))
    }

    async fn awaiting_approval(&self, kind: Kind) -> Result<RowSum> {
        read!(self, db => after_sale::list::awaiting_approval(db, kind))
    }

    async fn fee_kinds(&self) -> Result<Vec<FeeKind>> {
        read!(self, db => after_sale::list::fee_kinds(db))
    }

    async fn booked(&self, order_id: &OrderId) -> Result<(Vec<RowRecord>, Vec<OrderDocument>)> {
        read!(self, db => after_sale::read::booked(db, order_id))
    }

    async fn unsettled(&self, now: Timestamp, limit: i64) -> Result<UnsettledNews> {
        read!(self, db => after_sale::read::unsettled(db, now, limit))
    }

    async fn block_unreadable(
        &self,
        orders: &[UnreadableOrder],
        again_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<OrderId>> {
        write!(self, Small, db => after_sale::unreadable::block(db, orders, again_at, now))
    }

    async fn settle_orders(&self, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        write!(self, Small, db => after_sale::write::settle(db, verdicts, now))
    }
}
