//! How fast many due orders become invoices, against the sandbox with its limits on. The webhooks arrive while Accurate
//! refuses the token; then the service stops, and is restarted once Accurate accepts the token.
//!
//! `cargo bench --bench drain`, or shorter: `cargo bench --bench drain -- --orders 5000 --seconds 30`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

use common::{
    Arguments,
    accurate::Accurate,
    load::Load,
    machine::{Memory, MemoryWatch},
    orders::Orders,
    report::{Report, note},
    service::{Home, Service},
};

const CONNECTIONS: usize = 64;

/// How often the sandbox's counters are read.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The share of all orders, at the start and at the end, that does not count towards the steady rate.
const STARTING_AND_ENDING: f64 = 0.05;

/// The book's setting for saving every invoice with its own call.
const ONE_BY_ONE: &str = r#"bulk = "off""#;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let longest = Duration::from_secs_f64(arguments.value("seconds", 120.0));
    let mut report = Report::new("drain: due orders against the sandbox, 8 calls a second and 8 in flight");

    let orders = arguments.value("orders", 20_000);
    note("in bulk", &format!("{orders} orders"));
    let bulk = Drain::of(orders, "", longest);
    bulk.report(&mut report);
    report.at_least("invoices a second, from the start to the last", bulk.overall(), 700.0, "");
    report.at_least("invoices a second, steady part", bulk.steady().invoices, 750.0, "");

    let orders = arguments.value("one-by-one", 400);
    note("one by one", &format!("{orders} orders"));
    let singles = Drain::of(orders, &arguments.value("setting", ONE_BY_ONE.to_owned()), longest);
    singles.report(&mut report);
    report.at_least("calls a second, steady part", singles.steady().calls, 7.2, "");
    report.end()
}

/// The sandbox's counters at one time.
#[derive(Clone, Copy)]
struct Seen {
    /// Time since the service was restarted.
    at: Duration,
    invoices: usize,
    calls: u64,
}

/// The measurements for one backlog of due orders.
struct Drain {
    orders: usize,
    /// One entry for each time that the number of invoices was found to have grown.
    seen: Vec<Seen>,
    breaches: u64,
    most_in_a_second: usize,
    most_in_flight: usize,
    while_ingesting: Memory,
    while_draining: Memory,
}

/// Rates per second.
struct Rates {
    invoices: f64,
    calls: f64,
}

impl Drain {
    fn of(orders: usize, setting: &str, longest: Duration) -> Self {
        let accurate = Accurate::start();
        let home = Home::new(&accurate.url(), setting);
        accurate.sandbox().revoke_token();
        let while_ingesting = build_backlog(&home.serve(), orders);
        assert_eq!(accurate.sandbox().invoice_count(), 0);
        accurate.sandbox().restore_token();

        let calls_before = calls(&accurate);
        let service = home.serve();
        let watch = MemoryWatch::start(service.process());
        let mut seen = vec![Seen { at: Duration::ZERO, invoices: 0, calls: 0 }];
        loop {
            let now = Seen {
                at: service.started.elapsed(),
                invoices: accurate.sandbox().invoice_count(),
                calls: calls(&accurate) - calls_before,
            };
            if seen.last().is_none_or(|last| now.invoices > last.invoices) {
                seen.push(now);
            }
            if now.invoices >= orders || now.at > longest {
                break;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        let while_draining = watch.end();
        let drain = Self {
            orders,
            seen,
            breaches: accurate.sandbox().breach_count(),
            most_in_a_second: accurate.sandbox().max_in_any_second(),
            most_in_flight: accurate.sandbox().max_in_flight(),
            while_ingesting,
            while_draining,
        };
        if drain.invoices() == orders {
            all_are_settled(&service, &accurate, orders);
        }
        drain
    }

    fn report(&self, report: &mut Report) {
        let (last, steady) = (self.last(), self.steady());
        note("invoices", &format!("{} of {} in {:.1} s", last.invoices, self.orders, last.at.as_secs_f64()));
        note("calls, all told", &last.calls.to_string());
        let share = (1.0 - 2.0 * STARTING_AND_ENDING) * 100.0;
        let rates = format!("{:.1} invoices, {:.2} calls a second", steady.invoices, steady.calls);
        note(&format!("the middle {share:.0} % of them"), &rates);
        note("most calls in any second, in flight", &format!("{}, {}", self.most_in_a_second, self.most_in_flight));
        report.at_most("breaches of Accurate's limits", self.breaches as f64, 0.0, "");
        report.at_most("resident memory while ingesting, most", self.while_ingesting.most, 64.0, "MiB");
        report.at_most("resident memory while draining, most", self.while_draining.most, 64.0, "MiB");
    }

    fn last(&self) -> Seen {
        *self.seen.last().expect("it was looked at once at least")
    }

    fn invoices(&self) -> usize {
        self.last().invoices
    }

    /// Invoices per second, from the start of the process to the last invoice.
    fn overall(&self) -> f64 {
        self.invoices() as f64 / self.last().at.as_secs_f64()
    }

    /// The rates without [`STARTING_AND_ENDING`].
    fn steady(&self) -> Rates {
        let passed = |share: f64| {
            let invoices = self.invoices() as f64 * share;
            *self.seen.iter().find(|seen| seen.invoices as f64 >= invoices).expect("the last has all")
        };
        let (from, to) = (passed(STARTING_AND_ENDING), passed(1.0 - STARTING_AND_ENDING));
        let seconds = to.at.saturating_sub(from.at).as_secs_f64();
        Rates {
            invoices: (to.invoices - from.invoices) as f64 / seconds,
            calls: (to.calls - from.calls) as f64 / seconds,
        }
    }
}

fn calls(accurate: &Accurate) -> u64 {
    accurate.sandbox().call_counts().values().sum()
}

/// Sends this many orders, all immediately due, and waits until all are decided; returns the memory used.
fn build_backlog(service: &Service, orders: usize) -> Memory {
    let watch = MemoryWatch::start(service.process());
    let load = Load {
        addresses: vec![service.address],
        connections: CONNECTIONS,
        time: Duration::MAX,
        requests: Rc::new(Orders::ready_to_ship().requests(0, orders as u64)),
        answer_holds: r#""delivery":"accepted""#,
    };
    assert_eq!(load.run().answered, orders);
    service.all_are_decided();
    assert_eq!(service.count("due"), orders as u64, "each waits for its invoice");
    watch.end()
}

/// Checks that each order knows its invoice, and that no invoice exists without an order.
fn all_are_settled(service: &Service, accurate: &Accurate, orders: usize) {
    let waiting_since = Instant::now();
    while service.count("invoiced") < orders as u64 {
        assert!(waiting_since.elapsed() < Duration::from_secs(30), "an invoice stands that its order does not know of");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(accurate.sandbox().invoice_count(), orders, "each order has one invoice, and no invoice is left over");
}
