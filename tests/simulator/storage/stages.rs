//! What the stages write and read, with the switches.

use std::{collections::HashSet, sync::PoisonError};

use forstok_accurate::{
    domain::{
        document::Kind,
        doubt::Doubt,
        ids::{AttemptNo, BookName, DeliveryId},
        order::OrderId,
        recheck::Subject,
        timeline::Event,
    },
    storage::{
        AttemptResult, Attempts, Claim, Claimable, Decisions, Deliveries, Delivery, DocumentKey, Folding, KeptDelivery,
        LongestWaits, News, NextAttempts, PastOrders, Position, Receipt, Recheck, Rechecks, Result, Selection, Settled,
        State, Unfolded, UnreadableDelivery, Verdict,
    },
};
use jiff::{Timestamp, civil::Date};

use super::{SimStore, Switch};

#[async_trait::async_trait]
impl Deliveries for SimStore {
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        if self.switch == Some(Switch::AnswerFirst) {
            let told = Receipt { repeat: false, state: State::Received, invoice: None };
            let owed =
                std::mem::replace(&mut *self.owed.lock().unwrap_or_else(PoisonError::into_inner), deliveries.to_vec());
            self.write("before record", "after record", self.inner.record(&owed)).await?;
            return Ok(vec![told; deliveries.len()]);
        }
        self.write("before record", "after record", self.inner.record(deliveries)).await
    }

    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
        self.gates.in_store(self.inner.unfolded(order_id, limit)).await
    }

    async fn fold(&self, deliveries: &[Folding]) -> Result<()> {
        self.write("before fold", "after fold", self.inner.fold(deliveries)).await
    }

    async fn unreadable(&self, before: Option<DeliveryId>, limit: i64) -> Result<Vec<UnreadableDelivery>> {
        self.gates.in_store(self.inner.unreadable(before, limit)).await
    }

    async fn unreadable_one(&self, id: DeliveryId) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
        self.gates.in_store(self.inner.unreadable_one(id)).await
    }

    async fn unreadable_bodies(&self, after: DeliveryId, limit: i64) -> Result<Vec<Unfolded>> {
        self.gates.in_store(self.inner.unreadable_bodies(after, limit)).await
    }

    async fn unreadable_count(&self) -> Result<i64> {
        self.gates.in_store(self.inner.unreadable_count()).await
    }

    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize> {
        self.gates.in_store(self.inner.fold_reread(deliveries)).await
    }

    async fn change_problem(&self, kept: KeptDelivery, problem: &str) -> Result<()> {
        self.gates.in_store(self.inner.change_problem(kept, problem)).await
    }

    async fn remove_taken(&self, kept: KeptDelivery) -> Result<()> {
        self.gates.in_store(self.inner.remove_taken(kept)).await
    }
}

#[async_trait::async_trait]
impl Decisions for SimStore {
    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News> {
        let undecided = self.gates.in_store(self.inner.undecided(now, limit)).await;
        self.gates.pass("after undecided").await;
        undecided
    }

    async fn past_orders(
        &self,
        days: (Option<Date>, Option<Date>),
        before: Option<Position>,
        limit: i64,
    ) -> Result<PastOrders> {
        self.inner.past_orders(days, before, limit).await
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        self.write("before decide", "after decide", self.inner.decide(verdicts, now)).await
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        self.write("before note", "after note", self.inner.note(order_id, event, now)).await
    }
}

