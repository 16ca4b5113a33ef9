//! What people request: retry, decide, acknowledge. Pages and API use the same functions.

use std::time::Duration;

use jiff::civil::Date;

use super::Engine;
use crate::{
    deciding::{
        mapping::{self, Applied, Author, Document, Restored},
        trial::Tried,
    },
    domain::{
        manual::Manual,
        mapping::{Mapping, PostingMode},
        operator::Actor,
        order::OrderId,
        reason::Warning,
        reconciliation::{Action, Class, FindingState},
        toml_text::Problem,
    },
    storage::{Acted, Filter, FindingFilter, ManualChange, Result, Written},
    traces,
};

/// Approximate number of orders whose warning one request acknowledges, limited so that the request is answered in
/// time.
const MOST_ACKNOWLEDGED: u64 = 1_000;

/// How long a trial may take, because every request must be answered within 30 seconds.
const LONGEST_TRIAL: Duration = Duration::from_secs(25);

/// Number of orders that a trial reads at a time.
const AT_ONCE: i64 = 200;

impl Engine {
    /// Decides and attempts one order again immediately; `None` if it is unknown.
    pub async fn retry(&self, order_id: &OrderId, actor: &Actor) -> Result<Option<u64>> {
        // What follows belongs to this request's trace.
        traces::orders::remember(order_id.as_str());
        self.fold_order(order_id).await?;
        let retried = self.storage.rearm_one(order_id, &actor.name, self.now()).await?;
        if retried.is_some_and(|orders| orders > 0) {
            tracing::info!(%order_id, actor = actor.name, "order {order_id} is retried at the request of {actor}");
            self.wake();
        }
        Ok(retried)
    }

    /// Decides and attempts all matching blocked and waiting orders again immediately; returns how many.
    pub async fn retry_all(&self, filter: &Filter, actor: &Actor) -> Result<u64> {
        let orders = self.storage.rearm(filter, &actor.name, self.now()).await?;
        tracing::info!(orders, actor = actor.name, "{orders} orders are retried at the request of {actor}");
        self.wake();
        Ok(orders)
    }

