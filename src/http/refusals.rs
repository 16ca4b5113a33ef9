//! Refused requests in the log: the first of a kind at once, the others summed up once a minute.
//!
//! Strangers can send any number of requests. A line for each would fill the disk and hide what matters.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long refusals are summed up.
const PERIOD: Duration = Duration::from_mins(1);

/// How often each kind was refused in this period.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals(Arc<Mutex<BTreeMap<Kind, u64>>>);

/// What was refused, and with which code.
type Kind = (&'static str, &'static str);

impl Refusals {
    /// Notes a refusal: `what` is what was refused, for example `webhook`; `code` is the code of the answer.
    pub(super) fn note(&self, what: &'static str, code: &'static str) {
        let (is_first, is_first_of_its_kind) = {
            let mut counts = self.counts();
            let is_first = counts.is_empty();
            let count = counts.entry((what, code)).or_default();
            *count += 1;
            (is_first, *count == 1)
        };
        if is_first_of_its_kind {
            tracing::warn!(code, "{what} refused: {code}");
        }
        if is_first {
            let refusals = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(PERIOD).await;
                refusals.sum_up();
            });
        }
    }

    fn sum_up(&self) {
        let counts = std::mem::take(&mut *self.counts());
        // One was logged when it happened.
        for ((what, code), count) in counts.into_iter().filter(|(_, count)| *count > 1) {
            tracing::warn!(code, count, "{what} refused {count} times in the last minute: {code}");
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Kind, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
