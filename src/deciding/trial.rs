//! Tries a mapping on orders of the past; nothing is stored or sent.
//!
//! Orders are read newest first, some hundred at a time, and decided beside the runtime's own threads, so that webhooks
//! are answered as usual. Memory does not depend on the number of orders.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Date};
use tokio::sync::Mutex;

use super::{mapping::ActiveMapping, snapshot};
use crate::{
    clock::Clock,
    domain::{
        day_in_wib,
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

/// Tries mappings, one at a time: two trials at once would take both processors.
#[derive(Debug, Default)]
pub struct Trials(Mutex<()>);

impl Trials {
    /// Decides all orders of some days whose bodies are stored under the active mapping and under the candidate.
    /// Once it has taken this long, older orders are left out, and the result says so.
    pub async fn run(
        &self,
        storage: &dyn Decisions,
        clock: &dyn Clock,
        active: Arc<ActiveMapping>,
        candidate: Mapping,
        days: (Option<Date>, Option<Date>),
        longest: Duration,
    ) -> Result<Tried> {
        let _alone = self.0.lock().await;
        let begun = clock.monotonic();
        let candidate = Arc::new(candidate);
        let (mut trial, mut place): (Trial, Option<Position>) = (Trial::default(), None);
        loop {
            let page = storage.past_orders(days, place, AT_ONCE).await?;
            let next = page.next;
            let (active, candidate) = (active.clone(), candidate.clone());
            let work = move || {
                let mappings = Mappings { active: &active.mapping, candidate: &candidate };
                for order in &page.orders {
                    trial.add(order, snapshot(order).ok().as_ref(), mappings);
                }
                trial.without_body += page.unreadable;
                trial
            };
            trial = tokio::task::spawn_blocking(work).await.expect("deciding does not panic");
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
