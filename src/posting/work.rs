//! Does a piece of work and stores its outcome.

use std::collections::HashSet;

use jiff::Timestamp;
use tracing::Instrument;

use super::{
    Book, Posting, Work, after_sale, after_sale_bulk,
    bulk::{self, InParts},
    circuit::{Change, Health, backoff},
    post, stages,
};
use crate::{
    accurate::client::Session,
    clock::{Monotonic, until},
    domain::{
        about::About,
        document::Kind,
        ids::BookName,
        reason::{Finding, Reason, Warning},
        recheck::Subject,
        timeline::{Entry, Event},
    },
    storage::{AttemptResult, Claim, ClaimOf, DocumentKey, Filter, Outcome, Result, Settled, State},
};

/// Two existing invoices of a book are searched for among this many of the newest orders.
const NEWEST_INVOICED: i64 = 20;

/// The wait before storing an outcome is tried again.
const SETTLE_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

impl Posting {
    /// Does a piece of work and stores its outcome.
    pub async fn work(&self, book: &BookName, work: Work) -> Result<()> {
        let Some(known) = self.books.get(book) else { return Ok(()) };
        match work {
            Work::One(claim) => self.attempt(book, *claim).await,
            Work::Many(claims) => {
                let unfinished = Unfinished::new(|| known.lock_scheduler().group_failed(self.monotonic()));
                let span = stages::bulk(book, &claims);
                let worked = self.attempt_many(book, claims).instrument(span).await;
                unfinished.finished();
                worked
            }
            Work::Recheck => {
                let unfinished = Unfinished::new(|| known.lock_scheduler().recheck_ended());
                let looked_up = self.recheck_one(book).await;
                unfinished.finished();
                known.lock_scheduler().recheck_ended();
                looked_up?;
                self.note_rights(book, known).await
            }
        }
    }

    /// Makes one attempt for a claim and stores its outcome.
    pub async fn attempt(&self, book: &BookName, claim: Claim) -> Result<()> {
        let span = stages::attempt(book, &claim);
        self.attempt_within(book, claim).instrument(span).await
    }

    async fn attempt_within(&self, book: &BookName, claim: Claim) -> Result<()> {
        let Some(known) = self.books.get(book) else { return Ok(()) };
        let claims = [self.claimed(&claim)];
        let (session, chance) = (&known.session, self.chance());
        let wait_after = |failures| backoff(failures, chance);
        if claim.must_look_up() {
            self.tell_of_invoices(book, session).await;
        }
        let attempted = match claim.typed() {
            ClaimOf::Invoice(claim) => post::attempt(session, claim, wait_after).await,
            ClaimOf::Receipt(claim) => after_sale::attempt(session, claim, wait_after).await,
            ClaimOf::Return(claim) => after_sale::attempt(session, claim, wait_after).await,
        };
        self.conclude(book, known, &claims, &[attempted.result], attempted.health).await
    }

    /// Makes the attempts of many claims with as few calls as possible and stores the outcomes.
    async fn attempt_many(&self, book: &BookName, claims: Vec<Claim>) -> Result<()> {
        let Some(known) = self.books.get(book) else { return Ok(()) };
        let claimed: Vec<_> = claims.iter().map(|claim| self.claimed(claim)).collect();
        self.tell_of_invoices(book, &known.session).await;
        let (mut invoices, mut receipts, mut returns) = (Vec::new(), Vec::new(), Vec::new());
        for claim in claims {
            match claim.typed() {
                ClaimOf::Invoice(claim) => invoices.push(claim),
                ClaimOf::Receipt(claim) => receipts.push(claim),
                ClaimOf::Return(claim) => returns.push(claim),
            }
        }
        // Each kind has its own lane.
        let (session, bulks) = (&known.session, &known.bulks);
        let (concluded, bulk_went_well) = if !invoices.is_empty() {
            let group = bulk::Group::begin(session, &bulks.invoices, invoices);
            self.attempt_in_parts(book, known, &claimed, group).await
        } else if !receipts.is_empty() {
            let group = after_sale_bulk::Group::begin(session, &bulks.receipts, receipts);
            self.attempt_in_parts(book, known, &claimed, group).await
        } else {
            let group = after_sale_bulk::Group::begin(session, &bulks.returns, returns);
            self.attempt_in_parts(book, known, &claimed, group).await
        };
        if bulk_went_well {
            known.lock_scheduler().group_went_well();
        } else {
            known.lock_scheduler().group_failed(self.monotonic());
        }
        concluded
    }

    /// Makes the attempts of a group and stores each part. Returns whether Accurate processed the bulks.
    async fn attempt_in_parts(
        &self,
        book: &BookName,
        known: &Book,
        claimed: &[Claimed],
        mut group: impl InParts,
    ) -> (Result<()>, bool) {
        // Documents that failed together are retried together, to share calls again.
        let chance = self.chance();
        let mut concluded = Ok(());
        while concluded.is_ok() {
            let Some(part) = group.next_part(|failures| backoff(failures, chance)).await else { break };
            let results: Vec<_> = part.attempted.into_iter().map(|attempted| attempted.result).collect();
            concluded = self.conclude(book, known, claimed, &results, part.health).await;
        }
        (concluded, group.bulk_went_well())
    }

