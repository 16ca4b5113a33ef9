//! One process of the service: its engine, and everything that it does concurrently.

use std::{collections::VecDeque, sync::Arc};

use forstok_accurate::{
    accurate::client::Session,
    clock::Clock,
    deciding::mapping::{self, ActiveMapping, Document},
    domain::{ids::BookName, mapping::DEFAULT_BOOK},
    engine::Engine,
    inbox::record::{NotRecorded, Recorder, delivery},
    posting::Work,
    settings::BookConfig,
    storage::Result,
};
use jiff::Timestamp;

use super::{
    clock::SimClock,
    gates::Activity,
    sales::Errand,
    senders::{Acknowledged, Waiting, acknowledged},
    storage::SimStore,
    view::View,
    wire::{ACCOUNT_HOST, Door},
    world::order_id,
};

/// The only book.
pub(crate) const BOOK: &BookName = DEFAULT_BOOK;

/// As many orders as the service itself processes at a time.
const AT_ONCE: usize = 8;

/// A recheck, in the story.
const RECHECK: &str = "recheck";

/// The result of an activity.
pub(crate) enum End {
    /// The sender of a delivery has been answered.
    Answered(Waiting, std::result::Result<Acknowledged, NotRecorded>),
    /// This many orders were decided.
    Decided(Result<usize>),
    /// Whether there is work.
    Fetched(Result<Vec<Work>>),
    /// Something was worked on.
    Worked(Result<()>),
    /// Something else ended.
    Done(Result<()>),
    /// What somebody wanted is done, and whether it took effect.
    Ran(Errand, Result<bool>),
}

/// The kind of an activity, for the rules of how many may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Deliver,
    Decide,
    Fetch,
    Work,
    Person,
}

/// One process.
pub(crate) struct Process {
    pub(crate) storage: Arc<SimStore>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) door: Arc<Door>,
    pub(crate) engine: Arc<Engine>,
    recorder: Recorder,
    /// In the order in which they started.
    pub(crate) activities: Vec<(Kind, Activity<End>)>,
    /// It gets no time until then.
    pub(crate) asleep_until: Option<Timestamp>,
    /// There was no work at the last request, and nothing has changed since.
    pub(crate) fetched_in_vain: bool,
    pub(crate) decided_in_vain: bool,
    /// Deliveries in flight, which their senders send again if this process dies.
    pub(crate) delivering: VecDeque<Waiting>,
    /// What somebody wants, and wants again if this process dies.
    pub(crate) errands: Vec<Errand>,
}

impl Process {
    pub(crate) fn start(
        storage: Arc<SimStore>,
        door: Arc<Door>,
        clock: Arc<SimClock>,
        mapping: ActiveMapping,
        (bulk, check_owed): (bool, bool),
        seed: u64,
    ) -> Self {
        let account_url = format!("https://{ACCOUNT_HOST}").parse().expect("a URL");
        let (api_token, signature_secret) = ("sandbox-token".into(), "sandbox-secret".into());
        let book = BookConfig { account_url, api_token, signature_secret, bulk, check_owed };
        let session = Session::new(BOOK, &book, door.clone(), clock.clone());
        let engine = Arc::new(Engine::new(storage.clone(), clock.clone(), vec![session], mapping, seed));
        let (recorder, committing) = Recorder::unstarted(engine.inbox().clone());
        let commit = Activity::new("group commit", async move {
            committing.await;
            End::Done(Ok(()))
        });
        Self {
            storage,
            clock,
            door,
            engine,
            recorder,
            activities: vec![(Kind::Commit, commit)],
            asleep_until: None,
            fetched_in_vain: false,
            decided_in_vain: false,
            delivering: VecDeque::new(),
            errands: Vec::new(),
        }
    }

    fn begin(&mut self, kind: Kind, name: impl Into<String>, future: impl Future<Output = End> + 'static) {
        self.activities.push((kind, Activity::new(name, future)));
    }

    fn count(&self, kind: Kind) -> usize {
        self.activities.iter().filter(|(of, _)| *of == kind).count()
    }

    pub(crate) fn is_awake(&self, now: Timestamp) -> bool {
        self.asleep_until.is_none_or(|until| until <= now)
    }

    // ---- what it may begin ----

    /// A sender's call comes in.
    pub(crate) fn deliver(&mut self, waiting: Waiting, now: Timestamp) {
        self.delivering.push_back(waiting.clone());
        let recorder = self.recorder.clone();
        let delivery = delivery(waiting.body.clone(), now);
        let acknowledged = acknowledged(&delivery);
        let name = format!("delivery of {}", waiting.words);
        self.begin(Kind::Deliver, name, async move {
            let answer = recorder.record(delivery).await;
            End::Answered(waiting, answer.map(|_| acknowledged))
        });
    }

