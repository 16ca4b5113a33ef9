//! Repeats failing calls every five seconds, for up to [`RETRIED_FOR`].

use std::time::Duration;

use super::{MayCall, Permission, RETRIED_FOR, Reconciling, Stop};
use crate::{accurate::outcome::Failure, clock::Monotonic, domain::masters::ListFailure};

/// How long to wait after a failed call.
const BEFORE_NEXT_CALL: Duration = Duration::from_secs(5);

/// When one read began, which limits how long it is repeated.
pub(super) struct Patience {
    began_at: Monotonic,
}

impl Reconciling {
    /// Starts the time limit of one read.
    pub(super) fn patience(&self) -> Patience {
        Patience { began_at: self.clock.monotonic() }
    }

    /// Returns when a call may be made.
    pub(super) async fn wait_for_permission(
        &self,
        patience: &Patience,
        permission: Permission<'_>,
    ) -> Result<(), Stop> {
        loop {
            match permission() {
                MayCall::Yes => return Ok(()),
                MayCall::No => return Err(Stop::Interrupted),
                MayCall::Paused(why) if self.is_over(patience) => {
                    return Err(Stop::Incomplete(ListFailure::CallFailed(why)));
                }
                MayCall::Paused(_) => self.clock.sleep(BEFORE_NEXT_CALL).await,
            }
        }
    }

    /// Waits before a failed call is repeated; an error if the time is over, or if a repetition cannot succeed.
    pub(super) async fn wait_after(
        &self,
        failure: &Failure,
        patience: &Patience,
        permission: Permission<'_>,
    ) -> Result<(), Stop> {
        if matches!(permission(), MayCall::No) {
            return Err(Stop::Interrupted);
        }
        let may_pass = match failure {
            Failure::SlowDown(_) | Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) => true,
            Failure::RightMissing(missing) => {
                return Err(Stop::Incomplete(ListFailure::RightMissing(missing.words.clone())));
            }
            Failure::Refused(_) | Failure::BookRefused(_) => false,
        };
        if !may_pass || self.is_over(patience) {
            return Err(Stop::Incomplete(ListFailure::CallFailed(failure.words().to_owned())));
        }
        self.clock.sleep(BEFORE_NEXT_CALL).await;
        Ok(())
    }

    fn is_over(&self, patience: &Patience) -> bool {
        let spent = self.clock.monotonic().since(patience.began_at);
        spent >= RETRIED_FOR.unsigned_abs()
    }
}
