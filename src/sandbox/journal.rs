//! What calls were made, for tests that ask afterwards.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::Action;

/// Calls kept in full; beyond that, they are only counted.
const KEPT_CALLS: usize = 10_000;

/// One call and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// When the work was done or refused.
    pub at: Timestamp,
    /// Which call; none when the URL is not one the sandbox knows.
    pub action: Option<Action>,
    /// HTTP status of the reply; none when the connection was cut.
    pub status: Option<u16>,
    /// Whether the books changed.
    pub changed: bool,
    /// The fault it met.
    pub fault: Option<&'static str>,
    /// The first message of the reply, without what was lost on the way.
    pub message: String,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    calls: VecDeque<CallRecord>,
    counts: BTreeMap<&'static str, u64>,
}

impl Journal {
    pub(super) fn note(&mut self, call: CallRecord) {
        *self.counts.entry(call.action.map_or("unknown", Action::name)).or_default() += 1;
        if self.calls.len() == KEPT_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(super) fn calls(&self) -> Vec<CallRecord> {
        self.calls.iter().cloned().collect()
    }

    pub(super) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    pub(super) fn count(&self, action: Action) -> u64 {
        self.counts.get(action.name()).copied().unwrap_or_default()
    }
}
