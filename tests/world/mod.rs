//! A world in which a test states what happens and runs the stages step by step: a real database, a fake clock, and the
//! sandbox in place of Accurate.

mod clock;
mod forstok;
mod orders;
pub(crate) mod postgres;
mod running;
mod wire;

use std::{path::PathBuf, sync::Arc};

use forstok_accurate::{
    accurate::client::Session,
    clock::Clock,
    deciding::mapping::{self, ActiveMapping, Applied, Document},
    domain::{
        ids::BookName,
        mapping::{DEFAULT_BOOK, Mapping},
        order::OrderId,
        reason::{Language, Warning},
    },
    engine::Engine,
    forstok::api::ApiConfig,
    inbox::{delivery, folding},
    notices::Channels,
    sandbox::{Action, ForstokSandbox, Options, Sandbox, samples::MAPPING},
    settings::{BackfillConfig, BookConfig, Database},
    storage::{self, NewMapping, OrderRecord, Receipt, State, Storage},
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub(crate) use self::{
    clock::{FakeClock, TrueClock},
    forstok::{api_config, forstok_api},
    orders::{Order, order},
    wire::{SandboxWire, as_call, as_reply},
};

/// The world's only book.
pub(crate) const BOOK: &BookName = DEFAULT_BOOK;

/// The engine and everything around it.
pub(crate) struct World {
    pub(crate) accurate: Sandbox,
    pub(crate) wire: Arc<SandboxWire>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) place: Database,
    _folder: Option<TempDir>,
    _limits: LimitsKept,
}

/// The database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Sqlite,
    Postgres,
}

/// Every test also checks that Accurate's limits were kept.
struct LimitsKept(Sandbox);

