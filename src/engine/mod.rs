//! Connects the stages, from an order's delivery to its settled invoice.
//!
//! [`run`] runs the stages until it is stopped, and `pace` limits the orders of each step; [`people`] carries out what
//! people request; [`queue`] says how many orders wait, and [`days`] what happened in the last days. `lists` reads
//! Accurate's lists, and `drafts` compares the drafts of shadow mode. [`reconciliation`] compares periods with
//! Accurate, [`forstok_reconciliation`] compares them with Forstok, `hints` follows Accurate's own webhooks, and
//! `forstok` asks Forstok for orders that never arrived. [`Engine::issue_notices`] and the other functions of `notices`
//! send notices to people; `refused_webhooks` counts refused webhooks, and `silence` knows how long without a webhook
//! is unusual. `after_sale` records payouts, returns and approvals; [`payout_webhooks`] takes payouts that arrive as
//! webhooks, and `rereading` reads kept webhooks again. `unlisted` finds values of a mapping that Accurate does not
//! list. Each step is a method, so that a test can take the steps one by one.

mod after_sale;
pub mod days;
mod drafts;
mod forstok;
pub mod forstok_reconciliation;
mod hints;
mod lists;
mod notices;
mod pace;
pub mod payout_webhooks;
pub mod people;
pub mod queue;
pub mod reconciliation;
mod refused_webhooks;
mod rereading;
pub mod run;
mod silence;
mod unlisted;

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use self::{notices::Notifying, pace::Pace, refused_webhooks::RefusedWebhooks, silence::Silence};
pub use self::{notices::Tested, unlisted::Unlisted};
use crate::{
    accurate::{client::Session, credentials::Credentials},
    clock::{Monotonic, SharedClock},
    deciding::{Decide, Deciding, mapping::ActiveMapping, trial::Trials},
    domain::{ids::BookName, mapping::PostingMode, order::OrderId},
    forstok::api::ForstokApi,
    importing::Importer,
    inbox::Inbox,
    masters::Masters,
    notices::Channels,
    posting::{BookStatus, Posting, Work},
    reconciling::{Reconciling, hints::begin_to_count},
    replicas::Replica,
    settings::BackfillConfig,
    signals::Signals,
    storage::{Result, Storage, Term},
    supervisor::{Standstill, Supervisor},
};

/// Largest number of orders that are folded or decided in one commit while there are many webhooks.
const SMALL_BATCH: i64 = 64;

/// All stages of one process.
pub struct Engine {
    storage: Arc<dyn Storage>,
    clock: SharedClock,
    signals: Arc<Signals>,
    supervisor: Arc<Supervisor>,
    inbox: Arc<Inbox>,
    deciding: Deciding,
    trials: Trials,
    posting: Arc<Posting>,
    masters: Masters,
    reconciling: Reconciling,
    replica: Arc<Replica>,
    pace: Pace,
    /// Limits how many webhooks with payouts wait for the database at the same time.
    payout_places: Semaphore,
    /// Forstok's order API, if it is on.
    forstok: Option<(ForstokApi, BackfillConfig)>,
    /// Books about which Accurate sends webhooks.
    hinted: BTreeSet<BookName>,
    /// Sends notices; `None` while no channel is on.
    notices: Option<Notifying>,
    silence: Silence,
    /// Webhooks that were refused since one was accepted.
    refused_webhooks: RefusedWebhooks,
}

