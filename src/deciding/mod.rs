//! Decides what must exist in Accurate for an order with a new snapshot.
//!
//! The rules are in [`crate::domain::decision`]; this module reads the orders and writes the verdicts. [`mapping`]
//! applies mappings; [`preview`] shows what would happen to an order that is not stored; [`trial`] tries a mapping on
//! past orders; [`after_sale`] decides which receipts and returns must exist.

pub mod after_sale;
pub mod mapping;
pub mod preview;
pub mod trial;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing::{Span, field::Empty};

use self::mapping::ActiveMapping;
use crate::{
    clock::SharedClock,
    domain::{
        about::About,
        decision,
        order::{OrderId, Snapshot},
        reason::Reason,
        timeline::Event,
    },
    forstok::payload,
    live::Live,
    storage::{DecidingStorage, News, Result, Undecided, UnreadableOrder, Verdict},
    traces,
};

/// Decides undecided orders.
pub struct Deciding {
    storage: Arc<dyn DecidingStorage>,
    clock: SharedClock,
    mapping: Live<ActiveMapping>,
    /// Orders that cannot be read, or for which the decision panicked, with the revision that caused it.
    undecidable: Mutex<HashMap<OrderId, i64>>,
    decide: Decide,
}

impl Deciding {
    /// Uses this mapping until another one is applied.
    pub fn new(storage: Arc<dyn DecidingStorage>, clock: SharedClock, mapping: ActiveMapping) -> Self {
        Self { storage, clock, mapping: Live::new(mapping), undecidable: Mutex::default(), decide }
    }

    /// The same, with another decision function.
    #[must_use]
    pub fn by(self, decide: Decide) -> Self {
        Self { decide, ..self }
    }

    /// The active mapping.
    pub fn mapping(&self) -> Arc<ActiveMapping> {
        self.mapping.get()
    }

    /// Uses another mapping from now on; it is already in the database.
    pub fn set_mapping(&self, mapping: ActiveMapping) {
        self.mapping.set(mapping);
    }

    /// Decides up to `batch` undecided orders; returns how many decisions took effect.
    pub async fn decide_some(&self, batch: i64) -> Result<usize> {
        let skipped = self.undecidable().len() as i64;
        let News { orders, unreadable } = self.storage.undecided(self.clock.now(), batch + skipped).await?;
        // What arrived while they were read is decided about too, and the timeline shows a decision after its news.
        let now = self.clock.now();
        let mapping = self.mapping();
        let (mut verdicts, mut failed) = (Vec::new(), Vec::new());
        for UnreadableOrder { order_id, revision, problem } in &unreadable {
            if !self.is_undecidable(order_id, *revision) {
                tracing::error!(%order_id, "order {order_id} is skipped: its stored data cannot be read: {problem}");
                failed.push((order_id, *revision));
            }
        }
        for order in orders.iter().filter(|order| !self.is_undecidable(&order.order_id, order.revision)) {
            match self.traced_verdict(order, &mapping) {
                Some(verdict) => verdicts.push(verdict),
                None => failed.push((&order.order_id, order.revision)),
            }
        }
        for (order_id, revision) in failed {
            self.storage.note(order_id, &Event::NotDecided, now).await?;
            self.undecidable().insert(order_id.clone(), revision);
        }
        if verdicts.is_empty() {
            return Ok(0);
        }
        let decided = self.storage.decide(&verdicts, now).await?;
        self.undecidable().retain(|order_id, _| !decided.contains(order_id));
        verdicts.iter().filter(|verdict| decided.contains(&verdict.order_id)).for_each(log);
        Ok(decided.len())
    }

    /// The verdict on an order, as a stage of its trace if it has one.
    fn traced_verdict(&self, order: &Undecided, mapping: &ActiveMapping) -> Option<Verdict> {
        let order_id = order.order_id.as_str();
        let earlier = traces::orders::recall(order_id);
        if earlier.is_none() && !traces::are_sent() {
            return self.verdict(order, mapping);
        }
        let span = tracing::info_span!("decide", order_id, state = Empty, reason = Empty);
        traces::follow(&span, earlier);
        span.in_scope(|| {
            let verdict = self.verdict(order, mapping)?;
            Span::current().record("state", verdict.state.as_str());
            Span::current().record("reason", verdict.reason.map(Reason::code));
            traces::orders::remember(order_id);
            Some(verdict)
        })
    }

    /// Whether deciding this revision has failed before.
    fn is_undecidable(&self, order_id: &OrderId, revision: i64) -> bool {
        self.undecidable().get(order_id) == Some(&revision)
    }

    /// The verdict on an order; `None` if deciding it panics or results in an unlawful state, so that one such order
    /// does not prevent the decisions on all others.
    fn verdict(&self, order: &Undecided, mapping: &ActiveMapping) -> Option<Verdict> {
        let decided = std::panic::catch_unwind(AssertUnwindSafe(|| (self.decide)(order, mapping)));
        if decided.is_err() {
            let order_id = order.order_id.as_str();
            tracing::error!(order_id, "deciding about order {order_id} panicked; the others are decided without it");
            metrics::counter!("forstok_accurate_task_panics_total", "task" => "deciding").increment(1);
        }
        let verdict = decided.ok()?;
        if order.state.may_become(verdict.state) {
            return Some(verdict);
        }
        let (order_id, from, to) = (order.order_id.as_str(), order.state.as_str(), verdict.state.as_str());
        tracing::error!(
            order_id,
            "order {order_id} must not go from {from} to {to}; the others are decided without it"
        );
        None
    }

    fn undecidable(&self) -> MutexGuard<'_, HashMap<OrderId, i64>> {
        self.undecidable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One log line for results that a person should know of; amounts and names are in the timeline.
fn log(verdict: &Verdict) {
    let order_id = verdict.order_id.as_str();
    for event in &verdict.events {
        match event {
            Event::Blocked { .. } => {
                let reason = verdict.reason.map_or("", Reason::code);
                tracing::warn!(order_id, reason, "order {order_id} is blocked: {reason}");
            }
            Event::Changed { .. } => {
                tracing::warn!(order_id, "order {order_id} changed after its invoice was created");
            }
            _ => {}
        }
    }
}

/// The decision function; injected, so that a test can make it panic.
pub type Decide = fn(&Undecided, &ActiveMapping) -> Verdict;

/// Decides an order according to a mapping.
pub fn decide(order: &Undecided, active: &ActiveMapping) -> Verdict {
    decision::verdict(order, snapshot(order), &active.mapping, active.revision)
}

/// The snapshot whose amounts count, or why it is not available.
fn snapshot(order: &Undecided) -> std::result::Result<Snapshot, About> {
    let body = order.body.as_deref().ok_or(About::BodyCleared)?;
    // It was readable when it was recorded, by an older version.
    let payload = payload::read(body).map_err(|unreadable| About::Unreadable { problem: unreadable.problem })?;
    Ok(payload.order.arrived(order.body_received_at.unwrap_or(order.received_at)))
}
