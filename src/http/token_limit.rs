//! Wrong tokens: how many are answered one by one, and when the answer becomes "too many".
//!
//! A token is always compared, so however many wrong ones come, the right one works. The limit keeps guessing from
//! filling the log and from looking like ordinary use; that guessing is hopeless follows from the length of a token.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::clock::Monotonic;

/// Wrong tokens within [`WITHIN`] that are answered with 401; further ones are answered with 429.
const MOST: usize = 30;

/// The time over which wrong tokens are counted.
const WITHIN: Duration = Duration::from_mins(1);

/// The latest wrong tokens.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<VecDeque<Monotonic>>);

impl Attempts {
    /// A wrong token was given. After too many of them: how long until the next is answered with 401 again.
    pub(super) fn wrong(&self, now: Monotonic) -> Result<(), Duration> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while latest.front().is_some_and(|at| now.since(*at) >= WITHIN) {
            latest.pop_front();
        }
        if let (MOST.., Some(oldest)) = (latest.len(), latest.front()) {
            return Err(WITHIN.saturating_sub(now.since(*oldest)));
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
        let attempts = Attempts::default();
        for second in 0..30 {
            assert_eq!(attempts.wrong(at(second)), Ok(()));
        }
        assert_eq!(attempts.wrong(at(30)), Err(Duration::from_secs(30)));
        assert_eq!(attempts.wrong(at(59)), Err(Duration::from_secs(1)));
        assert_eq!(attempts.wrong(at(60)), Ok(()));
        assert_eq!(attempts.wrong(at(60)), Err(Duration::from_secs(1)));
    }
}
