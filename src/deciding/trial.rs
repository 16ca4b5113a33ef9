//! Tries a mapping on orders of the past; nothing is stored or sent.
//!
//! Orders are read newest first, a hundred at a time, and decided beside the runtime's own threads. After each hundred
//! a short trial rests for as long as these took, so that webhooks are answered as usual. Memory does not depend on the
//! number of orders.

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
        after_sale::Waits,
        day_in_wib,
        decision::Undecided,
        document::Kind,
        mapping::{Mapping, PayoutPost, ReturnMode},
        payout::RowState,
        trial::{Mappings, Trial},
    },
    storage::{AfterSaleStorage, DecidingStorage, Position, Result, RowCount, RowSum},
};

/// Orders that are read at a time. While a page is read, the log cannot be shortened, and webhooks may wait for that.
const AT_ONCE: i64 = 100;

/// For how long a trial rests after each page; with very many orders it would otherwise run out of time.
const RESTS_FOR: Duration = Duration::from_secs(9);

/// How long a trial rests after a page that took this long.
fn rest_after(page: Duration, since_begun: Duration) -> Duration {
    if since_begun < RESTS_FOR { page } else { Duration::ZERO }
}

/// The outcome of a trial.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What the candidate would change.
    pub trial: Trial,
    /// The oldest day that was looked at, if there was no time for older orders; days count by the time of ordering.
    pub only_from: Option<Date>,
    /// Payouts and returns that the candidate would move.
    pub after_sale: AfterSale,
}

/// Payouts and returns that saving the candidate would move; all are none if it equals the active mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AfterSale {
    /// Payouts that wait for an approval, whose receipts the candidate creates without it.
    pub released_payouts: RowSum,
    /// Returns that wait for an approval, and that the candidate books without it.
    pub released_returns: RowSum,
    /// Returns that are only listed under the active mapping and that the candidate books, without those that a person
    /// has marked as booked by hand.
    pub listed_returns: RowSum,
    /// Whether the candidate books the listed returns without a person's approval.
    pub automatically: bool,
    /// After how many days, counted from its arrival, the candidate creates the receipt of a payout.
    pub after_days: i32,
    /// Blocked payouts, which are decided and attempted again under any other mapping.
    pub blocked_payouts: RowSum,
    /// Blocked returns, likewise.
    pub blocked_returns: RowSum,
}

impl AfterSale {
    /// Whether saving the candidate moves no payout and no return.
    pub fn is_none(&self) -> bool {
        let Self { released_payouts, released_returns, listed_returns, blocked_payouts, blocked_returns, .. } = self;
        let all = [released_payouts, released_returns, listed_returns, blocked_payouts, blocked_returns];
        all.iter().all(|sum| sum.rows == 0)
    }

    async fn of(storage: &dyn AfterSaleStorage, active: &Mapping, candidate: &Mapping) -> Result<Self> {
        if active == candidate {
            return Ok(Self::default());
        }
        let of_counts = |counts: &[RowCount], state: RowState, waits: Option<Waits>| {
            RowSum::of(counts, |count| count.state == state && (waits.is_none() || count.waits == waits))
        };
        let blocked = |counts: &[RowCount]| of_counts(counts, RowState::Blocked, None);
        let (payouts, returns) = (storage.row_counts(Kind::Receipt).await?, storage.row_counts(Kind::Return).await?);
        let mut moved = Self {
            automatically: candidate.returns.mode == ReturnMode::Auto,
            after_days: candidate.payout.auto_after_days,
            blocked_payouts: blocked(&payouts),
            blocked_returns: blocked(&returns),
            ..Self::default()
        };
        if (active.payout.post, candidate.payout.post) == (PayoutPost::Approve, PayoutPost::Auto) {
            moved.released_payouts = storage.awaiting_approval(Kind::Receipt).await?;
        }
        match (active.returns.mode, candidate.returns.mode) {
            (ReturnMode::List, ReturnMode::Approve | ReturnMode::Auto) => {
                moved.listed_returns = of_counts(&returns, RowState::Waiting, Some(Waits::Person));
            }
            (ReturnMode::Approve, ReturnMode::Auto) => {
                moved.released_returns = storage.awaiting_approval(Kind::Return).await?;
            }
            _ => {}
        }
        Ok(moved)
    }
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
        storage: &dyn DecidingStorage,
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
        let after_sale = AfterSale::of(storage, &active.mapping, &candidate).await?;
        let (mut trial, mut place): (Trial, Option<Position>) = (Trial::default(), None);
        loop {
            let page_begun = clock.monotonic();
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
            let Some(next) = next else { return Ok(Tried { trial, only_from: None, after_sale }) };
            if clock.monotonic().since(begun) > longest {
                let oldest = Timestamp::from_microsecond(next.key).unwrap_or(Timestamp::MIN);
                let only_from = Some(day_in_wib(oldest));
                return Ok(Tried { trial, only_from, after_sale });
            }
            place = Some(next);
            let now = clock.monotonic();
            clock.sleep(rest_after(now.since(page_begun), now.since(begun))).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_leaves_half_of_its_first_seconds_to_webhooks() {
        let page = Duration::from_millis(4);
        assert_eq!(rest_after(page, Duration::from_secs(8)), page);
        assert_eq!(rest_after(page, Duration::from_secs(9)), Duration::ZERO);
    }
}
