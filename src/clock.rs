//! Time is injected, so that a test can replay it.
//!
//! There are two readings. [`Clock::now`] is the time of day: it is stored, shown and sent, and it jumps when somebody
//! sets the machine's clock. [`Clock::monotonic`] only moves forward: every delay and every deadline inside this
//! process is measured with it.

use std::{future::Future, ops::Add, pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// Provides the time and waits.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// A reading that never decreases, even if the time of day is changed.
    fn monotonic(&self) -> Monotonic;

    /// Returns after this duration, measured like [`Clock::monotonic`].
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// A reading of a clock that only moves forward.
///
/// It is meaningful only inside this process: it is never stored and never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// Earlier than any reading.
    pub const MIN: Self = Self(Duration::ZERO);

    /// Later than any reading.
    pub const MAX: Self = Self(Duration::MAX);

    /// The reading this long after the start of the clock.
    pub const fn after_beginning(duration: Duration) -> Self {
        Self(duration)
    }

    /// Time between the start of the clock and this reading.
    pub const fn since_beginning(self) -> Duration {
        self.0
    }

    /// Time from an earlier reading to this one; zero if that one is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The reading this long before this one.
    #[must_use]
    pub const fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }

    /// The reading in microseconds, for an atomic.
    pub fn as_micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    /// The reading that [`Monotonic::as_micros`] converted.
    pub const fn from_micros(micros: u64) -> Self {
        if micros == u64::MAX { Self::MAX } else { Self(Duration::from_micros(micros)) }
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where time is taken from the machine")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Monotonic {
        static BEGINNING: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
        Monotonic(BEGINNING.elapsed())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Time from `now` to `later`; zero if it is not later.
pub fn until(now: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(now)).unwrap_or_default()
}

/// A deadline by both clocks of this machine. It has passed once it has passed by either of them: other processes use
/// the time of day, which can be set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    monotonic: Monotonic,
    time_of_day: Timestamp,
}

impl Deadline {
    /// A deadline that never passes.
    pub const NEVER: Self = Self { monotonic: Monotonic::MAX, time_of_day: Timestamp::MAX };

    /// The deadline at this time of day, by the current setting of the machine's clock.
    pub fn at(time_of_day: Timestamp, clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic() + until(clock.now(), time_of_day), time_of_day }
    }

    /// The deadline this long before this one.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self {
            monotonic: self.monotonic.before(duration),
            time_of_day: self.time_of_day.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }

    /// Whether it has passed.
    pub fn is_over(self, clock: &dyn Clock) -> bool {
        clock.monotonic() > self.monotonic || clock.now() > self.time_of_day
    }
}

/// Detects changes of the time of day, which then moves by more than the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct StepWatch {
    now: Timestamp,
    monotonic: Monotonic,
}

impl StepWatch {
    /// Starts to watch.
    pub fn new(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), monotonic: clock.monotonic() }
    }

    /// By how much the time of day was set forward (negative: back) since the previous call.
    pub fn step(&mut self, clock: &dyn Clock) -> SignedDuration {
        let later = Self::new(clock);
        let passed = SignedDuration::try_from(later.monotonic.since(self.monotonic)).unwrap_or(SignedDuration::MAX);
        let step = later.now.duration_since(self.now).saturating_sub(passed);
        *self = later;
        step
    }
}
