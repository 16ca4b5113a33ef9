//! Time that passes only when somebody waits for it.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forstok_accurate::clock::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that moves to the moment that the next sleeper wants to wake at, so that nobody oversleeps.
pub(crate) struct FakeClock(Mutex<Time>);

struct Time {
    now: Timestamp,
    /// When each sleeper wants to wake; the number tells apart those who wake at the same moment.
    wakes: BTreeSet<(Timestamp, u64)>,
    sleepers: u64,
}

impl FakeClock {
    pub(crate) fn at(moment: &str) -> Self {
        let now = moment.parse().expect("a moment such as 2024-02-01T09:00:00+07:00");
        Self(Mutex::new(Time { now, wakes: BTreeSet::new(), sleepers: 0 }))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.reach(self.now() + duration);
    }

    /// Lets time pass up to this moment; a moment that is past changes nothing.
    pub(crate) fn reach(&self, moment: Timestamp) {
        let mut time = self.time();
        time.now = moment.max(time.now);
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.time().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut time = self.time();
        time.sleepers += 1;
        let wake = (time.now + duration, time.sleepers);
        Box::pin(async move {
            let sleeper = Sleeper::new(self, wake);
            loop {
                // Everybody who is awake goes first, so that sleepers sleep side by side and not one after the other.
                tokio::task::yield_now().await;
                if sleeper.wakes() {
                    return;
                }
            }
        })
    }
}

/// Somebody asleep, until it is dropped.
struct Sleeper<'a> {
    clock: &'a FakeClock,
    wake: (Timestamp, u64),
}

impl<'a> Sleeper<'a> {
    fn new(clock: &'a FakeClock, wake: (Timestamp, u64)) -> Self {
        clock.time().wakes.insert(wake);
        Self { clock, wake }
    }

    /// Whether its time has come: it is the next to wake, or the moment is past.
    fn wakes(&self) -> bool {
        let mut time = self.clock.time();
        if time.wakes.first() == Some(&self.wake) {
            time.now = time.now.max(self.wake.0);
        }
        time.now >= self.wake.0
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.time().wakes.remove(&self.wake);
    }
}
