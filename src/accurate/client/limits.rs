//! Decides when calls may be sent: while this process leads the book, and within Accurate's limits.

use std::{sync::atomic::Ordering, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::Session;
use crate::{
    accurate::limiter::Lent,
    clock::{Deadline, Monotonic},
};

/// Until when an attempt may begin calls: before its lease ends, and as long as this process has led the book without
/// interruption since the attempt began.
#[derive(Clone, Copy, Debug)]
pub struct LastStart {
    deadline: Deadline,
    term: u64,
}

impl LastStart {
    /// Without a lease, in the first term.
    pub const NEVER: Self = Self { deadline: Deadline::NEVER, term: 0 };

    /// The limit this long before this one.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self { deadline: self.deadline.before(duration), ..self }
    }
}

impl Session {
    /// Begins a new term: this process takes over the book again, and all leases end. Its earlier attempts make no
    /// further calls, because other attempts may have begun for the same orders.
    pub fn begin_term(&self) {
        self.term.fetch_add(1, Ordering::AcqRel);
    }

    /// Until when an attempt whose lease ends at this time of day may begin calls.
    pub fn last_start(&self, lease_until: Timestamp) -> LastStart {
        let term = self.term.load(Ordering::Acquire);
        LastStart { deadline: Deadline::at(lease_until, self.clock.as_ref()), term }
    }

    /// Whether it is too late to begin a call.
    pub fn is_over(&self, last_start: LastStart) -> bool {
        last_start.term != self.term.load(Ordering::Acquire) || last_start.deadline.is_over(self.clock.as_ref())
    }

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