impl Engine {
    /// An engine that does nothing until its steps are called, with the default [`Term`].
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: SharedClock,
        sessions: Vec<Session>,
        mapping: ActiveMapping,
        seed: u64,
    ) -> Self {
        let signals = Arc::new(Signals::new(clock.clone(), sessions.iter().map(Session::name)));
        let name = format!("{}-{seed:x}", std::process::id());
        Self {
            supervisor: Supervisor::new(clock.clone()),
            inbox: Arc::new(Inbox::new(storage.clone(), signals.clone())),
            trials: Trials::default(),
            deciding: Deciding::new(storage.clone(), clock.clone(), mapping),
            posting: Arc::new(Posting::new(storage.clone(), clock.clone(), signals.clone(), sessions, seed)),
            masters: Masters::new(storage.clone(), clock.clone()),
            reconciling: Reconciling::new(storage.clone(), clock.clone()),
            replica: Arc::new(Replica::new(storage.clone(), clock.clone(), signals.clone(), name, Term::default())),
            storage,
            clock,
            signals,
            pace: Pace::new(),
            payout_places: Semaphore::new(payout_webhooks::MOST_WAITING),
            forstok: None,
            hinted: BTreeSet::new(),
            notices: None,
            silence: Silence::default(),
            refused_webhooks: RefusedWebhooks::default(),
        }
    }

    /// The same engine with another decision function.
    #[must_use]
    pub fn deciding_by(self, decide: Decide) -> Self {
        Self { deciding: self.deciding.by(decide), ..self }
    }

    /// The same engine, whose leaderships last for this term.
    #[must_use]
    pub fn leading_for(self, term: Term) -> Self {
        let replica = Arc::new(self.replica.leading_for(term));
        Self { replica, ..self }
    }

    /// The same engine, which asks Forstok's order API for orders that never arrived here.
    #[must_use]
    pub fn asking_forstok(self, api: ForstokApi, config: BackfillConfig) -> Self {
        Self { forstok: Some((api, config)), ..self }
    }

    /// The same engine, which follows Accurate's own webhooks about these books.
    #[must_use]
    pub fn following_hints(self, books: impl IntoIterator<Item = BookName>) -> Self {
        let hinted: BTreeSet<_> = books.into_iter().collect();
        for book in &hinted {
            begin_to_count(book);
        }
        Self { hinted, ..self }
    }

    /// The same engine, which sends notices over these channels. `public_url` is the address of the pages.
    #[must_use]
    pub fn with_notices(self, channels: Channels, public_url: Option<&str>) -> Self {
        Self { notices: Some(Notifying::new(channels, public_url)), ..self }
    }

    /// The storage.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The current reading of the monotonic clock.
    pub fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// Watches the tasks that run this engine.
    pub fn supervisor(&self) -> &Arc<Supervisor> {
        &self.supervisor
    }

    /// Tasks of this process that are stuck or keep panicking; empty if there are none.
    pub fn standstills(&self) -> Vec<Standstill> {
        self.supervisor.standstills()
    }

    /// The stage that stores webhooks.
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Compares and takes in orders that did not arrive as webhooks.
    pub fn importer(&self) -> Importer {
        Importer::new(self.storage.clone(), self.inbox.clone(), self.clock.clone())
    }

    /// The stage that makes the calls.
    pub fn posting(&self) -> &Arc<Posting> {
        &self.posting
    }

    /// The active mapping.
    pub fn mapping(&self) -> Arc<ActiveMapping> {
        self.deciding.mapping()
    }

    /// Uses another mapping from now on; it is already in the database.
    pub fn set_mapping(&self, mapping: ActiveMapping) {
        self.deciding.set_mapping(mapping);
        self.wake();
    }

    /// Uses these credentials for a book's calls from now on.
    pub fn set_credentials(&self, book: &BookName, credentials: Credentials) {
        self.posting.set_credentials(book, credentials);
        self.wake();
    }

    /// All books with their state.
    pub fn books(&self) -> Vec<BookStatus> {
        self.posting.books()
    }

    /// The session for a book's calls.
    pub fn session(&self, book: &BookName) -> Option<&Session> {
        self.posting.session(book)
    }

    /// Makes all replicas check for work: orders were retried, or a mapping was applied.
    pub fn wake(&self) {
        self.signals.wake_all();
    }

    /// Folds all accepted webhooks of one order, so that whoever reads it next sees them.
    pub async fn fold_order(&self, order_id: &OrderId) -> Result<()> {
        self.inbox.fold_order(order_id).await
    }

    /// Folds and decides some deliveries; returns how much was done, 0 if nothing is left.
    pub async fn decide_some(&self) -> Result<usize> {
        let batch = self.pace.orders().min(if self.signals.webhooks_are_many() { SMALL_BATCH } else { i64::MAX });
        if self.deciding.refresh_mapping().await? {
            self.wake();
        }
        if !self.signals.decides() {
            return Ok(0);
        }
        let began = self.clock.monotonic();
        let folded = self.inbox.fold_some(None, batch).await?;
        let decided = self.deciding.decide_some(batch).await?;
        // A step that was not full says little about a full one.
        if folded as i64 == batch || decided as i64 == batch {
            self.pace.took(batch, self.clock.monotonic().since(began));
        }
        // An invoice does not wait until it is known that nothing follows it.
        if decided > 0 {
            self.due_came();
        }
        let settled = self.deciding.settle_some(batch).await?;
        if settled > 0 {
            self.due_came();
        }
        Ok(folded + decided + settled)
    }

    /// Orders may be due: notifies the replicas that lead their books.
    fn due_came(&self) {
        for book in self.posting.books() {
            self.signals.due_came(&book.name);
        }
        if !self.posting.leads_every_book() {
            self.signals.notify_others();
        }
    }

    /// Takes the next work of a book, up to this many pieces.
    pub async fn next_work(&self, book: &BookName, room: usize) -> Result<Vec<Work>> {
        self.posting.next_work(book, room).await
    }

    /// Whether nothing is sent to Accurate, as the active mapping says.
    pub fn is_in_shadow(&self) -> bool {
        self.mapping().mapping.posting == PostingMode::Shadow
    }

    /// Carries out a piece of work and writes its outcome.
    pub async fn work(&self, book: &BookName, work: Work) -> Result<()> {
        self.posting.work(book, work).await
    }
}