    /// It takes over the book again, as after it has won the leadership.
    pub(crate) fn begins_a_term(&self) {
        self.engine.session(BOOK).expect("the only book").begin_term();
    }

    /// Whether an order is undecided and nothing here decides it.
    pub(crate) fn may_decide(&self, view: &View, now: Timestamp) -> bool {
        (view.news().any(|at| at <= now) || view.has_unfolded) && !self.decided_in_vain && self.count(Kind::Decide) == 0
    }

    pub(crate) fn decide(&mut self) {
        let engine = self.engine.clone();
        self.begin(Kind::Decide, "decision", async move { End::Decided(engine.decide_some().await) });
    }

    /// Whether an order is being processed here, or is about to be.
    pub(crate) fn works(&self) -> bool {
        self.count(Kind::Work) + self.count(Kind::Fetch) > 0
    }

    fn is_paused(&self) -> bool {
        self.engine.books().iter().any(|book| book.pause.is_some())
    }

    /// When there is work for this process, by the machine's clock.
    pub(crate) fn next_work(&self, view: &View) -> Option<Timestamp> {
        let pause = self.engine.books().into_iter().find_map(|book| book.pause);
        let attempt = match &pause {
            None => view.claimable().map(|(next_attempt_at, _)| next_attempt_at).min(),
            Some(pause) => view.claimable().map(|(_, lease_until)| lease_until.max(pause.next_probe_at)).min(),
        };
        let is_rechecking = self.activities.iter().any(|(_, activity)| activity.name == RECHECK);
        let recheck = view.next_recheck.filter(|_| !is_rechecking);
        let recheck = recheck.map(|at| pause.as_ref().map_or(at, |pause| at.max(pause.next_probe_at)));
        attempt.into_iter().chain(recheck).min()
    }

    /// Whether it may request work: it has capacity, there is work, and a probe runs alone.
    pub(crate) fn may_fetch(&self, view: &View, now: Timestamp) -> bool {
        let working = self.count(Kind::Work);
        let has_room = working < if self.is_paused() { 1 } else { AT_ONCE };
        let is_there = || self.next_work(view).is_some_and(|at| at <= now);
        has_room && self.count(Kind::Fetch) == 0 && !self.fetched_in_vain && is_there()
    }

    pub(crate) fn fetch(&mut self) {
        let room = AT_ONCE - self.count(Kind::Work);
        let engine = self.engine.clone();
        self.begin(Kind::Fetch, "fetch", async move { End::Fetched(engine.next_work(BOOK, room).await) });
    }

    pub(crate) fn work(&mut self, work: Work) {
        let engine = self.engine.clone();
        let name = in_words(&work);
        self.begin(Kind::Work, name, async move { End::Worked(engine.work(BOOK, work).await) });
    }

    /// Somebody wants something of the service.
    pub(crate) fn run(&mut self, errand: Errand) {
        self.errands.push(errand.clone());
        let engine = self.engine.clone();
        self.begin(Kind::Person, errand.words.clone(), async move {
            let done = errand.deed.run(&engine).await;
            End::Ran(errand, done)
        });
    }

    /// A person presses retry.
    pub(crate) fn retry(&mut self, order: &str) {
        let (engine, order_id) = (self.engine.clone(), order_id(order));
        self.begin(Kind::Person, format!("retry of order {order}"), async move {
            let rearmed = engine.storage().rearm_one(&order_id, "operator", engine.now()).await;
            engine.wake();
            End::Done(rearmed.map(drop))
        });
    }

    /// A person applies another mapping; the command line does not notify the running engine.
    pub(crate) fn change_mapping(&mut self, document: &str, tells: bool) {
        let document = Document::from_toml("mapping.toml", document).expect("a valid mapping");
        let (engine, clock) = (self.engine.clone(), self.clock.clone());
        self.begin(Kind::Person, "change of the mapping", async move {
            let clock: &dyn Clock = clock.as_ref();
            let applied = mapping::apply(engine.storage().as_ref(), clock, document, "a person", None).await;
            let applied = applied.map(|applied| match applied {
                mapping::Applied::Changed(active, _) if tells => engine.set_mapping(active),
                _ => {}
            });
            End::Done(applied)
        });
    }
}

/// A piece of work, for the story.
fn in_words(work: &Work) -> String {
    match work {
        Work::One(claim) => {
            let kind = claim.kind.as_str();
            format!("attempt {} for the {kind} {} of order {}", claim.attempt, claim.part.0, claim.order_id)
        }
        Work::Many(claims) => {
            let orders: Vec<_> = claims.iter().map(|claim| claim.order_id.as_str()).collect();
            format!("attempts for orders {}", orders.join(" "))
        }
        Work::Recheck => RECHECK.to_owned(),
    }
}
