//! What must survive a power cut: deliveries, orders with their states and leases, timelines, mappings.
//!
//! An order's row is also its job: there is no queue beside it that could disagree with it.

mod allowance;
mod attempts;
mod claim;
mod copy;
mod decide;
mod dialect;
mod figures;
mod fold;
mod list;
mod manual;
mod mappings;
mod old_bodies;
mod order_recheck;
mod pages;
mod postgres;
mod read;
mod recheck;
mod records;
mod remedy;
mod rows;
mod sessions;
mod settle;
mod sql;
mod sqlite;
mod timeline;

use std::{collections::HashSet, fmt, path::PathBuf, sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Date};
use secrecy::SecretString;

pub(crate) use self::postgres::{address_of, examine as examine_url};
pub use self::{
    allowance::{Allowance, Borrowed, borrow},
    copy::{Moved, Progress, copy},
    mappings::MAPPING_FILE_AUTHORS,
    postgres::Postgres,
    records::*,
    rows::hundredths,
    sessions::SESSION_LASTS,
    sqlite::{Copied, Sqlite, backup},
};
use crate::{
    clock::SharedClock,
    domain::{
        order::OrderId,
        reason::Warning,
        recheck::Subject,
        timeline::{Entry, Event},
    },
};

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Database {
    /// An SQLite file; its folder is created if it is missing.
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server. The URL may hold a password.
    Postgres(SecretString),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&address_of(url)),
        }
    }
}

/// Opens the store for the service: a file for this process alone, a server beside other replicas.
pub async fn open(database: &Database) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open(url).await?),
    })
}

/// As [`open`] for a simulation, in which a server's clock shows simulated time as well.
pub async fn open_by(database: &Database, clock: SharedClock) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open(url).await?.by_clock(clock)),
    })
}

/// Opens the store, which must exist, beside a service that may be working on it, for a command that claims no order.
pub async fn open_beside(database: &Database) -> Result<Arc<dyn Storage>> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open_beside(path).await?),
        Database::Postgres(url) => Arc::new(Postgres::open_beside(url).await?),
    })
}

/// Opens the store to read it; makes and changes nothing.
pub async fn open_to_read(database: &Database) -> Result<Readable> {
    match database {
        Database::Sqlite(path) => Sqlite::open_to_read(path).await,
        Database::Postgres(url) => Postgres::open_to_read(url).await,
    }
}

/// What there is to read.
pub enum Readable {
    /// No database, or one without our tables: the service makes it at its first start.
    Absent,
    /// The database of an earlier version: the service brings it up to date at its next start.
    Older,
    /// A database of this version, or of a newer one, which only adds.
    Now(Arc<dyn Storage>),
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database said no, or nothing.
    #[error("the database failed: {0}; {remedy}", remedy = remedy::of(.0))]
    Database(#[from] sqlx::Error),
    /// SQLite said no.
    #[error("the database failed: {0}; {remedy}", remedy = remedy::of_file(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// It was closed before.
    #[error("the database is closed")]
    Closed,
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row does not hold what this version of the program writes.
    #[error("the database holds something this version cannot read: {0}")]
    Unreadable(String),
    /// Others were being written for all the time there was.
    #[error("the database is busy: others have been waiting to be written for too long; the log says why")]
    Busy,
    /// The change of an order's state is not in the table of lawful changes, and is not written.
    #[error("order {order_id} must not go from {from} to {to}: nothing was written", from = .from.as_str(), to = .to.as_str())]
    Unlawful {
        /// Which order.
        order_id: OrderId,
        /// The state that it is in.
        from: State,
        /// The state that it was to have.
        to: State,
    },
    /// The file is damaged; nothing more is written.
    #[error("{0}")]
    Damaged(String),
    /// What it said a moment ago.
    #[error("{0}")]
    Failing(String),
    /// The file or its folder cannot be used.
    #[error("{path} cannot be used as a database: {why}")]
    File {
        /// Which file.
        path: String,
        /// What the machine said.
        why: String,
    },
    /// The server cannot be used.
    #[error("{server} cannot be used as a database: {why}")]
    Server {
        /// Which server and database, without the password.
        server: String,
        /// What it said.
        why: String,
    },
    /// The server said nothing in the time there was.
    #[error("the database did not answer in time: {}", remedy::UNREACHABLE)]
    Late,
}

/// Result of anything that touches the store.
pub type Result<T> = std::result::Result<T, StorageError>;

/// What must survive.
#[async_trait::async_trait]
pub trait Storage: Send + Sync + 'static {
    /// Records deliveries, all or none, and returns when they are on disk. One receipt each, in their order. They are
    /// not yet part of their orders: that is what [`Storage::fold`] does.
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>>;