    /// Records a person's decision about an order. Most decisions take effect immediately; an order whose save may
    /// still take effect is looked up in Accurate first.
    pub async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange) -> Result<Written> {
        self.fold_order(order_id).await?;
        if change.decision == Some(Manual::Again)
            && let Some(finding) = self.missing_in_accurate(order_id).await?
        {
            // Somebody deleted the invoice in Accurate, so that the service has not deleted it itself.
            let reason = change.reason.as_deref().unwrap_or_default();
            let acted = self.act(finding, Action::CreateAgain, reason, &change.actor).await?;
            if acted == Acted::Done {
                return Ok(Written::Changed);
            }
        }
        let written = self.storage.decide_manually(order_id, change, self.now()).await?;
        if written == Written::Changed {
            let (actor, decision) = (&change.actor, change.decision.map_or("none", |decision| decision.as_str()));
            tracing::info!(%order_id, actor, decision, "order {order_id}: {actor} decided {decision}");
            self.decide_now().await?;
            self.wake();
        }
        Ok(written)
    }

    /// The open finding that says that an order's invoice was deleted in Accurate.
    async fn missing_in_accurate(&self, order_id: &OrderId) -> Result<Option<i64>> {
        let filter = FindingFilter {
            class: Some(Class::MissingInAccurate),
            state: Some(FindingState::Open),
            order_id: Some(order_id.clone()),
            ..FindingFilter::default()
        };
        Ok(self.storage.findings(&filter, None, 1).await?.first().map(|finding| finding.id))
    }

    /// Records that a person has acknowledged a warning.
    pub async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &Actor) -> Result<Written> {
        let written = self.storage.acknowledge(order_id, warning, &actor.name, self.now()).await?;
        if written == Written::Changed {
            tracing::info!(%order_id, actor = actor.name, %warning, "order {order_id}: {actor} acknowledged {warning}");
        }
        Ok(written)
    }

    /// Records that a person has acknowledged a warning on every order that has it, the newest first, up to the newest
    /// order on the person's page; returns the number of orders.
    pub async fn acknowledge_all(&self, warning: Warning, newest: i64, actor: &Actor) -> Result<u64> {
        let open = Filter { warning: Some(warning), acknowledged: Some(false), ..Filter::default() };
        let mut acknowledged = 0;
        while acknowledged < MOST_ACKNOWLEDGED {
            let before = acknowledged;
            for order in self.storage.orders(&open, Some(newest.saturating_add(1)), AT_ONCE).await? {
                let written = self.storage.acknowledge(&order.order_id, warning, &actor.name, self.now()).await?;
                acknowledged += u64::from(written == Written::Changed);
            }
            if acknowledged == before {
                break;
            }
        }
        tracing::info!(orders = acknowledged, actor = actor.name, %warning, "{actor} acknowledged {warning} on {acknowledged} orders");
        Ok(acknowledged)
    }

    /// Decides all orders of some days, by the time of ordering, under the active mapping and under another one, and
    /// returns what would differ. Nothing changes.
    pub async fn try_mapping(&self, candidate: Mapping, days: (Option<Date>, Option<Date>)) -> Result<Tried> {
        let (storage, clock) = (self.storage.as_ref(), self.clock.as_ref());
        self.trials.run(storage, clock, self.mapping(), candidate, days, LONGEST_TRIAL).await
    }

    /// Applies a mapping unless it equals the active one, and uses it from now on. `replaces` is the revision that it
    /// was based on; `None` replaces any revision.
    pub async fn apply_mapping(
        &self,
        document: Document,
        author: impl Into<Author<'_>>,
        replaces: Option<i64>,
    ) -> Result<Applied> {
        let (storage, clock) = (self.storage.as_ref(), self.clock.as_ref());
        let applied = mapping::apply(storage, clock, document, author, replaces).await?;
        self.use_applied(&applied);
        Ok(applied)
    }

    /// Makes an earlier revision of the mapping the newest one, and uses it from now on. `errors` are those of a
    /// mapping under the present settings.
    pub async fn restore_mapping(
        &self,
        revision: i64,
        author: Author<'_>,
        replaces: Option<i64>,
        errors: impl FnOnce(&Mapping) -> Vec<Problem>,
    ) -> Result<Restored> {
        let (storage, clock) = (self.storage.as_ref(), self.clock.as_ref());
        let restored = mapping::restore(storage, clock, revision, author, replaces, errors).await?;
        if let Restored::Applied(applied) = &restored {
            self.use_applied(applied);
        }
        Ok(restored)
    }

    fn use_applied(&self, applied: &Applied) {
        if let Applied::Changed(active, _) = applied {
            self.set_mapping(active.clone());
        }
    }

    /// Ends shadow mode: from now on, invoices are created and deleted in Accurate. Returns false if shadow mode was
    /// off already.
    pub async fn start_creating_invoices(&self, actor: &Actor) -> Result<bool> {
        loop {
            let Some(stored) = self.storage.mapping().await? else { return Ok(false) };
            let document = mapping::read_document(&stored)?.with_posting(PostingMode::On);
            match self.apply_mapping(document, actor.name.as_str(), Some(stored.revision)).await? {
                Applied::Equal(_) => return Ok(false),
                Applied::Changed(..) => return Ok(true),
                // Somebody else has just changed the mapping.
                Applied::Stale(_) => {}
            }
        }
    }

    /// Requests that drafts without an equal invoice are compared again now; returns how many.
    pub async fn compare_again(&self, actor: &Actor) -> Result<u64> {
        let orders = self.storage.compare_again().await?;
        tracing::info!(orders, actor = actor.name, "{orders} drafts are compared again at the request of {actor}");
        Ok(orders)
    }

    /// Decides undecided orders, so that the answer already shows the outcome; if another replica decides, it is
    /// notified.
    pub(super) async fn decide_now(&self) -> Result<()> {
        if self.signals.decides() {
            self.decide_some().await?;
        }
        Ok(())
    }
}
