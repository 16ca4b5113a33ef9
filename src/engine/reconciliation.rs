//! Reconciliation: what people and the clock request, carried out by the leader of each book.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Engine;
use crate::{
    domain::{
        ids::BookName,
        mapping::DEFAULT_BOOK,
        operator::Actor,
        reconciliation::{Action, Period},
    },
    reconciling::{MayCall, OurCustomers, Rules},
    storage::{Acted, ClosedFindings, Closing, Result, Sources},
    supervisor::Progress,
};

/// How often a book is checked for a run, and the clock for the nightly one, also without a signal.
const CHECK_ANYWAY: Duration = Duration::from_secs(5);

/// Findings that are closed in one commit. Webhooks wait for the same writer.
const CLOSED_AT_ONCE: i64 = 200;

impl Engine {
    /// Requests a run over a period; returns its number.
    pub async fn request_reconciliation(&self, period: Period, actor: &Actor) -> Result<i64> {
        let (who, books) = (&actor.name, self.book_names());
        let sources = Sources { books: &books, asks_forstok: self.forstok.is_some() };
        let run = self.storage.request_reconciliation(period, who, sources, self.now()).await?;
        let Period { from, to } = period;
        tracing::info!(run, actor = who, "reconciliation {run} of {from} to {to} was requested by {who}");
        self.wake_reconciliation();
        Ok(run)
    }

    /// Requests the nightly run if its time has come, or what the last one could not read.
    pub async fn request_nightly_reconciliation(&self) -> Result<()> {
        let settings = self.mapping().mapping.reconcile;
        let books = self.book_names();
        let sources = Sources { books: &books, asks_forstok: self.forstok.is_some() };
        let run = self.reconciling.request_nightly(settings, sources).await?;
        if let Some(run) = run {
            tracing::info!(run, "the nightly reconciliation {run} begins");
            self.wake_reconciliation();
        }
        Ok(())
    }

    /// Carries out the oldest part of a book that has not ended, if this replica leads the book; false if there is
    /// none, or if it had to stop before its end.
    pub async fn reconcile(&self, book: &BookName) -> Result<bool> {
        let Some(session) = self.session(book) else { return Ok(false) };
        if !self.posting.leads(book) || self.storage.next_part(book).await?.is_none() {
            return Ok(false);
        }
        let ours = self.our_customers(book).await?;
        let active = self.mapping();
        let rules = Rules { delay_days: active.mapping.payout.delay_days, by: active.mapping.reconcile.by };
        self.reconciling.carry_out(session, &ours, rules, &|| self.may_compare(book)).await
    }

    /// Whether a call that compares may be made now.
    pub(super) fn may_compare(&self, book: &BookName) -> MayCall {
        match self.posting.pause(book) {
            _ if !self.posting.leads(book) => MayCall::No,
            Some(pause) => MayCall::Paused(pause.words),
            None => MayCall::Yes,
        }
    }

    /// Carries out a run; if there is none, follows hints of Accurate's own webhooks. Never both at the same time,
    /// because a run ends the findings that it does not find again.
    async fn compare_next(&self, book: &BookName) -> Result<bool> {
        Ok(self.reconcile(book).await? || self.follow_hints(book).await? || self.keep_accurate_webhooks(book).await?)
    }

    /// Closes a finding that a person has dealt with.
    pub async fn close_finding(&self, id: i64, reason: &str, actor: &Actor) -> Result<Acted> {
        let acted = self.storage.close_finding(id, &actor.name, reason, self.now()).await?;
        if acted == Acted::Done {
            tracing::info!(finding = id, actor = actor.name, "finding {id} was closed by {actor}");
        }
        Ok(acted)
    }

    /// Closes many open findings that a person has dealt with. Of the findings that match a filter, those that have
    /// changed since the filter's `unchanged_since` are not closed, but returned.
    pub async fn close_findings(&self, which: Closing<'_>, reason: &str, actor: &Actor) -> Result<ClosedFindings> {
        let mut all = ClosedFindings::default();
        loop {
            let step = self.storage.close_findings(which, &actor.name, reason, self.now(), CLOSED_AT_ONCE).await?;
            all.closed += step.closed;
            all.changed.extend(step.changed);
            all.unknown.extend(step.unknown);
            if matches!(which, Closing::Seen(_)) || step.closed == 0 {
                break;
            }
        }
        if let Closing::Shown(filter) = which
            && let Some(seen) = filter.unchanged_since
        {
            all.changed = self.storage.findings_changed_since(filter, seen).await?;
        }
        let findings = all.closed;
        tracing::info!(findings, actor = actor.name, "{findings} findings were closed by {actor}");
        Ok(all)
    }

    /// Carries out the action that a person has chosen for a finding.
    pub async fn act_on_finding(&self, id: i64, action: Action, reason: &str, actor: &Actor) -> Result<Acted> {
        self.act(id, action, reason, &actor.name).await
    }

    /// As [`Engine::act_on_finding`], by the person's name.
    pub(super) async fn act(&self, id: i64, action: Action, reason: &str, actor: &str) -> Result<Acted> {
        let acted = self.storage.act_on_finding(id, action, actor, reason, self.now()).await?;
        if acted == Acted::Done {
            let what = action.as_str();
            tracing::info!(finding = id, actor, action = what, "finding {id}: {actor} chose {what}");
            self.decide_now().await?;
            self.wake();
        }
        Ok(acted)
    }

    fn book_names(&self) -> Vec<BookName> {
        self.posting.books().into_iter().map(|book| book.name).collect()
    }

    fn wake_reconciliation(&self) {
        self.signals.reconciliation_requested();
        if !self.posting.leads_every_book() {
            self.signals.notify_others();
        }
    }

    /// The customers of a book's stores: those of the mapping, and stores that orders have named.
    pub(super) async fn our_customers(&self, book: &BookName) -> Result<OurCustomers> {
        let active = self.mapping();
        let mapped = &active.mapping.stores;
        let mut stores: Vec<String> =
            mapped.iter().filter(|(_, store)| &store.book == book).map(|(id, _)| id.clone()).collect();
        let is_default = book == DEFAULT_BOOK;
        let seen = self.storage.stores().await?.into_iter().map(|store| store.id);
        stores.extend(seen.filter(|id| is_default && !mapped.contains_key(id)));
        let customer = |id: String| (active.mapping.customer_of(&id).to_owned(), id);
        Ok(OurCustomers::new(stores.into_iter().map(customer)))
    }
}

pub(super) async fn reconcile_always(
    engine: Arc<Engine>,
    book: BookName,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    while !*stopped.borrow() {
        if let Err(error) = engine.request_nightly_reconciliation().await {
            tracing::error!("the nightly reconciliation could not be requested: {error}");
        }
        // A call in the background may wait for long. What is cut short continues after the next start.
        let reconciled = async {
            tokio::select! {
                reconciled = engine.compare_next(&book) => Some(reconciled),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(reconciled).await {
            None => return,
            Some(Ok(true)) => continue,
            Some(Ok(false)) => {}
            Some(Err(error)) => tracing::error!(book = book.as_str(), "book {book} could not be reconciled: {error}"),
        }
        let something_comes = async {
            tokio::select! {
                () = engine.signals.reconciliations(&book) => {}
                () = engine.clock.sleep(CHECK_ANYWAY) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(something_comes).await;
    }
}
