//! From recorded webhook to settled order: decide, claim, post, settle.
//!
//! [`record`] commits what waits together; [`reread`] reads again what could not be read; [`decide`] turns news into verdicts; `turns` says whose turn it is;
//! `work` does it and writes down what it came to: [`post`] makes one attempt (kept in `attempt`), [`bulk`] many with
//! shared calls, whose saves `read_back` checks;
//! [`look`] looks again at what blocked orders wait for; [`mapping`] puts a mapping in force; [`preview`] shows what would be sent;
//! [`circuit`] pauses a book in trouble; [`tidy`] clears old bodies; [`run`] drives all of it until it is told to stop,
//! watched by [`supervisor`].
//! Each step is a method of [`Engine`], so that a test can take the steps one by one.

mod attempt;
pub mod bulk;
pub mod circuit;
pub mod decide;
mod find;
mod holding;
pub mod look;
pub mod mapping;
mod new_customers;
pub mod people;
pub mod post;
pub mod preview;
pub mod queue;
mod read_back;
pub mod record;
pub mod reread;
pub mod run;
pub(crate) mod sharing;
pub mod supervisor;
pub mod tidy;
mod turns;
mod void;
mod work;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use self::{
    circuit::{Circuit, Gate, Pause},
    decide::{Decide, verdict},
    new_customers::WithoutCustomer,
    supervisor::{Standstill, Supervisor},
    turns::{BULK_FROM, Turn, Turns, Waiting},
};
use crate::{
    accurate::{client::Session, credentials::Credentials, invoices::LARGEST_BULK},
    clock::{Monotonic, SharedClock, StepWatch},
    domain::{mapping::Mapping, order::OrderId},
    live::Live,
    store::{Claim, Claimable, Lane, LongestWaits, Result, Store, Wanted},
};

/// How long one worker may hold an order. Several calls of [`crate::accurate::client::CALL_TIMEOUT`] fit in.
pub const LEASE: SignedDuration = SignedDuration::from_secs(180);

/// The same for a group: a bulk of [`crate::accurate::client::BULK_TIMEOUT`], and time to tell apart what it refused.
pub const GROUP_LEASE: SignedDuration = SignedDuration::from_mins(10);

/// The longest waits that are ever stored, with a minute to spare: other replicas' clocks differ.
const LONGEST_WAITS: LongestWaits = LongestWaits {
    attempt: SignedDuration::from_mins(61),
    lease: SignedDuration::from_mins(11),
    look: SignedDuration::from_mins(61),
    recheck: SignedDuration::from_hours(25),
};

/// The waits that are left after the machine's clock was set back: the moments that were stored before are too late,
/// and nobody knows which of them had almost come. To try too early costs a call; a lease still protects its worker.
const AFTER_A_STEP_BACK: LongestWaits = LongestWaits {
    attempt: SignedDuration::ZERO,
    look: SignedDuration::ZERO,
    recheck: SignedDuration::ZERO,
    ..LONGEST_WAITS
};

/// A clock that moves by less than this was corrected, not set.
const SMALLEST_STEP: SignedDuration = SignedDuration::from_secs(2);

/// How often waits are looked through that are longer than any may be.
const BETWEEN_CHECKS: Duration = Duration::from_mins(1);

/// For how long webhooks count as many after the last time that they were.
const MANY_HOLDS: Duration = Duration::from_millis(50);

/// Everything the steps need.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: SharedClock,
    books: BTreeMap<String, Book>,
    mapping: Live<MappingInForce>,
    chance: Mutex<fastrand::Rng>,
    /// There may be news to decide about.
    pub(crate) news: Notify,
    /// Names this process among all that work on the same database.
    holder: String,
    /// Until when this replica decides; a monotonic reading in microseconds.
    decides_until: AtomicU64,
    /// There may be something to do for other replicas.
    others: Notify,
    /// When webhooks last came so fast that their answers waited for each other; a monotonic reading in microseconds.
    many_came_at: AtomicU64,
    /// Watches the tasks that drive all this.
    supervisor: Arc<Supervisor>,
    /// Orders for which deciding panicked, with the revision of their news for which it did.
    undecidable: Mutex<HashMap<OrderId, i64>>,
    decide: Decide,
}

/// A mapping with the revision that decisions name.
#[derive(Clone, Debug)]
pub struct MappingInForce {
    /// 0: none was ever given.
    pub revision: i64,
    /// The rules.
    pub mapping: Mapping,
}

/// A piece of work on a book.
#[derive(Debug)]
pub enum Work {
    /// One order's attempt.
    One(Box<Claim>),
    /// Attempts that share their calls.
    Many(Vec<Claim>),
    /// A look at what blocked orders wait for.
    Look,
}

impl Work {
    fn one(claim: Claim) -> Self {
        Self::One(Box::new(claim))
    }
}

