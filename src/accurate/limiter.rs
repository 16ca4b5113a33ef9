//! Keeps each book within Accurate's limits: 8 calls in any second and 8 in flight (accurate.md §2, A).
//!
//! There are eight slots. A call occupies a slot until one second after the call ended, so two calls with the same slot
//! never reach Accurate within one second of each other, and Accurate sees at most eight calls in any second. A call
//! that takes long reached Accurate long before it ended, so its slot is free again one second and `TRANSIT` after it
//! was sent; `TRANSIT` allows for variations of the network delay.
//!
//! All times are measured with the monotonic clock, so setting the machine's clock makes no call later or earlier.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Mutex, time::Duration};

use jiff::SignedDuration;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::{Monotonic, SharedClock};

/// Accurate's limit, both for calls in a second and for calls in flight.
const SLOTS: usize = 8;

/// How many slots are lent to another process.
const LENT: usize = SLOTS / 2;

/// Slots that background calls leave to others at any time.
const KEPT_FREE: usize = SLOTS / 2;

/// How often a waiting background call checks for a spare slot: as often as a slot of eight becomes free on average.
const CHECK_FOR_SPARE: Duration = Duration::from_millis(125);

/// The period in which Accurate counts calls.
const WINDOW: Duration = Duration::from_secs(1);

/// Allowance for the time that a call needs to reach Accurate. It costs at most a tenth of the possible calls.
const TRANSIT: Duration = Duration::from_millis(100);

/// Shortest time between two calls. Calls that are sent together can be delayed together, and then coincide with the
/// calls of the next second. If calls are spread, one of them may be delayed by more than `TRANSIT`. Spreading costs
/// nothing, because eight slots allow one call in 125 milliseconds on average.
const GAP: Duration = Duration::from_millis(60);

/// How long a call without a reply counts as in flight at Accurate.
const LOST: Duration = Duration::from_secs(5);

/// The limits of one book.
pub struct Limiter {
    /// Gives out slots in the order of the requests.
    in_flight: Semaphore,
    state: Mutex<State>,
    clock: SharedClock,
}

struct State {
    /// When each free slot may be used again.
    free_from: BinaryHeap<Reverse<Monotonic>>,
    /// When the next call may be sent: Accurate asked to slow down, or another call has just been sent.
    next_at: Monotonic,
}

/// The permission to make one call, until it is dropped.
pub struct Slot<'a> {
    limiter: &'a Limiter,
    sent_at: Monotonic,
    answered: bool,
    _permit: SemaphorePermit<'a>,
}

/// Half of the slots, not used here until this is dropped.
pub struct Lent<'a> {
    limiter: &'a Limiter,
    /// How long after their return the slots stay out of use.
    after: Duration,
    _permits: SemaphorePermit<'a>,
}

impl Limiter {
    /// A limiter for one book. The first call is sent slightly more than one second from now.
    pub fn new(clock: SharedClock) -> Self {
        // A process that has just been killed may have made calls within this second.
        let free_from = std::iter::repeat_n(Reverse(clock.monotonic() + WINDOW + TRANSIT), SLOTS).collect();
        let state = State { free_from, next_at: Monotonic::MIN };
        Self { in_flight: Semaphore::new(SLOTS), state: Mutex::new(state), clock }
    }

