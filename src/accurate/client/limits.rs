//! Decides when calls may be sent: while this process leads the book, and within Accurate's limits.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use super::Session;
use crate::{accurate::limiter::Lent, clock::Monotonic};

impl Session {
    /// Sends no call later than this, because another process may then make this book's calls.
    pub fn call_no_later_than(&self, until: Monotonic) {
        self.ours_until.store(until.as_micros(), Ordering::Release);
    }

    /// Whether calls may be sent now, because no other process may make them.
    pub fn may_call(&self) -> bool {
        self.monotonic() < self.last_call_at()
    }

    /// When the last call may be sent.
    pub fn last_call_at(&self) -> Monotonic {
        Monotonic::from_micros(self.ours_until.load(Ordering::Acquire))
    }

    /// Lends half of this book's slots to another process until the returned value is dropped.
    pub async fn lend(&self) -> Lent<'_> {
        self.limiter.lend().await
    }

    /// Sends no call of this book for this long.
    pub fn slow_down(&self, duration: SignedDuration) {
        self.limiter.pause(duration);
    }
}
