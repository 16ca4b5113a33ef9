//! Time that passes only when somebody waits for it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use forstok_accurate::clock::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock whose sleepers all wake at once, at the moment they wanted to wake at.
pub(crate) struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub(crate) fn at(moment: &str) -> Self {
        Self(Mutex::new(moment.parse().expect("a moment such as 2024-02-01T09:00:00+07:00")))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.reach(self.now() + duration);
    }

    /// Lets time pass up to this moment; a moment that is past changes nothing.
    pub(crate) fn reach(&self, moment: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = moment.max(*now);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let end = self.now() + duration;
        Box::pin(async move {
            // Everybody who is awake goes first, so that sleepers sleep side by side and not one after the other.
            tokio::task::yield_now().await;
            self.reach(end);
        })
    }
}
