//! Measures how fast webhooks are accepted: signed, distinct orders over 64 connections, each answered after its
//! commit's fsync, compared with a bare axum handler that only reads the body. Both are measured alternately, so that
//! they run under the same conditions.
//!
//! `cargo bench --bench ingest`, or shorter: `cargo bench --bench ingest -- --seconds 2 --rounds 2`;
//! on a PostgreSQL server, with several replicas: `cargo bench --bench ingest -- --postgres --replicas 3`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitCode, Stdio},
    rc::Rc,
    time::Duration,
};

use axum::{Router, body::Bytes, http::header, response::IntoResponse, routing::post};
use common::{
    Arguments,
    accurate::Accurate,
    load::{Load, Measured},
    machine::{Memory, MemoryWatch, processor_seconds},
    orders::Orders,
    report::{Report, largest, median, note, percentile},
    service::{Home, Service},
};

const CONNECTIONS: usize = 64;

/// Warm-up: connections, caches and the first pages of the database.
const WARM_UP: u64 = 2_000;

/// Number of requests that are prepared for a second of posting; what the machine cannot answer in time is not sent.
const MOST_A_SECOND: u64 = 20_000;

/// The answer of the bare handler, as long as the real one.
const BARE_ANSWER: &str =
    r#"{"message":"Success","order_id":"300000000","delivery":"accepted","state":"received","invoice":null}"#;

/// The argument that makes this executable the bare handler.
const BARE: &str = "bare";

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    if arguments.has(BARE) {
        return serve_bare();
    }
    let plan = Plan {
        time: Duration::from_secs_f64(arguments.value("seconds", 5.0)),
        rounds: arguments.value("rounds", 5),
        replicas: arguments.value("replicas", 1),
    };
    let mut report = Report::new("ingest: signed, distinct orders over 64 connections, answered after fsync");
    let accurate = Accurate::start();
    let bare = Bare::start();

    let watched = plan.measure(&Orders::open(), &accurate, Some(&bare));
    note("bare handler, median", &per_second(&watched.bare));
    note("its latency", &spread(&watched.bare_latencies));
    note("orders below the chosen status, median", &per_second(&watched.real));
    let ratio = median(&watched.real) / median(&watched.bare);
    report.at_least("their share of the bare handler's rate", ratio, 0.25, "");
    report.at_most("their p99", percentile(&watched.latencies, 0.99), 10.0, "ms");
    note("their latency", &spread(&watched.latencies));
    note("processor time for each", &format!("{:.0} µs", median(&watched.processor)));
    note("left to decide when posting ended, most", &watched.undecided.to_string());
    report.at_most("resident memory, most", watched.memory.most, 64.0, "MiB");
    note("resident memory, median", &format!("{:.1} MiB", watched.memory.now));

    // The demand applies to the orders above; these are also posted to the sandbox at the same time, on the same
    // processor.
    let due = plan.measure(&Orders::ready_to_ship(), &accurate, None);
    note("orders that are due at once, median", &per_second(&due.real));
    let share = median(&due.real) / median(&watched.bare);
    note("their share of the bare handler's rate", &format!("{share:.2}"));
    note("their latency", &spread(&due.latencies));
    note("left to decide when posting ended, most", &due.undecided.to_string());
    report.at_most("resident memory, most", due.memory.most, 64.0, "MiB");
    let sandbox = accurate.sandbox();
    note("invoices meanwhile", &sandbox.invoice_count().to_string());
    report.at_most("breaches of Accurate's limits", sandbox.breach_count() as f64, 0.0, "");
    report.end()
}

fn per_second(rates: &[f64]) -> String {
    let all = rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(", ");
    format!("{:.0} a second ({all})", median(rates))
}

fn spread(latencies: &[f64]) -> String {
    let at = |share| percentile(latencies, share);
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
        at(0.5),
        at(0.99),
        at(0.999),
        largest(latencies)
    )
}

/// Duration and number of the rounds.
struct Plan {
    time: Duration,
    rounds: usize,
    replicas: usize,
}