    /// Deliveries that are not yet folded, oldest first; of one order, or of all.
    async fn unfolded(&self, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>>;

    /// Folds deliveries into their orders; one that was folded meanwhile changes nothing.
    async fn fold(&self, deliveries: &[Folding]) -> Result<()>;

    /// Orders with news, oldest first; none under a lease, none whose invoice may stand unknown to us.
    async fn undecided(&self, now: Timestamp, limit: i64) -> Result<News>;

    /// Writes decisions; one whose order has newer news, or was claimed meanwhile, or that was made by another
    /// mapping than the one in force, changes nothing.
    /// Returns the orders whose decision took effect.
    async fn decide(&self, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>>;

    /// Adds an entry to the timeline of an order; nothing else changes.
    async fn note(&self, order_id: &OrderId, event: &Event, now: Timestamp) -> Result<()>;

    /// Leases orders of a book that are due, and writes the intent of each attempt in the same commit.
    async fn claim(&self, book: &str, wanted: Wanted, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claim>>;

    /// How many orders of a book may be claimed now, by lane; counted up to `most` each.
    async fn claimable(&self, book: &str, now: Timestamp, most: i64) -> Result<Claimable>;

    /// Writes outcomes; one whose claim is no longer current changes nothing. Says of each what happened to it.
    async fn settle(&self, settlements: &[Settlement], now: Timestamp) -> Result<Vec<Settled>>;

    /// When the next order of a book wants an attempt.
    async fn next_attempt_at(&self, book: &str) -> Result<Option<Timestamp>>;

    /// Lets all waiting orders of a book that failed for a cause on the other side try again now.
    async fn hasten(&self, book: &str, now: Timestamp) -> Result<u64>;

    /// The same for one order that waits to be invoiced; returns whether it does, as 0 or 1.
    async fn hasten_one(&self, order_id: &OrderId, now: Timestamp) -> Result<u64>;

    /// Ends waits of a book that last longer than any wait may: they were written while the clock was wrong. What
    /// waits for an attempt or for a look is due now; a lease ends when the longest one would. Returns how many.
    async fn shorten_waits(&self, book: &str, now: Timestamp, longest: LongestWaits) -> Result<u64>;

    /// Ends all leases on orders of a book: for whoever takes it over, when nobody else makes its calls any more.
    async fn end_leases(&self, book: &str, now: Timestamp) -> Result<u64>;

    /// Lets blocked and waiting orders that match be decided and attempted again, as `actor` asked. Returns how many.
    async fn rearm(&self, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64>;

    /// As [`Storage::rearm`] for one order; `None` when it is not known.
    async fn rearm_one(&self, order_id: &OrderId, actor: &str, now: Timestamp) -> Result<Option<u64>>;

    /// Writes what a person decides about an order, and has the order decided again.
    async fn decide_manually(&self, order_id: &OrderId, change: &ManualChange, now: Timestamp) -> Result<Written>;

    /// Notes that a person has acknowledged a warning; it stays, but no longer needs attention.
    async fn acknowledge(&self, order_id: &OrderId, warning: Warning, actor: &str, now: Timestamp) -> Result<Written>;

    /// One order.
    async fn order(&self, order_id: &OrderId) -> Result<Option<OrderRecord>>;

    /// What happened to one order, oldest first.
    async fn timeline(&self, order_id: &OrderId) -> Result<Vec<Entry>>;

    /// Part of it, newest first, beginning below `before`.
    async fn timeline_page(
        &self,
        order_id: &OrderId,
        before: Option<TimelinePlace>,
        limit: i64,
    ) -> Result<TimelinePage>;

    /// A page of the orders that match, newest first, beginning below `before`.
    async fn page(&self, filter: &Filter, before: Option<Position>, limit: i64) -> Result<Page>;

    /// Orders that match, newest first, beginning below this place in the order of first sight.
    async fn orders(&self, filter: &Filter, before: Option<i64>, limit: i64) -> Result<Vec<OrderRecord>> {
        let (mut orders, mut before) = (Vec::new(), before.map(|id| Position { key: id, id }));
        loop {
            let page = self.page(filter, before, limit - orders.len() as i64).await?;
            orders.extend(page.orders);
            if page.next.is_none() || orders.len() as i64 >= limit {
                return Ok(orders);
            }
            before = page.next;
        }
    }

    /// How many orders match, and what they are worth; exact unless there are many that no counter knows.
    async fn sums(&self, filter: &Filter) -> Result<Sums>;

    /// How many orders there are per store, day and state, and what they are worth; `limit` rows at most.
    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>>;

    /// How many invoices were created since a moment; counted up to some thousands.
    async fn invoiced_since(&self, since: Timestamp) -> Result<i64>;

    /// Blocked orders by their cause, those with the most orders first.
    async fn causes(&self, limit: i64) -> Result<Vec<Cause>>;

    /// The thing that orders of a book wait for whose time for a look has come.
    async fn due_recheck(&self, book: &str, now: Timestamp) -> Result<Option<Recheck>>;

    /// A blocked document of a book that is to be rechecked for its own sake.
    async fn due_own_recheck(&self, book: &str, now: Timestamp) -> Result<Option<DocumentKey>>;

    /// Leases such a document for a look-up, in which nothing is saved; `None` when it is no longer blocked, its order
    /// has news, or there is no doubt about it.
    async fn claim_blocked(
        &self,
        document: &DocumentKey,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>>;

    /// Has the order of such a document decided, and the document attempted again.
    async fn retry_blocked(&self, document: &DocumentKey, now: Timestamp) -> Result<()>;

    /// It is rechecked at another moment.
    async fn recheck_at(&self, document: &DocumentKey, at: Timestamp) -> Result<()>;

    /// When the next look is due.
    async fn next_recheck_at(&self, book: &str) -> Result<Option<Timestamp>>;

    /// It was looked at in vain: again later.
    async fn put_off_recheck(&self, book: &str, subject: &Subject, until: Timestamp) -> Result<()>;

    /// It exists now: all orders that wait for it are decided again. Returns how many.
    async fn finish_recheck(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64>;

    /// Has one of the orders that wait for it tried, where nothing else can tell; returns how many it found.
    async fn try_one_awaiting(&self, book: &str, subject: &Subject, now: Timestamp) -> Result<u64>;

    /// The newest bodies of orders that may still be invoiced: watched, due or blocked.
    async fn waiting_bodies(&self, limit: i64) -> Result<Vec<Vec<u8>>>;

    /// How many orders stand where.
    async fn counts(&self) -> Result<Vec<Count>>;

    /// How many orders carry which warning.
    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>>;

    /// How many orders carry which warning that nobody has acknowledged.
    async fn open_warnings(&self) -> Result<Vec<OpenWarning>>;

    /// Since when the longest waiting order is due.
    async fn oldest_due(&self) -> Result<Option<Timestamp>>;

    /// Since when the order waits that has waited longest for its first decision.
    async fn oldest_received(&self) -> Result<Option<Timestamp>>;

    /// How many deliveries could not be read.
    async fn unreadable_count(&self) -> Result<i64>;

    /// Deliveries that could not be read, newest first, beginning below `before`.
    async fn unreadable(&self, before: Option<i64>, limit: i64) -> Result<Vec<UnreadableDelivery>>;

    /// One of them with its body, as long as that is kept.
    async fn unreadable_one(&self, id: i64) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>>;

    /// Their bodies, oldest first, beginning behind `after`; fewer than `limit` where they are large.
    async fn unreadable_bodies(&self, after: i64, limit: i64) -> Result<Vec<Unfolded>>;

    /// Folds those of them that can be read by now. Returns how many.
    async fn fold_reread(&self, deliveries: &[Folding]) -> Result<usize>;

    /// The mapping in force.
    async fn mapping(&self) -> Result<Option<MappingRevision>>;

    /// Revision of the mapping in force; 0 when none was ever given.
    async fn mapping_revision(&self) -> Result<i64>;

    /// The newest mapping that came from the mapping file; its author is one of [`MAPPING_FILE_AUTHORS`].
    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>>;

    /// Applies a mapping and has every order decided again that it may change; `None`, and nothing
    /// changed, when it was made to replace another revision than the one in force.
    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Option<MappingRevision>>;

    /// Mappings that were ever applied, newest first, beginning below a revision.
    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>>;

    /// All mappings that were ever in force, newest first.
    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>>;

    /// Looks at some deliveries that came before a moment, `step` of them at most, and clears the bodies that no
    /// decision needs any more. What is needed still is looked at again a day later.
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared>;

    /// The newest snapshots of an order as they came, newest first.
    async fn snapshots(&self, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>>;

    /// One snapshot of an order with its body; `None` when the order has none with this id.
    async fn snapshot(&self, order_id: &OrderId, id: i64) -> Result<Option<SnapshotRecord>>;

    /// Stores that ever had an order.
    async fn stores(&self) -> Result<Vec<StoreName>>;

    /// Orders day by day from this one on, in Jakarta; days without any are left out.
    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>>;

    /// When the newest webhook came.
    async fn newest_webhook(&self) -> Result<Option<Timestamp>>;

    /// Somebody has signed in; sessions that are over go.
    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()>;

    /// The session of a cookie, unless it is over.
    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>>;

    /// Somebody has signed out.
    async fn end_session(&self, digest: &str) -> Result<()>;

    /// Whether the store answers and can write.
    async fn ping(&self) -> Result<()>;

    /// Takes, or keeps, the right to make a book's calls for `lease` from now on; others hear who has it.
    /// `pause`: how the book is, for the others to show.
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership>;

    /// Gives back all books that this holder has.
    async fn resign(&self, holder: &str) -> Result<()>;

    /// Waits until another replica left something to do here, or for ever where there are no others. It may also
    /// return when nobody called: after a time in which a call would not have been heard.
    async fn notified(&self);

    /// Calls the others.
    async fn notify_others(&self) -> Result<()>;

    /// Tidies up; nothing may be asked of the store afterwards.
    async fn close(&self);
}

/// The names of the migrations in a folder, in their order.
#[cfg(test)]
fn migration_files(database: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let files = std::fs::read_dir(folder).expect("it is there").map(|file| file.expect("readable").path());
    let name = |file: std::path::PathBuf| file.file_stem().and_then(|name| name.to_str()).expect("UTF-8").to_owned();
    let mut names: Vec<_> = files.map(name).collect();
    names.sort();
    names
}
