//! Measures whether other work of the service slows webhooks, at a steady rate.

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

/// Webhooks per second.
const RATE: f64 = 100.0;

/// How often to check whether the other work has ended, in seconds.
const WINDOW: f64 = 5.0;

/// How many times slower webhooks may be than alone. On a virtual machine, the same load already varies by half.
const SLOWEST: f64 = 2.0;

/// Sends each order once.
pub(crate) struct Webhooks<'a> {
    service: &'a Service,
    orders: Orders,
    sent: u64,
    alone: Vec<f64>,
}

impl<'a> Webhooks<'a> {
    /// Sends orders with a status at which no invoice is created.
    pub(crate) fn of(service: &'a Service) -> Self {
        Self { service, orders: Orders::open(), sent: 0, alone: Vec::new() }
    }

    /// Sends for this long and records the latencies as those of an otherwise idle service.
    pub(crate) fn alone(&mut self, seconds: f64) {
        let latencies = self.send(seconds);
        self.alone.extend(latencies);
    }

    /// Sends until `work` has ended; returns its result and the latencies in the meantime.
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
                // A window in which the work ended is dropped (unless it is the only one): some webhooks were alone.
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

    /// Reports latencies compared with those of webhooks alone.
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
