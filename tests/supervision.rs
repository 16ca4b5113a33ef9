//! Tasks that panic: they are started again, and `/healthz` and `/readyz` name the one that does not recover.

#[expect(dead_code, reason = "the harness is written for the way of an order; this needs less of it")]
mod world;

use std::{sync::Arc, time::Duration};

use axum::http::HeaderName;
use forstok_accurate::{
    domain::reason::Language,
    forstok::signature::{Encoding, Scheme, Verifier},
    http::{self, App, Operators, Proofs, Shared},
    live::Live,
    pipeline::{record::Recorder, run::Running},
    telemetry,
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::world::{World, order};

/// Serves the world's engine; the address.
async fn served(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("bound");
    let verifier = Verifier {
        scheme: Scheme::Hmac { encoding: Encoding::Hex, timestamp_header: None },
        header: HeaderName::from_static("x-signature"),
        secrets: vec!["secret-of-the-webhook".into()],
    };
    let (recorder, _) = Recorder::start(&world.engine);
    let app = App::new(Shared {
        proofs: Arc::new(Live::new(Proofs { verifier, operators: Operators::default() })),
        recorder,
        engine: world.engine.clone(),
        public_url: None,
        language: Language::English,
        metrics: telemetry::metrics().expect("the only one of this process"),
    });
    tokio::spawn(http::serve(listener, http::public(&app), std::future::pending()));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_keeps_panicking_turns_the_probes_to_503_until_it_recovers() {
    let mut world = World::new().await;
    let at = served(&world).await;
    let running = Running::start(&world.engine, None);
    assert_eq!(ask(&format!("{at}/healthz")).await.0, 200);

    world.clock.breaks(true);
    let unhealthy = loop {
        let (status, answer) = ask(&format!("{at}/healthz")).await;
        if status == 503 && named(&answer).len() >= 2 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(unhealthy["status"], "failing");
    assert_eq!(named(&unhealthy), ["deciding", "posting to main"], "{unhealthy}");
    let detail = unhealthy["tasks"][0]["detail"].as_str().expect("a sentence");
    assert!(detail.contains("panicked"), "{detail}");
    let (status, unready) = ask(&format!("{at}/readyz")).await;
    assert_eq!((status, &unready["ready"]), (503, &Value::Bool(false)), "{unready}");
    assert_eq!(named(&unready), ["deciding", "posting to main"]);

    world.clock.breaks(false);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.eventually("the order is invoiced", |world| world.accurate.invoice_count() == 1).await;
    world.clock.advance(SignedDuration::from_mins(2));
    while ask(&format!("{at}/healthz")).await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ask(&format!("{at}/readyz")).await.0, 200);
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_panics_is_done_again_and_keeps_no_turn() {
    let mut world = World::new().await;
    let running = Running::start(&world.engine, None);
    // More groups than may be under way at once.
    world.wire.panics(10);
    for id in 1..=200 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.eventually("all are invoiced", |world| world.accurate.invoice_count() == 200).await;
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}
