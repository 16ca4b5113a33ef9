//! Figures, what is demanded of them, and whether they meet it.

use std::{process::ExitCode, time::Duration};

/// What a benchmark prints, line by line, and whether all demands were met.
#[derive(Default)]
pub(crate) struct Report {
    missed: usize,
}

impl Report {
    /// Begins with the title and the machine.
    pub(crate) fn new(title: &str) -> Self {
        println!("== {title}\n   {}", super::machine::describe());
        Self::default()
    }

    /// A figure that must be at least so much.
    pub(crate) fn at_least(&mut self, what: &str, figure: f64, demanded: f64, unit: &str) {
        self.demand(what, figure, &format!("at least {demanded}"), unit, figure >= demanded);
    }

    /// A figure that must be at most so much.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, demanded: f64, unit: &str) {
        self.demand(what, figure, &format!("at most {demanded}"), unit, figure <= demanded);
    }

    fn demand(&mut self, what: &str, figure: f64, demanded: &str, unit: &str, met: bool) {
        let verdict = if met { "met" } else { "MISSED" };
        self.missed += usize::from(!met);
        println!("   {what:<60} {:>10} {unit:<8} {demanded:<14} {verdict}", shown(figure));
    }

    /// A comparison with another build: at most so many times its figure, or at least so many times it.
    pub(crate) fn of_the_other(&mut self, what: &str, times: Option<f64>, demanded: Times) {
        match (times, demanded) {
            (Some(times), Times::AtMost(most)) => self.at_most(what, times, most, "times"),
            (Some(times), Times::AtLeast(least)) => self.at_least(what, times, least, "times"),
            (None, _) => note(what, "not checked: name that build with --against"),
        }
    }

    /// The exit code: 1 when a demand was missed.
    pub(crate) fn end(self) -> ExitCode {
        if self.missed == 0 {
            println!("   all demands met");
            return ExitCode::SUCCESS;
        }
        println!("   {} missed", self.missed);
        ExitCode::FAILURE
    }
}

/// How a figure must compare with that of another build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Times {
    AtMost(f64),
    AtLeast(f64),
}

/// A figure that nothing is demanded of.
pub(crate) fn note(what: &str, figure: &str) {
    println!("   {what:<60} {figure}");
}

/// With as many places as say something.
pub(crate) fn shown(figure: f64) -> String {
    let places = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{figure:.places$}")
}

/// The middle one.
pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 0.5)
}

/// The smallest figure that this share of all does not exceed.
pub(crate) fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

/// The largest.
pub(crate) fn largest(figures: &[f64]) -> f64 {
    percentile(figures, 1.0)
}

/// In milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
