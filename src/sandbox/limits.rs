//! Accurate's two limits: calls in one second, and calls in flight (accurate.md §2).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Action;

/// Number of violations that are kept in full; further ones are only counted.
const KEPT_BREACHES: usize = 1_000;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in any one second; `None`: no limit.
    pub per_second: Option<usize>,
    /// Calls in flight; `None`: no limit.
    pub in_flight: Option<usize>,
    /// The answer to a call above the limit.
    pub reply: LimitReply,
}

impl Limits {
    /// Nothing is refused. The maximum per second and in flight is still recorded.
    pub const OFF: Self = Self { per_second: None, in_flight: None, reply: LimitReply::Alternate };
}

impl Default for Limits {
    /// 8 and 8, Accurate's limits.
    fn default() -> Self {
        Self { per_second: Some(8), in_flight: Some(8), reply: LimitReply::Alternate }
    }
}

/// The answer to a call above the limit; the real form is not known (accurate.md §2, §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitReply {
    /// Both forms alternately.
    Alternate,
    /// HTTP 429.
    Http429,
    /// HTTP 200 with `"s":false` and a message.
    Message,
}

/// The limit that a call exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BreachKind {
    PerSecond,
    InFlight,
}

impl BreachKind {
    /// The name in the control routes.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "per_second",
            Self::InFlight => "in_flight",
        }
    }
}

/// A call above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The limit.
    pub kind: BreachKind,
    /// When it arrived.
    pub at: Timestamp,
    /// Which call.
    pub action: Action,
}

/// Counts the calls of the only credential.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) limits: Limits,
    /// Accepted calls of the last second; a refused call does not delay the next ones.
    let_in: VecDeque<Timestamp>,
    /// All calls of the last second, including refused ones: what the client really did.
    arrived: VecDeque<Timestamp>,
    in_flight: usize,
    pub(super) max_in_any_second: usize,
    pub(super) max_in_flight: usize,
    breaches: VecDeque<Breach>,
    pub(super) breaches_per_second: u64,
    pub(super) breaches_in_flight: u64,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            let_in: VecDeque::new(),
            arrived: VecDeque::new(),
            in_flight: 0,
            max_in_any_second: 0,
            max_in_flight: 0,
            breaches: VecDeque::new(),
            breaches_per_second: 0,
            breaches_in_flight: 0,
        }
    }

    /// Counts an incoming call; the error is the limit that it exceeds.
    pub(super) fn arrive(&mut self, action: Action, now: Timestamp) -> Result<(), BreachKind> {
        forget_older_than_a_second(&mut self.arrived, now);
        forget_older_than_a_second(&mut self.let_in, now);
        self.arrived.push_back(now);
        self.max_in_any_second = self.max_in_any_second.max(self.arrived.len());
        self.max_in_flight = self.max_in_flight.max(self.in_flight + 1);

        let above = |limit: Option<usize>, so_far: usize| limit.is_some_and(|limit| so_far >= limit);
        let kind = if above(self.limits.per_second, self.let_in.len()) {
            self.breaches_per_second += 1;
            BreachKind::PerSecond
        } else if above(self.limits.in_flight, self.in_flight) {
            self.breaches_in_flight += 1;
            BreachKind::InFlight
        } else {
            self.let_in.push_back(now);
            self.in_flight += 1;
            return Ok(());
        };
        if self.breaches.len() == KEPT_BREACHES {
            self.breaches.pop_front();
        }
        self.breaches.push_back(Breach { kind, at: now, action });
        Err(kind)
    }

    /// An accepted call has been answered, or its caller has disconnected.
    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Whether to answer this violation with HTTP 429 instead of a message.
    pub(super) fn answers_with_429(&self) -> bool {
        match self.limits.reply {
            LimitReply::Http429 => true,
            LimitReply::Message => false,
            LimitReply::Alternate => (self.breaches_per_second + self.breaches_in_flight) % 2 == 1,
        }
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        self.breaches.iter().copied().collect()
    }
}

fn forget_older_than_a_second(times: &mut VecDeque<Timestamp>, now: Timestamp) {
    // If a clock is set back, calls from the future would stay in the window until the clock catches up.
    if times.back().is_some_and(|at| *at > now) {
        times.clear();
    }
    while times.front().is_some_and(|at| now.duration_since(*at) >= SECOND) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).expect("in range")
    }

    fn call(limiter: &mut Limiter, millis: i64) -> Result<(), BreachKind> {
        let let_in = limiter.arrive(Action::InvoiceSave, at(millis));
        if let_in.is_ok() {
            limiter.leave();
        }
        let_in
    }

    #[test]
    fn the_ninth_call_in_a_second_is_refused_and_the_window_slides() {
        let mut limiter = Limiter::new(Limits::default());
        for n in 0..8 {
            assert_eq!(call(&mut limiter, n * 100), Ok(()));
        }
        assert_eq!(call(&mut limiter, 999), Err(BreachKind::PerSecond));
        assert_eq!(call(&mut limiter, 1_000), Ok(()), "the call at 0 is a second ago");
        assert_eq!(call(&mut limiter, 1_050), Err(BreachKind::PerSecond));
        assert_eq!(limiter.breaches_per_second, 2);
        assert_eq!(limiter.breaches().len(), 2);
        assert_eq!(limiter.max_in_any_second, 10, "refused calls count as calls made");
    }

    #[test]
    fn the_ninth_call_in_flight_is_refused_until_one_leaves() {
        let mut limiter = Limiter::new(Limits { per_second: None, ..Limits::default() });
        for _ in 0..8 {
            assert_eq!(limiter.arrive(Action::InvoiceSave, at(0)), Ok(()));
        }
        assert_eq!(limiter.arrive(Action::InvoiceSave, at(0)), Err(BreachKind::InFlight));
        limiter.leave();
        assert_eq!(limiter.arrive(Action::InvoiceSave, at(0)), Ok(()));
        assert_eq!((limiter.max_in_flight, limiter.breaches_in_flight), (9, 1));
    }

    #[test]
    fn without_limits_nothing_is_refused_but_the_most_is_still_known() {
        let mut limiter = Limiter::new(Limits::OFF);
        for _ in 0..20 {
            assert_eq!(limiter.arrive(Action::InvoiceList, at(0)), Ok(()));
        }
        assert_eq!((limiter.max_in_any_second, limiter.max_in_flight), (20, 20));
    }
}