/// The results of all rounds with one kind of order.
struct Rounds {
    /// Answers per second in each round.
    bare: Vec<f64>,
    /// Latency of each request to the bare handler, in milliseconds.
    bare_latencies: Vec<f64>,
    real: Vec<f64>,
    /// Processor time per webhook in microseconds, including the decisions made meanwhile.
    processor: Vec<f64>,
    /// Latency of each request to the real service, in milliseconds.
    latencies: Vec<f64>,
    /// Largest number of undecided orders at the end of a round.
    undecided: u64,
    memory: Memory,
}

impl Plan {
    /// Posts to the real binary, and before each round to the bare handler, with the same requests.
    fn measure(&self, orders: &Orders, accurate: &Accurate, bare: Option<&Bare>) -> Rounds {
        let home = Home::new(&accurate.url(), "");
        let services: Vec<_> = (0..self.replicas).map(|_| home.serve()).collect();
        let service = &services[0];
        let watch = MemoryWatch::start(service.process());
        let (mut bare_rates, mut real_rates, mut processor) = (Vec::new(), Vec::new(), Vec::new());
        let (mut bare_latencies, mut latencies, mut undecided) = (Vec::new(), Vec::new(), 0);
        let warm_up = self.load(orders.requests(0, WARM_UP));
        let mut sent = warm_up.real(&services).answered;
        if let Some(bare) = bare {
            warm_up.bare(bare);
        }
        for _ in 0..self.rounds {
            let prepared = (self.time.as_secs_f64() * MOST_A_SECOND as f64) as u64;
            let round = self.load(orders.requests(sent as u64, prepared));
            service.all_are_decided();
            if let Some(bare) = bare {
                let measured = round.bare(bare);
                bare_rates.push(measured.rate());
                bare_latencies.extend(measured.latencies);
            }
            let used = || services.iter().filter_map(|service| processor_seconds(service.process())).sum::<f64>();
            let used_before = used();
            let measured = round.real(&services);
            processor.push((used() - used_before) / measured.answered as f64 * 1e6);
            undecided = undecided.max(service.count("received"));
            assert!(measured.answered < prepared as usize, "too few requests were made ready");
            sent += measured.answered;
            real_rates.push(measured.rate());
            latencies.extend(measured.latencies);
        }
        assert_eq!(service.orders(), sent as u64, "every order that was answered stands in the database, once");
        let memory = watch.end();
        Rounds { bare: bare_rates, bare_latencies, real: real_rates, processor, latencies, undecided, memory }
    }

    fn load(&self, requests: Vec<Box<[u8]>>) -> Round {
        Round { time: self.time, requests: Rc::new(requests) }
    }
}

/// Prepared requests, and how long to post them.
struct Round {
    time: Duration,
    requests: Rc<Vec<Box<[u8]>>>,
}

impl Round {
    fn real(&self, services: &[Service]) -> Measured {
        self.post(services.iter().map(|service| service.address).collect())
    }

    fn bare(&self, bare: &Bare) -> Measured {
        self.post(vec![bare.address])
    }

    fn post(&self, addresses: Vec<SocketAddr>) -> Measured {
        let requests = self.requests.clone();
        let answer_holds = r#""delivery":"accepted""#;
        Load { addresses, connections: CONNECTIONS, time: self.time, requests, answer_holds }.run()
    }
}

/// The bare handler as a process; killed when this value is dropped.
struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    fn start() -> Self {
        let this = std::env::current_exe().expect("this executable has a path");
        let mut child = Command::new(this)
            .arg(format!("--{BARE}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this executable starts again");
        let mut line = String::new();
        let said = child.stdout.take().expect("standard output is piped");
        BufReader::new(said).read_line(&mut line).expect("it says its address");
        let address = line.trim().parse().expect("it says its address");
        Self { child, address }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Both fail if the process has already exited, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The upper limit for any service on axum: the body is read and a constant is answered.
fn serve_bare() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        println!("{}", listener.local_addr().expect("it listens"));
        let routes = Router::new().route("/webhooks/forstok", post(read_only));
        axum::serve(listener, routes).await.expect("it serves until it is killed");
    });
    ExitCode::SUCCESS
}

async fn read_only(body: Bytes) -> impl IntoResponse {
    assert!(!body.is_empty());
    ([(header::CONTENT_TYPE, "application/json")], BARE_ANSWER)
}
