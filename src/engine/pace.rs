//! How many orders are folded or decided in one commit: few enough that webhooks, which wait for the same writer, are
//! answered soon, however fast the machine is.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

/// Largest number of orders in one commit.
const MOST: i64 = 200;

/// Smallest number that is aimed for. Below it, a commit costs more than the orders in it.
const LEAST: i64 = 16;

/// How long a step, which folds in one commit and decides in another, should take.
const STEP: Duration = Duration::from_millis(15);

/// The number that keeps a step within its time.
#[derive(Debug)]
pub(super) struct Pace(AtomicI64);

impl Pace {
    /// The largest number.
    pub(super) fn new() -> Self {
        Self(AtomicI64::new(MOST))
    }

    /// How many orders the next step takes.
    pub(super) fn orders(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A step with so many orders took this long.
    pub(super) fn took(&self, orders: i64, time: Duration) {
        let next = if time > STEP {
            orders / 2
        } else if time < STEP / 2 {
            orders.saturating_mul(2)
        } else {
            return;
        };
        self.0.store(next.clamp(LEAST, MOST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_steps_get_smaller_and_quick_ones_larger() {
        let pace = Pace::new();
        let numbers = [STEP * 2, STEP * 2, STEP, STEP / 3, STEP * 2].map(|time| {
            pace.took(pace.orders(), time);
            pace.orders()
        });
        assert_eq!(numbers, [100, 50, 50, 100, 50]);
        for _ in 0..20 {
            pace.took(pace.orders(), STEP * 2);
        }
        assert_eq!(pace.orders(), LEAST);
        for _ in 0..20 {
            pace.took(pace.orders(), Duration::ZERO);
        }
        assert_eq!(pace.orders(), MOST);
    }
}
