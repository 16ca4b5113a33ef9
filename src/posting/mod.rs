//! Creates and deletes documents in Accurate: invoices, receipts and returns.
//!
//! `scheduler` chooses the next work; `work` does it and stores the outcome. [`post`] makes one attempt for an invoice,
//! whose state is in `attempt`; `find` looks the invoice up, and `void` deletes it. [`bulk`] makes many attempts with
//! shared calls, and `read_back` checks what they saved, together with other `bulks`. `after_sale` and
//! `after_sale_bulk` do the same for receipts and returns. [`recheck`] checks whether what blocked orders wait for exists now,
//! [`circuit`] pauses a book that fails, and [`lending`] shares Accurate's limit with commands.

mod after_sale;
mod after_sale_bulk;
mod attempt;
pub mod bulk;
mod bulks;
pub mod circuit;
mod find;
mod lead;
pub mod lending;
mod new_customers;
pub mod post;
mod read_back;
pub mod recheck;
mod rights;
mod scheduler;
mod stages;
mod void;
mod work;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

pub use self::lead::LeadingBook;
use self::{
    attempt::{SLOW_DOWN, health_of},
    bulks::BulksOfBook,
    circuit::{Circuit, Gate, Pause},
    new_customers::WithoutCustomer,
    scheduler::{BULK_FROM, Pick, Scheduler, Waiting},
};
use crate::{
    accurate::{client::Session, credentials::Credentials, invoices::LARGEST_BULK, outcome::Failure},
    clock::{Monotonic, SharedClock, StepWatch},
    domain::ids::BookName,
    signals::Signals,
    storage::{Claim, Claimable, Lane, LongestWaits, PostingStorage, Result, Selection},
};

/// How long one worker may work on an order: enough for several calls of [`crate::accurate::client::CALL_TIMEOUT`].
pub const LEASE: SignedDuration = SignedDuration::from_secs(180);

/// The same for a group: a bulk of [`crate::accurate::client::BULK_TIMEOUT`], and time to find the orders that it
/// refused.
pub const GROUP_LEASE: SignedDuration = SignedDuration::from_mins(10);

/// The longest waits that are ever stored, plus a minute because other replicas' clocks differ.
const LONGEST_WAITS: LongestWaits = LongestWaits {
    attempt: SignedDuration::from_mins(61),
    lease: SignedDuration::from_mins(11),
    recheck: SignedDuration::from_mins(61),
    order_recheck: SignedDuration::from_hours(25),
};

/// The longest waits that remain after the machine's clock was set back. The stored times are then too late, and it is
/// not known which of them had almost passed. Trying too early only costs a call; leases still protect their workers.
const AFTER_A_STEP_BACK: LongestWaits = LongestWaits {
    attempt: SignedDuration::ZERO,
    recheck: SignedDuration::ZERO,
    order_recheck: SignedDuration::ZERO,
    ..LONGEST_WAITS
};

/// A clock that moves by less than this was corrected, not set.
const SMALLEST_STEP: SignedDuration = SignedDuration::from_secs(2);

/// How often waits that are too long are looked for.
const BETWEEN_CHECKS: Duration = Duration::from_mins(1);

/// A book for probes, metrics and pages.
#[derive(Clone, Debug)]
pub struct BookStatus {
    /// The book's name in the settings.
    pub name: BookName,
    /// Why and since when the book is paused.
    pub pause: Option<Pause>,
}

/// Makes the calls of all books.
pub struct Posting {
    storage: Arc<dyn PostingStorage>,
    clock: SharedClock,
    signals: Arc<Signals>,
    books: BTreeMap<BookName, Book>,
    chance: Mutex<fastrand::Rng>,
}

/// One Accurate database.
struct Book {
    session: Session,
    bulks: BulksOfBook,
    circuit: Mutex<Circuit>,
    scheduler: Mutex<Scheduler>,
    without_customer: Mutex<WithoutCustomer>,
    /// The state of the book, as reported by the replica that leads it.
    reported: Mutex<Option<Pause>>,
    /// Since when it has waited for credentials, if it has none.
    made_at: Timestamp,
    /// Detects changes of the machine's clock; when waits were last checked.
    clock_watch: Mutex<(StepWatch, Option<Monotonic>)>,
}

/// A piece of work on a book.
#[derive(Debug)]
pub enum Work {
    /// One order's attempt.
    One(Box<Claim>),
    /// Attempts that share their calls.
    Many(Vec<Claim>),
    /// A recheck of something that blocked orders wait for.
    Recheck,
}

impl Work {
    fn one(claim: Claim) -> Self {
        Self::One(Box::new(claim))
    }
}

