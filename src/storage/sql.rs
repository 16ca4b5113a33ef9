//! The store in whatever speaks SQL: the statements are the same, how to get at the database is [`Base`]'s.

use std::{collections::HashSet, time::Duration};

use futures_util::future::BoxFuture;
use jiff::{Timestamp, civil::Date};

use super::{
    Cause, Claim, Claimable, Cleared, Count, DayOf, DaySum, Days, Delivery, DocumentKey, Filter, Folding, Grouping,
    Leadership, LongestWaits, ManualChange, MappingRevision, NewMapping, News, OpenWarning, OrderRecord, Page,
    Position, Receipt, Recheck, Result, SessionRecord, Settled, Settlement, SnapshotRecord, Storage, StoreName, Sums,
    TimelinePage, TimelinePlace, Total, Unfolded, UnreadableDelivery, Verdict, Wanted, Written, attempts, claim,
    decide, dialect::Dialect, figures, fold, list, manual, mappings, old_bodies, order_recheck, pages, read, recheck,
    sessions, settle, timeline,
};
use crate::domain::{
    order::OrderId,
    reason::Warning,
    recheck::Subject,
    timeline::{Entry, Event},
};

/// How much a piece of writing may touch, which says how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A batch.
    Small,
    /// A batch that is derived from what is on the disk. It may be lost in a power cut, for then it is derived again;
    /// whatever is written later is never on the disk without it.
    Derived,
    /// As many orders as there are.
    Large,
}

/// Statements that belong together: takes something to run them with, and gives it back with what came of them.
pub(super) type Work<'a, C, T> = Box<dyn FnOnce(C) -> BoxFuture<'a, (C, Result<T>)> + Send + 'a>;

/// A database that the store is kept in.
#[async_trait::async_trait]
pub trait Base: Send + Sync + 'static {
    /// What reads; what it sees need not be of one moment.
    type Reading: Dialect;
    /// What writes, in a transaction beside which nobody else folds, decides, claims or settles.
    type Writing: Dialect;

    /// Reads.
    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Self::Reading, T>) -> Result<T>;

    /// Writes, and commits what went well; of what did not nothing remains.
    async fn write<'a, T: Send + 'a>(&self, size: Size, work: Work<'a, Self::Writing, T>) -> Result<T>;

    /// [`Storage::record`].
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>>;

    /// [`Storage::ping`].
    async fn ping(&self) -> Result<()>;

    /// [`Storage::lead`].
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership>;

    /// [`Storage::resign`].
    async fn resign(&self, holder: &str) -> Result<()>;

    /// [`Storage::called`].
    async fn notified(&self);

    /// [`Storage::notify_others`].
    async fn notify_others(&self) -> Result<()>;

    /// [`Storage::close`].
    async fn close(&self);
}

/// The store in a database.
#[derive(Debug)]
pub struct Sql<B>(pub(super) B);

macro_rules! work {
    ($db:ident => $work:expr) => {
        Box::new(move |mut connection| {
            Box::pin(async move {
                let $db = &mut connection;
                let result = $work.await;
                (connection, result)
            })
        })
    };
}

macro_rules! read {
    ($storage:ident, $db:ident => $work:expr) => {
        $storage.0.read(work!($db => $work)).await
    };
}

macro_rules! write {
    ($storage:ident, $size:ident, $db:ident => $work:expr) => {
        $storage.0.write(Size::$size, work!($db => $work)).await
    };
}

