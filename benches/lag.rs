//! How long an order waits for its invoice in an idle service: from the first byte of its webhook until the invoice
//! exists in a sandbox that answers without delay, with its limits on. One order at a time.
//!
//! `cargo bench --bench lag -- --against BINARY`, shorter with `--orders 30 --rounds 2`

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
    contender::{Contender, Figures, THIS},
    orders::Orders,
    report::{Report, Times, median, millis, percentile},
    service::Home,
};

/// Orders before the measurement: the data host is discovered and connections are opened.
const WARM_UP: u64 = 5;

/// Time between two orders, long enough that none waits for a slot at 8 calls per second.
const PAUSE: Duration = Duration::from_millis(150);

/// How often the sandbox is checked for the invoice.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

/// After this long the benchmark fails.
const LONGEST_LAG: Duration = Duration::from_secs(20);

const LAG: &str = "lag, median in ms";
const WORST: &str = "lag, p99 in ms";
const ANSWER: &str = "until Forstok is answered, median in ms";

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let count: u64 = arguments.value("orders", 50);
    let mut report = Report::new("lag: one order at a time, webhook sent → invoice saved, a sandbox without delay");
    let (contenders, mut figures) = (Contender::all(&arguments), Figures::default());
    for _ in 0..arguments.value("rounds", 4) {
        for contender in &contenders {
            measure(contender, count, &mut report, &mut figures);
        }
    }
    figures.print();
    report.at_most(LAG, figures.of(LAG, THIS).unwrap_or(f64::NAN), 4.4, "ms");
    report.of_the_other("lag, of the other build's", figures.times_the_other(LAG), Times::AtMost(0.5));
    report.end()
}

/// One round of one build, with a new database and sandbox.
fn measure(contender: &Contender, count: u64, report: &mut Report, figures: &mut Figures) {
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    let service = home.serve_with(&contender.binary);
    let mut forstok = Forstok::connect(&service);
    let orders = Orders::ready_to_ship();
    let (mut lags, mut answers) = (Vec::new(), Vec::new());
    for nth in 0..WARM_UP + count {
        let measured = forstok.send(&orders.request(nth), &accurate, nth as usize + 1);
        if nth >= WARM_UP {
            lags.push(measured.until_saved);
            answers.push(measured.until_answered);
        }
        std::thread::sleep(PAUSE);
    }
    figures.add(LAG, contender.name, median(&lags));
    figures.add(WORST, contender.name, percentile(&lags, 0.99));
    figures.add(ANSWER, contender.name, median(&answers));
    report.at_most("breaches of Accurate's limits", accurate.sandbox().breach_count() as f64, 0.0, "");
}

/// Forstok's only connection.
struct Forstok {
    stream: TcpStream,
}

/// Durations in milliseconds, from the first byte of the webhook.
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

    /// Sends a webhook and waits until this many invoices exist.
    fn send(&mut self, request: &[u8], accurate: &Accurate, invoices: usize) -> Measured {
        let started = Instant::now();
        self.stream.write_all(request).expect("it takes the webhook");
        let mut answer = [0; 4_096];
        let length = self.stream.read(&mut answer).expect("it answers");
        let until_answered = millis(started.elapsed());
        let text = str::from_utf8(&answer[..length]).unwrap_or_default();
        // An answer is much smaller than a packet, so one read returns all of it.
        assert!(text.starts_with("HTTP/1.1 200") && text.contains(r#""delivery":"accepted""#), "{text}");
        while accurate.sandbox().invoice_count() < invoices {
            assert!(started.elapsed() < LONGEST_LAG, "the invoice is never saved");
            std::thread::sleep(POLL_INTERVAL);
        }
        Measured { until_answered, until_saved: millis(started.elapsed()) }
    }
}
