//! The orders that wait for Accurate, and how long they will take.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::storage::{Result, State};

/// The period over which the rate of invoices is measured.
const RECENTLY: SignedDuration = SignedDuration::from_secs(60);

/// Expected invoices per second if fewer were created recently: a look-up and a save each.
const EXPECTED_RATE: f64 = 4.0;

/// Orders that wait for Accurate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Number of orders that are due, to be deleted, or not decided yet.
    pub orders: i64,
    /// Since when the order that has waited longest is due.
    pub oldest_due_at: Option<Timestamp>,
    /// Expected seconds until all of them are done, at the current rate; `None` while every Accurate database is
    /// paused.
    pub seconds: Option<i64>,
}

impl Engine {
    /// The orders that wait for Accurate, and how long they will take. The figures come from counters, so their cost
    /// does not depend on the number of orders.
    pub async fn queue(&self) -> Result<Queue> {
        let waits = |state| matches!(state, State::Received | State::Due | State::VoidDue);
        let counts = self.storage.counts().await?;
        let orders = counts.iter().filter(|count| waits(count.state)).map(|count| count.orders).sum();
        let books = self.books();
        let is_paused = !books.is_empty() && books.iter().all(|book| book.pause.is_some());
        let seconds = if is_paused && orders > 0 { None } else { Some(self.seconds_for(orders).await?) };
        Ok(Queue { orders, oldest_due_at: self.storage.oldest_due().await?, seconds })
    }

    async fn seconds_for(&self, orders: i64) -> Result<i64> {
        if orders == 0 {
            return Ok(0);
        }
        let recent = self.storage.invoiced_since(self.now() - RECENTLY).await?;
        let rate = (recent as f64 / RECENTLY.as_secs_f64()).max(EXPECTED_RATE);
        Ok((orders as f64 / rate).ceil() as i64)
    }
}
