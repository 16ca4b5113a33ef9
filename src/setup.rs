//! Setting the service up while it runs: secrets that an admin enters, and the first webhook, from which the way of
//! proof is recognised.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};

use crate::{
    accurate::credentials::Credentials,
    domain::{ids::BookName, toml_text::Problem},
    forstok::{
        recognise::{Way, recognise},
        signature::{Rejection, Verifier},
    },
    settings::{Config, Entered, Source, Sources},
    signing::unguessable,
};

/// Changes that may wait for each other.
const MOST_WAITING: usize = 8;

/// The way of proof is looked for in bodies up to this size, so that strangers cannot keep the processor busy.
const LARGEST_EXAMINED: usize = 256 * 1024;

/// Bytes of a generated webhook key.
const KEY_BYTES: usize = 24;

/// A secret to be changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// The keys that webhooks prove themselves with; any one of them is accepted.
    WebhookKeys(Vec<SecretString>),
    /// How webhooks prove themselves.
    Way(Way),
    /// The credentials of a book.
    Credentials {
        /// Its name in the settings.
        book: BookName,
        /// What its calls carry from now on.
        credentials: Credentials,
    },
}

impl Change {
    /// What was entered so far, with this change.
    pub fn onto(self, entered: Entered, running: &Config, at: Timestamp) -> Entered {
        match self {
            Self::WebhookKeys(keys) => entered.with_webhook_keys(&keys, at),
            Self::Way(way) => entered.with_way(&way),
            Self::Credentials { book, credentials } => match running.books.get(&book) {
                Some(known) => entered.with_credentials(&book, &known.account_url, &credentials, at),
                None => entered,
            },
        }
    }

    /// Whether the settings override it, so that it would have no effect.
    pub fn is_overridden(&self, sources: &Sources) -> bool {
        match self {
            Self::WebhookKeys(_) => sources.webhook == Source::Settings,
            Self::Way(_) => sources.way_is_in_settings,
            Self::Credentials { book, .. } => sources.book(book) == Source::Settings,
        }
    }

    /// What it changes, for the log; never the secret.
    pub fn what(&self) -> String {
        match self {
            Self::WebhookKeys(keys) => format!("webhook keys: {}", keys.len()),
            Self::Way(_) => "the way in which webhooks prove themselves".to_owned(),
            Self::Credentials { book, .. } => format!("credentials of book {book}"),
        }
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The secrets come from the settings.
    BySettings,
    /// The settings, together with the change, have these errors.
    Wrong(Vec<Problem>),
    /// The file could not be written.
    NotWritten(String),
}

/// A change that somebody waits for.
pub struct Request {
    /// What is to be changed.
    pub change: Change,
    /// Who changes it.
    pub who: String,
    answer: oneshot::Sender<Result<(), Refused>>,
}

impl Request {
    /// Answers the person who waits.
    pub fn answer(self, answer: Result<(), Refused>) {
        // An error means that nobody waits any more.
        let _ = self.answer.send(answer);
    }
}

/// Requests changes. By default nobody carries them out.
#[derive(Clone, Debug, Default)]
pub struct Changes(Option<mpsc::Sender<Request>>);

impl Changes {
    /// With the receiver for the task that carries the changes out.
    pub fn new() -> (Self, mpsc::Receiver<Request>) {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        (Self(Some(sender)), receiver)
    }

    /// Requests a change, and waits until it is in effect.
    pub async fn request(&self, change: Change, who: &str) -> Result<(), Refused> {
        let Some(sender) = &self.0 else { return Err(Refused::BySettings) };
        let (answer, answered) = oneshot::channel();
        let request = Request { change, who: who.to_owned(), answer };
        let stopping = || Refused::NotWritten("the service is stopping".to_owned());
        sender.send(request).await.map_err(|_| stopping())?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }
}

/// A new webhook key, which is shown to the admin once.
pub fn new_webhook_key() -> String {
    hex::encode(&unguessable()[..KEY_BYTES])
}

/// Why a webhook was refused, as far as the setup page explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There was no key yet.
    NoKeyYet,
    /// Nothing in its headers was a proof.
    NoProof,
    /// The proof was made with another key.
    OtherKey,
    /// Its signed time is too far from now.
    WrongTime,
}

/// What is known about the proof of webhooks until the first one is taken.
#[derive(Debug, Default)]
pub struct FirstWebhook {
    taken: AtomicBool,
    seen: Mutex<Seen>,
}

/// What refused webhooks have shown.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The latest one that proved itself in another way than the settings say.
    pub recognised: Option<(Timestamp, Way)>,
    /// The latest one whose proof was missing or wrong, and why it was refused.
    pub refused: Option<(Timestamp, Why)>,
}

impl FirstWebhook {
    /// A webhook was taken: from now on nothing is examined.
    pub fn was_taken(&self) {
        if !self.taken.swap(true, Ordering::Relaxed) {
            *self.lock() = Seen::default();
        }
    }

    /// A webhook arrived before there was a key.
    pub fn came_too_early(&self, now: Timestamp) {
        self.lock().refused = Some((now, Why::NoKeyYet));
    }

    /// A webhook was refused: finds out whether it proves itself in another way.
    pub fn was_refused(
        &self,
        verifier: &Verifier,
        rejection: &Rejection,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) {
        if self.taken.load(Ordering::Relaxed) || body.len() > LARGEST_EXAMINED {
            return;
        }
        if let Some(way) = recognise(&verifier.secrets, headers, body, now) {
            self.lock().recognised = Some((now, way));
            return;
        }
        let why = match rejection {
            Rejection::Missing(..) => Why::NoProof,
            Rejection::Wrong(_) => Why::OtherKey,
            Rejection::Stale(_) => Why::WrongTime,
        };
        self.lock().refused = Some((now, why));
    }

    /// What refused webhooks have shown so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// The keys or the way of proof were changed: what was seen before no longer counts.
    pub fn forget(&self) {
        self.taken.store(false, Ordering::Relaxed);
        *self.lock() = Seen::default();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