    /// Waits until a call may be sent.
    pub async fn slot(&self) -> Slot<'_> {
        let permit = self.in_flight.acquire().await.expect("the semaphore is never closed");
        loop {
            let now = self.clock.monotonic();
            let wait = {
                let mut state = self.lock();
                // This call has a permit, so a slot exists.
                let free_from = state.free_from.peek().map_or(now, |slot| slot.0).max(state.next_at);
                if free_from <= now {
                    state.free_from.pop();
                    state.next_at = now + GAP;
                    return Slot { limiter: self, sent_at: now, answered: false, _permit: permit };
                }
                free_from.since(now)
            };
            self.clock.sleep(wait).await;
        }
    }

    /// Waits until a background call may be sent, which must leave half of the slots free.
    ///
    /// A slot is out of use for about a second, so there are at most four background calls a second, and none while
    /// other calls are more frequent than that. Background calls never occupy more than half of the slots.
    pub async fn spare_slot(&self) -> Slot<'_> {
        loop {
            if let Some(slot) = self.take_spare() {
                return slot;
            }
            self.clock.sleep(CHECK_FOR_SPARE).await;
        }
    }

    fn take_spare(&self) -> Option<Slot<'_>> {
        // If there is no permit, eight calls are in flight, or others are waiting.
        let permit = self.in_flight.try_acquire().ok()?;
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let free = state.free_from.iter().filter(|slot| slot.0 <= now).count();
        if free <= KEPT_FREE || state.next_at > now {
            return None;
        }
        state.free_from.pop();
        state.next_at = now + GAP;
        drop(state);
        Some(Slot { limiter: self, sent_at: now, answered: false, _permit: permit })
    }

    /// Takes half of the slots out of use. When this returns, their calls no longer count at Accurate, so that another
    /// process may make as many calls.
    pub async fn lend(&self) -> Lent<'_> {
        let permits = self.in_flight.acquire_many(LENT as u32).await.expect("the semaphore is never closed");
        let slots: Vec<_> = {
            let mut state = self.lock();
            // There are as many slots as permits.
            std::iter::repeat_with(|| state.free_from.pop()).take(LENT).flatten().collect()
        };
        // The last calls of the borrower may still be in flight when it ends.
        let lent = Lent { limiter: self, after: LOST, _permits: permits };
        if let Some(Reverse(last)) = slots.into_iter().min() {
            self.clock.sleep(last.since(self.clock.monotonic())).await;
        }
        lent
    }

    /// Sends no call for this long, because Accurate asked to slow down.
    pub fn pause(&self, duration: SignedDuration) {
        let until = self.clock.monotonic() + Duration::try_from(duration).unwrap_or_default();
        let mut state = self.lock();
        state.next_at = state.next_at.max(until);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// Records that the call was answered, successfully or not.
    pub fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let now = self.limiter.clock.monotonic();
        let free_from = if self.answered { now.min(self.sent_at + TRANSIT) + WINDOW } else { now + LOST };
        self.limiter.lock().free_from.push(Reverse(free_from));
    }
}

