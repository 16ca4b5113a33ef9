//! Documents of one kind, and which of their changes are already shown.

use std::{collections::VecDeque, ops::Deref, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Settings,
    register::{Record, Register, Shown},
};

/// Documents of one kind. They are read like their register; each change is remembered until all look-ups show it.
#[derive(Debug)]
pub(super) struct Documents<T> {
    register: Register<T>,
    /// Changes that some look-ups do not show yet, oldest first.
    recent: VecDeque<Change<T>>,
    longest_lag: Duration,
}

/// A change of a document.
#[derive(Debug)]
struct Change<T> {
    at: Timestamp,
    id: i64,
    /// The previous state; `None` if the document did not exist.
    before: Option<T>,
}

impl<T> Deref for Documents<T> {
    type Target = Register<T>;

    fn deref(&self) -> &Register<T> {
        &self.register
    }
}

impl<T: Record + Clone> Documents<T> {
    pub(super) fn new() -> Self {
        Self { register: Register::new(), recent: VecDeque::new(), longest_lag: Duration::ZERO }
    }

    /// What follows from the settings.
    pub(super) fn settings_changed(&mut self, settings: &Settings) {
        self.register.ignores_case = settings.letter_case.is_ignored();
        self.longest_lag = settings.detail_lag.max(settings.list_lag);
    }

    /// Adds a document, built with the next id.
    pub(super) fn add(&mut self, now: Timestamp, make: impl FnOnce(i64) -> T) -> T {
        let document = self.register.add(make).clone();
        self.changed(now, self.register.last_id, None);
        document
    }

    /// Changes a document; `None` if it does not exist.
    pub(super) fn edit(&mut self, now: Timestamp, id: i64, edit: impl FnOnce(&mut T)) -> Option<T> {
        let before = self.register.with_id(id)?.clone();
        let mut after = before.clone();
        edit(&mut after);
        self.changed(now, id, Some(before));
        Some(self.register.put(id, after).clone())
    }

    /// Deletes a document; `None` if it does not exist.
    pub(super) fn remove(&mut self, now: Timestamp, id: i64) -> Option<T> {
        let removed = self.register.remove(id)?;
        self.changed(now, id, Some(removed.clone()));
        Some(removed)
    }

    fn changed(&mut self, at: Timestamp, id: i64, before: Option<T>) {
        let longest = self.longest_lag;
        let shown = |change: &Change<T>| has_passed(longest, change.at, at);
        while self.recent.front().is_some_and(shown) {
            self.recent.pop_front();
        }
        if !longest.is_zero() {
            self.recent.push_back(Change { at, id, before });
        }
    }

    /// The documents as a look-up with this delay shows them.
    pub(super) fn shown(&self, lag: Duration, now: Timestamp) -> Shown<'_, T> {
        let unseen = self.recent.iter().rev().filter(|change| !has_passed(lag, change.at, now));
        self.register.before(unseen.map(|change| (change.id, change.before.as_ref())))
    }

    /// The first of these numbers, from the next id on, that no document has.
    pub(super) fn own_number(&self, numbered: impl Fn(i64) -> String) -> String {
        let mut serial = self.register.last_id + 1;
        while self.register.holds(&numbered(serial)) {
            serial += 1;
        }
        numbered(serial)
    }
}

/// Whether a change made at that time is old enough to be shown.
fn has_passed(lag: Duration, changed_at: Timestamp, now: Timestamp) -> bool {
    lag.is_zero() || now.duration_since(changed_at) >= SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX)
}
