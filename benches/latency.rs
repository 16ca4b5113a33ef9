//! How long senders wait while the service also creates invoices: at an open load of 1,000 webhooks per second, and at
//! 200 per second right after a flood, while its backlog is folded. Every order is due immediately, the sandbox runs in
//! a separate process with its limits on, and latencies count from the time at which the request was due.
//!
//! `cargo bench --bench latency -- --against BINARY`; only one part with `--part open` or `--part after`, shorter with
//! `--seconds 10 --rounds 2`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{process::ExitCode, rc::Rc, time::Duration};

use common::{
    Arguments,
    accurate::AccurateBeside,
    contender::{Contender, Figures},
    load::Load,
    machine::MemoryWatch,
    open_load,
    orders::Orders,
    report::{Report, Times, percentile},
    service::{Home, Service},
};

/// Webhooks per second of the open load.
const RATE: f64 = 1_000.0;

/// Webhooks per second after the flood.
const RATE_AFTER: f64 = 200.0;

/// Connections of the flood.
const CONNECTIONS: usize = 64;

/// Requests before the measurement.
const WARM_UP: u64 = 1_000;

/// Requests prepared per second of the flood.
const MOST_A_SECOND: f64 = 30_000.0;

const P50: &str = "open load, p50 in ms";
const P99: &str = "open load, p99 in ms";
const INVOICES: &str = "open load, invoices meanwhile";
const LEFT: &str = "open load, undecided at its end";
const FLOOD: &str = "flood, acknowledged a second";
const BACKLOG: &str = "after the flood, undecided";
const BACKLOG_LEFT: &str = "after the flood, undecided when the open load ended";
const P50_AFTER: &str = "after the flood, p50 in ms";
const P99_AFTER: &str = "after the flood, p99 in ms";
const MEMORY: &str = "resident memory, most, in MiB";

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    if arguments.has(AccurateBeside::ROLE) {
        return AccurateBeside::serve();
    }
    let part = arguments.value("part", String::new());
    let time = arguments.value("seconds", 30.0);
    let mut report = Report::new("latency: orders that are due at once, Accurate's side at work");
    let (contenders, mut figures) = (Contender::all(&arguments), Figures::default());
    for _ in 0..arguments.value("rounds", 4) {
        for contender in &contenders {
            if part != "after" {
                open(contender, time, &mut figures);
            }
            if part != "open" {
                after_a_flood(contender, time, &mut figures);
            }
        }
    }
    figures.print();
    if part != "after" {
        report.of_the_other("open load, p50, of the other build's", figures.times_the_other(P50), Times::AtMost(0.5));
        report.of_the_other("open load, p99, of the other build's", figures.times_the_other(P99), Times::AtMost(0.5));
    }
    if part != "open" {
        report.at_most("after the flood, worst p99", figures.largest(P99_AFTER), 25.0, "ms");
    }
    report.at_most("resident memory, most", figures.largest(MEMORY), 64.0, "MiB");
    report.end()
}

/// A service that has just started and is warmed up, with its own sandbox.
struct Stage {
    accurate: AccurateBeside,
    service: Service,
    memory: MemoryWatch,
    orders: Orders,
    sent: u64,
    /// Declared last, so that it is dropped after the service.
    _home: Home,
}

impl Stage {
    fn new(contender: &Contender) -> Self {
        let accurate = AccurateBeside::start();
        let home = Home::new(accurate.url(), "");
        let service = home.serve_with(&contender.binary);
        let memory = MemoryWatch::start(service.process());
        let mut stage = Self { accurate, service, memory, orders: Orders::ready_to_ship(), sent: 0, _home: home };
        let warm_up = stage.requests(WARM_UP);
        stage.flood(warm_up, Duration::MAX);
        stage.service.all_are_decided();
        stage
    }

    fn requests(&mut self, count: u64) -> Vec<Box<[u8]>> {
        self.sent += count;
        self.orders.requests(self.sent - count, count)
    }

    /// Posts over all connections as fast as answers arrive; returns the rate per second.
    fn flood(&self, requests: Vec<Box<[u8]>>, time: Duration) -> f64 {
        let (addresses, requests) = (vec![self.service.address], Rc::new(requests));
        Load { addresses, connections: CONNECTIONS, time, requests, answer_holds: r#""delivery":"accepted""# }
            .run()
            .rate()
    }

    fn undecided(&self) -> f64 {
        self.service.count("received") as f64
    }
}

fn open(contender: &Contender, time: f64, figures: &mut Figures) {
    let mut stage = Stage::new(contender);
    let requests = stage.requests((RATE * time) as u64);
    let invoices_before = stage.accurate.invoices();
    let latencies = open_load::run(stage.service.address, RATE, &requests);
    figures.add(P50, contender.name, percentile(&latencies, 0.5));
    figures.add(P99, contender.name, percentile(&latencies, 0.99));
    figures.add(INVOICES, contender.name, stage.accurate.invoices() - invoices_before);
    figures.add(LEFT, contender.name, stage.undecided());
    figures.add(MEMORY, contender.name, stage.memory.end().most);
}

fn after_a_flood(contender: &Contender, time: f64, figures: &mut Figures) {
    let mut stage = Stage::new(contender);
    let flood = stage.requests((time * MOST_A_SECOND) as u64);
    let after = stage.requests((RATE_AFTER * time) as u64);
    figures.add(FLOOD, contender.name, stage.flood(flood, Duration::from_secs_f64(time)));
    figures.add(BACKLOG, contender.name, stage.undecided());
    let latencies = open_load::run(stage.service.address, RATE_AFTER, &after);
    figures.add(P50_AFTER, contender.name, percentile(&latencies, 0.5));
    figures.add(P99_AFTER, contender.name, percentile(&latencies, 0.99));
    figures.add(BACKLOG_LEFT, contender.name, stage.undecided());
    figures.add(MEMORY, contender.name, stage.memory.end().most);
}
