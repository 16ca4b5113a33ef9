//! Signals between the stages: new deliveries, due orders, many webhooks, leadership of this replica.
//!
//! A stage never calls another one. It commits its result and raises a signal; the loops in [`crate::engine`] wait for
//! the signals. A lost signal only costs time, because every loop also checks for work every few seconds.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use crate::{
    clock::{Monotonic, SharedClock},
    domain::ids::BookName,
};

/// How long webhooks count as many after the last time.
const MANY_LASTS: Duration = Duration::from_millis(50);

/// The signals of one process.
pub struct Signals {
    clock: SharedClock,
    /// Orders may be undecided.
    news: Notify,
    /// There may be work for other replicas.
    others: Notify,
    /// Orders of a book may be due.
    due: BTreeMap<BookName, Notify>,
    /// Somebody may have requested a list of a book.
    lists: BTreeMap<BookName, Notify>,
    /// Somebody may have requested a reconciliation, for each book.
    reconciliations: BTreeMap<BookName, Notify>,
    /// Until when this replica decides.
    decides_until: Moment,
    /// When webhooks last arrived so fast that their answers had to wait.
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
    /// For these books. Initially, this replica decides.
    pub fn new<'a>(clock: SharedClock, books: impl IntoIterator<Item = &'a BookName>) -> Self {
        let due: BTreeMap<_, _> = books.into_iter().map(|book| (book.to_owned(), Notify::new())).collect();
        Self {
            clock,
            news: Notify::new(),
            others: Notify::new(),
            lists: due.keys().map(|book| (book.clone(), Notify::new())).collect(),
            reconciliations: due.keys().map(|book| (book.clone(), Notify::new())).collect(),
            due,
            decides_until: Moment::new(Monotonic::MAX),
            many_came_at: Moment::new(Monotonic::MAX),
        }
    }

    /// Returns when orders may be undecided.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Returns when orders of a book may be due.
    pub async fn due(&self, book: &BookName) {
        match self.due.get(book) {
            Some(due) => due.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Returns when somebody may have requested a list of a book.
    pub async fn lists(&self, book: &BookName) {
        match self.lists.get(book) {
            Some(lists) => lists.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Returns when somebody may have requested a reconciliation.
    pub async fn reconciliations(&self, book: &BookName) {
        match self.reconciliations.get(book) {
            Some(reconciliations) => reconciliations.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Somebody has requested a reconciliation: wakes the tasks that carry it out.
    pub fn reconciliation_requested(&self) {
        for reconciliations in self.reconciliations.values() {
            reconciliations.notify_one();
        }
    }

    /// Somebody has requested a list of a book: wakes the task that reads it.
    pub fn list_requested(&self, book: &BookName) {
        if let Some(lists) = self.lists.get(book) {
            lists.notify_one();
        }
    }

    /// Returns when other replicas should be notified.
    pub async fn others(&self) {
        self.others.notified().await;
    }

    /// Orders are undecided: notifies the replica that decides.
    pub fn news_came(&self) {
        if self.decides() {
            self.news.notify_one();
        } else {
            self.others.notify_one();
        }
    }

    /// Orders of a book may be due.
    pub fn due_came(&self, book: &BookName) {
        if let Some(due) = self.due.get(book) {
            due.notify_one();
        }
    }

    /// There may be work for other replicas.
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
        self.lists.values().for_each(Notify::notify_one);
        self.reconciliation_requested();
    }

    /// Webhooks arrive so fast that their answers have to wait: other writers pause.
    pub fn many_webhooks_came(&self) {
        self.many_came_at.set(self.clock.monotonic());
    }

    /// Whether this was the case recently.
    pub fn webhooks_are_many(&self) -> bool {
        let came_at = self.many_came_at.get();
        came_at != Monotonic::MAX && self.clock.monotonic().since(came_at) < MANY_LASTS
    }

    /// Whether this replica decides.
    pub fn decides(&self) -> bool {
        self.clock.monotonic() < self.decides_until.get()
    }

    /// This replica decides until this time.
    pub fn decide_until(&self, until: Monotonic) {
        let did = self.decides();
        self.decides_until.set(until);
        if self.decides() && !did {
            self.news.notify_one();
        }
    }
}
