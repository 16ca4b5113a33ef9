//! Orders that wait for the right to create customers.
//!
//! Other rights stop a whole lane, which one order probes. An order that needs a new customer shares its lane with
//! orders that need none, so it waits on its own account. One of these orders is tried again as a probe; once the right
//! is there, all of them go on.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Book, Posting};
use crate::{
    domain::{order::OrderId, timeline::Event},
    storage::{Result, Settlement},
};

/// Most orders that are kept in mind: one is enough for a probe, the others are for when it no longer wants one.
const MOST: usize = 1_000;

/// The orders, as far as this process has seen them.
pub(super) type WithoutCustomer = BTreeSet<OrderId>;

impl Book {
    /// Keeps those orders in mind that could not create their customers.
    pub(super) fn note_without_customer(&self, settlements: &[Settlement]) {
        let lacks_right = |settlement: &&Settlement| {
            settlement.entries.iter().any(|entry| {
                matches!(&entry.event, Event::Reply { call, outcome, .. }
                    if call == "customer/save" && outcome == "right_missing")
            })
        };
        let mut waiting = self.lock_without_customer();
        for settlement in settlements.iter().filter(lacks_right) {
            if waiting.len() < MOST {
                waiting.insert(settlement.order_id.clone());
            }
        }
    }
}

impl Posting {
    /// Has one of them tried now, if the time for a probe has come.
    pub(super) async fn probe_for_customers(&self, book: &Book, now: Timestamp) -> Result<()> {
        if !book.lock_circuit().probes_for_customers(now) {
            return Ok(());
        }
        loop {
            let Some(order_id) = book.lock_without_customer().first().cloned() else { return Ok(()) };
            if self.storage.hasten_one(&order_id, now).await? > 0 {
                return Ok(());
            }
            // It no longer waits, or is being tried, and then it comes back if need be.
            book.lock_without_customer().remove(&order_id);
        }
    }
}
