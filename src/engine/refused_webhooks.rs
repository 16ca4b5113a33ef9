//! Counts the webhooks that this replica has refused since one was last accepted, so that people are notified of a
//! changed key.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Engine;
use crate::domain::notice::Refused;

/// Counts refused webhooks until one is accepted.
#[derive(Debug, Default)]
pub(super) struct RefusedWebhooks(Mutex<Option<Refused>>);

impl RefusedWebhooks {
    /// The refused webhooks, if none was accepted after the first of them. `newest` is when the newest accepted webhook
    /// arrived at any replica.
    pub(super) fn after(&self, newest: Option<Timestamp>) -> Option<Refused> {
        self.change(|refused| {
            // The next one counts as the first.
            if refused.is_some_and(|refused| newest >= Some(refused.since)) {
                *refused = None;
            }
            *refused
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Option<Refused>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Records that a webhook was refused because of its key or signature.
    pub fn webhook_was_refused(&self) {
        let now = self.now();
        self.refused_webhooks.change(|refused| {
            let Refused { since, webhooks } = refused.unwrap_or(Refused { since: now, webhooks: 0 });
            *refused = Some(Refused { since, webhooks: webhooks + 1 });
        });
    }

    /// Records that an authentic webhook was accepted.
    pub fn webhook_was_accepted(&self) {
        self.refused_webhooks.change(|refused| *refused = None);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_webhook_that_another_replica_accepted_begins_a_new_count() {
        let since = Timestamp::UNIX_EPOCH;
        let refused = RefusedWebhooks::default();
        refused.change(|refused| *refused = Some(Refused { since, webhooks: 7 }));
        let earlier = since - SignedDuration::from_secs(1);
        assert_eq!(refused.after(Some(earlier)), Some(Refused { since, webhooks: 7 }));
        assert_eq!(refused.after(Some(since + SignedDuration::from_secs(1))), None);
        assert_eq!(refused.after(Some(earlier)), None);
    }
}