/// Opens the database of a process that has died. On a busy machine its lock may last a moment longer: the threads of
/// the dead process still end, and a child that another test starts has its files until it runs its own program.
async fn opened_again(place: &Database, clock: &Arc<FakeClock>) -> Arc<dyn Storage> {
    let begun = std::time::Instant::now();
    loop {
        match storage::open_by(place, clock.clone()).await {
            Ok(storage) => return storage,
            Err(error) => assert!(begun.elapsed().as_secs() < 30, "the database can be opened again: {error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

impl World {
    /// A world with the sample masters and the sample mapping, on 1 February 2024 at 09:00 in Jakarta.
    pub(crate) async fn new() -> Self {
        Self::with_mapping(MAPPING).await
    }

    /// A world with another mapping.
    pub(crate) async fn with_mapping(document: &str) -> Self {
        Self::made_of(Base::Sqlite, document, true).await
    }

    /// A world on this kind of database.
    pub(crate) async fn on(base: Base) -> Self {
        Self::made_of(base, MAPPING, true).await
    }

    /// A world on this kind of database, with another mapping.
    pub(crate) async fn on_with_mapping(base: Base, document: &str) -> Self {
        Self::made_of(base, document, true).await
    }

    /// A world whose settings send each order individually.
    pub(crate) async fn without_bulk() -> Self {
        Self::made_of(Base::Sqlite, MAPPING, false).await
    }

    async fn made_of(base: Base, document: &str, bulk: bool) -> Self {
        let clock = Arc::new(FakeClock::at("2024-02-01T09:00:00+07:00"));
        let accurate =
            Sandbox::new(Options { clock: Arc::new(TrueClock(clock.clone())), ..Options::with_sample_masters() });
        let wire = Arc::new(SandboxWire::new(accurate.clone(), clock.clone()));
        let (place, folder) = new_place(base).await;
        let storage = storage::open_by(&place, clock.clone()).await.expect("the database can be made");
        let mapping = apply_mapping(storage.as_ref(), 0, document, clock.now()).await;
        let engine = engine(storage.clone(), session(&wire, &clock, bulk), &clock, mapping);
        let limits = LimitsKept(accurate.clone());
        Self { accurate, wire, clock, storage, engine, place, _folder: folder, _limits: limits }
    }

    /// The same world with access to Forstok's order API.
    pub(crate) fn asking_forstok(self, forstok: &ForstokSandbox, api: ApiConfig, config: BackfillConfig) -> Self {
        let api = forstok_api(api, forstok, &self.clock);
        let engine = Arc::into_inner(self.engine).expect("nobody else uses it yet");
        Self { engine: Arc::new(engine.asking_forstok(api, config)), ..self }
    }

    /// The same world with settings that follow Accurate's own webhooks.
    pub(crate) fn following_hints(self) -> Self {
        let mapping = (*self.engine.mapping()).clone();
        let sessions = vec![session(&self.wire, &self.clock, true)];
        let engine = Engine::new(self.storage.clone(), self.clock.clone(), sessions, mapping, 1);
        Self { engine: Arc::new(engine.following_hints([BOOK.to_owned()])), ..self }
    }

    /// The same world with settings that send notices through these channels.
    pub(crate) fn with_notices(self, channels: Channels) -> Self {
        let engine = Arc::into_inner(self.engine).expect("nobody else uses it yet");
        Self { engine: Arc::new(engine.with_notices(channels, Some("https://books.example.com/"))), ..self }
    }

    // ---- what happens ----

    /// A webhook arrives; returns when it is on disk and folded into its order.
    pub(crate) async fn forstok_sends(&mut self, order: Order) -> Receipt {
        let delivery = delivery(order.body(), self.clock.now());
        let mut receipts = self.storage.record(&[delivery]).await.expect("recorded");
        fold_all(self.storage.as_ref()).await;
        receipts.pop().expect("one receipt for one delivery")
    }

    /// This process applies the active mapping with one text replaced.
    pub(crate) async fn mapping_changes(&mut self, from: &str, to: &str) {
        let before = self.storage.mapping().await.expect("readable").expect("there is one");
        let after = before.document.replace(from, to);
        assert_ne!(before.document, after, "{from:?} is not in the mapping");
        let mapping = apply_mapping(self.storage.as_ref(), before.revision, &after, self.clock.now()).await;
        self.engine.set_mapping(mapping);
    }

    /// Another process (the command line) applies the active mapping with one text replaced; this process is not
    /// notified.
    pub(crate) async fn mapping_is_applied(&self, from: &str, to: &str) -> Applied {
        let before = self.storage.mapping().await.expect("readable").expect("there is one");
        let document = Document::from_toml("mapping.toml", &before.document.replace(from, to)).expect("valid");
        mapping::apply(self.storage.as_ref(), self.clock.as_ref(), document, "test", None).await.expect("written")
    }

    /// An operator retries the order.
    pub(crate) async fn operator_retries(&mut self, id: &str) {
        let rearmed = self.storage.rearm_one(&order_id(id), "operator", self.clock.now()).await.expect("written");
        assert_eq!(rearmed, Some(1), "order {id} was not there to be retried");
    }

    /// Time passes while nothing runs.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.wire.catch_up();
    }

    /// `kill -9`, and a restart on the same database.
    pub(crate) async fn dies_and_starts_again(self) -> Self {
        self.dies_and_meanwhile(async |place| place).await
    }

    /// `kill -9`, an operation on the database, and a restart on the database that it returns.
    pub(crate) async fn dies_and_meanwhile(self, meanwhile: impl AsyncFnOnce(Database) -> Database) -> Self {
        let Self { storage, engine: dead, .. } = self;
        let mapping = (*dead.mapping()).clone();
        drop((storage, dead));
        let place = meanwhile(self.place).await;
        let storage = opened_again(&place, &self.clock).await;
        storage.end_leases(BOOK, self.clock.now()).await.expect("written");
        let engine = engine(storage.clone(), session(&self.wire, &self.clock, true), &self.clock, mapping);
        Self { storage, engine, place, ..self }
    }

    // ---- what a test checks ----

    /// The current time.
    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn order(&self, id: &str) -> OrderRecord {
        self.storage.order(&order_id(id)).await.expect("readable").expect("the order is known")
    }

    /// `invoiced`, or `blocked: item_not_found`.
    pub(crate) async fn state(&self, id: &str) -> String {
        let order = self.order(id).await;
        let state = order.state.as_str();
        order.reason.map_or_else(|| state.to_owned(), |reason| format!("{state}: {reason}"))
    }

    /// The warnings of an order.
    pub(crate) async fn warnings(&self, id: &str) -> Vec<Warning> {
        self.order(id).await.warnings.into_iter().map(|one| one.warning).collect()
    }

    /// The number of orders in this state.
    pub(crate) async fn count(&self, state: State) -> i64 {
        let counts = self.storage.counts().await.expect("readable");
        counts.iter().filter(|count| count.state == state).map(|count| count.orders).sum()
    }

    /// The code of the reason for which the book is paused.
    pub(crate) fn pause(&self) -> Option<&'static str> {
        self.engine.books().into_iter().find_map(|book| book.pause).map(|pause| pause.code)
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        match &self.place {
            Database::Sqlite(file) => file.clone(),
            Database::Postgres(_) => panic!("this world's database is no file"),
        }
    }

    /// The number of invoice saves that were sent.
    pub(crate) fn saves(&self) -> u64 {
        self.accurate.call_count(Action::InvoiceSave)
    }

    /// The timeline of an order, one line per entry, with the time in Jakarta.
    pub(crate) async fn timeline(&self, id: &str) -> String {
        let entries = self.storage.timeline(&order_id(id)).await.expect("readable");
        let line = |entry: &forstok_accurate::domain::timeline::Entry| {
            let time = forstok_accurate::domain::WIB.to_datetime(entry.at).strftime("%H:%M:%S");
            format!("{time} {}", entry.in_words(Language::English))
        };
        entries.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for LimitsKept {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.0.breach_count(), 0, "{:?}", self.0.breaches());
        }
    }
}

pub(crate) fn order_id(id: &str) -> OrderId {
    OrderId::parse(id).expect("tests name orders by digits")
}

/// A separate session, as a second replica would have.
pub(crate) fn session(wire: &Arc<SandboxWire>, clock: &Arc<FakeClock>, bulk: bool) -> Session {
    let account_url = format!("https://{}", wire::ACCOUNT_HOST).parse().expect("a URL");
    let book = BookConfig {
        account_url,
        api_token: "sandbox-token".into(),
        signature_secret: "sandbox-secret".into(),
        bulk,
        check_owed: true,
    };
    Session::new(BOOK, &book, wire.clone(), clock.clone())
}

fn engine(storage: Arc<dyn Storage>, session: Session, clock: &Arc<FakeClock>, mapping: ActiveMapping) -> Arc<Engine> {
    Arc::new(Engine::new(storage, clock.clone(), vec![session], mapping, 1))
}

async fn apply_mapping(storage: &dyn Storage, replaces: i64, document: &str, now: Timestamp) -> ActiveMapping {
    let mapping = Mapping::parse("mapping.toml", document).expect("a valid mapping");
    let (document, who) = (document.to_owned(), "test".to_owned());
    let new =
        NewMapping { document, who, note: String::new(), changes: Vec::new(), posting: mapping.posting, replaces };
    let put = storage.put_mapping(&new, now).await.expect("written").expect("nobody else changes it");
    ActiveMapping { revision: put.revision, mapping }
}

/// The location of a new database, and the folder of an SQLite one, which is removed when dropped.
pub(crate) async fn new_place(base: Base) -> (Database, Option<TempDir>) {
    match base {
        Base::Sqlite => {
            let folder = quick_folder().expect("a folder for the database can be made");
            (Database::Sqlite(folder.path().join("test.db")), Some(folder))
        }
        Base::Postgres => (postgres::new_database().await, None),
    }
}

/// Folds everything that was recorded.
pub(crate) async fn fold_all(storage: &dyn Storage) {
    loop {
        let waiting = storage.unfolded(None, 100).await.expect("readable");
        if waiting.is_empty() {
            return;
        }
        let read: Vec<_> = waiting.iter().map(|one| folding(one.delivery, &one.body, one.received_at)).collect();
        storage.fold(&read).await.expect("folded");
    }
}

/// A folder in memory, on which syncs are fast. The world's time passes only while nothing waits for the database, so
/// slow syncs would make tests depend on the disk's speed. Other tests check what survives a power failure.
fn quick_folder() -> std::io::Result<TempDir> {
    const MEMORY: &str = "/dev/shm";
    // In a container, this file system may be so small that the tests would fill it.
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let options =
        mounts.lines().find_map(|line| line.strip_prefix("tmpfs ")?.strip_prefix(MEMORY)?.strip_prefix(" tmpfs "));
    let is_large = options.is_some_and(|options| {
        let size = options.split([',', ' ']).find_map(|option| option.strip_prefix("size=")?.strip_suffix('k'));
        // Half of the machine's memory, if no size is given.
        size.is_none_or(|size| size.parse().is_ok_and(|kib: u64| kib >= 1024 * 1024))
    });
    if is_large { tempfile::tempdir_in(MEMORY) } else { tempfile::tempdir() }
}
