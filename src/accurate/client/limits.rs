//! When calls may leave: while this process leads the book, and within Accurate's limits.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use super::Session;
use crate::{accurate::limiter::Lent, clock::Monotonic};

impl Session {
    /// No call leaves later than this: from then on another process may make this book's calls.
    pub fn call_no_later_than(&self, until: Monotonic) {
        self.ours_until.store(until.as_micros(), Ordering::Release);
    }

    /// Whether calls may leave now: no other process may make them.
    pub fn may_call(&self) -> bool {
        self.monotonic() < self.last_call_at()
    }

    /// When the last call may leave.
    pub fn last_call_at(&self) -> Monotonic {
        Monotonic::from_micros(self.ours_until.load(Ordering::Acquire))
    }

    /// Takes half of this book's slots out of use, for another process to use them, until what is returned is dropped.
    pub async fn lend(&self) -> Lent<'_> {
        self.limiter.lend().await
    }

    /// Lets no call of this book leave for this long.
    pub fn slow_down(&self, duration: SignedDuration) {
        self.limiter.pause(duration);
    }
}
