//! Several Accurate databases, each with its own stores, credentials, limiter and pause.

use std::{collections::BTreeMap, sync::Arc};

use axum::body::Bytes;
use forstok_accurate::{
    accurate::client::Session,
    clock::Clock,
    deciding::mapping::{self, ActiveMapping, Document},
    domain::{
        ids::BookName,
        mapping::{DEFAULT_BOOK, Mapping},
    },
    engine::Engine,
    inbox::delivery,
    posting::Work,
    sandbox::{Masters, OldIntegration, Options, Sandbox, samples::MAPPING},
    settings::BookConfig,
    storage::{ComparisonResult, Sqlite, State, Storage},
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::world::{FakeClock, Order, SandboxWire, fold_all, order, order_id};

const MAIN: &BookName = DEFAULT_BOOK;
const SECOND: &BookName = &BookName::of("second");
const BOTH: [&BookName; 2] = [MAIN, SECOND];

/// A store of each book; both are in the sample mapping.
const STORE_OF_MAIN: i64 = 8277;
const STORE_OF_SECOND: i64 = 9001;

/// More rounds than any test needs; more mean an endless loop.
const MOST_ROUNDS: usize = 2_000;

/// Two independent Accurate databases, and one service that uses both.
struct Books {
    accurate: BTreeMap<&'static BookName, Sandbox>,
    clock: Arc<FakeClock>,
    storage: Arc<dyn Storage>,
    engine: Arc<Engine>,
    _folder: TempDir,
}

impl Books {
    async fn new() -> Self {
        let clock = Arc::new(FakeClock::at("2024-02-01T09:00:00+07:00"));
        let mut accurate = BTreeMap::new();
        let mut sessions = Vec::new();
        for name in BOTH {
            let (api_token, signature_secret) = (format!("token of {name}"), format!("secret of {name}"));
            let sandbox = Sandbox::new(Options {
                clock: clock.clone(),
                api_token: api_token.clone(),
                signature_secret: signature_secret.clone(),
                ..Options::with_sample_masters()
            });
            let book = BookConfig {
                account_url: "https://account.accurate.id".parse().expect("a URL"),
                api_token: api_token.into(),
                signature_secret: signature_secret.into(),
                bulk: false,
                check_owed: true,
            };
            let wire = Arc::new(SandboxWire::new(sandbox.clone(), clock.clone()));
            sessions.push(Session::new(name, &book, wire, clock.clone()));
            accurate.insert(name, sandbox);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let storage: Arc<dyn Storage> =
            Arc::new(Sqlite::open(&folder.path().join("test.db")).await.expect("a database"));
        let nothing = ActiveMapping { revision: 0, mapping: Mapping::default() };
        let engine = Arc::new(Engine::new(storage.clone(), clock.clone(), sessions, nothing, 1));
        let books = Self { accurate, clock, storage, engine, _folder: folder };
        books.applies(&mapping_with(STORE_OF_SECOND, SECOND)).await;
        books
    }

    async fn applies(&self, document: &str) {
        let document = Document::from_toml("mapping.toml", document).expect("valid");
        mapping::apply(self.storage.as_ref(), self.clock.as_ref(), document, "test", None).await.expect("written");
    }

    async fn forstok_sends(&self, order: Order) {
        let body: Bytes = order.body();
        self.storage.record(&[delivery(body, self.clock.now())]).await.expect("recorded");
    }

    /// Orders with these ids, alternating between the books.
    async fn forstok_sends_orders(&self, ids: std::ops::RangeInclusive<u32>) {
        for id in ids {
            let store = if id % 2 == 0 { STORE_OF_SECOND } else { STORE_OF_MAIN };
            self.forstok_sends(order(&id.to_string()).ready_to_ship().store(store)).await;
        }
    }

    /// Decides, posts and rechecks for both books at once, until nothing is left to do at this time.
    async fn run_until_idle(&self) {
        for _ in 0..MOST_ROUNDS {
            let mut worked = false;
            while self.engine.decide_some().await.expect("decided") > 0 {
                worked = true;
            }
            let mut working = JoinSet::new();
            for book in BOTH {
                for work in self.engine.next_work(book, 8).await.expect("claimed") {
                    let engine = self.engine.clone();
                    working.spawn(async move { engine.work(book, work).await });
                }
            }
            worked |= !working.is_empty();
            while let Some(done) = working.join_next().await {
                done.expect("no attempt panics").expect("settled");
            }
            if !worked {
                return;
            }
        }
        panic!("the pipeline goes in circles");
    }

    /// Runs for this many seconds, one at a time.
    async fn run_for(&self, seconds: i64) {
        let end = self.clock.now() + SignedDuration::from_secs(seconds);
        while self.clock.now() < end {
            self.run_until_idle().await;
            self.clock.advance(SignedDuration::from_secs(1));
        }
        self.run_until_idle().await;
    }

    fn pause(&self, book: &BookName) -> Option<&'static str> {
        let status = self.engine.books().into_iter().find(|status| &status.name == book).expect("a book");
        status.pause.map(|pause| pause.code)
    }

    fn invoices(&self) -> BTreeMap<&'static BookName, usize> {
        self.accurate.iter().map(|(name, sandbox)| (*name, sandbox.invoice_count())).collect()
    }

    async fn state(&self, id: &str) -> State {
        self.storage.order(&order_id(id)).await.expect("readable").expect("known").state
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for (name, sandbox) in &self.accurate {
                assert_eq!(sandbox.breach_count(), 0, "{name}: {:?}", sandbox.breaches());
            }
        }
    }
}

