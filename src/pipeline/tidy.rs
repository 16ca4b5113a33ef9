//! Housekeeping: the bodies of old webhooks are cleared once no decision needs them any more.

use jiff::SignedDuration;

use super::Engine;
use crate::store::{Cleared, Result};

/// Deliveries that are looked at in one commit: so few that no webhook waits noticeably for its turn.
pub const STEP: i64 = 32;

impl Engine {
    /// Looks at some deliveries that came longer ago than this and clears the bodies that are not needed any more.
    pub async fn tidy_some(&self, keep: SignedDuration) -> Result<Cleared> {
        let now = self.now();
        self.store.clear_bodies(now - keep, now, STEP).await
    }
}
