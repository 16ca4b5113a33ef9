//! Which replica does what.

use std::time::Duration;

/// How long a leadership lasts after it was last renewed. Replicas may have different terms: the leader's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(Duration);

impl Term {
    /// Of so many seconds.
    pub const fn of_seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// In seconds.
    pub fn seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// Its length.
    pub fn length(self) -> Duration {
        self.0
    }

    /// How long after its renewal the last call is sent: clocks drift, and a call needs time to arrive.
    pub fn until_last_call(self) -> Duration {
        self.0 / 5 * 4
    }

    /// How often the leader renews.
    pub fn between_renewals(self) -> Duration {
        self.0 / 5
    }

    /// How often the other replicas check whether there is a leader.
    pub fn between_checks(self) -> Duration {
        self.0 / 10
    }
}

impl Default for Term {
    fn default() -> Self {
        Self::of_seconds(5)
    }
}

/// Who leads a duty, for example making a book's calls to Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// This process, for as long as it runs: no other one can work on this database.
    Sole,
    /// This replica led it and still does.
    Renewed,
    /// This replica leads it from now on: nobody did, or the leadership of another replica has ended.
    Won,
    /// Another replica leads it.
    Another {
        /// How the book is, as that replica reported it.
        report: Option<String>,
    },
}