#[async_trait::async_trait]
impl Attempts for SimStore {
    async fn claim(
        &self,
        book: &BookName,
        selection: Selection,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claim>> {
        let call = async {
            let is_broken = self.switch == Some(Switch::LeaseIgnored);
            let in_work = if is_broken { self.watch.forget_leases(now).await } else { Vec::new() };
            let mut claims = self.inner.claim(book, selection, now, lease_until).await?;
            let was_in_work = |claim: &&mut Claim| {
                claim.kind == Kind::Invoice && in_work.iter().any(|id| id == claim.order_id.as_str())
            };
            for claim in claims.iter_mut().filter(was_in_work) {
                claim.earlier_tries -= 1;
                if claim.earlier_tries == 0 {
                    claim.doubt = Doubt::of_age(None, 0);
                }
            }
            Ok(claims)
        };
        let mut claims = self.write("before claim", "after claim", call).await?;
        for claim in &mut claims {
            let forgets = match self.switch {
                Some(Switch::NoLookUp) => true,
                Some(Switch::NoLookUpOfReceipts) => claim.kind == Kind::Receipt,
                _ => false,
            };
            if forgets {
                claim.earlier_tries = 0;
                claim.doubt = Doubt::of_age(None, 0);
            }
        }
        self.doubt_otherwise(&mut claims, now);
        Ok(claims)
    }

    async fn claimable(&self, book: &BookName, now: Timestamp, most: i64) -> Result<Claimable> {
        self.gates.in_store(self.inner.claimable(book, now, most)).await
    }

    async fn settle(&self, results: &[AttemptResult], now: Timestamp) -> Result<Vec<Settled>> {
        let call = async {
            if self.switch != Some(Switch::LateWorkerCounts) {
                return self.inner.settle(results, now).await;
            }
            let mut results = results.to_vec();
            for result in &mut results {
                result.attempt = AttemptNo(self.watch.current_attempt(&result.document()).await);
            }
            self.inner.settle(&results, now).await
        };
        let taken = self.write("before settle", "after settle", call).await?;
        if taken.contains(&Settled::Late) {
            self.meet("a late worker's outcome is not taken");
        }
        let is_unlawful = |settled: &Settled| matches!(settled, Settled::Unlawful { .. });
        assert!(
            self.switch.is_some() || !taken.iter().any(is_unlawful),
            "an order's state must not change so: {taken:?}"
        );
        Ok(taken)
    }

    async fn next_attempt_at(&self, book: &BookName) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.next_attempt_at(book)).await
    }

    async fn next_attempts(&self, book: &BookName) -> Result<Option<NextAttempts>> {
        self.gates.in_store(self.inner.next_attempts(book)).await
    }

    async fn hasten(&self, book: &BookName, now: Timestamp) -> Result<u64> {
        self.write("before hasten", "after hasten", self.inner.hasten(book, now)).await
    }

    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64> {
        self.write("before hasten", "after hasten", self.inner.hasten_one(order_id, now)).await
    }

    async fn shorten_waits(&self, book: &BookName, now: Timestamp, longest: LongestWaits) -> Result<u64> {
        self.gates.in_store(self.inner.shorten_waits(book, now, longest)).await
    }

    async fn end_leases(&self, book: &BookName, now: Timestamp) -> Result<u64> {
        self.gates.in_store(self.inner.end_leases(book, now)).await
    }
}

#[async_trait::async_trait]
impl Rechecks for SimStore {
    async fn due_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<Recheck>> {
        self.gates.in_store(self.inner.due_recheck(book, now)).await
    }

    async fn next_recheck_at(&self, book: &BookName) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.next_recheck_at(book)).await
    }

    async fn put_off_recheck(&self, book: &BookName, subject: &Subject, until: Timestamp) -> Result<()> {
        self.write("before put_off_recheck", "after put_off_recheck", self.inner.put_off_recheck(book, subject, until))
            .await
    }

    async fn finish_recheck(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
        self.write("before finish_recheck", "after finish_recheck", self.inner.finish_recheck(book, subject, now)).await
    }

    async fn try_one_awaiting(&self, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
        let call = self.inner.try_one_awaiting(book, subject, now);
        self.write("before try_one_awaiting", "after try_one_awaiting", call).await
    }

    async fn due_own_recheck(&self, book: &BookName, now: Timestamp) -> Result<Option<DocumentKey>> {
        self.gates.in_store(self.inner.due_own_recheck(book, now)).await
    }

    async fn claim_blocked(
        &self,
        document: &DocumentKey,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>> {
        let call = self.inner.claim_blocked(document, now, lease_until);
        let mut claims: Vec<_> = self.write("before claim", "after claim", call).await?.into_iter().collect();
        self.doubt_otherwise(&mut claims, now);
        Ok(claims.pop())
    }

    async fn retry_blocked(&self, document: &DocumentKey, now: Timestamp) -> Result<()> {
        self.write("before retry_blocked", "after retry_blocked", self.inner.retry_blocked(document, now)).await
    }

    async fn recheck_at(&self, document: &DocumentKey, at: Timestamp) -> Result<()> {
        self.write("before recheck_at", "after recheck_at", self.inner.recheck_at(document, at)).await
    }
}
