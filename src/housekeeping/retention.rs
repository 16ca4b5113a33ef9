//! Retention: the bodies of old webhooks are cleared once no decision needs them.

use jiff::{SignedDuration, Timestamp};

use crate::storage::{Cleared, Housekeeping, Result};

/// Number of deliveries that are examined in one commit, small enough not to delay webhooks noticeably.
pub const STEP: i64 = 32;

/// Examines some deliveries that arrived longer than `keep` ago, and clears the bodies that are no longer needed.
pub async fn clear_some(storage: &dyn Housekeeping, keep: SignedDuration, now: Timestamp) -> Result<Cleared> {
    storage.clear_bodies(now - keep, now, STEP).await
}
