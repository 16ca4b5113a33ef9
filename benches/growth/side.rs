//! One database under measurement, used through the storage traits as the service does.

use std::{sync::Arc, time::Instant};

use axum::body::Bytes;
use forstok_accurate::{
    clock::{Clock, SystemClock},
    deciding::mapping,
    domain::{
        ids::BookName,
        mapping::DEFAULT_BOOK,
        order::OrderId,
        reason::{Reason, Warning},
    },
    engine::Engine,
    inbox::delivery,
    posting::LEASE,
    settings::Database,
    storage::{
        self, AttemptResult, Claim, ExistingDocument, Filter, Lane, Outcome, Selection, Settled, State, Storage,
    },
};

use crate::common::{
    old_orders::{FIRST_ID, day, number},
    orders::Orders,
    report::millis,
};

/// Deliveries in one commit: as many as there are connections.
const BATCH: u64 = 64;

/// Orders that are claimed together but sent with one call each, and the number of such claims. The other orders are
/// claimed for one bulk.
const CLAIMED: i64 = 8;
const CLAIMS: usize = 3;

/// Orders on a page.
const PAGE: i64 = 50;

const BOOK: &BookName = DEFAULT_BOOK;

/// One database under measurement.
pub(crate) struct Side {
    storage: Arc<dyn Storage>,
    engine: Engine,
    new_orders: Orders,
    /// Number of old orders, and of new ones recorded.
    old: u64,
    pub(crate) new: u64,
}

/// The measurements, by name, in milliseconds.
pub(crate) type Times = Vec<(&'static str, f64)>;

impl Side {
    pub(crate) async fn open(database: &Database, old: u64) -> Self {
        let storage = storage::open(database).await.expect("the database can be opened");
        let active = mapping::current(storage.as_ref()).await.expect("the mapping can be read");
        let engine = Engine::new(storage.clone(), Arc::new(SystemClock), Vec::new(), active, 0);
        // Number 0 is used by a template.
        Self { storage, engine, new_orders: Orders::ready_to_ship(), old, new: 1 }
    }

    pub(crate) async fn close(self) {
        self.storage.close().await;
    }

    /// Does everything once; returns how long each part took.
    pub(crate) async fn measure(&mut self) -> Times {
        let mut times = self.measure_writing().await;
        times.extend(self.measure_reads().await);
        times.extend(self.measure_lists().await);
        times
    }

    async fn measure_writing(&mut self) -> Times {
        let now = SystemClock.now();
        let mut times = Times::new();
        let bodies = (self.new..self.new + BATCH).map(|nth| Bytes::from(self.new_orders.body(nth)));
        let deliveries: Vec<_> = bodies.map(|body| delivery(body, now)).collect();
        self.new += BATCH;
        let started = Instant::now();
        let receipts = self.storage.record(&deliveries).await.expect("the disk takes it");
        times.push(("ingest: record 64 deliveries", millis(started.elapsed())));
        assert!(receipts.iter().all(|receipt| !receipt.repeat));

        let started = Instant::now();
        let done = self.engine.decide_some().await.expect("decided");
        times.push(("decide about 64 orders", millis(started.elapsed())));
        assert_eq!(done as u64, 2 * BATCH, "each is folded and decided");

        for _ in 0..CLAIMS {
            self.claim_and_settle(["claim 8 due orders", "settle 8 orders"], CLAIMED, &mut times).await;
        }
        let rest = BATCH as i64 - CLAIMS as i64 * CLAIMED;
        self.claim_and_settle(["claim 40 due orders", "settle 40 orders"], rest, &mut times).await;
        times
    }

    async fn claim_and_settle(&self, [claim, settle]: [&'static str; 2], limit: i64, times: &mut Times) {
        let selection = Selection::Due { lane: Lane::Fresh, newest_first: false, limit };
        let (now, started) = (SystemClock.now(), Instant::now());
        let claims = self.storage.claim(BOOK, selection, now, now + LEASE).await.expect("claimed");
        times.push((claim, millis(started.elapsed())));
        assert_eq!(claims.len() as i64, limit);
        let results: Vec<_> = claims.iter().map(invoiced).collect();
        let started = Instant::now();
        let settled = self.storage.settle(&results, now).await.expect("settled");
        times.push((settle, millis(started.elapsed())));
        assert!(settled.iter().all(|settled| *settled == Settled::Written));
    }

    async fn measure_lists(&self) -> Times {
        let newest = self.old - 1;
        // The row ids of old orders begin at 1000.
        let middle = Some(1_000 + self.old as i64 / 2);
        let state = |state| Filter { state: Some(state), ..Filter::default() };
        let reason = |reason| Filter { reason: Some(reason), ..Filter::default() };
        let store = |store: &str| Filter { store_id: Some(store.to_owned()), ..Filter::default() };
        let text = |text: String| Filter { text: Some(text), ..Filter::default() };
        let lists = [
            ("list: newest", Filter::default(), None),
            ("list: from the middle on", Filter::default(), middle),
            ("list: invoiced", state(State::Invoiced), None),
            ("list: due", state(State::Due), None),
            ("list: blocked, from the middle on", state(State::Blocked), middle),
            ("list: one reason", reason(Reason::SkuEmpty), None),
            ("list: one warning", Filter { warning: Some(Warning::CustomerCreated), ..Filter::default() }, None),
            ("list: one store", store("7600"), None),
            ("list: blocked of one store", Filter { state: Some(State::Blocked), ..store("8277") }, None),
            ("list: none has this state and store", Filter { state: Some(State::Voided), ..store("7600") }, None),
            ("list: search, a whole number", text(number(newest)), None),
            ("list: search, the numbers of a day", text(day(newest)), None),
            ("list: search, what all numbers begin with", text("D".to_owned()), None),
        ];
        let mut times = Times::new();
        for (what, filter, before) in lists {
            let started = Instant::now();
            self.storage.orders(&filter, before, PAGE).await.expect("readable");
            times.push((what, millis(started.elapsed())));
        }
        times
    }

    async fn measure_reads(&self) -> Times {
        let mut times = Times::new();
        let started = Instant::now();
        self.storage.counts().await.expect("readable");
        self.storage.warning_counts().await.expect("readable");
        self.storage.unreadable(None, 20).await.expect("readable");
        self.storage.oldest_due().await.expect("readable");
        times.push(("summary", millis(started.elapsed())));

        let started = Instant::now();
        self.storage.claimable(BOOK, SystemClock.now(), PAGE).await.expect("readable");
        self.storage.next_attempt_at(BOOK).await.expect("readable");
        self.storage.next_recheck_at(BOOK).await.expect("readable");
        times.push(("when is something due", millis(started.elapsed())));

        // A different order each time, so that it is not always in the cache.
        let nth = self.new * 7_919 % self.old;
        let id = OrderId::parse(&(FIRST_ID + nth).to_string()).expect("an id");
        let started = Instant::now();
        let order = self.storage.order(&id).await.expect("readable");
        let timeline = self.storage.timeline(&id).await.expect("readable");
        times.push(("one old order with its timeline", millis(started.elapsed())));
        assert!(order.is_some() && !timeline.is_empty());
        times
    }
}

fn invoiced(claim: &Claim) -> AttemptResult {
    let document = ExistingDocument {
        id: claim.order_id.as_str().parse().expect("Forstok's ids are numbers"),
        number: claim.draft.number().clone(),
        total: 1.into(),
    };
    AttemptResult::of(claim, Outcome::Exists { document })
}
