//! One book's session with Accurate: makes calls and parses their replies.
//!
//! `host` finds the data host and follows its moves, `exchange` signs and sends, `account` calls the account server
//! instead, `limits` decides when a call may be sent.

mod account;
mod call;
mod exchange;
mod host;
mod limits;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::de::DeserializeOwned;

use self::{call::Urgency, exchange::Exchanged, host::Place};
pub use self::{
    call::{BULK_TIMEOUT, CALL_TIMEOUT, Call},
    limits::LastStart,
};
use super::{
    activity::{Activity, CallError, Lately},
    credentials::{BookConfig, Credentials},
    customers,
    invoices::Lists,
    limiter::Limiter,
    outcome::{Failure, Right},
    outstanding::OwedLists,
    read_back::ReadingBack,
    redact::Secrets,
    reply::{self, Element, Envelope},
    search::Sightings,
    wire::{Wire, WireReply},
};
use crate::{
    clock::{Monotonic, SharedClock},
    domain::ids::BookName,
    live::Live,
};

/// A larger reply is parsed on a separate thread, so that it delays no other task.
const READ_AT_ONCE: usize = 64 * 1024;

/// The rights that calls recently showed to exist (`None`) or to be missing (with Accurate's message).
pub type RightsSeen = BTreeMap<Right, Option<String>>;

/// One book's session.
pub struct Session {
    name: BookName,
    account_url: Url,
    credentials: Live<Credentials>,
    limiter: Limiter,
    bulk: bool,
    check_owed: bool,
    wire: Arc<dyn Wire>,
    clock: SharedClock,
    activity: Activity,
    place: Mutex<Place>,
    /// Ensures one discovery at a time.
    discovering: tokio::sync::Mutex<()>,
    /// Customers are looked up and created one at a time, so that several orders that need the same customer create it
    /// once.
    pub(super) customers_seen: tokio::sync::Mutex<customers::Seen>,
    /// What is known about requesting many numbers at once.
    pub(super) lists: Mutex<Lists>,
    /// What is known about requesting with one list what is owed on many invoices.
    pub(super) owed_lists: OwedLists,
    /// What is known about reading back the documents that were saved.
    pub(super) reading_back: ReadingBack,
    /// The rights that calls showed to exist or to be missing since the last request.
    rights_seen: Mutex<RightsSeen>,
    /// What is known about its invoices: which numbers they get, and the lists of days.
    pub(super) sightings: Sightings,
    /// When another process may start to make this book's calls; monotonic, in microseconds.
    ours_until: AtomicU64,
    /// Counts how often this process began to lead the book.
    term: AtomicU64,
}

impl Session {
    /// A session that has not made a call yet.
    pub fn new(name: &BookName, book: &BookConfig, wire: Arc<dyn Wire>, clock: SharedClock) -> Self {
        let book_name = name.to_string();
        // The metrics of a book exist before its first call.
        metrics::counter!("forstok_accurate_accurate_calls_total", "book" => book_name.clone(), "call" => "api-token", "outcome" => "ok").absolute(0);
        let _ = metrics::histogram!("forstok_accurate_accurate_call_seconds", "book" => book_name.clone(), "call" => "api-token");
        Self {
            name: name.clone(),
            account_url: book.account_url.clone(),
            credentials: Live::new(book.credentials()),
            limiter: Limiter::new(clock.clone()),
            bulk: book.bulk,
            check_owed: book.check_owed,
            wire,
            clock,
            place: Mutex::default(),
            activity: Activity::default(),
            discovering: tokio::sync::Mutex::default(),
            customers_seen: tokio::sync::Mutex::default(),
            lists: Mutex::default(),
            owed_lists: OwedLists::default(),
            reading_back: ReadingBack::default(),
            rights_seen: Mutex::default(),
            sightings: Sightings::default(),
            ours_until: AtomicU64::new(Monotonic::MAX.as_micros()),
            term: AtomicU64::new(0),
        }
    }

    /// The same book with other credentials, to try them. Its calls count separately.
    #[must_use]
    pub fn with_other_credentials(&self, credentials: Credentials) -> Self {
        let book = BookConfig {
            account_url: self.account_url.clone(),
            api_token: credentials.api_token,
            signature_secret: credentials.signature_secret,
            bulk: self.bulk,
            check_owed: self.check_owed,
        };
        Self::new(&self.name, &book, self.wire.clone(), self.clock.clone())
    }

    /// The account server, which names the data host.
    pub fn account_url(&self) -> &Url {
        &self.account_url
    }

