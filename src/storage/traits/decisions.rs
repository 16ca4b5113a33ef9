//! [`Decisions`] and its implementation.

use std::collections::HashSet;

use jiff::{Timestamp, civil::Date};

use crate::{
    domain::{order::OrderId, timeline::Event},
    storage::{
        News, PastOrders, Position, Result, Verdict, decide, past,
        sql::{Base, Sql, read, write},
        timeline,
    },
};

/// Orders with news, and the decisions about them.
#[async_trait::async_trait]
pub trait Decisions: Send + Sync {
    /// Orders with news, oldest first, without those that are leased or whose invoice is in doubt.
    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News>;

    /// A page of all orders of some days, by the time of ordering, newest first and beginning below `before`: what each
    /// of them is decided from.
    async fn past_orders(
        &self,
        days: (Option<Date>, Option<Date>),
        before: Option<Position>,
        limit: i64,
    ) -> Result<PastOrders>;

    /// Writes decisions. A decision has no effect if its order has newer news or was claimed in the meantime, or if
    /// another mapping is active than the one that it used. Returns the orders whose decision took effect.
    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>>;

    /// Adds an entry to the timeline of an order and changes nothing else.
    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Decisions for Sql<B> {
    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News> {
        read!(self, db => decide::undecided(db, now, limit))
    }

    async fn past_orders(
        &self,
        days: (Option<Date>, Option<Date>),
        before: Option<Position>,
        limit: i64,
    ) -> Result<PastOrders> {
        read!(self, db => past::orders(db, days, before, limit))
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        write!(self, Derived, db => decide::decide(db, verdicts, now))
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        let events = std::slice::from_ref(event);
        write!(self, Small, db => timeline::append(db, std::iter::once((order_id, events)), now))
    }
}
