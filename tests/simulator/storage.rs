//! The real storage with a gate before and after each write, a disk that is sometimes busy, and the switches that prove
//! that the simulator detects errors.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use forstok_accurate::{
    domain::{
        doubt::{Doubt, SAVE_IS_OVER},
        order::OrderId,
        reason::Warning,
        recheck::Subject,
        timeline::{Entry, Event},
    },
    storage::{
        Cause, Claim, Claimable, Cleared, Count, DayOf, DaySum, Days, Delivery, DocumentKey, Filter, Folding, Grouping,
        Leadership, LongestWaits, ManualChange, MappingRevision, NewMapping, News, OpenWarning, OrderRecord, Page,
        Position, Receipt, Recheck, Result, SessionRecord, Settled, Settlement, SnapshotRecord, State, Storage,
        StorageError, StoreName, Sums, TimelinePage, TimelinePlace, Total, Unfolded, UnreadableDelivery, Verdict,
        Wanted, Written,
    },
};
use jiff::{Timestamp, civil::Date};

use super::{gates::Gates, view::Watch};

/// A safeguard that is removed on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// An attempt never learns that an earlier one may have saved.
    NoLookUp,
    /// Late writes of a worker are accepted.
    LateWorkerCounts,
    /// Orders that are being processed are handed out again. Permitting others to claim them would break nothing by
    /// itself, because the second attempt knows of the first, and looks up before it saves.
    LeaseIgnored,
    /// Senders are answered before the commit.
    AnswerFirst,
    /// The age of an order's doubt is that of its first save of unknown outcome.
    FirstSaveOnly,
    /// A save of unknown outcome counts as expired, however recent it is.
    SaveIsOverAtOnce,
    /// The list of a day is empty: an invoice under another number is not found.
    NoSearch,
    /// Everything that is found looks like what was sent.
    NothingCompared,
    /// Whatever a bulk reports as saved seems to exist.
    NothingReadBack,
}

/// Storage as one process sees it.
pub(crate) struct SimStore {
    inner: Arc<dyn Storage>,
    gates: Arc<Gates>,
    watch: Arc<Watch>,
    switch: Option<Switch>,
    /// The random generator, and the probability that the disk is busy.
    busy: Mutex<(fastrand::Rng, f64)>,
    wrote: AtomicBool,
    met: Mutex<Vec<&'static str>>,
    /// When the first save of unknown outcome was sent; used only by [`Switch::FirstSaveOnly`].
    doubted: Mutex<HashMap<OrderId, Timestamp>>,
    /// Answered but not yet written; used only by [`Switch::AnswerFirst`].
    owed: Mutex<Vec<Delivery>>,
}

impl SimStore {
    pub(crate) fn new(
        inner: Arc<dyn Storage>,
        gates: Arc<Gates>,
        watch: Arc<Watch>,
        switch: Option<Switch>,
        chance: fastrand::Rng,
    ) -> Self {
        let (wrote, met, owed) = (AtomicBool::new(true), Mutex::default(), Mutex::default());
        let doubted = Mutex::default();
        Self { inner, gates, watch, switch, busy: Mutex::new((chance, 0.0)), wrote, met, doubted, owed }
    }

    /// For switches: what attempts learn about the doubt of their orders.
    fn doubt_otherwise(&self, claims: &mut [Claim], now: Timestamp) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        for claim in claims {
            if !claim.doubt.exists() {
                doubted.remove(&claim.order_id);
                continue;
            }
            let age = match self.switch {
                Some(Switch::FirstSaveOnly) => {
                    let since = SAVE_IS_OVER - claim.doubt.remaining_wait();
                    let first = *doubted.entry(claim.order_id.clone()).or_insert(now - since);
                    now.duration_since(first)
                }
                Some(Switch::SaveIsOverAtOnce) => SAVE_IS_OVER,
                _ => continue,
            };
            claim.doubt = Doubt::of_age(Some(age), claim.attempt - 1);
        }
    }

    /// Every write fails with this probability from now on.
    pub(crate) fn set_busy(&self, chance: f64) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).1 = chance;
    }

    /// Whether something was written since the previous call.
    pub(crate) fn take_wrote(&self) -> bool {
        self.wrote.swap(false, Ordering::SeqCst)
    }

    /// Something was written directly to the database.
    pub(crate) fn set_wrote(&self) {
        self.wrote.store(true, Ordering::SeqCst);
    }

    /// The special events here since the previous call.
    pub(crate) fn take_met(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.met.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn meet(&self, what: &'static str) {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn draw(&self) -> f64 {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).0.f64()
    }

    fn is_busy(&self) -> bool {
        let chance = self.busy.lock().unwrap_or_else(PoisonError::into_inner).1;
        chance > 0.0 && self.draw() < chance
    }

    async fn write<T>(
        &self,
        before: &'static str,
        after: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.gates.pass(before).await;
        if self.is_busy() {
            self.meet("the disk is busy: nothing is written");
            return Err(busy_disk());
        }
        let result = self.gates.in_store(call).await;
        self.wrote.store(true, Ordering::SeqCst);
        self.gates.pass(after).await;
        if self.is_busy() {
            self.meet("the disk is busy: it is written, and an error is told");
            return Err(busy_disk());
        }
        result
    }
}

