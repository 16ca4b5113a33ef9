//! The store in whatever speaks SQL: the statements are the same, how to get at the database is [`Base`]'s.

use std::{collections::HashSet, time::Duration};

use futures_util::future::BoxFuture;
use jiff::{Timestamp, civil::Date};

use super::{
    Cause, Claim, Claimable, Cleared, Count, DayOf, DaySum, Days, Delivery, Filter, Fold, Grouping, Hold, LongestWaits,
    ManualChange, MappingRevision, NewMapping, OpenWarning, OrderRecord, Page, Position, Receipt, Result,
    SessionRecord, Settled, Settlement, SnapshotRecord, Store, StoreName, Sums, TimelinePage, TimelinePlace, Total,
    Undecided, Unfolded, UnreadableDelivery, Verdict, Wait, Wanted, Written, claim, decide, figures, fold, list,
    manual, mappings, old_bodies, pages, read, recheck, sessions, talk::Talk, timeline, wait,
};
use crate::domain::{
    order::OrderId,
    reason::Warning,
    timeline::{Entry, Event},
    waiting::Subject,
};

/// How much a piece of writing may touch, which says how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A batch.
    Small,
    /// As many orders as there are.
    Large,
}

/// Statements that belong together: takes something to run them with, and gives it back with what came of them.
pub(super) type Work<'a, C, T> = Box<dyn FnOnce(C) -> BoxFuture<'a, (C, Result<T>)> + Send + 'a>;