impl Posting {
    /// For the books of these sessions; `seed` is the seed of the random part of waits.
    pub fn new(
        storage: Arc<dyn PostingStorage>,
        clock: SharedClock,
        signals: Arc<Signals>,
        sessions: Vec<Session>,
        seed: u64,
    ) -> Self {
        let book = |session: Session| {
            let name = session.name().to_owned();
            let book = Book {
                bulks: BulksOfBook::new(&name, &signals),
                session,
                circuit: Mutex::default(),
                scheduler: Mutex::default(),
                without_customer: Mutex::default(),
                reported: Mutex::default(),
                made_at: clock.now(),
                clock_watch: Mutex::new((StepWatch::new(clock.as_ref()), None)),
            };
            (name, book)
        };
        let books = sessions.into_iter().map(book).collect();
        Self { storage, clock, signals, books, chance: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    /// Replaces the credentials for a book's calls.
    pub fn set_credentials(&self, book: &BookName, credentials: Credentials) {
        if let Some(known) = self.books.get(book) {
            known.session.set_credentials(credentials);
        }
    }

    /// The state of all books.
    pub fn books(&self) -> Vec<BookStatus> {
        let status = |(name, book): (&BookName, &Book)| {
            let shown = || {
                let is_ours = book.session.may_call();
                if is_ours { book.lock_circuit().shown().cloned() } else { book.lock_reported().clone() }
            };
            let pause = book.lacks_credentials().or_else(shown);
            BookStatus { name: name.clone(), pause }
        };
        self.books.iter().map(status).collect()
    }

    /// The session of a book.
    pub fn session(&self, book: &BookName) -> Option<&Session> {
        self.books.get(book).map(|book| &book.session)
    }

    /// Why a book is paused, if this replica leads it.
    pub fn pause(&self, book: &BookName) -> Option<Pause> {
        let book = self.books.get(book)?;
        book.lacks_credentials().or_else(|| book.lock_circuit().pause().cloned())
    }

    /// Whether this replica makes a book's calls.
    pub fn leads(&self, book: &BookName) -> bool {
        self.books.get(book).is_some_and(|book| book.session.may_call())
    }

    /// Whether this replica makes the calls of every book.
    pub fn leads_every_book(&self) -> bool {
        self.books.values().all(|book| book.session.may_call())
    }

    /// How many pieces of a book's work wait for a shared read-back. They make no calls, so other work may begin.
    pub fn reading_back(&self, book: &BookName) -> usize {
        self.books.get(book).map_or(0, |book| book.bulks.reading_back())
    }

    /// Whether a read beside the attempts may be made now: this replica leads the book, and the book is not paused or
    /// is to be probed.
    pub fn may_read(&self, book: &BookName) -> bool {
        let Some(known) = self.books.get(book).filter(|known| known.session.may_call()) else { return false };
        !matches!(known.lock_circuit().gate(self.now()), Gate::Shut(_))
    }

    /// Records what a read beside the attempts shows about the health of its book.
    pub async fn note_read(&self, book: &BookName, failure: Option<&Failure>) -> Result<()> {
        let Some(known) = self.books.get(book) else { return Ok(()) };
        if matches!(failure, Some(Failure::SlowDown(_))) {
            known.session.slow_down(SLOW_DOWN);
        }
        self.note(book, known, health_of(failure)).await
    }

    /// When there will be work again: when an order may be claimed or a recheck is due.
    pub async fn next_moment(&self, book: &BookName) -> Option<Timestamp> {
        if self.books.get(book)?.lacks_credentials().is_some() {
            return None;
        }
        let attempt_at = self.storage.next_attempt_at(book).await.ok()?;
        let recheck_at = self.storage.next_recheck_at(book).await.ok()?;
        let (probe_at, lane_probe_at) = {
            let circuit = self.books.get(book)?.lock_circuit();
            (circuit.pause().map(|pause| pause.next_probe_at), circuit.next_lane_probe_at())
        };
        // An order that is due and was not claimed just now waits for a missing right.
        let attempt_at = attempt_at.map(|at| if at <= self.now() { lane_probe_at.unwrap_or(at).max(at) } else { at });
        let moments = match probe_at {
            // A paused book makes one attempt at a time, and rechecks only if there is no order to send.
            Some(probe_at) => [attempt_at.map(|_| probe_at), recheck_at.map(|at| at.max(probe_at))],
            None => [attempt_at, recheck_at],
        };
        moments.into_iter().flatten().min()
    }

    /// Claims the next work of a book, at most `room` pieces; empty if there is none or the book is paused. The caller
    /// must pass each piece to [`Posting::work`].
    pub async fn next_work(&self, book: &BookName, room: usize) -> Result<Vec<Work>> {
        let Some(known) = self.books.get(book).filter(|book| book.lacks_credentials().is_none()) else {
            return Ok(Vec::new());
        };
        self.shorten_waits(book, known).await?;
        // Also what other calls showed, such as the lists that are read: a right that is there is no longer missing.
        self.note_rights(book, known).await?;
        let now = self.now();
        let gate = {
            let mut circuit = known.lock_circuit();
            circuit.shorten_waits(now);
            circuit.gate(now)
        };
        match gate {
            Gate::Shut(_) => Ok(Vec::new()),
            Gate::Probe => {
                let probe = self.claim(book, Selection::Probe, LEASE).await?;
                if probe.is_empty() && self.storage.next_recheck_at(book).await?.is_some_and(|at| at <= now) {
                    // Without an order to send, a recheck serves as the probe.
                    return Ok(vec![Work::Recheck]);
                }
                Ok(probe.into_iter().map(Work::one).collect())
            }
            Gate::Open => self.pick_work(book, known, room).await,
        }
    }

    /// Ends waits that are too long because the clock was ahead: immediately after the clock is set back, and once a
    /// minute for waits that were stored before this process started.
    async fn shorten_waits(&self, name: &BookName, book: &Book) -> Result<()> {
        let step = book.lock_clock_watch().0.step(self.clock.as_ref());
        let was_set_back = step <= -SMALLEST_STEP;
        if step.abs() >= SMALLEST_STEP {
            let (seconds, way) = (step.as_secs().abs(), if was_set_back { "back" } else { "forward" });
            tracing::warn!(book = name.as_str(), seconds, "this machine's clock was set {way} by {seconds} seconds");
            // The book may be paused because of the clock, until a time by the previous clock.
            *book.lock_circuit() = <_>::default();
        }
        let now = self.monotonic();
        let last_check = book.lock_clock_watch().1;
        if !was_set_back && last_check.is_some_and(|at| now.since(at) < BETWEEN_CHECKS) {
            return Ok(());
        }
        let longest = if was_set_back { AFTER_A_STEP_BACK } else { LONGEST_WAITS };
        let shortened = self.storage.shorten_waits(name, self.now(), longest).await?;
        book.lock_clock_watch().1 = Some(now);
        if shortened > 0 {
            tracing::info!(
                book = name.as_str(),
                shortened,
                "{shortened} waits of book {name} end now: they were measured with another clock"
            );
        }
        Ok(())
    }

    async fn pick_work(&self, book: &BookName, known: &Book, room: usize) -> Result<Vec<Work>> {
        let now = self.now();
        self.probe_for_customers(known, now).await?;
        let orders = self.storage.claimable(book, now, BULK_FROM).await?;
        let gates = Lane::ALL.map(|lane| (lane, known.lock_circuit().lane(lane, now)));
        for (lane, gate) in &gates {
            if *gate == Gate::Probe && orders.of(*lane) > 0 {
                known.lock_circuit().probe_lane(*lane, now);
                let selection = Selection::Due { lane: *lane, newest_first: false, limit: 1 };
                let probe = self.claim(book, selection, LEASE).await?;
                return Ok(probe.into_iter().map(Work::one).collect());
            }
        }
        let orders = gates.map(|(lane, gate)| if gate == Gate::Open { orders.of(lane) } else { 0 });
        let orders = Claimable::new(orders);
        let recheck_is_due = self.storage.next_recheck_at(book).await?.is_some_and(|at| at <= now);
        let waiting = Waiting {
            orders,
            recheck_is_due,
            bulk_is_possible: known.session.may_send_bulks(),
            reading_back: known.bulks.reading_back(),
        };
        let Some(pick) = known.lock_scheduler().next(waiting, room, self.monotonic()) else { return Ok(Vec::new()) };
        let (lane, limit, lease) = match pick {
            Pick::Recheck => return Ok(vec![Work::Recheck]),
            Pick::Singles(lane, limit) => (lane, limit, LEASE),
            Pick::Group(lane) => (lane, LARGEST_BULK, GROUP_LEASE),
        };
        let newest_first = known.lock_scheduler().alternate_ends(lane);
        let selection = Selection::Due { lane, newest_first, limit: limit as i64 };
        let claims = self.claim(book, selection, lease).await;
        if let (Pick::Group(_), Err(_)) = (pick, &claims) {
            known.lock_scheduler().group_went_well();
        }
        let claims = claims?;
        Ok(if let Pick::Group(_) = pick {
            vec![Work::Many(claims)]
        } else {
            claims.into_iter().map(Work::one).collect()
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    fn chance(&self) -> f64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

impl Book {
    /// The pause of a book without credentials.
    fn lacks_credentials(&self) -> Option<Pause> {
        (!self.session.has_credentials()).then(|| Pause::without_credentials(self.made_at))
    }

    fn lock_without_customer(&self) -> MutexGuard<'_, WithoutCustomer> {
        self.without_customer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_clock_watch(&self) -> MutexGuard<'_, (StepWatch, Option<Monotonic>)> {
        self.clock_watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_reported(&self) -> MutexGuard<'_, Option<Pause>> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
