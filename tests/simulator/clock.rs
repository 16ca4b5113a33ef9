//! True time, which only the simulator moves, and the machine's clock, which can be wrong.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forstok_accurate::clock::{Clock, Monotonic};
use jiff::{SignedDuration, Timestamp};

use super::gates::Gates;

/// The clock of the machine on which the service runs. Sleeping uses true time, as on a real machine.
#[derive(Debug)]
pub(crate) struct SimClock {
    gates: Arc<Gates>,
    time: Arc<Mutex<Time>>,
    /// How far this machine's clock is always ahead of the others.
    skew: SignedDuration,
}

#[derive(Clone, Copy, Debug)]
struct Time {
    truth: Timestamp,
    ahead: SignedDuration,
}

impl SimClock {
    pub(crate) fn at(moment: &str, gates: Arc<Gates>) -> Self {
        let truth = moment.parse().expect("a moment such as 2024-02-01T09:00:00+07:00");
        let time = Arc::new(Mutex::new(Time { truth, ahead: SignedDuration::ZERO }));
        Self { gates, time, skew: SignedDuration::ZERO }
    }

    /// The clock of another machine.
    pub(crate) fn skewed(&self, skew: SignedDuration) -> Self {
        Self { gates: self.gates.clone(), time: self.time.clone(), skew }
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time.
    pub(crate) fn truth(&self) -> Timestamp {
        self.lock().truth
    }

    /// The true time at which the machine's clock will show this moment.
    pub(crate) fn truth_of(&self, shown: Timestamp) -> Timestamp {
        shown - self.lock().ahead - self.skew
    }

    /// Lets time pass until this moment; a moment in the past changes nothing.
    pub(crate) fn reach(&self, truth: Timestamp) {
        let mut time = self.lock();
        time.truth = time.truth.max(truth);
    }

    /// How far the machine's clock is ahead.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.lock().ahead
    }

    /// Makes the machine's clock wrong by this amount.
    pub(crate) fn set_ahead(&self, ahead: SignedDuration) {
        self.lock().ahead = ahead;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let time = *self.lock();
        time.truth + time.ahead + self.skew
    }

    fn monotonic(&self) -> Monotonic {
        let passed = self.truth().duration_since(Timestamp::UNIX_EPOCH);
        Monotonic::after_beginning(passed.try_into().expect("the world begins after 1970"))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let until = self.truth() + duration;
        Box::pin(self.gates.sleep(until))
    }
}

/// The time at Accurate, which is always correct.
#[derive(Debug)]
pub(crate) struct TrueClock(pub(crate) Arc<SimClock>);

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