    /// After a start only the database knows invoices. They show with which numbers a list can be tried, and whether
    /// Accurate keeps our numbers.
    async fn tell_of_invoices(&self, book: &BookName, session: &Session) {
        if session.can_try_lists() && !session.numbering_is_unknown() {
            return;
        }
        let invoiced = Filter { state: Some(State::Invoiced), ..Filter::default() };
        // Without them, only more calls are needed.
        let newest = self.storage.orders(&invoiced, None, NEWEST_INVOICED).await.unwrap_or_default();
        for order in newest.iter().rev().filter(|order| order.book.as_ref() == Some(book)) {
            let (Some(invoice), Some(draft)) = (&order.invoice, &order.draft) else { continue };
            session.remember_number(&invoice.number);
            let sent = &draft.body.number;
            let by_accurate = || order.warnings.iter().any(|one| one.warning == Warning::OtherNumber);
            // A person's renumbering, which was adopted, says nothing about the numbers that Accurate gives.
            if invoice.number == *sent || by_accurate() {
                session.saw_number(sent, &invoice.number);
            }
        }
    }

    /// Stores outcomes and wakes the loops that wait for them.
    async fn conclude(
        &self,
        book: &BookName,
        known: &Book,
        claimed: &[Claimed],
        results: &[AttemptResult],
        health: Health,
    ) -> Result<()> {
        let now = self.now();
        let log = |result: &AttemptResult| {
            let claim = claimed.iter().find(|claim| claim.document == result.document());
            log_result(book, claim.map(|claim| claim.nth), result);
        };
        let deadline = claimed.iter().map(|claim| claim.lease_ends).min().unwrap_or(Monotonic::MIN);
        let storing = tracing::info_span!("settle", orders = results.len());
        let settled = self.settle_while_leased(results, deadline).instrument(storing).await?;
        stages::settled(results);
        for (result, how) in results.iter().zip(&settled) {
            let Settled::Unlawful { from, to } = how else { continue };
            let (order_id, from, to) = (result.order_id.as_str(), from.as_str(), to.as_str());
            tracing::error!(order_id, "order {order_id} must not go from {from} to {to}: its outcome was not written");
        }
        // An outcome that was not stored does not count: another attempt reports the outcome.
        results.iter().zip(&settled).filter(|(_, how)| **how == Settled::Written).for_each(|(one, _)| log(one));
        let refused: Vec<_> = results.iter().zip(&settled).filter_map(|(one, how)| of_another(one, how)).collect();
        if !refused.is_empty() {
            for result in &refused {
                log(result);
            }
            self.settle_while_leased(&refused, deadline).await?;
        }
        known.note_without_customer(results);
        self.note(book, known, health).await?;
        let exist: HashSet<_> = results
            .iter()
            .zip(settled)
            .filter(|(result, settled)| {
                *settled == Settled::Written && matches!(result.outcome, Outcome::Exists { .. })
            })
            .map(|(result, _)| result.document())
            .collect();
        let mut came = HashSet::new();
        for claim in claimed.iter().filter(|claim| exist.contains(&claim.document)) {
            // In shadow mode it waited on purpose.
            if claim.document.kind == Kind::Invoice && !claim.is_shadowed {
                let lag = now.duration_since(claim.received_at).as_secs_f64();
                metrics::histogram!("forstok_accurate_invoice_lag_seconds").record(lag);
            }
            came.extend(&claim.waited_for);
        }
        // Other orders that wait for the same thing continue as well.
        for subject in came {
            self.storage.finish_recheck(book, subject, now).await?;
        }
        // A cancellation may have arrived while the invoice was being saved.
        self.signals.news_came();
        Ok(())
    }

    /// Stores outcomes, and tries again until it succeeds: what Accurate did must not be lost because the disk was
    /// busy.
    async fn settle_while_leased(&self, results: &[AttemptResult], deadline: Monotonic) -> Result<Vec<Settled>> {
        loop {
            let now = self.now();
            match self.storage.settle(results, now).await {
                Err(error) if self.monotonic() < deadline => {
                    tracing::error!(orders = results.len(), "outcomes could not be stored yet: {error}");
                    self.clock.sleep(SETTLE_AGAIN).await;
                }
                result => return result,
            }
        }
    }

