//! From recorded webhook to settled order: decide, claim, post, settle.
//!
//! [`record`] commits what waits together; [`decide`] turns news into verdicts; [`post`] makes one attempt;
//! [`look`] looks again at what blocked orders wait for; [`mapping`] puts a mapping in force; [`preview`] shows what would be sent;
//! [`circuit`] pauses a book in trouble; [`run`] drives all of it until it is told to stop.
//! Each step is a method of [`Engine`], so that a test can take the steps one by one.

pub mod circuit;
pub mod decide;
pub mod look;
pub mod mapping;
pub mod post;
pub mod preview;
pub mod record;
pub mod run;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use self::circuit::{Change, Circuit, Gate, Pause, Sign, backoff};
use crate::{
    accurate::client::Session,
    clock::SharedClock,
    domain::mapping::Mapping,
    store::{Claim, Outcome, Result, Settlement, Store, Wanted},
};

/// How long one worker may hold an order. Several calls of [`crate::accurate::client::CALL_TIMEOUT`] fit in.
pub const LEASE: SignedDuration = SignedDuration::from_secs(180);

/// How long is waited before an outcome is stored again that could not be stored.
const SETTLE_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Everything the steps need.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: SharedClock,
    books: BTreeMap<String, Book>,
    mapping: RwLock<Arc<MappingInForce>>,
    chance: Mutex<fastrand::Rng>,
    /// There may be news to decide about.
    pub(crate) news: Notify,
}

/// A mapping with the revision that decisions name.
#[derive(Clone, Debug)]
pub struct MappingInForce {
    /// 0: none was ever given.
    pub revision: i64,
    /// The rules.
    pub mapping: Mapping,
}

struct Book {
    session: Session,
    circuit: Mutex<Circuit>,
    /// There may be something due.
    due: Notify,
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
            (name, Book { session, circuit: Mutex::default(), due: Notify::new() })
        };
        Self {
            store,
            clock,
            books: sessions.into_iter().map(book).collect(),
            mapping: RwLock::new(Arc::new(mapping)),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            news: Notify::new(),
        }
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The moment it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The mapping in force.
    pub fn mapping(&self) -> Arc<MappingInForce> {
        self.mapping.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another mapping in force; the store has it already.
    pub fn set_mapping(&self, mapping: MappingInForce) {
        *self.mapping.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(mapping);
        self.wake();
    }

    /// All books and how they are.
    pub fn books(&self) -> Vec<BookStatus> {
        let status = |(name, book): (&String, &Book)| BookStatus {
            name: name.clone(),
            pause: book.lock_circuit().pause().cloned(),
        };
        self.books.iter().map(status).collect()
    }

    /// Has everything looked at again: orders were recorded or rearmed.
    pub fn wake(&self) {
        self.news.notify_one();
        for book in self.books.values() {
            book.due.notify_one();
        }
    }

    /// Claims what a book may work on now; empty when it is paused or nothing is due.
    pub async fn claim(&self, book: &str, at_most: i64) -> Result<Vec<Claim>> {
        let now = self.now();
        let Some(known) = self.books.get(book) else { return Ok(Vec::new()) };
        let wanted = match known.lock_circuit().gate(now) {
            Gate::Open => Wanted::Due(at_most),
            Gate::Probe => Wanted::Probe,
            Gate::Shut(_) => return Ok(Vec::new()),
        };
        self.store.claim(book, wanted, now, now + LEASE).await
    }

    /// Makes one attempt for a claim and writes what it came to.
    pub async fn attempt(&self, book: &str, claim: Claim) -> Result<()> {
        let Some(known) = self.books.get(book) else { return Ok(()) };
        let received_at = claim.received_at;
        let waited_for = claim.waits_for.clone();
        let deadline = claim.lease_until;
        let attempted = post::attempt(&known.session, claim, |failures| self.wait_after(failures)).await;
        let now = self.now();
        let settlement = attempted.settlement;
        let invoiced = matches!(settlement.outcome, Outcome::Invoiced { .. });
        log_settlement(book, &settlement);
        let taken = self.settle_while_leased(&settlement, deadline).await?;
        self.note(book, known, attempted.sign).await?;
        if invoiced && taken == [true] {
            let lag = now.duration_since(received_at).as_secs_f64();
            metrics::histogram!("forstok_accurate_invoice_lag_seconds").record(lag);
            // What let this order through lets the others through that wait for the same.
            if let Some(subject) = waited_for {
                self.store.end_wait(book, &subject, now).await?;
            }
        }
        // A cancellation may have come while the invoice was being saved.
        self.news.notify_one();
        Ok(())
    }

    /// What Accurate did must not be forgotten because the disk was busy for a moment.
    async fn settle_while_leased(&self, settlement: &Settlement, deadline: Timestamp) -> Result<Vec<bool>> {
        loop {
            let now = self.now();
            match self.store.settle(std::slice::from_ref(settlement), now).await {
                Err(error) if now < deadline => {
                    tracing::error!(
                        order_id = settlement.order_id.as_str(),
                        "an outcome could not be stored yet: {error}"
                    );
                    self.clock.sleep(SETTLE_AGAIN).await;
                }
                result => return result,
            }
        }
    }

    async fn note(&self, name: &str, book: &Book, sign: Sign) -> Result<()> {
        let now = self.now();
        let change = book.lock_circuit().note(sign, now);
        match change {
            Change::None => {}
            Change::Paused => {
                if let Some(pause) = book.lock_circuit().pause() {
                    tracing::warn!(book = name, code = pause.code, "book {name} is paused: {}", pause.words);
                }
            }
            Change::Resumed => {
                let hastened = self.store.hasten(name, now).await?;
                tracing::info!(book = name, hastened, "book {name} goes on");
            }
        }
        book.due.notify_one();
        Ok(())
    }

    fn wait_after(&self, failures: i64) -> SignedDuration {
        let chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner).f64();
        backoff(failures, chance)
    }
}

impl Book {
    fn lock_circuit(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line an attempt; the words of Accurate stand in the timeline, for they may name people.
fn log_settlement(book: &str, settlement: &Settlement) {
    let order_id = settlement.order_id.as_str();
    let attempt = settlement.attempt;
    match &settlement.outcome {
        Outcome::Invoiced { invoice } => {
            tracing::info!(book, order_id, attempt, number = invoice.number, "order {order_id} is invoiced");
        }
        Outcome::Blocked { findings, .. } => {
            let reason = findings.first().map_or("", |finding| finding.reason.code());
            tracing::warn!(book, order_id, attempt, reason, "order {order_id} is blocked: {reason}");
        }
        Outcome::Postponed { until, .. } => {
            tracing::info!(book, order_id, attempt, %until, "order {order_id} is postponed");
        }
        Outcome::Reconsider => tracing::info!(book, order_id, attempt, "order {order_id} is decided anew"),
        Outcome::Voided => tracing::info!(book, order_id, attempt, "the invoice of order {order_id} is gone"),
    }
}
