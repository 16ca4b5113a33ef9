//! How many wrong tokens of requests are answered with 401 before the answer becomes 429.
//!
//! Every token is compared, so a right one works however many wrong ones arrive. The limit keeps guesses from filling
//! the log and from looking like ordinary use; their length is what makes tokens impossible to guess.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::clock::Monotonic;

/// Wrong tokens within [`PERIOD`] that are answered with 401; further ones are answered with 429.
const MOST: usize = 30;

/// The time over which wrong tokens are counted.
const PERIOD: Duration = Duration::from_mins(1);

/// When the latest wrong tokens arrived.
#[derive(Debug, Default)]
pub(super) struct TokenLimit(Mutex<VecDeque<Monotonic>>);

impl TokenLimit {
    /// Counts a wrong token. After too many of them: how long until the next is answered with 401 again.
    pub(super) fn count(&self, now: Monotonic) -> Result<(), Duration> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while latest.front().is_some_and(|at| now.since(*at) >= PERIOD) {
            latest.pop_front();
        }
        if let (MOST.., Some(oldest)) = (latest.len(), latest.front()) {
            return Err(PERIOD.saturating_sub(now.since(*oldest)));
        }
        latest.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::after_beginning(Duration::from_secs(seconds))
    }

    #[test]
    fn after_thirty_within_a_minute_it_is_too_many_until_the_first_is_a_minute_old() {
        let limit = TokenLimit::default();
        for second in 0..30 {
            assert_eq!(limit.count(at(second)), Ok(()));
        }
        assert_eq!(limit.count(at(30)), Err(Duration::from_secs(30)));
        assert_eq!(limit.count(at(59)), Err(Duration::from_secs(1)));
        assert_eq!(limit.count(at(60)), Ok(()));
        assert_eq!(limit.count(at(60)), Err(Duration::from_secs(1)));
    }
}
