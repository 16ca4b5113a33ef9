//! What the stages let each other know: there is news, orders are due, webhooks are many, this replica leads.
//!
//! A stage never calls another one. It commits what it did and raises a signal; the loops in [`crate::engine`] wait for
//! the signals. A lost signal costs time and nothing else, because every loop also looks for work now and then.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use crate::clock::{Monotonic, SharedClock};

/// How long webhooks count as many after they last did.
const MANY_LASTS: Duration = Duration::from_millis(50);

/// The signals of one process.
pub struct Signals {
    clock: SharedClock,
    /// There may be news to decide about.
    news: Notify,
    /// There may be something to do for other replicas.
    others: Notify,
    /// There may be orders of a book that are due.
    due: BTreeMap<String, Notify>,
    /// Until when this replica decides.
    decides_until: Moment,
    /// When webhooks last came so fast that their answers waited for each other.
    many_came_at: Moment,
}

/// A monotonic reading that tasks share.
struct Moment(AtomicU64);

impl Moment {
    fn new(at: Monotonic) -> Self {
        Self(AtomicU64::new(at.as_micros()))
    }

    fn get(&self) -> Monotonic {
        Monotonic::from_micros(self.0.load(Ordering::Acquire))
    }

    fn set(&self, at: Monotonic) {
        self.0.store(at.as_micros(), Ordering::Release);
    }
}

impl Signals {
    /// For these books. This replica decides until it is told otherwise.
    pub fn new<'a>(clock: SharedClock, books: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            clock,
            news: Notify::new(),
            others: Notify::new(),
            due: books.into_iter().map(|book| (book.to_owned(), Notify::new())).collect(),
            decides_until: Moment::new(Monotonic::MAX),
            many_came_at: Moment::new(Monotonic::MAX),
        }
    }

    /// Ends when there may be news to decide about.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Ends when there may be orders of a book that are due.
    pub async fn due(&self, book: &str) {
        match self.due.get(book) {
            Some(due) => due.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Ends when other replicas should be notified.
    pub async fn others(&self) {
        self.others.notified().await;
    }

    /// There is news to decide about: the replica that decides is to hear of it.
    pub fn news_came(&self) {
        if self.decides() {
            self.news.notify_one();
        } else {
            self.others.notify_one();
        }
    }

    /// There may be orders of a book that are due.
    pub fn due_came(&self, book: &str) {
        if let Some(due) = self.due.get(book) {
            due.notify_one();
        }
    }

    /// There may be something to do for other replicas.
    pub fn notify_others(&self) {
        self.others.notify_one();
    }

    /// Wakes every loop of every replica: orders were retried, or a mapping was applied.
    pub fn wake_all(&self) {
        self.wake_here();
        self.others.notify_one();
    }

    /// Wakes every loop of this process.
    pub fn wake_here(&self) {
        self.news.notify_one();
        self.due.values().for_each(Notify::notify_one);
    }

    /// Webhooks come so fast that their answers wait for each other: what is done behind them stands back.
    pub fn many_webhooks_came(&self) {
        self.many_came_at.set(self.clock.monotonic());
    }

    /// Whether they did so a moment ago.
    pub fn webhooks_are_many(&self) -> bool {
        let came_at = self.many_came_at.get();
        came_at != Monotonic::MAX && self.clock.monotonic().since(came_at) < MANY_LASTS
    }

    /// Whether this replica decides for all.
    pub fn decides(&self) -> bool {
        self.clock.monotonic() < self.decides_until.get()
    }

    /// This replica decides until then.
    pub fn decide_until(&self, until: Monotonic) {
        let did = self.decides();
        self.decides_until.set(until);
        if self.decides() && !did {
            self.news.notify_one();
        }
    }
}