    /// Updates the circuit breaker of a book.
    pub(super) async fn note(&self, name: &BookName, book: &Book, health: Health) -> Result<()> {
        let now = self.now();
        self.note_rights(name, book).await?;
        let change = book.lock_circuit().note(health, now);
        match change {
            Change::None => {}
            Change::Paused => {
                // Accurate's message may echo our request: only pages and `/v1/summary` show it.
                if let Some(code) = book.lock_circuit().pause().map(|pause| pause.code) {
                    tracing::warn!(book = name.as_str(), code, "book {name} is paused: {code}");
                }
            }
            Change::Resumed => {
                let hastened = self.storage.hasten(name, now).await?;
                tracing::info!(book = name.as_str(), hastened, "book {name} resumes");
            }
        }
        self.signals.due_came(name);
        Ok(())
    }
}

/// Reports the end of work to the scheduler even if the work panicked or was aborted. Otherwise it would occupy a place
/// until the process exits.
struct Unfinished<F: Fn()> {
    give_back: F,
    is_finished: bool,
}

impl<F: Fn()> Unfinished<F> {
    fn new(give_back: F) -> Self {
        Self { give_back, is_finished: false }
    }

    fn finished(mut self) {
        self.is_finished = true;
    }
}

impl<F: Fn()> Drop for Unfinished<F> {
    fn drop(&mut self) {
        if !self.is_finished {
            (self.give_back)();
        }
    }
}

/// The outcome for an order whose invoice already belongs to another order.
fn of_another(result: &AttemptResult, settled: &Settled) -> Option<AttemptResult> {
    let Settled::BelongsTo(owner) = settled else { return None };
    let Outcome::Exists { document: invoice } = &result.outcome else { return None };
    let about =
        About::InvoiceOfOrder { number: invoice.number.clone(), id: invoice.id, order_id: owner.as_str().to_owned() };
    let findings = vec![Finding { reason: Reason::NumberConflict, about }];
    let mut entries = result.entries.clone();
    entries.retain(|entry| !matches!(entry.event, Event::Invoiced { .. } | Event::Adopted { .. }));
    let at = result.entries.last().map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
    entries.push(Entry::new(at, Event::blocked(result.kind, findings.clone())));
    let outcome = Outcome::Blocked { findings, waits_for: None, recheck_after: None };
    Some(result.clone().looked_up_first(outcome, entries))
}

/// What is kept of a claim while its attempt is made.
struct Claimed {
    document: DocumentKey,
    /// Which attempt this is, counted as the timeline counts.
    nth: i64,
    is_shadowed: bool,
    received_at: Timestamp,
    lease_ends: Monotonic,
    waited_for: Option<Subject>,
}

impl Posting {
    fn claimed(&self, claim: &Claim) -> Claimed {
        Claimed {
            document: DocumentKey { order_id: claim.order_id.clone(), kind: claim.kind, part: claim.part },
            nth: claim.earlier_tries + 1,
            is_shadowed: claim.is_shadowed,
            received_at: claim.received_at,
            lease_ends: self.monotonic() + until(self.now(), claim.lease_until),
            waited_for: claim.waits_for.clone(),
        }
    }
}

/// The class of the reply because of which an order waits. If there is none, the order waits for a save that may still
/// arrive.
fn why_postponed(result: &AttemptResult) -> &str {
    let classes = result.entries.iter().rev().filter_map(|entry| match &entry.event {
        Event::Reply { outcome, .. } if outcome != "ok" => Some(outcome.as_str()),
        _ => None,
    });
    classes.into_iter().next().unwrap_or("an earlier save may still arrive")
}

/// Logs one line for each attempt. Accurate's messages are in the timeline only, because they may name people.
fn log_result(book: &BookName, attempt: Option<i64>, result: &AttemptResult) {
    let book = book.as_str();
    let (order_id, kind) = (result.order_id.as_str(), result.kind.as_str());
    match &result.outcome {
        Outcome::Exists { document } if result.kind != Kind::Invoice => {
            tracing::info!(
                book,
                order_id,
                attempt,
                number = document.number.as_str(),
                "the {kind} of order {order_id} exists"
            );
        }
        Outcome::Blocked { findings, .. } if result.kind != Kind::Invoice => {
            let reason = findings.first().map_or("", |finding| finding.reason.code());
            tracing::warn!(book, order_id, attempt, reason, "the {kind} of order {order_id} is blocked: {reason}");
        }
        Outcome::Exists { document: invoice } => {
            tracing::info!(book, order_id, attempt, number = invoice.number.as_str(), "order {order_id} is invoiced");
        }
        Outcome::Blocked { findings, .. } => {
            let reason = findings.first().map_or("", |finding| finding.reason.code());
            tracing::warn!(book, order_id, attempt, reason, "order {order_id} is blocked: {reason}");
        }
        Outcome::Postponed { until, .. } => {
            let reason = why_postponed(result);
            // Something failed, or an earlier failure is waited for.
            tracing::warn!(book, order_id, attempt, reason, %until, "order {order_id} is postponed: {reason}");
        }
        Outcome::Reconsider => tracing::info!(book, order_id, attempt, "order {order_id} is decided again"),
        Outcome::Gone { .. } => {
            tracing::info!(book, order_id, attempt, "the {kind} of order {order_id} no longer exists");
        }
    }
}
