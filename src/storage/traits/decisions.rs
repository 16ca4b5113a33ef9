//! [`Decisions`] and its implementation.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::{
    domain::{order::OrderId, timeline::Event},
    storage::{
        News, Result, Verdict, decide,
        sql::{Base, Sql, read, write},
        timeline,
    },
};

/// Orders with news, and the decisions about them.
#[async_trait::async_trait]
pub trait Decisions: Send + Sync {
    /// Orders with news, oldest first, without those that are leased or whose invoice is in doubt.
    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News>;

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

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        write!(self, Derived, db => decide::decide(db, verdicts, now))
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        let events = std::slice::from_ref(event);
        write!(self, Small, db => timeline::append(db, std::iter::once((order_id, events)), now))
    }
}
