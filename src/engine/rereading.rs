//! Reads kept webhooks again, step by step: this version may understand what an earlier one could not.

use std::{collections::BTreeMap, time::Duration};

use super::Engine;
use crate::{clock::Monotonic, inbox::reread::Sweep, storage, supervisor::Progress};

/// How long after a failure kept webhooks are read again.
const REREAD_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// How far this process has come with reading kept webhooks again.
#[derive(Default)]
pub(super) struct Rereading {
    orders: Sweep,
    payouts: Sweep,
    /// The names of the fields by which payouts are read.
    fields: Option<BTreeMap<String, String>>,
    /// After a failure, they are not read again before this.
    next: Monotonic,
}

impl Rereading {
    /// Reads some kept webhooks that have not been read again yet, and reports progress. It takes one step at a time,
    /// so that orders are decided in between. Returns whether more can be read immediately.
    pub(super) async fn take_some(&mut self, engine: &Engine, progress: &Progress) -> bool {
        let fields = engine.payout_fields();
        // When a mapping switches payouts on, or names the fields otherwise, some may have been kept before.
        if fields != self.fields {
            (self.payouts, self.fields) = (Sweep::default(), fields);
        }
        if engine.monotonic() < self.next {
            return false;
        }
        // This version may be able to parse what the previous one could not.
        if !self.orders.is_over {
            let step = engine.inbox.reread_some(&mut self.orders, || progress.report()).await.map(drop);
            return after_step(&mut self.orders, &mut self.next, engine, step);
        }
        if self.fields.is_some() && !self.payouts.is_over {
            let step = engine.take_some_kept(&mut self.payouts, || progress.report()).await;
            return after_step(&mut self.payouts, &mut self.next, engine, step);
        }
        false
    }
}

/// What follows a step: the next one immediately or, after a failure, the same webhooks again after
/// [`REREAD_AGAIN_AFTER`]. Returns whether more can be read immediately.
fn after_step(sweep: &mut Sweep, next: &mut Monotonic, engine: &Engine, step: storage::Result<()>) -> bool {
    match step {
        Err(error) => tracing::error!("unreadable webhooks could not be parsed again yet: {error}"),
        Ok(()) if sweep.is_over && sweep.failed > 0 => *sweep = Sweep::default(),
        Ok(()) => return true,
    }
    *next = engine.monotonic() + REREAD_AGAIN_AFTER;
    false
}
