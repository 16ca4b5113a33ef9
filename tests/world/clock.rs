//! Simulated time, which passes only while every task is waiting for it.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use forstok_accurate::clock::{Clock, Monotonic};
use jiff::{SignedDuration, Timestamp};

/// A clock that advances to the wake time of the next sleeper, so that no sleeper oversleeps.
pub(crate) struct FakeClock(Mutex<Time>);

struct Time {
    /// The true time.
    truth: Timestamp,
    /// How far the machine's clock is ahead of true time.
    ahead: SignedDuration,
    /// The wake time of each sleeper; the number distinguishes sleepers with the same time.
    wakes: BTreeSet<(Timestamp, u64)>,
    sleepers: u64,
    /// How many times faster than real time it may pass, and since when, in real and in simulated time.
    pace: Option<(u32, Instant, Timestamp)>,
}

impl FakeClock {
    pub(crate) fn at(moment: &str) -> Self {
        let truth = moment.parse().expect("a moment such as 2024-02-01T09:00:00+07:00");
        Self(Mutex::new(Time { truth, ahead: SignedDuration::ZERO, wakes: BTreeSet::new(), sleepers: 0, pace: None }))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.reach(self.now() + duration);
    }

    /// The true time.
    pub(crate) fn truth(&self) -> Timestamp {
        self.time().truth
    }

    /// Lets time pass until the machine's clock shows this time; a time in the past changes nothing.
    pub(crate) fn reach(&self, moment: Timestamp) {
        let mut time = self.time();
        time.truth = time.truth.max(moment - time.ahead);
    }

    /// From now on, time passes at most this many times faster than real time. The database needs real time to answer:
    /// if simulated time did not wait for it, a lease could expire during one statement.
    pub(crate) fn keeps_pace(&self, times: u32) {
        let mut time = self.time();
        let truth = time.truth;
        time.pace.get_or_insert_with(|| (times, Instant::now(), truth));
    }

    /// The machine's clock is changed: from now on it is ahead of true time by this amount.
    pub(crate) fn is_set_ahead(&self, ahead: SignedDuration) {
        self.time().ahead = ahead;
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        let time = self.time();
        time.truth + time.ahead
    }

    fn monotonic(&self) -> Monotonic {
        let passed = self.time().truth.duration_since(Timestamp::UNIX_EPOCH);
        Monotonic::after_beginning(passed.try_into().expect("the world begins after 1970"))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut time = self.time();
        time.sleepers += 1;
        let wake = (time.truth + duration, time.sleepers);
        Box::pin(async move {
            let sleeper = Sleeper::new(self, wake);
            loop {
                // Lets every active task run first, so that sleepers sleep concurrently and not one after the other.
                tokio::task::yield_now().await;
                if sleeper.wakes() {
                    return;
                }
            }
        })
    }
}

/// A sleeping task; dropping this removes it from the clock.
struct Sleeper<'a> {
    clock: &'a FakeClock,
    wake: (Timestamp, u64),
}

impl<'a> Sleeper<'a> {
    fn new(clock: &'a FakeClock, wake: (Timestamp, u64)) -> Self {
        clock.time().wakes.insert(wake);
        Self { clock, wake }
    }

    /// Whether the sleeper may wake, because its time has passed, or because it is the next one: time then advances.
    fn wakes(&self) -> bool {
        let mut time = self.clock.time();
        let at_most = time.pace.map(|(times, since, then)| then + since.elapsed() * times);
        if time.wakes.first() == Some(&self.wake) && at_most.is_none_or(|at_most| self.wake.0 <= at_most) {
            time.truth = time.truth.max(self.wake.0);
        }
        time.truth >= self.wake.0
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.time().wakes.remove(&self.wake);
    }
}

/// The time at Accurate, which is always correct.
pub(crate) struct TrueClock(pub(crate) Arc<FakeClock>);

impl Clock for TrueClock {
    fn now(&self) -> Timestamp {
        self.0.truth()
    }

    fn monotonic(&self) -> Monotonic {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.sleep(duration)
    }
}