struct Book {
    session: Session,
    circuit: Mutex<Circuit>,
    turns: Mutex<Turns>,
    without_customer: Mutex<WithoutCustomer>,
    /// There may be something due.
    due: Notify,
    /// How the book is, as another replica told that makes its calls.
    told: Mutex<Option<Pause>>,
    /// Notices when the machine's clock is set, and when waits were last looked through.
    clock_watch: Mutex<(StepWatch, Option<Monotonic>)>,
    /// The work that the process before this one, or another replica, left behind was taken over completely.
    is_taken_over: AtomicBool,
}

/// A book for probes, metrics and pages.
#[derive(Clone, Debug)]
pub struct BookStatus {
    /// Its name in the settings.
    pub name: String,
    /// Why and since when it is paused.
    pub pause: Option<Pause>,
}

impl Engine {
    /// An engine that does nothing until it is driven.
    pub fn new(
        store: Arc<dyn Store>,
        clock: SharedClock,
        sessions: Vec<Session>,
        mapping: MappingInForce,
        seed: u64,
    ) -> Self {
        let book = |session: Session| {
            let name = session.name().to_owned();
            let book = Book {
                session,
                circuit: Mutex::default(),
                turns: Mutex::default(),
                without_customer: Mutex::default(),
                due: Notify::new(),
                told: Mutex::default(),
                clock_watch: Mutex::new((StepWatch::new(clock.as_ref()), None)),
                is_taken_over: AtomicBool::new(false),
            };
            (name, book)
        };
        let books = sessions.into_iter().map(book).collect();
        Self {
            supervisor: Supervisor::new(clock.clone()),
            store,
            clock,
            books,
            mapping: Live::new(mapping),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            news: Notify::new(),
            holder: format!("{}-{seed:x}", std::process::id()),
            decides_until: AtomicU64::new(Monotonic::MAX.as_micros()),
            others: Notify::new(),
            undecidable: Mutex::default(),
            decide: verdict,
            many_came_at: AtomicU64::new(Monotonic::MAX.as_micros()),
        }
    }

