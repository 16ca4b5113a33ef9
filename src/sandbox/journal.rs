//! A journal of calls, for tests that check them afterwards.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::Action;

/// Number of calls that are kept in full; further calls are only counted.
const KEPT_CALLS: usize = 10_000;

/// One call and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// When the call was carried out or refused.
    pub at: Timestamp,
    /// The action; `None` if the sandbox does not support the URL.
    pub action: Option<Action>,
    /// HTTP status of the reply; `None` if the connection was closed.
    pub status: Option<u16>,
    /// Whether the data changed.
    pub changed: bool,
    /// The fault it met.
    pub fault: Option<&'static str>,
    /// The first message of the reply, even if the reply was lost.
    pub message: String,
    /// The caller's `traceparent`.
    pub traceparent: Option<String>,
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
