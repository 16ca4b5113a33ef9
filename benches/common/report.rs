//! Prints figures, and whether they meet what is demanded of them.

use std::{process::ExitCode, time::Duration};

/// Prints a benchmark's figures line by line, and counts missed demands.
#[derive(Default)]
pub(crate) struct Report {
    missed: usize,
}

impl Report {
    /// Prints the title and the machine.
    pub(crate) fn new(title: &str) -> Self {
        println!("== {title}\n   {}", super::machine::describe());
        Self::default()
    }

    /// A figure that must be at least `demanded`.
    pub(crate) fn at_least(&mut self, what: &str, figure: f64, demanded: f64, unit: &str) {
        self.demand(what, figure, &format!("at least {demanded}"), unit, figure >= demanded);
    }

    /// A figure that must be at most `demanded`.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, demanded: f64, unit: &str) {
        self.demand(what, figure, &format!("at most {demanded}"), unit, figure <= demanded);
    }

    fn demand(&mut self, what: &str, figure: f64, demanded: &str, unit: &str, met: bool) {
        let verdict = if met { "met" } else { "MISSED" };
        self.missed += usize::from(!met);
        println!("   {what:<60} {:>10} {unit:<8} {demanded:<14} {verdict}", shown(figure));
    }

    /// A figure as a multiple of the other build's; not checked if there is none.
    pub(crate) fn of_the_other(&mut self, what: &str, times: Option<f64>, demanded: Times) {
        match (times, demanded) {
            (Some(times), Times::AtMost(most)) => self.at_most(what, times, most, "times"),
            (Some(times), Times::AtLeast(least)) => self.at_least(what, times, least, "times"),
            (None, _) => note(what, "not checked: name that build with --against"),
        }
    }

    /// The exit code: 1 if a demand was missed.
    pub(crate) fn end(self) -> ExitCode {
        if self.missed == 0 {
            println!("   all demands met");
            return ExitCode::SUCCESS;
        }
        println!("   {} missed", self.missed);
        ExitCode::FAILURE
    }
}

/// The demanded multiple of the other build's figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Times {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints a figure of which nothing is demanded.
pub(crate) fn note(what: &str, figure: &str) {
    println!("   {what:<60} {figure}");
}

/// Formats a figure with at most two decimal places, and at least three significant digits from 1 on.
pub(crate) fn shown(figure: f64) -> String {
    let places = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{figure:.places$}")
}

/// The median.
pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 0.5)
}

/// The smallest figure that at least this share of all figures does not exceed.
pub(crate) fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

/// The largest figure.
pub(crate) fn largest(figures: &[f64]) -> f64 {
    percentile(figures, 1.0)
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