    /// The same engine with another way to decide.
    #[must_use]
    pub fn deciding_by(self, decide: Decide) -> Self {
        Self { decide, ..self }
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The moment it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A reading for waits inside this process.
    pub fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// Watches the tasks that drive this engine.
    pub fn supervisor(&self) -> &Arc<Supervisor> {
        &self.supervisor
    }

    /// Tasks of this process that do not do their work; empty while all is well.
    pub fn standstills(&self) -> Vec<Standstill> {
        self.supervisor.standstills()
    }

    /// The mapping in force.
    pub fn mapping(&self) -> Arc<MappingInForce> {
        self.mapping.get()
    }

    /// Puts another mapping in force; the store has it already.
    pub fn set_mapping(&self, mapping: MappingInForce) {
        self.mapping.set(mapping);
        self.wake();
    }

    /// Calls of a book carry these from now on.
    pub fn set_credentials(&self, book: &str, credentials: Credentials) {
        if let Some(known) = self.books.get(book) {
            known.session.set_credentials(credentials);
        }
    }

    /// All books and how they are.
    pub fn books(&self) -> Vec<BookStatus> {
        let status = |(name, book): (&String, &Book)| {
            let ours = book.is_ours();
            let pause = if ours { book.lock_circuit().shown().cloned() } else { book.lock_told().clone() };
            BookStatus { name: name.clone(), pause }
        };
        self.books.iter().map(status).collect()
    }

    /// What a book's calls are made through, for whoever checks it.
    pub fn session(&self, book: &str) -> Option<&Session> {
        self.books.get(book).map(|book| &book.session)
    }

    /// Webhooks come so fast that their answers wait for each other: what is done behind them stands back.
    pub(crate) fn many_webhooks_came(&self) {
        self.many_came_at.store(self.monotonic().as_micros(), Ordering::Relaxed);
    }

    /// Whether they did so a moment ago.
    pub(crate) fn webhooks_are_many(&self) -> bool {
        let came_at = Monotonic::from_micros(self.many_came_at.load(Ordering::Relaxed));
        came_at != Monotonic::MAX && self.monotonic().since(came_at) < MANY_HOLDS
    }

    /// Has everything looked at again, by all replicas: orders were rearmed, or a mapping was put in force.
    pub fn wake(&self) {
        self.wake_here();
        self.others.notify_one();
    }

    /// There is news to decide about: whoever decides is to hear of it.
    pub(crate) fn news_came(&self) {
        if self.decides() {
            self.news.notify_one();
        } else {
            self.others.notify_one();
        }
    }

    /// There may be orders due: whoever makes their books' calls is to hear of it.
    fn due_came(&self) {
        for book in self.books.values() {
            book.due.notify_one();
        }
        if !self.books.values().all(Book::is_ours) {
            self.others.notify_one();
        }
    }

    fn wake_here(&self) {
        self.news.notify_one();
        for book in self.books.values() {
            book.due.notify_one();
        }
    }

    /// Takes the next work of a book, with room for so many pieces of it; empty when there is none, or the book
    /// is paused. Whatever is returned is to be done with [`Engine::work`].
    pub async fn next_work(&self, book: &str, room: usize) -> Result<Vec<Work>> {
        let Some(known) = self.books.get(book) else { return Ok(Vec::new()) };
        self.shorten_waits(book, known).await?;
        let now = self.now();
        let gate = known.lock_circuit().gate(now);
        match gate {
            Gate::Shut(_) => Ok(Vec::new()),
            Gate::Probe => {
                let probe = self.store.claim(book, Wanted::Probe, now, now + LEASE).await?;
                if probe.is_empty() && self.store.next_look_at(book).await?.is_some_and(|at| at <= now) {
                    // With no order to send, a look shows as well whether the trouble is over.
                    return Ok(vec![Work::Look]);
                }
                Ok(probe.into_iter().map(Work::one).collect())
            }
            Gate::Open => self.next_turn(book, known, room).await,
        }
    }

    /// Ends waits that a clock which was ahead has made too long: at once after it is set back, and once a minute
    /// those that were stored before this process began.
    async fn shorten_waits(&self, name: &str, book: &Book) -> Result<()> {
        let step = book.lock_clock_watch().0.step(self.clock.as_ref());
        let was_set_back = step <= -SMALLEST_STEP;
        if step.abs() >= SMALLEST_STEP {
            let (seconds, way) = (step.as_secs().abs(), if was_set_back { "back" } else { "forward" });
            tracing::warn!(book = name, seconds, "this machine's clock was set {way} by {seconds} seconds");
            // It may have been paused for its clock, until a moment of the clock before.
            *book.lock_circuit() = <_>::default();
        }
        let now = self.monotonic();
        let last_check = book.lock_clock_watch().1;
        if !was_set_back && last_check.is_some_and(|at| now.since(at) < BETWEEN_CHECKS) {
            return Ok(());
        }
        let longest = if was_set_back { AFTER_A_STEP_BACK } else { LONGEST_WAITS };
        let shortened = self.store.shorten_waits(name, self.now(), longest).await?;
        book.lock_clock_watch().1 = Some(now);
        if shortened > 0 {
            tracing::info!(
                book = name,
                shortened,
                "{shortened} waits of book {name} end now: they were measured with another clock"
            );
        }
        Ok(())
    }

    async fn next_turn(&self, book: &str, known: &Book, room: usize) -> Result<Vec<Work>> {
        let now = self.now();
        self.probe_for_customers(known, now).await?;
        let orders = self.store.claimable(book, now, BULK_FROM).await?;
        let gates = Lane::ALL.map(|lane| (lane, known.lock_circuit().lane(lane, now)));
        for (lane, gate) in &gates {
            if *gate == Gate::Probe && orders.of(*lane) > 0 {
                known.lock_circuit().probe_lane(*lane, now);
                let wanted = Wanted::Due { lane: *lane, newest_first: false, limit: 1 };
                let probe = self.store.claim(book, wanted, now, now + LEASE).await?;
                return Ok(probe.into_iter().map(Work::one).collect());
            }
        }
        let orders = gates.map(|(lane, gate)| if gate == Gate::Open { orders.of(lane) } else { 0 });
        let orders = Claimable::new(orders);
        let look_is_due = self.store.next_look_at(book).await?.is_some_and(|at| at <= now);
        let waiting = Waiting { orders, look_is_due };
        let Some(turn) = known.lock_turns().next(waiting, room, known.session.may_send_bulks(), self.monotonic())
        else {
            return Ok(Vec::new());
        };
        let (lane, limit, lease) = match turn {
            Turn::Look => return Ok(vec![Work::Look]),
            Turn::Singles(lane, limit) => (lane, limit, LEASE),
            Turn::Group(lane) => (lane, LARGEST_BULK, GROUP_LEASE),
        };
        let newest_first = known.lock_turns().newest_first(lane);
        let wanted = Wanted::Due { lane, newest_first, limit: limit as i64 };
        let claims = self.store.claim(book, wanted, now, now + lease).await;
        if let (Turn::Group(_), Err(_)) = (turn, &claims) {
            known.lock_turns().group_ended(true, self.monotonic());
        }
        let claims = claims?;
        Ok(if let Turn::Group(_) = turn {
            vec![Work::Many(claims)]
        } else {
            claims.into_iter().map(Work::one).collect()
        })
    }

    fn undecidable(&self) -> std::sync::MutexGuard<'_, HashMap<OrderId, i64>> {
        self.undecidable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chance(&self) -> f64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

impl Book {
    fn lock_without_customer(&self) -> std::sync::MutexGuard<'_, WithoutCustomer> {
        self.without_customer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_clock_watch(&self) -> std::sync::MutexGuard<'_, (StepWatch, Option<Monotonic>)> {
        self.clock_watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_told(&self) -> std::sync::MutexGuard<'_, Option<Pause>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, pause: Option<Pause>) {
        *self.lock_told() = pause;
    }

    fn lock_circuit(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
