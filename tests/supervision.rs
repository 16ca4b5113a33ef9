//! Tasks that panic are restarted, and `/healthz` and `/readyz` name a task that does not recover.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{body::Bytes, http::HeaderName};
use forstok_accurate::{
    clock::{Clock, Monotonic, SystemClock},
    deciding::{decide, mapping::ActiveMapping, trial::Trials},
    domain::{
        reason::Language,
        state::State,
        trial::{Mappings, Trial},
    },
    engine::{Engine, run::Running},
    forstok::signature::{Encoding, Scheme, Verifier},
    http::{self, App, Operators, Proofs, Shared},
    inbox::{delivery, record::Recorder},
    live::Live,
    settings::Sources,
    setup::Changes,
    storage::{Undecided, Verdict},
    telemetry,
};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    forstok::hex_signature,
    service::client,
    world::{FakeClock, World, order, order_id, session},
};

/// The world's clock, with time passing as in reality. While it is broken, reading the time of day panics.
struct Breakable {
    clock: Arc<FakeClock>,
    is_broken: AtomicBool,
}

impl Clock for Breakable {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the clock is broken on purpose");
        self.clock.now()
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The webhooks' secret: each is signed with it in the header `x-signature`.
pub(crate) const SECRET: &str = "secret-of-the-webhook";

/// Serves an engine; returns the address.
pub(crate) async fn served(engine: &Arc<Engine>, metrics: PrometheusHandle) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("bound");
    let verifier = Verifier {
        scheme: Scheme::Hmac { encoding: Encoding::Hex, timestamp_header: None },
        header: HeaderName::from_static("x-signature"),
        secrets: vec![SECRET.into()],
    };
    let (recorder, _) = Recorder::start(engine.inbox(), engine.supervisor());
    let app = App::new(Shared {
        mapping_file: None,
        profiles: std::path::PathBuf::new(),
        proofs: Arc::new(Live::new(Proofs {
            verifier,
            operators: Operators::default(),
            hints: BTreeMap::new(),
            sources: Sources::default(),
        })),
        recorder,
        engine: engine.clone(),
        changes: Changes::default(),
        public_url: None,
        webhook_port: None,
        language: Language::English,
        file: None,
        metrics,
    });
    let routes = http::webhooks_first(http::public(&app), &app);
    http::serve(engine.supervisor(), "accepting", listener, routes, std::future::pending::<()>);
    format!("http://{address}")
}

async fn ask(url: &str) -> (u16, Value) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let answer = client.get(url).send().await.expect("the service answers");
    (answer.status().as_u16(), answer.text().await.expect("a text").parse().expect("JSON"))
}

fn named(answer: &Value) -> Vec<&str> {
    answer["tasks"].as_array().into_iter().flatten().filter_map(|task| task["task"].as_str()).collect()
}

