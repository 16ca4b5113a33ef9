//! How long without a webhook is unusual for this shop, so that a person should check.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{domain::notice::unusual_silence, storage::Result};

/// The period whose orders are considered.
const LATELY: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long a result is used.
const USED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The latest result, and when it was computed.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<(Timestamp, SignedDuration)>>);

impl Engine {
    /// The time without a webhook after which a person should check. Pages, metrics and notices read it from the
    /// database at most once an hour, and webhooks never do.
    pub async fn unusual_silence(&self) -> Result<SignedDuration> {
        let now = self.now();
        let known = *self.silence.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, silence)) = known.filter(|(at, _)| now.duration_since(*at) < USED_FOR) {
            return Ok(silence);
        }
        let silence = unusual_silence(self.storage.arrivals(now - LATELY, now).await?);
        *self.silence.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, silence));
        Ok(silence)
    }
}