/// The sample mapping with one store moved to another book.
fn mapping_with(store: i64, book: &BookName) -> String {
    let table = format!("[stores.\"{store}\"]");
    assert!(MAPPING.contains(&table), "{table}");
    MAPPING.replace(&table, &format!("{table}\nbook = \"{book}\""))
}

#[tokio::test]
async fn each_order_goes_to_the_book_of_its_store() {
    let books = Books::new().await;
    books.forstok_sends_orders(1..=20).await;
    books.run_until_idle().await;
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 10), (SECOND, 10)]));
    for (name, customer_no, odd) in [(MAIN, "8277", 1), (SECOND, "9001", 0)] {
        let customers = books.accurate[name].customers();
        assert_eq!(customers.iter().map(|customer| customer.customer_no.as_str()).collect::<Vec<_>>(), [customer_no]);
        for invoice in books.accurate[name].invoices() {
            assert_eq!(invoice.customer_no, customer_no, "{name}");
            let id: u32 = invoice.description.parse().expect("our order's id");
            assert_eq!(id % 2, odd, "{name}");
            let order = books.storage.order(&order_id(&invoice.description)).await.expect("readable").expect("known");
            assert_eq!(order.book.as_ref(), Some(name));
        }
    }
}

/// The integration that Forstok has built in knows a single Accurate database (forstok.md §5).
#[tokio::test]
async fn in_shadow_mode_an_invoice_that_was_booked_in_the_other_database_is_not_there() {
    let books = Books::new().await;
    books.applies(&format!("posting = \"shadow\"\n{}", mapping_with(STORE_OF_SECOND, SECOND))).await;
    let settings = OldIntegration {
        warehouses: [("834".to_owned(), "Utama".to_owned())].into(),
        branch: Some("Kantor Pusat".to_owned()),
        ..OldIntegration::default()
    };
    for (id, store) in [("1", STORE_OF_MAIN), ("2", STORE_OF_SECOND)] {
        let body = order(id).ready_to_ship().store(store);
        books.accurate[MAIN].old_integration_books(&settings, &body.body_json());
        books.forstok_sends(body).await;
    }
    books.run_until_idle().await;
    for book in BOTH {
        while books.engine.compare_some(book).await.expect("written") > 0 {}
    }
    for (id, expected) in [("1", ComparisonResult::Equal), ("2", ComparisonResult::Absent)] {
        let comparison = books.storage.comparison(&order_id(id)).await.expect("readable").expect("in shadow");
        assert_eq!(comparison.result, expected, "order {id}: {comparison:?}");
    }
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 2), (SECOND, 0)]));
}

#[tokio::test]
async fn a_revoked_token_of_one_book_does_not_delay_the_other() {
    let books = Books::new().await;
    books.accurate[MAIN].revoke_token();
    books.forstok_sends_orders(1..=40).await;
    books.run_for(60).await;
    assert_eq!((books.pause(MAIN), books.pause(SECOND)), (Some("token_refused"), None));
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 0), (SECOND, 20)]));
    assert_eq!((books.state("1").await, books.state("2").await), (State::Due, State::Invoiced));
    books.accurate[MAIN].restore_token();
    books.run_for(60).await;
    assert_eq!(books.pause(MAIN), None);
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 20), (SECOND, 20)]));
}

#[tokio::test]
async fn the_estimate_counts_only_the_orders_of_books_that_are_not_paused() {
    let books = Books::new().await;
    books.accurate[SECOND].revoke_token();
    books.forstok_sends(order("1").ready_to_ship().store(STORE_OF_SECOND)).await;
    books.run_until_idle().await;
    assert_eq!((books.pause(MAIN), books.pause(SECOND)), (None, Some("token_refused")));
    let queue = books.engine.queue().await.expect("readable");
    assert_eq!((queue.orders, queue.seconds), (1, None), "nobody knows when the token is replaced");
    for id in 2..=9 {
        books.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    fold_all(books.storage.as_ref()).await;
    let queue = books.engine.queue().await.expect("readable");
    assert_eq!((queue.orders, queue.seconds), (9, Some(2)), "eight of them, four a second");
}

#[tokio::test]
async fn each_book_has_the_whole_of_its_limits() {
    let books = Books::new().await;
    books.forstok_sends_orders(1..=160).await;
    let before = books.now();
    books.run_until_idle().await;
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 80), (SECOND, 80)]));
    let seconds = books.now().duration_since(before).as_secs_f64();
    let calls: usize = books.accurate.values().map(|sandbox| sandbox.calls().len()).sum();
    assert!(calls as f64 / seconds > 1.5 * 8.0, "{calls} calls in {seconds} s");
}

