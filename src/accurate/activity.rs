//! The calls of the last minute and the last errors of a book, for the page about its connection.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// How many errors are kept.
const ERRORS_KEPT: usize = 10;

/// What is counted.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The recent calls of a book that this process made.
#[derive(Debug, Default)]
pub(super) struct Activity(Mutex<Lately>);

/// The same, to be shown.
#[derive(Clone, Debug, Default)]
pub struct Lately {
    calls: VecDeque<Timestamp>,
    /// The newest first.
    pub errors: VecDeque<CallError>,
}

/// A call that did not go well.
#[derive(Clone, Debug)]
pub struct CallError {
    /// When it ended.
    pub at: Timestamp,
    /// For example `sales-invoice/save`.
    pub call: &'static str,
    /// The class of the failure, for example `ambiguous`.
    pub outcome: &'static str,
    /// The message.
    pub words: String,
}

impl Lately {
    /// Calls within the minute before this time.
    pub fn calls(&self, now: Timestamp) -> usize {
        self.calls.iter().filter(|at| **at > now - MINUTE && **at <= now).count()
    }
}

impl Activity {
    /// Records that a call has ended.
    pub(super) fn note(&self, at: Timestamp, error: Option<CallError>) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Not only those at the front: the machine's clock may have been set back since.
        lately.calls.retain(|call| *call > at - MINUTE && *call <= at);
        lately.calls.push_back(at);
        if let Some(error) = error {
            lately.errors.push_front(error);
            lately.errors.truncate(ERRORS_KEPT);
        }
    }

    /// The recent calls and errors.
    pub(super) fn lately(&self) -> Lately {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_calls_is_counted_and_the_newest_errors_are_kept() {
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).expect("a moment");
        let activity = Activity::default();
        for second in 0..100 {
            let error =
                CallError { at: at(second), call: "item/list", outcome: "ambiguous", words: second.to_string() };
            activity.note(at(second), (second % 2 == 0).then_some(error));
        }
        let lately = activity.lately();
        assert_eq!(lately.calls(at(99)), 60);
        assert_eq!(lately.calls(at(129)), 30);
        assert_eq!(lately.errors.len(), ERRORS_KEPT);
        assert_eq!(lately.errors[0].words, "98");
    }

    #[test]
    fn calls_by_a_clock_that_was_ahead_are_not_kept() {
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).expect("a moment");
        let activity = Activity::default();
        activity.note(at(3_600), None);
        for second in 0..100 {
            activity.note(at(second), None);
        }
        assert_eq!(activity.lately().calls.len(), 60);
    }
}