/// The tasks that read the time of day.
const TASKS: [&str; 4] = ["deciding", "posting to main", "reading lists of main", "reconciling main"];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_keeps_panicking_turns_the_probes_to_503_and_works_again_afterwards() {
    let mut world = World::new().await;
    let clock = Arc::new(Breakable { clock: world.clock.clone(), is_broken: AtomicBool::new(false) });
    let sessions = vec![session(&world.wire, &world.clock, true)];
    let mapping = (*world.engine.mapping()).clone();
    let engine = Arc::new(Engine::new(world.storage.clone(), clock.clone(), sessions, mapping, 1));
    let at = served(&engine, telemetry::metrics().expect("the only one of this process")).await;
    let running = Running::start(&engine, None);
    assert_eq!(ask(&format!("{at}/healthz")).await.0, 200);

    clock.is_broken.store(true, Ordering::SeqCst);
    let unhealthy = loop {
        let (status, answer) = ask(&format!("{at}/healthz")).await;
        if status == 503 && named(&answer).len() >= TASKS.len() {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(unhealthy["status"], "failing");
    assert_eq!(named(&unhealthy), TASKS, "{unhealthy}");
    let detail = unhealthy["tasks"][0]["detail"].as_str().expect("a sentence");
    assert!(detail.contains("panicked"), "{detail}");
    let (status, unready) = ask(&format!("{at}/readyz")).await;
    assert_eq!((status, &unready["ready"]), (503, &Value::Bool(false)), "{unready}");
    assert_eq!(named(&unready), TASKS);

    clock.is_broken.store(false, Ordering::SeqCst);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.eventually("the order is invoiced", |world| world.accurate.invoice_count() == 1).await;
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}

/// Sends a webhook as Forstok does.
async fn post(at: &str, body: Bytes) -> (u16, Value) {
    let signature = hex_signature(SECRET, &body);
    let request = client().post(format!("{at}/webhooks/forstok")).header("x-signature", signature).body(body);
    let answer = request.send().await.expect("the service answers");
    (answer.status().as_u16(), answer.text().await.expect("a text").parse().expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_receipt_panics_is_not_acknowledged_and_is_recorded_when_it_is_sent_again() {
    let world = World::new().await;
    let clock = Arc::new(Breakable { clock: world.clock.clone(), is_broken: AtomicBool::new(false) });
    let mapping = (*world.engine.mapping()).clone();
    let sessions = vec![session(&world.wire, &world.clock, true)];
    let engine = Arc::new(Engine::new(world.storage.clone(), clock.clone(), sessions, mapping, 1));
    let at = served(&engine, PrometheusBuilder::new().build_recorder().handle()).await;
    let body = order("1").ready_to_ship().body();
    clock.is_broken.store(true, Ordering::SeqCst);
    let (status, answer) = post(&at, body.clone()).await;
    assert_eq!((status, &answer["code"]), (500, &Value::from("broken")), "{answer}");
    assert!(!answer.to_string().contains("on purpose"), "what a panic says may quote a buyer: {answer}");

    clock.is_broken.store(false, Ordering::SeqCst);
    for delivery in ["accepted", "repeat"] {
        let (status, answer) = post(&at, body.clone()).await;
        assert_eq!((status, &answer["delivery"]), (200, &Value::from(delivery)), "{answer}");
    }
    engine.fold_order(&order_id("1")).await.expect("folded");
    assert_eq!(world.order("1").await.state, State::Received);
}

#[tokio::test]
async fn work_that_panics_is_done_again_and_does_not_occupy_the_scheduler() {
    let mut world = World::new().await;
    let running = Running::start(&world.engine, None);
    // More groups than may be processed at a time.
    world.wire.panics(10);
    for id in 1..=200 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.eventually("all are invoiced", |world| world.accurate.invoice_count() == 200).await;
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}

/// Panics for one order.
fn decides_all_but_one(order: &Undecided, mapping: &ActiveMapping) -> Verdict {
    assert_ne!(order.order_id.as_str(), "2", "on purpose");
    decide(order, mapping)
}

#[tokio::test]
async fn an_order_whose_decision_panics_is_skipped_and_explained_and_decided_after_the_next_start() {
    let mut world = World::new().await;
    let sessions = vec![session(&world.wire, &world.clock, true)];
    let mapping = (*world.engine.mapping()).clone();
    let engine = Engine::new(world.storage.clone(), world.clock.clone(), sessions, mapping, 1);
    let sound = std::mem::replace(&mut world.engine, Arc::new(engine.deciding_by(decides_all_but_one)));
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    for (id, state) in [("1", "invoiced"), ("2", "received"), ("3", "invoiced")] {
        assert_eq!(world.state(id).await, state, "order {id}");
    }
    let said = "an error in this program prevented a decision on this order";
    assert_eq!(world.timeline("2").await.matches(said).count(), 1, "{}", world.timeline("2").await);

    // The undecided order is tried, and fails with the same error.
    world.forstok_sends(order("2").shipped()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("2").await, "received");

    // Earlier calls of the other engine no longer count.
    world.advance(60);
    world.engine = sound;
    world.run_until_settled().await;
    assert_eq!(world.state("2").await, "invoiced");
}

/// Panics for one order, counts the others.
fn tries_all_but_one(trial: &mut Trial, order: &Undecided, _: Mappings<'_>) {
    assert_ne!(order.order_id.as_str(), "2", "on purpose");
    trial.orders += 1;
}

#[tokio::test]
async fn an_order_whose_trial_panics_is_counted_and_the_others_are_tried() {
    let mut world = World::new().await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    let (storage, active) = (world.storage.as_ref(), world.engine.mapping());
    let candidate = active.mapping.clone();
    let trials = Trials::by(tries_all_but_one);
    let tried = trials.run(storage, world.clock.as_ref(), active, candidate, (None, None), Duration::MAX).await;
    let trial = tried.expect("readable").trial;
    assert_eq!((trial.orders, trial.undecidable), (2, 1));
}

#[tokio::test]
async fn a_trial_that_waited_for_another_one_still_ends_in_time() {
    let world = World::new().await;
    // More than a trial reads at a time.
    let many: Vec<_> = (1..=501).map(|id| delivery(order(&id.to_string()).open().body(), world.clock.now())).collect();
    world.storage.record(&many).await.expect("recorded");
    while world.engine.inbox().fold_some(None, 200).await.expect("folded") > 0 {}
    let longest = Duration::from_secs(25);
    let trials = Trials::default();
    let run = || {
        let (storage, active) = (world.storage.as_ref(), world.engine.mapping());
        let candidate = active.mapping.clone();
        Box::pin(trials.run(storage, world.clock.as_ref(), active, candidate, (None, None), longest))
    };
    let (mut first, mut second) = (run(), run());
    assert!((&mut first).now_or_never().is_none(), "it decides beside the runtime");
    assert!((&mut second).now_or_never().is_none(), "it waits for the first");
    world.clock.advance(SignedDuration::from_secs(26));
    let (first, second) = (first.await.expect("readable"), second.await.expect("readable"));
    for tried in [first, second] {
        assert_eq!(tried.trial.orders, 100);
        assert!(tried.only_from.is_some(), "there was no time for the others");
    }
}
