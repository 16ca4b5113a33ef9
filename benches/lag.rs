//! Measures how long an order waits for its invoice on an idle service: from the first byte of its webhook until the
//! invoice exists in a sandbox that answers without delay, with its limits on. One order at a time.
//!
//! `cargo bench --bench lag`, or shorter: `cargo bench --bench lag -- --orders 30`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::ExitCode,
    time::{Duration, Instant},
};

use common::{
    Arguments,
    accurate::Accurate,
    orders::Orders,
    report::{Report, largest, median, millis, note, percentile},
    service::Home,
};

/// Warm-up orders: the host is discovered, the connections are opened.
const WARM_UP: u64 = 5;

/// Pause between two orders: at 8 calls a second none is delayed by the limit.
const PAUSE: Duration = Duration::from_millis(150);

/// How often the invoice is checked for.
const BETWEEN_LOOKS: Duration = Duration::from_micros(50);

/// Time limit.
const LONGEST_LAG: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let count: u64 = arguments.value("orders", 100);
    let mut report = Report::new("lag: one order at a time, webhook sent → invoice saved, a sandbox without delay");
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    let service = home.serve();
    let mut forstok = Forstok::connect(&service);

    let orders = Orders::ready_to_ship();
    let mut lags = Vec::new();
    let mut answers = Vec::new();
    for nth in 0..WARM_UP + count {
        let measured = forstok.send(&orders.request(nth), &accurate, nth as usize + 1);
        if nth >= WARM_UP {
            lags.push(measured.until_saved);
            answers.push(measured.until_answered);
        }
        std::thread::sleep(PAUSE);
    }

    report.at_most("lag, median", median(&lags), 15.0, "ms");
    note("lag", &spread(&lags));
    note("of it until Forstok is answered", &spread(&answers));
    report.at_most("breaches of Accurate's limits", accurate.sandbox().breach_count() as f64, 0.0, "");
    report.end()
}

fn spread(times: &[f64]) -> String {
    let at = |share| percentile(times, share);
    format!("min {:.2} ms, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(0.0), at(0.5), at(0.99), largest(times))
}

/// The only connection to the service.
struct Forstok {
    stream: TcpStream,
}

/// In milliseconds, from the first byte of the webhook.
struct Measured {
    until_answered: f64,
    until_saved: f64,
}

impl Forstok {
    fn connect(service: &common::service::Service) -> Self {
        let stream = TcpStream::connect(service.address).expect("it listens");
        stream.set_nodelay(true).expect("a connection takes the option");
        Self { stream }
    }

    /// Sends a webhook and returns when this many invoices exist.
    fn send(&mut self, request: &[u8], accurate: &Accurate, invoices: usize) -> Measured {
        let started = Instant::now();
        self.stream.write_all(request).expect("it takes the webhook");
        let mut answer = [0; 4_096];
        let length = self.stream.read(&mut answer).expect("it answers");
        let until_answered = millis(started.elapsed());
        let text = str::from_utf8(&answer[..length]).unwrap_or_default();
        // An answer is far smaller than one packet, so one read is enough.
        assert!(text.starts_with("HTTP/1.1 200") && text.contains(r#""delivery":"accepted""#), "{text}");
        while accurate.sandbox().invoice_count() < invoices {
            assert!(started.elapsed() < LONGEST_LAG, "the invoice is never saved");
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Measured { until_answered, until_saved: millis(started.elapsed()) }
    }
}
