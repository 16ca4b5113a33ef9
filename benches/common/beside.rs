//! Webhooks at a steady rate, alone and while the service does something else: whether that slows them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::{
    open_load,
    orders::Orders,
    report::{Report, median, note, percentile, shown},
    service::Service,
};

/// Webhooks a second.
const RATE: f64 = 100.0;

/// The time between two looks at whether the other work has ended, in seconds.
const WINDOW: f64 = 5.0;

/// How many times slower than alone a webhook may be answered. A virtual machine's own cores make the same load vary by
/// half.
const SLOWEST: f64 = 2.0;

/// Sends each order once.
pub(crate) struct Webhooks<'a> {
    service: &'a Service,
    orders: Orders,
    sent: u64,
    alone: Vec<f64>,
}

impl<'a> Webhooks<'a> {
    /// Orders whose status is below the one at which an invoice is made.
    pub(crate) fn of(service: &'a Service) -> Self {
        Self { service, orders: Orders::open(), sent: 0, alone: Vec::new() }
    }

    /// Sends for so long and keeps the latencies as those of a service that does nothing else.
    pub(crate) fn alone(&mut self, seconds: f64) {
        let latencies = self.send(seconds);
        self.alone.extend(latencies);
    }

    /// Sends until this work is done; returns its result and the latencies meanwhile.
    pub(crate) fn during<T: Send>(&mut self, work: impl FnOnce() -> T + Send) -> (T, Vec<f64>) {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let working = scope.spawn(|| {
                let result = work();
                is_done.store(true, Ordering::Relaxed);
                result
            });
            let mut latencies = Vec::new();
            while !is_done.load(Ordering::Relaxed) && !working.is_finished() {
                let window = self.send(WINDOW);
                // In a window that outlasts the work, part of the webhooks were alone.
                if latencies.is_empty() || !is_done.load(Ordering::Relaxed) {
                    latencies.extend(window);
                }
            }
            (working.join().expect("it ends well"), latencies)
        })
    }

    fn send(&mut self, seconds: f64) -> Vec<f64> {
        let count = (RATE * seconds) as u64;
        self.sent += count;
        open_load::run(self.service.address, RATE, &self.orders.requests(self.sent - count, count))
    }

    /// Compares latencies with those alone.
    pub(crate) fn compare(&self, what: &str, meanwhile: &[f64], report: &mut Report) {
        for (name, latencies) in [("alone", &*self.alone), (what, meanwhile)] {
            let [middle, late] = [median(latencies), percentile(latencies, 0.99)].map(shown);
            let count = latencies.len();
            note(
                &format!("{count} webhooks at {RATE} a second, {name}"),
                &format!("median {middle} ms, 99 % within {late} ms"),
            );
        }
        let [alone, beside] = [&*self.alone, meanwhile].map(|latencies| percentile(latencies, 0.99));
        report.at_most(&format!("99th percentile {what}, of that alone"), beside / alone, SLOWEST, "times");
    }
}
