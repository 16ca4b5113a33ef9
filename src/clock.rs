//! Time is injected, so that a test can replay it.
//!
//! There are two readings. [`Clock::now`] is the time of day: it is stored, shown and sent, and it jumps when somebody
//! sets the machine's clock. [`Clock::monotonic`] only runs forward: every wait and every deadline inside this process
//! is measured with it.

use std::{future::Future, ops::Add, pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from and how it is waited for.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// A reading that never goes back, whatever happens to the time of day.
    fn monotonic(&self) -> Monotonic;

    /// Ends after this long, measured like [`Clock::monotonic`].
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// A reading of a clock that only runs forward.
///
/// It means nothing outside this process: it is never stored and never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// Earlier than any reading.
    pub const MIN: Self = Self(Duration::ZERO);

    /// Later than any reading.
    pub const MAX: Self = Self(Duration::MAX);

    /// The reading this long after the clock began.
    pub const fn after_beginning(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long after the clock began this reading is.
    pub const fn since_beginning(self) -> Duration {
        self.0
    }

    /// How long it is from an earlier reading to this one; zero when that one is not earlier.
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

    /// What [`Monotonic::as_micros`] gave.
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

/// How long from one moment to a later one; nothing when it is not later.
pub fn until(now: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(now)).unwrap_or_default()
}

/// A moment by both clocks of this machine. It is over as soon as one of them says so: others go by the time of day,
/// and that can be set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    monotonic: Monotonic,
    time_of_day: Timestamp,
}

impl Deadline {
    /// It is never over.
    pub const NEVER: Self = Self { monotonic: Monotonic::MAX, time_of_day: Timestamp::MAX };

    /// The moment that the time of day, as it is set now, will show as this.
    pub fn at(time_of_day: Timestamp, clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic() + until(clock.now(), time_of_day), time_of_day }
    }

    /// The moment this long before it.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self {
            monotonic: self.monotonic.before(duration),
            time_of_day: self.time_of_day.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }

    /// Whether it is over.
    pub fn is_over(self, clock: &dyn Clock) -> bool {
        clock.monotonic() > self.monotonic || clock.now() > self.time_of_day
    }
}

/// Notices when the time of day is set: it then moves by more than the monotonic clock does.
#[derive(Clone, Copy, Debug)]
pub struct StepWatch {
    now: Timestamp,
    monotonic: Monotonic,
}

impl StepWatch {
    /// Begins to watch.
    pub fn new(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), monotonic: clock.monotonic() }
    }

    /// By how much the time of day was set forward (or back, below zero) since the last look.
    pub fn step(&mut self, clock: &dyn Clock) -> SignedDuration {
        let later = Self::new(clock);
        let passed = SignedDuration::try_from(later.monotonic.since(self.monotonic)).unwrap_or(SignedDuration::MAX);
        let step = later.now.duration_since(self.now).saturating_sub(passed);
        *self = later;
        step
    }
}
