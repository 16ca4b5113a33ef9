//! Retention: the bodies of old webhooks are cleared once no decision needs them any more.

use jiff::{SignedDuration, Timestamp};

use crate::storage::{Cleared, Result, Storage};

/// Deliveries that are examined in one commit: so few that no webhook waits noticeably for its turn.
pub const STEP: i64 = 32;

/// Examines some deliveries that came longer than `keep` ago and clears the bodies that are not needed any more.
pub async fn clear_some(storage: &dyn Storage, keep: SignedDuration, now: Timestamp) -> Result<Cleared> {
    storage.clear_bodies(now - keep, now, STEP).await
}