    /// The book's name in the settings.
    pub fn name(&self) -> &BookName {
        &self.name
    }

    /// Whether many due orders may be sent in one call.
    pub fn may_send_bulks(&self) -> bool {
        self.bulk
    }

    /// Whether Accurate is asked what is owed on an invoice before a receipt for it is saved.
    pub fn checks_owed(&self) -> bool {
        self.check_owed
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The monotonic time, for waits inside this process.
    pub fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// Waits for this long.
    pub async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// How far Accurate's clock was ahead of ours at the last reply that contained its time.
    pub fn accurate_is_ahead(&self) -> Option<SignedDuration> {
        self.place().ahead
    }

    /// Whether there are credentials; without them no call can be made.
    pub fn has_credentials(&self) -> bool {
        self.credentials.get().are_given()
    }

    /// Replaces the credentials. Another token may belong to data on another host, so the next call requests the host
    /// again.
    pub fn set_credentials(&self, credentials: Credentials) {
        if !credentials.same_as(&self.credentials.get()) {
            self.credentials.set(credentials);
            self.place().host = None;
        }
    }

    /// Makes one call on the data host.
    pub async fn call<D, R>(&self, call: &Call) -> Result<Envelope<D, R>, Failure>
    where
        D: DeserializeOwned + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let name = call.name;
        let exchanged = self.exchange_with_data_host(call).await?;
        let result = self.read(exchanged, move |reply, secrets| reply::read(name, reply, secrets)).await;
        // No order waits for a background call, so a right that only that call lacks stops nothing; one that it has may
        // have been missing.
        let failure = result.as_ref().err();
        if call.urgency == Urgency::Prompt || !matches!(failure, Some(Failure::RightMissing(_))) {
            self.note_right(Right::of(name), failure);
        }
        result
    }

    /// Makes one call with many elements; returns one outcome for each, in the order sent.
    pub async fn call_many<R>(&self, call: &Call) -> Result<Vec<Element<R>>, Failure>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let (name, sent) = (call.name, call.elements.unwrap_or_default());
        let exchanged = self.exchange_with_data_host(call).await?;
        let result = self.read(exchanged, move |reply, secrets| reply::read_many(name, reply, secrets, sent)).await;
        match &result {
            Ok(elements) => {
                for element in elements {
                    self.note_right(Right::of(name), element.as_ref().err());
                }
            }
            Err(failure) => self.note_right(Right::of(name), Some(failure)),
        }
        result
    }

    /// The rights that calls showed to exist or to be missing since the previous request.
    pub fn take_rights_seen(&self) -> RightsSeen {
        std::mem::take(&mut *self.rights_seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The calls of the last minute and the last errors.
    pub fn lately(&self) -> Lately {
        self.activity.lately()
    }

    /// Parses the reply and counts the call.
    async fn read<T: Send + 'static>(
        &self,
        Exchanged { call, seconds, result, secrets }: Exchanged,
        read: impl FnOnce(&WireReply, &Secrets) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let read = match result {
            Err(fault) => Err(fault.into()),
            Ok(reply) if reply.body.len() <= READ_AT_ONCE => read(&reply, &secrets),
            Ok(reply) => {
                let read = tokio::task::spawn_blocking(move || read(&reply, &secrets)).await;
                read.unwrap_or_else(|_| Err(Failure::Ambiguous("the reply could not be read".to_owned())))
            }
        };
        let failure = read.as_ref().err();
        self.count(call, seconds, failure.map_or("ok", Failure::class));
        let at = self.clock.now();
        let error =
            |failure: &Failure| CallError { at, call, outcome: failure.class(), words: failure.words().to_owned() };
        // A refusal concerns one order, and is shown with that order.
        let trouble = failure.filter(|failure| !matches!(failure, Failure::Refused(_)));
        self.activity.note(at, trouble.map(error));
        read
    }

    /// Records what the outcome of a call shows about the right that it needs.
    fn note_right(&self, right: Right, failure: Option<&Failure>) {
        let seen = match failure {
            None | Some(Failure::Refused(_)) => None,
            Some(Failure::RightMissing(missing)) => Some(missing.words.clone()),
            Some(_) => return,
        };
        self.rights_seen.lock().unwrap_or_else(PoisonError::into_inner).insert(right, seen);
    }

    fn count(&self, call: &'static str, seconds: f64, outcome: &'static str) {
        let book = self.name.to_string();
        metrics::counter!("forstok_accurate_accurate_calls_total", "book" => book.clone(), "call" => call, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("forstok_accurate_accurate_call_seconds", "book" => book, "call" => call).record(seconds);
    }
}
