//! The orders that wait for Accurate, and how long they will take.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    domain::ids::BookName,
    posting::{BookStatus, circuit::Pause},
    storage::{NextAttempts, Result, State},
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
    /// Expected seconds until those of them are done whose Accurate database is not paused, at the current rate, and
    /// not before the last of their next attempts; `None` when all of them wait for a paused one.
    pub seconds: Option<i64>,
    /// When the first of these is tried again, if all of them wait for a later attempt.
    pub again_at: Option<Timestamp>,
}

impl Engine {
    /// The orders that wait for Accurate, and how long they will take. The figures come from counters and
    /// from the ends of indexes, so their cost does not depend on the number of orders.
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
        let (mut orders, mut moving, mut undecided) = (0, 0, 0);
        for count in counts.iter().filter(|count| waits(count.state)) {
            orders += count.orders;
            moving += if goes_on(&count.store_id) { count.orders } else { 0 };
            undecided += if count.state == State::Received { count.orders } else { 0 };
        }
        let (mut seconds, mut again_at) = (Some(0), None);
        if moving > 0 {
            let (now, attempts) = (self.now(), self.next_attempts(&paused).await?);
            let last = attempts.iter().filter_map(|attempts| attempts.last).max();
            let wait = last.map_or(0, |last| last.duration_since(now).as_secs());
            seconds = Some(self.seconds_for(moving).await?.max(wait));
            let firsts: Option<Vec<_>> = attempts.iter().map(|attempts| attempts.first).collect();
            again_at = firsts.and_then(|firsts| firsts.into_iter().min()).filter(|at| *at > now && undecided == 0);
        } else if orders > 0 {
            seconds = None;
        }
        Ok(Queue { orders, oldest_due_at: self.storage.oldest_due().await?, seconds, again_at })
    }

    /// The next attempts in each book that is not paused.
    async fn next_attempts(&self, paused: &HashSet<BookName>) -> Result<Vec<NextAttempts>> {
        let mut attempts = Vec::new();
        for book in self.books().into_iter().filter(|book| !paused.contains(&book.name)) {
            attempts.extend(self.storage.next_attempts(&book.name).await?);
        }
        Ok(attempts)
    }

    async fn seconds_for(&self, orders: i64) -> Result<i64> {
        let recent = self.storage.invoiced_since(self.now() - RECENTLY).await?;
        let rate = (recent as f64 / RECENTLY.as_secs_f64()).max(EXPECTED_RATE);
        Ok((orders as f64 / rate).ceil() as i64)
    }
}