fn busy_disk() -> StorageError {
    StorageError::Unreadable("the disk is busy".to_owned())
}

#[async_trait::async_trait]
impl Storage for SimStore {
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

    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News> {
        let undecided = self.gates.in_store(self.inner.undecided(now, limit)).await;
        self.gates.pass("after undecided").await;
        undecided
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        self.write("before decide", "after decide", self.inner.decide(verdicts, now)).await
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        self.write("before note", "after note", self.inner.note(order_id, event, now)).await
    }

    async fn claim(&self, book: &str, wanted: Wanted, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claim>> {
        let call = async {
            let is_broken = self.switch == Some(Switch::LeaseIgnored);
            let in_work = if is_broken { self.watch.forget_leases(now).await } else { Vec::new() };
            let mut claims = self.inner.claim(book, wanted, now, lease_until).await?;
            for claim in claims.iter_mut().filter(|claim| in_work.iter().any(|id| id == claim.order_id.as_str())) {
                claim.earlier_tries -= 1;
                if claim.earlier_tries == 0 {
                    claim.doubt = Doubt::of_age(None, 0);
                }
            }
            Ok(claims)
        };
        let mut claims = self.write("before claim", "after claim", call).await?;
        if self.switch == Some(Switch::NoLookUp) {
            for claim in &mut claims {
                claim.earlier_tries = 0;
                claim.doubt = Doubt::of_age(None, 0);
            }
        }
        self.doubt_otherwise(&mut claims, now);
        Ok(claims)
    }

    async fn claimable(&self, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
        self.gates.in_store(self.inner.claimable(book, now, most)).await
    }

    async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> Result<Vec<Settled>> {
        let call = async {
            if self.switch != Some(Switch::LateWorkerCounts) {
                return self.inner.settle(settlements, now).await;
            }
            let mut settlements = settlements.to_vec();
            for settlement in &mut settlements {
                settlement.attempt = self.watch.current_attempt(&settlement.order_id).await;
            }
            self.inner.settle(&settlements, now).await
        };
        let taken = self.write("before settle", "after settle", call).await?;
        if taken.contains(&Settled::Late) {
            self.meet("a late worker's outcome is not taken");
        }
        Ok(taken)
    }

    async fn next_attempt_at(&self, book: &str) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.next_attempt_at(book)).await
    }

    async fn hasten(&self, book: &str, now: Timestamp) -> Result<u64> {
        self.write("before hasten", "after hasten", self.inner.hasten(book, now)).await
    }

    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64> {
        self.write("before hasten", "after hasten", self.inner.hasten_one(order_id, now)).await
    }

    async fn shorten_waits(&self, book: &str, now: Timestamp, longest: LongestWaits) -> Result<u64> {
        self.gates.in_store(self.inner.shorten_waits(book, now, longest)).await
    }

    async fn end_leases(&self, book: &str, now: Timestamp) -> Result<u64> {
        self.gates.in_store(self.inner.end_leases(book, now)).await
    }

    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
        self.write("before rearm", "after rearm", self.inner.rearm(filter, actor, now)).await
    }

    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>> {
        self.write("before rearm", "after rearm", self.inner.rearm_one(order_id, actor, now)).await
    }

    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        self.gates.in_store(self.inner.order(order_id)).await
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        self.gates.in_store(self.inner.timeline(order_id)).await
    }

    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage> {
        self.gates.in_store(self.inner.timeline_page(order_id, before, limit)).await
    }

    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page> {
        self.gates.in_store(self.inner.page(filter, before, limit)).await
    }

    async fn sums(&self, filter: &Filter) -> Result<Sums> {
        self.gates.in_store(self.inner.sums(filter)).await
    }

    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
        self.gates.in_store(self.inner.totals(days, grouping, limit)).await
    }

    async fn invoiced_since(&self, since: Timestamp) -> Result<i64> {
        self.gates.in_store(self.inner.invoiced_since(since)).await
    }

    async fn causes(&self, limit: i64) -> Result<Vec<Cause>> {
        self.gates.in_store(self.inner.causes(limit)).await
    }

    async fn open_warnings(&self) -> Result<Vec<OpenWarning>> {
        self.gates.in_store(self.inner.open_warnings()).await
    }

    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written> {
        let decided = self.inner.decide_manually(order_id, change, now);
        self.write("before a person's decision", "after a person's decision", decided).await
    }

    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written> {
        self.gates.in_store(self.inner.acknowledge(order_id, warning, actor, now)).await
    }

    async fn due_recheck(&self, book: &str, now: Timestamp) -> Result<Option<Recheck>> {
        self.gates.in_store(self.inner.due_recheck(book, now)).await
    }

    async fn due_own_recheck(&self, book: &str, now: Timestamp) -> Result<Option<DocumentKey>> {
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

    async fn next_recheck_at(&self, book: &str) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.next_recheck_at(book)).await
    }

    async fn put_off_recheck(&self, book: &str, subject: &Subject, until: Timestamp) -> Result<()> {
        self.write("before put_off_recheck", "after put_off_recheck", self.inner.put_off_recheck(book, subject, until))
            .await
    }

    async fn finish_recheck(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        self.write("before finish_recheck", "after finish_recheck", self.inner.finish_recheck(book, subject, now)).await
    }

    async fn try_one_awaiting(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        let call = self.inner.try_one_awaiting(book, subject, now);
        self.write("before try_one_awaiting", "after try_one_awaiting", call).await
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        self.gates.in_store(self.inner.waiting_bodies(limit)).await
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        self.gates.in_store(self.inner.counts()).await
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        self.gates.in_store(self.inner.warning_counts()).await
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.oldest_due()).await
    }

    async fn oldest_received(&self) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.oldest_received()).await
    }

    async fn unreadable_count(&self) -> Result<i64> {
        self.gates.in_store(self.inner.unreadable_count()).await
    }

    async fn unreadable(&self, before: Option<i64>, limit: i64) -> Result<Vec<UnreadableDelivery>> {
        self.gates.in_store(self.inner.unreadable(before, limit)).await
    }

    async fn unreadable_one(&self, id: i64) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
        self.gates.in_store(self.inner.unreadable_one(id)).await
    }

    async fn unreadable_bodies(&self, after: i64, limit: i64) -> Result<Vec<Unfolded>> {
        self.gates.in_store(self.inner.unreadable_bodies(after, limit)).await
    }

    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize> {
        self.gates.in_store(self.inner.fold_reread(deliveries)).await
    }

    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        self.gates.in_store(self.inner.mapping()).await
    }

    async fn mapping_revision(&self) -> Result<i64> {
        self.gates.in_store(self.inner.mapping_revision()).await
    }

    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>> {
        self.gates.in_store(self.inner.mapping_of_file()).await
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Option<MappingRevision>> {
        self.write("before put_mapping", "after put_mapping", self.inner.put_mapping(new, now)).await
    }

    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
        self.gates.in_store(self.inner.mappings_below(below, limit)).await
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        self.gates.in_store(self.inner.mapping_history(limit)).await
    }

    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        self.write("before clear_bodies", "after clear_bodies", self.inner.clear_bodies(older_than, now, step)).await
    }

    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
        self.inner.snapshots(order_id, limit).await
    }

    async fn snapshot(&self, order_id: &OrderId, id: i64) -> Result<Option<SnapshotRecord>> {
        self.gates.in_store(self.inner.snapshot(order_id, id)).await
    }

    async fn stores(&self) -> Result<Vec<StoreName>> {
        self.inner.stores().await
    }

    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
        self.inner.days(by, from).await
    }

    async fn newest_webhook(&self) -> Result<Option<Timestamp>> {
        self.inner.newest_webhook().await
    }

    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()> {
        self.inner.open_session(session, now).await
    }

    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
        self.inner.session(digest, now).await
    }

    async fn end_session(&self, digest: &str) -> Result<()> {
        self.inner.end_session(digest).await
    }

    async fn ping(&self) -> Result<()> {
        self.gates.in_store(self.inner.ping()).await
    }

    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership> {
        self.gates.in_store(self.inner.lead(book, holder, lease, pause)).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        self.gates.in_store(self.inner.resign(holder)).await
    }

    async fn notified(&self) {
        self.inner.notified().await;
    }

    async fn notify_others(&self) -> Result<()> {
        self.gates.in_store(self.inner.notify_others()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