/// A database that the store is kept in.
#[async_trait::async_trait]
pub trait Base: Send + Sync + 'static {
    /// What reads; what it sees need not be of one moment.
    type Reading: Talk;
    /// What writes, in a transaction beside which nobody else folds, decides, claims or settles.
    type Writing: Talk;

    /// Reads.
    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Self::Reading, T>) -> Result<T>;

    /// Writes, and commits what went well; of what did not nothing remains.
    async fn write<'a, T: Send + 'a>(&self, size: Size, work: Work<'a, Self::Writing, T>) -> Result<T>;

    /// [`Store::record`].
    async fn record(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>>;

    /// [`Store::ping`].
    async fn ping(&self) -> Result<()>;

    /// [`Store::hold_book`].
    async fn hold_book(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Hold>;

    /// [`Store::let_go`].
    async fn let_go(&self, holder: &str) -> Result<()>;

    /// [`Store::called`].
    async fn called(&self);

    /// [`Store::call_others`].
    async fn call_others(&self) -> Result<()>;

    /// [`Store::close`].
    async fn close(&self);
}

/// The store in a database.
#[derive(Debug)]
pub struct Sql<B>(pub(super) B);

macro_rules! work {
    ($talk:ident => $work:expr) => {
        Box::new(move |mut connection| {
            Box::pin(async move {
                let $talk = &mut connection;
                let result = $work.await;
                (connection, result)
            })
        })
    };
}

macro_rules! read {
    ($store:ident, $talk:ident => $work:expr) => {
        $store.0.read(work!($talk => $work)).await
    };
}

macro_rules! write {
    ($store:ident, $size:ident, $talk:ident => $work:expr) => {
        $store.0.write(Size::$size, work!($talk => $work)).await
    };
}

#[async_trait::async_trait]
impl<B: Base> Store for Sql<B> {
    async fn record(&self, deliveries: &[Delivery], fold: Fold) -> Result<Vec<Receipt>> {
        self.0.record(deliveries, fold).await
    }

    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, talk => fold::unfolded(talk, order_id, limit))
    }

    async fn fold(&self, deliveries: &[(i64, Delivery)]) -> Result<()> {
        write!(self, Small, talk => fold::fold(talk, deliveries))
    }

    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<Vec<Undecided>> {
        read!(self, talk => decide::undecided(talk, now, limit))
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        write!(self, Small, talk => decide::decide(talk, verdicts, now))
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        let events = std::slice::from_ref(event);
        write!(self, Small, talk => timeline::append(talk, std::iter::once((order_id, events)), now))
    }

    async fn claim(&self, book: &str, wanted: Wanted, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claim>> {
        write!(self, Small, talk => claim::claim(talk, book, wanted, now, lease_until))
    }

    async fn claimable(&self, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
        read!(self, talk => claim::claimable(talk, book, now, most))
    }

    async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> Result<Vec<Settled>> {
        write!(self, Small, talk => claim::settle(talk, settlements, now))
    }

    async fn next_attempt_at(&self, book: &str) -> Result<Option<Timestamp>> {
        read!(self, talk => claim::next_attempt_at(talk, book))
    }

    async fn hasten(&self, book: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, talk => claim::hasten(talk, book, now))
    }

    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64> {
        write!(self, Small, talk => claim::hasten_one(talk, order_id, now))
    }

    async fn shorten_waits(&self, book: &str, now: Timestamp, longest: LongestWaits) -> Result<u64> {
        write!(self, Large, talk => claim::shorten_waits(talk, book, now, longest))
    }

    async fn end_leases(&self, book: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, talk => claim::end_leases(talk, book, now))
    }

    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, talk => decide::rearm(talk, filter, actor, now))
    }

    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>> {
        write!(self, Small, talk => decide::rearm_one(talk, order_id, actor, now))
    }

    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written> {
        write!(self, Small, talk => manual::decide(talk, order_id, change, now))
    }

    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written> {
        write!(self, Small, talk => manual::acknowledge(talk, order_id, warning, actor, now))
    }

    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        read!(self, talk => read::order(talk, order_id))
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        read!(self, talk => timeline::all(talk, order_id))
    }

    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage> {
        read!(self, talk => timeline::page(talk, order_id, before, limit))
    }

    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page> {
        read!(self, talk => list::page(talk, filter, before, limit))
    }

    async fn sums(&self, filter: &Filter) -> Result<Sums> {
        read!(self, talk => list::sums(talk, filter))
    }

    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
        read!(self, talk => figures::totals(talk, days, grouping, limit))
    }

    async fn invoiced_since(&self, since: Timestamp) -> Result<i64> {
        read!(self, talk => figures::invoiced_since(talk, since))
    }

    async fn causes(&self, limit: i64) -> Result<Vec<Cause>> {
        read!(self, talk => read::causes(talk, limit))
    }

    async fn due_wait(&self, book: &str, now: Timestamp) -> Result<Option<Wait>> {
        read!(self, talk => wait::due(talk, book, now))
    }

    async fn due_recheck(&self, book: &str, now: Timestamp) -> Result<Option<OrderId>> {
        read!(self, talk => recheck::due(talk, book, now))
    }

    async fn claim_blocked(&self, order_id: &OrderId, now: Timestamp, lease_until: Timestamp) -> Result<Option<Claim>> {
        write!(self, Small, talk => claim::claim_blocked(talk, order_id, now, lease_until))
    }

    async fn try_blocked(&self, order_id: &OrderId, now: Timestamp) -> Result<()> {
        write!(self, Small, talk => recheck::try_again(talk, order_id, now))
    }

    async fn recheck_at(&self, order_id: &OrderId, at: Timestamp) -> Result<()> {
        write!(self, Small, talk => recheck::put_off(talk, order_id, at))
    }

    async fn next_look_at(&self, book: &str) -> Result<Option<Timestamp>> {
        read!(self, talk => wait::next_look_at(talk, book))
    }

    async fn wait_on(&self, book: &str, subject: &Subject, until: Timestamp) -> Result<()> {
        write!(self, Small, talk => wait::wait_on(talk, book, subject, until))
    }

    async fn end_wait(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Large, talk => wait::end(talk, book, subject, now))
    }

    async fn try_one_waiting(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Small, talk => wait::try_one(talk, book, subject, now))
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        read!(self, talk => read::waiting_bodies(talk, limit))
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        read!(self, talk => read::counts(talk))
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        read!(self, talk => read::warning_counts(talk))
    }

    async fn open_warnings(&self) -> Result<Vec<OpenWarning>> {
        read!(self, talk => read::open_warnings(talk))
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        read!(self, talk => read::oldest_due(talk))
    }

    async fn oldest_received(&self) -> Result<Option<Timestamp>> {
        read!(self, talk => read::oldest_received(talk))
    }

    async fn unreadable_count(&self) -> Result<i64> {
        read!(self, talk => read::unreadable_count(talk))
    }

    async fn unreadable(&self, before: Option<i64>, limit: i64) -> Result<Vec<UnreadableDelivery>> {
        read!(self, talk => read::unreadable(talk, before, limit))
    }

    async fn unreadable_one(&self, id: i64) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
        read!(self, talk => read::unreadable_one(talk, id))
    }

    async fn unreadable_bodies(&self, after: i64, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, talk => fold::unreadable_bodies(talk, after, limit))
    }

    async fn fold_reread(&self, deliveries: &[(i64, Delivery)]) -> Result<usize> {
        write!(self, Small, talk => fold::fold_reread(talk, deliveries))
    }

    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        read!(self, talk => mappings::in_force(talk))
    }

    async fn mapping_revision(&self) -> Result<i64> {
        read!(self, talk => mappings::newest_revision(talk))
    }

    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>> {
        read!(self, talk => mappings::of_file(talk))
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Option<MappingRevision>> {
        write!(self, Large, talk => mappings::put(talk, new, now))
    }

    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, talk => mappings::below(talk, below, limit))
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, talk => mappings::history(talk, limit))
    }

    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        let old = read!(self, talk => old_bodies::find(talk, older_than, now, step))?;
        if old.count() == 0 {
            return Ok(Cleared { bodies: 0, looked_at: 0 });
        }
        let old = &old;
        write!(self, Small, talk => old_bodies::clear(talk, old, now))
    }

    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
        read!(self, talk => pages::snapshots(talk, order_id, limit))
    }

    async fn snapshot(&self, order_id: &OrderId, id: i64) -> Result<Option<SnapshotRecord>> {
        read!(self, talk => pages::snapshot_of(talk, order_id, id))
    }

    async fn stores(&self) -> Result<Vec<StoreName>> {
        read!(self, talk => pages::stores(talk))
    }

    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
        read!(self, talk => pages::days(talk, by, from))
    }

    async fn newest_webhook(&self) -> Result<Option<Timestamp>> {
        read!(self, talk => pages::newest_webhook(talk))
    }

    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()> {
        write!(self, Small, talk => sessions::open(talk, session, now))
    }

    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
        read!(self, talk => sessions::find(talk, digest, now))
    }

    async fn end_session(&self, digest: &str) -> Result<()> {
        write!(self, Small, talk => sessions::end(talk, digest))
    }

    async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    async fn hold_book(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Hold> {
        self.0.hold_book(book, holder, lease, pause).await
    }

    async fn let_go(&self, holder: &str) -> Result<()> {
        self.0.let_go(holder).await
    }

    async fn called(&self) {
        self.0.called().await;
    }

    async fn call_others(&self) -> Result<()> {
        self.0.call_others().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