#[tokio::test]
async fn what_one_book_waits_for_is_not_rechecked_in_the_other() {
    let books = Books::new().await;
    for (id, store) in [("1", STORE_OF_MAIN), ("2", STORE_OF_SECOND)] {
        books.forstok_sends(order(id).ready_to_ship().store(store).sku("BARU-01")).await;
    }
    books.run_until_idle().await;
    books.accurate[SECOND].add_item("BARU-01", "Barang baru");
    books.run_for(40).await;
    assert_eq!((books.state("1").await, books.state("2").await), (State::Blocked, State::Invoiced));
    books.accurate[MAIN].add_item("BARU-01", "Barang baru");
    books.run_for(60).await;
    assert_eq!(books.state("1").await, State::Invoiced);
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 1), (SECOND, 1)]));
}

#[tokio::test]
async fn a_blocked_order_whose_store_moves_to_another_book_is_no_longer_rechecked_in_the_first() {
    let books = Books::new().await;
    books.accurate[SECOND].add_item("BARU-01", "Barang baru");
    books.forstok_sends(order("1").ready_to_ship().sku("BARU-01")).await;
    books.run_until_idle().await;
    assert_eq!(books.state("1").await, State::Blocked);
    books.applies(&mapping_with(STORE_OF_MAIN, SECOND)).await;
    books.run_until_idle().await;
    assert_eq!(books.state("1").await, State::Invoiced);
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 0), (SECOND, 1)]));
    books.run_for(40).await;
    assert_eq!(books.storage.next_recheck_at(MAIN).await.expect("readable"), None);
}

#[tokio::test]
async fn an_invoice_that_may_exist_in_one_book_is_not_created_in_another() {
    let books = Books::new().await;
    books.accurate[MAIN].add_masters(&Masters::default().customer("8277", "Toko"));
    books.accurate[MAIN].lose_next_reply_after_saving();
    books.forstok_sends(order("1").ready_to_ship()).await;
    while books.engine.decide_some().await.expect("decided") > 0 {}
    // The process dies between the save and its reply, so the result is not known.
    let Some(Work::One(claim)) = books.engine.next_work(MAIN, 8).await.expect("claimed").pop() else {
        panic!("one order is due");
    };
    let saved = forstok_accurate::accurate::invoices::save(
        &session_of_main(&books),
        &claim.draft.invoice().expect("an invoice").body,
        forstok_accurate::accurate::client::LastStart::NEVER,
    )
    .await;
    assert!(saved.is_err(), "{saved:?}");
    books.storage.end_leases(MAIN, books.now()).await.expect("written");
    books.applies(&mapping_with(STORE_OF_MAIN, SECOND)).await;
    books.run_for(600).await;
    assert_eq!(books.state("1").await, State::Invoiced);
    assert_eq!(books.invoices(), BTreeMap::from([(MAIN, 1), (SECOND, 0)]), "one, and where it was made");
}

#[tokio::test]
async fn a_save_of_an_attempt_from_before_the_book_was_taken_over_again_never_leaves() {
    let books = Books::new().await;
    books.accurate[MAIN].add_masters(&Masters::default().customer("8277", "Toko"));
    books.forstok_sends(order("1").ready_to_ship()).await;
    while books.engine.decide_some().await.expect("decided") > 0 {}
    let Some(Work::One(claim)) = books.engine.next_work(MAIN, 8).await.expect("claimed").pop() else {
        panic!("one order is due");
    };
    let session = session_of_main(&books);
    let earlier = session.last_start(claim.lease_until);
    // This process lost the book for a moment and leads it again: its own leases have ended too.
    session.begin_term();
    let saved =
        forstok_accurate::accurate::invoices::save(&session, &claim.draft.invoice().expect("an invoice").body, earlier)
            .await;
    assert!(saved.is_err(), "{saved:?}");
    assert_eq!(books.invoices()[MAIN], 0);
    let now = session.last_start(claim.lease_until);
    forstok_accurate::accurate::invoices::save(&session, &claim.draft.invoice().expect("an invoice").body, now)
        .await
        .expect("saved");
    assert_eq!(books.invoices()[MAIN], 1);
}

/// A session like that of the process that died, separate from the engine's own.
fn session_of_main(books: &Books) -> Session {
    let book = BookConfig {
        account_url: "https://account.accurate.id".parse().expect("a URL"),
        api_token: format!("token of {MAIN}").into(),
        signature_secret: format!("secret of {MAIN}").into(),
        bulk: true,
        check_owed: true,
    };
    let wire = Arc::new(SandboxWire::new(books.accurate[MAIN].clone(), books.clock.clone()));
    Session::new(MAIN, &book, wire, books.clock.clone())
}
