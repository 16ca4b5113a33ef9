//! Tries a mapping on orders of the past; nothing is stored or sent.
//!
//! Orders are read newest first, some hundred at a time, and decided beside the runtime's own threads, so that webhooks
//! are answered as usual. Memory does not depend on the number of orders.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, civil::Date};
use tokio::sync::Mutex;

use super::{mapping::ActiveMapping, snapshot};
use crate::{
    clock::Clock,
    domain::{
        day_in_wib,
        decision::Undecided,
        mapping::Mapping,
        trial::{Mappings, Trial},
    },
    storage::{Decisions, Position, Result},
};

/// Orders that are read at a time.
const AT_ONCE: i64 = 500;

/// The outcome of a trial.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What the candidate would change.
    pub trial: Trial,
    /// The oldest day that was looked at, if there was no time for older orders; days count by the time of ordering.
    pub only_from: Option<Date>,
    /// Returns that are only listed under the active mapping, and that the candidate books.
    pub listed_returns: Option<ListedReturns>,
}

/// Returns that were left to people so far. Those that a person has marked as booked by hand are none of them.
#[derive(Clone, Copy, Debug)]
pub struct ListedReturns {
    /// How many.
    pub count: i64,
    /// Whether the candidate books them without a person's approval.
    pub automatically: bool,
}

/// Decides an order under both mappings and adds the difference; injected, so that a test can make it panic.
pub type Add = fn(&mut Trial, &Undecided, Mappings<'_>);

/// Tries mappings, one at a time: two trials at once would take both processors.
#[derive(Debug)]
pub struct Trials {
    alone: Mutex<()>,
    add: Add,
}

impl Default for Trials {
    fn default() -> Self {
        Self::by(|trial, order, mappings| trial.add(order, snapshot(order).ok().as_ref(), mappings))
    }
}

impl Trials {
    /// Trials with another decision function.
    pub fn by(add: Add) -> Self {
        Self { alone: Mutex::default(), add }
    }

    /// Decides all orders of some days whose bodies are stored under the active mapping and under the candidate. Once
    /// it has taken this long, including the wait for another trial, older orders are left out, and the result says so.
    pub async fn run(
        &self,
        storage: &dyn Decisions,
        clock: &dyn Clock,
        active: Arc<ActiveMapping>,
        candidate: Mapping,
        days: (Option<Date>, Option<Date>),
        longest: Duration,
    ) -> Result<Tried> {
        let begun = clock.monotonic();
        let _alone = self.alone.lock().await;
        let add = self.add;
        let candidate = Arc::new(candidate);
        let (mut trial, mut place): (Trial, Option<Position>) = (Trial::default(), None);
        loop {
            let page = storage.past_orders(days, place, AT_ONCE).await?;
            let next = page.next;
            let (active, candidate) = (active.clone(), candidate.clone());
            let work = move || {
                let mappings = Mappings { active: &active.mapping, candidate: &candidate };
                for order in &page.orders {
                    add_or_count(&mut trial, order, |trial| add(trial, order, mappings));
                }
                trial.without_body += page.unreadable;
                trial
            };
            trial = tokio::task::spawn_blocking(work).await.expect("a panic is caught for each order");
            let Some(next) = next else { return Ok(Tried { trial, only_from: None, listed_returns: None }) };
            if clock.monotonic().since(begun) > longest {
                let oldest = Timestamp::from_microsecond(next.key).unwrap_or(Timestamp::MIN);
                let only_from = Some(day_in_wib(oldest));
                return Ok(Tried { trial, only_from, listed_returns: None });
            }
            place = Some(next);
        }
    }
}

/// Adds an order to a trial. An order whose decision panics is counted instead, like one that `deciding` skips; nothing
/// of it was added, because it is decided first.
fn add_or_count(trial: &mut Trial, order: &Undecided, add: impl FnOnce(&mut Trial)) {
    if catch_unwind(AssertUnwindSafe(|| add(trial))).is_err() {
        let order_id = order.order_id.as_str();
        tracing::error!(order_id, "trying a mapping on order {order_id} panicked; the others are tried without it");
        metrics::counter!("forstok_accurate_task_panics_total", "task" => "trying a mapping").increment(1);
        trial.undecidable += 1;
    }
}