#[async_trait::async_trait]
impl<B: Base> Storage for Sql<B> {
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        self.0.record(deliveries).await
    }

    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, db => fold::unfolded(db, order_id, limit))
    }

    async fn fold(&self, deliveries: &[Folding]) -> Result<()> {
        write!(self, Derived, db => fold::fold(db, deliveries))
    }

    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News> {
        read!(self, db => decide::undecided(db, now, limit))
    }

    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
        write!(self, Derived, db => decide::decide(db, verdicts, now))
    }

    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()> {
        let events = std::slice::from_ref(event);
        write!(self, Small, db => timeline::append(db, std::iter::once((order_id, events)), now))
    }

    async fn claim(&self, book: &str, wanted: Wanted, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claim>> {
        write!(self, Small, db => claim::claim(db, book, wanted, now, lease_until))
    }

    async fn claimable(&self, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
        read!(self, db => claim::claimable(db, book, now, most))
    }

    async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> Result<Vec<Settled>> {
        write!(self, Small, db => settle::settle(db, settlements, now))
    }

    async fn next_attempt_at(&self, book: &str) -> Result<Option<Timestamp>> {
        read!(self, db => attempts::next_at(db, book))
    }

    async fn hasten(&self, book: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => attempts::hasten(db, book, now))
    }

    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64> {
        write!(self, Small, db => attempts::hasten_one(db, order_id, now))
    }

    async fn shorten_waits(&self, book: &str, now: Timestamp, longest: LongestWaits) -> Result<u64> {
        write!(self, Large, db => attempts::shorten_waits(db, book, now, longest))
    }

    async fn end_leases(&self, book: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => attempts::end_leases(db, book, now))
    }

    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => decide::rearm(db, filter, actor, now))
    }

    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>> {
        write!(self, Small, db => decide::rearm_one(db, order_id, actor, now))
    }

    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written> {
        write!(self, Small, db => manual::decide(db, order_id, change, now))
    }

    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written> {
        write!(self, Small, db => manual::acknowledge(db, order_id, warning, actor, now))
    }

    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>> {
        read!(self, db => read::order(db, order_id))
    }

    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>> {
        read!(self, db => timeline::all(db, order_id))
    }

    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage> {
        read!(self, db => timeline::page(db, order_id, before, limit))
    }

    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page> {
        read!(self, db => list::page(db, filter, before, limit))
    }

    async fn sums(&self, filter: &Filter) -> Result<Sums> {
        read!(self, db => list::sums(db, filter))
    }

    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
        read!(self, db => figures::totals(db, days, grouping, limit))
    }

    async fn invoiced_since(&self, since: Timestamp) -> Result<i64> {
        read!(self, db => figures::invoiced_since(db, since))
    }

    async fn causes(&self, limit: i64) -> Result<Vec<Cause>> {
        read!(self, db => read::causes(db, limit))
    }

    async fn due_recheck(&self, book: &str, now: Timestamp) -> Result<Option<Recheck>> {
        read!(self, db => recheck::due(db, book, now))
    }

    async fn due_own_recheck(&self, book: &str, now: Timestamp) -> Result<Option<DocumentKey>> {
        read!(self, db => order_recheck::due(db, book, now))
    }

    async fn claim_blocked(
        &self,
        document: &DocumentKey,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>> {
        write!(self, Small, db => claim::claim_blocked(db, document, now, lease_until))
    }

    async fn retry_blocked(&self, document: &DocumentKey, now: Timestamp) -> Result<()> {
        write!(self, Small, db => order_recheck::try_again(db, document, now))
    }

    async fn recheck_at(&self, document: &DocumentKey, at: Timestamp) -> Result<()> {
        write!(self, Small, db => order_recheck::put_off(db, document, at))
    }

    async fn next_recheck_at(&self, book: &str) -> Result<Option<Timestamp>> {
        read!(self, db => recheck::next_at(db, book))
    }

    async fn put_off_recheck(&self, book: &str, subject: &Subject, until: Timestamp) -> Result<()> {
        write!(self, Small, db => recheck::put_off(db, book, subject, until))
    }

    async fn finish_recheck(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Large, db => recheck::end(db, book, subject, now))
    }

    async fn try_one_awaiting(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
        write!(self, Small, db => recheck::try_one(db, book, subject, now))
    }

    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>> {
        read!(self, db => read::waiting_bodies(db, limit))
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        read!(self, db => read::counts(db))
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        read!(self, db => read::warning_counts(db))
    }

    async fn open_warnings(&self) -> Result<Vec<OpenWarning>> {
        read!(self, db => read::open_warnings(db))
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        read!(self, db => read::oldest_due(db))
    }

    async fn oldest_received(&self) -> Result<Option<Timestamp>> {
        read!(self, db => read::oldest_received(db))
    }

    async fn unreadable_count(&self) -> Result<i64> {
        read!(self, db => read::unreadable_count(db))
    }

    async fn unreadable(&self, before: Option<i64>, limit: i64) -> Result<Vec<UnreadableDelivery>> {
        read!(self, db => read::unreadable(db, before, limit))
    }

    async fn unreadable_one(&self, id: i64) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
        read!(self, db => read::unreadable_one(db, id))
    }

    async fn unreadable_bodies(&self, after: i64, limit: i64) -> Result<Vec<Unfolded>> {
        read!(self, db => fold::unreadable_bodies(db, after, limit))
    }

    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize> {
        write!(self, Small, db => fold::fold_reread(db, deliveries))
    }

    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        read!(self, db => mappings::in_force(db))
    }

    async fn mapping_revision(&self) -> Result<i64> {
        read!(self, db => mappings::newest_revision(db))
    }

    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>> {
        read!(self, db => mappings::of_file(db))
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Option<MappingRevision>> {
        write!(self, Large, db => mappings::put(db, new, now))
    }

    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, db => mappings::below(db, below, limit))
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, db => mappings::history(db, limit))
    }

    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        let old = read!(self, db => old_bodies::find(db, older_than, now, step))?;
        if old.count() == 0 {
            return Ok(Cleared { bodies: 0, examined: 0 });
        }
        let old = &old;
        write!(self, Small, db => old_bodies::clear(db, old, now))
    }

    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
        read!(self, db => pages::snapshots(db, order_id, limit))
    }

    async fn snapshot(&self, order_id: &OrderId, id: i64) -> Result<Option<SnapshotRecord>> {
        read!(self, db => pages::snapshot_of(db, order_id, id))
    }

    async fn stores(&self) -> Result<Vec<StoreName>> {
        read!(self, db => pages::stores(db))
    }

    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
        read!(self, db => pages::days(db, by, from))
    }

    async fn newest_webhook(&self) -> Result<Option<Timestamp>> {
        read!(self, db => pages::newest_webhook(db))
    }

    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()> {
        write!(self, Small, db => sessions::open(db, session, now))
    }

    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
        read!(self, db => sessions::find(db, digest, now))
    }

    async fn end_session(&self, digest: &str) -> Result<()> {
        write!(self, Small, db => sessions::end(db, digest))
    }

    async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership> {
        self.0.lead(book, holder, lease, pause).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        self.0.resign(holder).await
    }

    async fn notified(&self) {
        self.0.notified().await;
    }

    async fn notify_others(&self) -> Result<()> {
        self.0.notify_others().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
