//! Builds that are compared: this one and, with `--against BINARY`, another. They take turns, so that both meet the
//! same machine.

use std::path::PathBuf;

use super::{
    Arguments,
    report::{largest, median, note, shown},
};

/// A build.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
}

impl Contender {
    /// This build, and the one that was named.
    pub(crate) fn all(arguments: &Arguments) -> Vec<Self> {
        let this = Self { name: THIS, binary: env!("CARGO_BIN_EXE_forstok-accurate").into() };
        let against = arguments.has("against").then(|| Self {
            name: AGAINST,
            binary: arguments.value("against", PathBuf::new()).canonicalize().expect("--against names a binary"),
        });
        against.into_iter().chain([this]).collect()
    }
}

/// What is measured, in tables.
pub(crate) const THIS: &str = "this build";
const AGAINST: &str = "the other build";
pub(crate) const BARE: &str = "bare handler";
pub(crate) const MINIMAL: &str = "minimal service";

/// One figure of each contender, round by round.
#[derive(Default)]
pub(crate) struct Figures(Vec<(&'static str, &'static str, Vec<f64>)>);

impl Figures {
    pub(crate) fn add(&mut self, what: &'static str, whose: &'static str, figure: f64) {
        match self.0.iter_mut().find(|(known, name, _)| (*known, *name) == (what, whose)) {
            Some((.., figures)) => figures.push(figure),
            None => self.0.push((what, whose, vec![figure])),
        }
    }

    /// The median over all rounds.
    pub(crate) fn of(&self, what: &str, whose: &str) -> Option<f64> {
        let found = self.0.iter().find(|(known, name, _)| (*known, *name) == (what, whose));
        found.map(|(.., figures)| median(figures))
    }

    /// How many times as much this build has as another contender.
    pub(crate) fn times(&self, what: &str, whose: &str) -> Option<f64> {
        Some(self.of(what, THIS)? / self.of(what, whose)?)
    }

    /// The same compared with the other build.
    pub(crate) fn times_the_other(&self, what: &str) -> Option<f64> {
        self.times(what, AGAINST)
    }

    /// The largest of this build.
    pub(crate) fn largest(&self, what: &str) -> f64 {
        let found = self.0.iter().find(|(known, name, _)| (*known, *name) == (what, THIS));
        found.map_or(f64::NAN, |(.., figures)| largest(figures))
    }

    /// A table: medians, and every round behind them.
    pub(crate) fn print(&self) {
        let mut rows: Vec<_> = self.0.iter().collect();
        let place = |what: &str| self.0.iter().position(|(known, ..)| *known == what);
        rows.sort_by_key(|(what, ..)| place(what));
        for (what, whose, figures) in rows {
            let all: Vec<_> = figures.iter().map(|figure| shown(*figure)).collect();
            note(&format!("{what}, {whose}"), &format!("{:>8}   {}", shown(median(figures)), all.join("  ")));
        }
    }
}
