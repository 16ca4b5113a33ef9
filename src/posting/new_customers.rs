//! Orders that wait for the right to create customers.
//!
//! Without another right, a whole lane waits, and one of its orders is the probe. Orders that need a new customer share
//! their lane with orders that need none, so each of them waits individually. One of them is tried again as a probe;
//! once the right exists, all of them continue.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Book, Posting};
use crate::{
    domain::{order::OrderId, timeline::Event},
    storage::{AttemptResult, Result},
};

/// How many orders are remembered at most: one is enough for a probe, and others replace it if it no longer needs a
/// customer.
const MOST: usize = 1_000;

/// The orders, as far as this process has seen them.
pub(super) type WithoutCustomer = BTreeSet<OrderId>;

impl Book {
    /// Remembers the orders that could not create their customers.
    pub(super) fn note_without_customer(&self, results: &[AttemptResult]) {
        let lacks_right = |result: &&AttemptResult| {
            result.entries.iter().any(|entry| {
                matches!(&entry.event, Event::Reply { call, outcome, .. }
                    if call == "customer/save" && outcome == "right_missing")
            })
        };
        let mut waiting = self.lock_without_customer();
        for result in results.iter().filter(lacks_right) {
            if waiting.len() < MOST {
                waiting.insert(result.order_id.clone());
            }
        }
    }
}

impl Posting {
    /// Makes one of them due now, if a probe is due.
    pub(super) async fn probe_for_customers(&self, book: &Book, now: Timestamp) -> Result<()> {
        if !book.lock_circuit().start_customer_probe(now) {
            return Ok(());
        }
        loop {
            let Some(order_id) = book.lock_without_customer().first().cloned() else { return Ok(()) };
            if self.storage.hasten_one(&order_id, now).await? > 0 {
                return Ok(());
            }
            // It no longer waits, or it is being tried and will be remembered again if necessary.
            book.lock_without_customer().remove(&order_id);
        }
    }
}