impl Lent<'_> {
    /// Returns the slots early, because every call made with them was answered.
    pub fn all_answered(mut self) {
        self.after = WINDOW;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let free_from = self.limiter.clock.monotonic() + self.after;
        self.limiter.lock().free_from.extend(std::iter::repeat_n(Reverse(free_from), LENT));
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::Pin, sync::Arc};

    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;

    /// A clock that jumps to the end of each sleep.
    #[derive(Default)]
    struct Jumping(Mutex<(Duration, SignedDuration)>);

    impl Jumping {
        fn new() -> Arc<Self> {
            Arc::new(Self::default())
        }

        fn milliseconds(&self) -> i64 {
            self.monotonic().since_beginning().as_millis() as i64
        }

        /// Sets the machine's clock.
        fn is_set(&self, by: SignedDuration) {
            self.0.lock().expect("not poisoned").1 += by;
        }
    }

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            let (passed, set) = *self.0.lock().expect("not poisoned");
            Timestamp::from_second(1_700_000_000).expect("in range") + passed + set
        }

        fn monotonic(&self) -> Monotonic {
            Monotonic::after_beginning(self.0.lock().expect("not poisoned").0)
        }

        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            self.0.lock().expect("not poisoned").0 += duration;
            Box::pin(std::future::ready(()))
        }
    }

    /// The times at which calls reach Accurate if each needs `way` to get there and `work` to be answered.
    async fn arrivals(calls: usize, ways_ms: &[i64], work_ms: i64) -> Vec<i64> {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        let mut arrivals = Vec::new();
        for call in 0..calls {
            let slot = limiter.slot().await;
            let way = ways_ms[call % ways_ms.len()];
            arrivals.push(clock.milliseconds() + way);
            clock.sleep(Duration::from_millis((way + work_ms) as u64)).await;
            slot.answered();
        }
        arrivals.sort_unstable();
        arrivals
    }

    fn most_in_any_second(arrivals: &[i64]) -> usize {
        let within = |start: &i64| arrivals.iter().filter(|at| (*start..start + 1000).contains(*at)).count();
        arrivals.iter().map(within).max().unwrap_or_default()
    }

    #[tokio::test]
    async fn no_second_sees_more_than_eight_calls_whatever_the_way_takes() {
        for ways in [&[0_i64][..], &[0, 90], &[90, 0, 50, 3], &[7]] {
            let arrivals = arrivals(200, ways, 1).await;
            assert!(most_in_any_second(&arrivals) <= 8, "{ways:?}");
        }
    }

    #[tokio::test]
    async fn at_most_a_tenth_of_the_allowance_is_wasted() {
        let arrivals = arrivals(80, &[2], 3).await;
        let seconds = (arrivals[79] - arrivals[0]) as f64 / 1000.0;
        assert!(79.0 / seconds >= 7.2, "{} calls a second", 79.0 / seconds);
    }

    #[tokio::test]
    async fn a_ninth_call_waits_while_eight_are_in_flight() {
        let limiter = Limiter::new(Jumping::new());
        let mut slots = Vec::new();
        for _ in 0..8 {
            slots.push(limiter.slot().await);
        }
        assert!(tokio::time::timeout(Duration::ZERO, limiter.slot()).await.is_err());
        slots.pop().expect("eight").answered();
        limiter.slot().await.answered();
    }

    #[tokio::test]
    async fn while_half_is_lent_the_other_half_is_used_and_then_all_of_it_again() {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        let mut arrivals = Vec::new();
        let mut call = async |calls: usize| {
            let before = arrivals.len();
            for _ in 0..calls {
                let slot = limiter.slot().await;
                arrivals.push(clock.milliseconds());
                slot.answered();
            }
            most_in_any_second(&arrivals[before..])
        };
        assert!(call(40).await > LENT);
        let before = clock.milliseconds();
        let lent = limiter.lend().await;
        assert!(clock.milliseconds() - before <= 1_100, "it waits only until its slots are over");
        assert_eq!(call(40).await, LENT);
        let mut slots = Vec::new();
        for _ in 0..LENT {
            slots.push(limiter.slot().await);
        }
        assert!(tokio::time::timeout(Duration::ZERO, limiter.slot()).await.is_err(), "half may be in flight");
        drop(slots);
        drop(lent);
        assert!(call(40).await > LENT);
        assert!(most_in_any_second(&arrivals) <= SLOTS);
    }

    #[tokio::test]
    async fn background_calls_are_at_most_half_of_what_is_allowed() {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        let mut arrivals = Vec::new();
        for _ in 0..40 {
            let slot = limiter.spare_slot().await;
            arrivals.push(clock.milliseconds());
            slot.answered();
        }
        assert_eq!(most_in_any_second(&arrivals), SLOTS - KEPT_FREE);
        let seconds = (arrivals[39] - arrivals[0]) as f64 / 1000.0;
        assert!(39.0 / seconds >= 3.2, "{} calls a second", 39.0 / seconds);
    }

    #[tokio::test]
    async fn a_call_that_others_wait_for_finds_a_free_slot_whatever_the_background_does() {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        clock.sleep(Duration::from_secs(2)).await;
        let in_background = [limiter.spare_slot().await, limiter.spare_slot().await, limiter.spare_slot().await];
        let before = clock.milliseconds();
        let mut prompt = Vec::new();
        for _ in 0..KEPT_FREE {
            prompt.push(limiter.slot().await);
        }
        assert!(clock.milliseconds() - before <= 4 * GAP.as_millis() as i64, "only the gap between two calls passes");
        assert!(limiter.take_spare().is_none(), "the background waits while half of the slots are in use");
        drop((in_background, prompt));
    }

    #[tokio::test]
    async fn while_half_is_lent_no_background_call_leaves() {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        let lent = limiter.lend().await;
        clock.sleep(Duration::from_secs(10)).await;
        assert!(limiter.take_spare().is_none());
        drop(lent);
        clock.sleep(Duration::from_secs(10)).await;
        assert!(limiter.take_spare().is_some());
    }

    #[tokio::test]
    async fn what_was_lent_is_back_after_a_second_once_all_calls_were_answered() {
        for (is_known, wait) in [(true, WINDOW), (false, LOST)] {
            let clock = Jumping::new();
            let limiter = Limiter::new(clock.clone());
            let lent = limiter.lend().await;
            if is_known {
                lent.all_answered();
            } else {
                drop(lent);
            }
            let returned = clock.milliseconds();
            limiter.spare_slot().await.answered();
            let waited = clock.milliseconds() - returned;
            let wait = wait.as_millis() as i64;
            assert!((wait..wait + 200).contains(&waited), "{waited} ms instead of {wait} ms");
        }
    }

    #[tokio::test]
    async fn slow_down_holds_every_call_back() {
        let clock = Jumping::new();
        let limiter = Limiter::new(clock.clone());
        limiter.pause(SignedDuration::from_secs(3));
        limiter.slot().await.answered();
        assert_eq!(clock.milliseconds(), 3_000);
    }

    #[tokio::test]
    async fn setting_the_machines_clock_changes_no_wait() {
        for hours in [-2, 2] {
            let clock = Jumping::new();
            let limiter = Limiter::new(clock.clone());
            limiter.slot().await.answered();
            clock.is_set(SignedDuration::from_hours(hours));
            let before = clock.milliseconds();
            for _ in 0..16 {
                limiter.slot().await.answered();
            }
            let took = clock.milliseconds() - before;
            assert!((1_000..3_000).contains(&took), "{hours} hours: 16 calls took {took} ms");
        }
    }
}
