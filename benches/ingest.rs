//! How many webhooks are acknowledged per second: signed, distinct orders over 64 connections, each answered after its
//! commit's fsync. Compared with a bare axum handler that only reads the body, and with a minimal service that stores
//! before it answers. The orders have a status at which no invoice is created, so nothing is sent to Accurate. All
//! contenders take turns.
//!
//! `cargo bench --bench ingest -- --against BINARY`, shorter with `--seconds 2 --rounds 2`; on a PostgreSQL server with
//! several replicas: `cargo bench --bench ingest -- --postgres --replicas 3`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{net::SocketAddr, process::ExitCode, rc::Rc, time::Duration};

use common::{
    Arguments,
    bare::Bare,
    contender::{BARE, Contender, Figures, MINIMAL},
    load::{Load, Measured},
    machine::{MemoryWatch, processor_seconds},
    minimal::Minimal,
    orders::Orders,
    report::{Report, Times, note, percentile, shown},
    service::{Home, Service},
};

const CONNECTIONS: usize = 64;

/// Requests before the measurement, for connections, caches and the first pages of the database.
const WARM_UP: u64 = 2_000;

/// Requests prepared per second of posting. Some may remain unsent; if all are answered, the round ends early.
const MOST_A_SECOND: f64 = 40_000.0;

const RATE: &str = "acknowledged a second";
const P50: &str = "p50 in ms";
const P99: &str = "p99 in ms";
const PROCESSOR: &str = "µs of processor time for each";
const MEMORY: &str = "resident memory, most, in MiB";
const UNDECIDED: &str = "undecided when posting ended";

/// No account server is needed, because nothing is due.
const NO_ACCOUNT: &str = "http://127.0.0.1:1";

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    if arguments.has(Bare::ROLE) {
        return Bare::serve();
    }
    if arguments.has(Minimal::ROLE) {
        return Minimal::serve(&arguments);
    }
    let time = Duration::from_secs_f64(arguments.value("seconds", 5.0));
    let replicas = arguments.value("replicas", 1);
    let mut report = Report::new("ingest: signed, distinct orders over 64 connections, answered after fsync");
    let contenders = Contender::all(&arguments);
    let (bare, orders, mut figures) = (Bare::start(), Orders::open(), Figures::default());
    for _ in 0..arguments.value("rounds", 4) {
        let measured = post(&[bare.address()], time, orders.requests(WARM_UP, prepared(time)));
        add(&mut figures, BARE, &measured);
        measure_minimal(&orders, time, &mut figures);
        for contender in &contenders {
            measure(contender, &orders, time, replicas, &mut figures);
        }
    }
    figures.print();
    report.at_least("share of the bare handler's rate", figures.times(RATE, BARE).unwrap_or_default(), 0.35, "");
    let of_minimal = figures.of(RATE, MINIMAL).zip(figures.of(RATE, BARE)).map(|(minimal, bare)| minimal / bare);
    note("share of the bare handler's rate, minimal service", &shown(of_minimal.unwrap_or_default()));
    report.of_the_other("rate, of the other build's", figures.times_the_other(RATE), Times::AtLeast(1.5));
    report.at_most(MEMORY, figures.largest(MEMORY), 64.0, "MiB");
    report.end()
}

/// One round of the minimal service, on a new database.
fn measure_minimal(orders: &Orders, time: Duration, figures: &mut Figures) {
    let minimal = Minimal::start();
    let watch = MemoryWatch::start(minimal.process());
    post(&[minimal.address()], time, orders.requests(0, WARM_UP));
    let used = || processor_seconds(minimal.process()).unwrap_or_default();
    let requests = orders.requests(WARM_UP, prepared(time));
    let used_before = used();
    let measured = post(&[minimal.address()], time, requests);
    figures.add(PROCESSOR, MINIMAL, (used() - used_before) / measured.answered as f64 * 1e6);
    add(figures, MINIMAL, &measured);
    figures.add(MEMORY, MINIMAL, watch.end().most);
}

/// One round of one build, on a new database.
fn measure(contender: &Contender, orders: &Orders, time: Duration, replicas: usize, figures: &mut Figures) {
    let home = Home::new(NO_ACCOUNT, "");
    let services: Vec<_> = (0..replicas).map(|_| home.serve_with(&contender.binary)).collect();
    let addresses: Vec<_> = services.iter().map(|service| service.address).collect();
    let watch = MemoryWatch::start(services[0].process());
    let warm_up = post(&addresses, time, orders.requests(0, WARM_UP));
    services[0].all_are_decided();
    let used = || services.iter().map(Service::process).filter_map(processor_seconds).sum::<f64>();
    let requests = orders.requests(WARM_UP, prepared(time));
    let used_before = used();
    let measured = post(&addresses, time, requests);
    figures.add(PROCESSOR, contender.name, (used() - used_before) / measured.answered as f64 * 1e6);
    figures.add(UNDECIDED, contender.name, services[0].count("received") as f64);
    add(figures, contender.name, &measured);
    services[0].all_are_decided();
    let acknowledged = (warm_up.answered + measured.answered) as u64;
    assert_eq!(services[0].orders(), acknowledged, "every acknowledged order is in the database, once");
    figures.add(MEMORY, contender.name, watch.end().most);
}

fn prepared(time: Duration) -> u64 {
    (time.as_secs_f64() * MOST_A_SECOND) as u64
}

fn post(addresses: &[SocketAddr], time: Duration, requests: Vec<Box<[u8]>>) -> Measured {
    let (addresses, requests) = (addresses.to_vec(), Rc::new(requests));
    Load { addresses, connections: CONNECTIONS, time, requests, answer_holds: r#""delivery":"accepted""# }.run()
}

fn add(figures: &mut Figures, whose: &'static str, measured: &Measured) {
    figures.add(RATE, whose, measured.rate());
    figures.add(P50, whose, percentile(&measured.latencies, 0.5));
    figures.add(P99, whose, percentile(&measured.latencies, 0.99));
}
