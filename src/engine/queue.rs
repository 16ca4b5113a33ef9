//! The orders that wait for Accurate, and how long they will take.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    posting::{BookStatus, circuit::Pause},
    storage::{Result, State},
};

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
    /// Expected seconds until those of them are done whose Accurate database is not paused, at the current rate; `None`
    /// when all of them wait for a paused one.
    pub seconds: Option<i64>,
}

impl Engine {
    /// The orders that wait for Accurate, and how long they will take. The figures come from counters, so their cost
    /// does not depend on the number of orders.
    pub async fn queue(&self) -> Result<Queue> {
        let is_in_shadow = self.is_in_shadow();
        let waits = |state| match state {
            State::Received => true,
            // In shadow mode nothing is sent for them.
            State::Due | State::VoidDue => !is_in_shadow,
            _ => false,
        };
        let counts = self.storage.counts().await?;
        let is_paused = |book: &BookStatus| book.pause.as_ref().is_some_and(Pause::stops_invoices);
        let paused: HashSet<_> = self.books().into_iter().filter(is_paused).map(|book| book.name).collect();
        let mapping = self.mapping();
        let goes_on = |store: &str| !paused.contains(mapping.mapping.book_of(store));
        let (mut orders, mut moving) = (0, 0);
        for count in counts.iter().filter(|count| waits(count.state)) {
            orders += count.orders;
            moving += if goes_on(&count.store_id) { count.orders } else { 0 };
        }
        let seconds = if moving == 0 && orders > 0 { None } else { Some(self.seconds_for(moving).await?) };
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
