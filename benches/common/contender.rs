//! The builds that are compared: this one and, with `--against BINARY`, another. They take turns, so that both run
//! under the same conditions.

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
    /// This build, and the one given with `--against`.
    pub(crate) fn all(arguments: &Arguments) -> Vec<Self> {
        let this = Self { name: THIS, binary: env!("CARGO_BIN_EXE_forstok-accurate").into() };
        let against = arguments.has("against").then(|| Self {
            name: AGAINST,
            binary: arguments.value("against", PathBuf::new()).canonicalize().expect("--against names a binary"),
        });
        against.into_iter().chain([this]).collect()
    }
}

/// The names of contenders in tables.
pub(crate) const THIS: &str = "this build";
const AGAINST: &str = "the other build";
pub(crate) const BARE: &str = "bare handler";
pub(crate) const MINIMAL: &str = "minimal service";

/// The figures of each contender, by name and round.
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

    /// This build's figure divided by another contender's.
    pub(crate) fn times(&self, what: &str, whose: &str) -> Option<f64> {
        Some(self.of(what, THIS)? / self.of(what, whose)?)
    }

    /// This build's figure divided by the other build's.
    pub(crate) fn times_the_other(&self, what: &str) -> Option<f64> {
        self.times(what, AGAINST)
    }

    /// This build's largest figure.
    pub(crate) fn largest(&self, what: &str) -> f64 {
        let found = self.0.iter().find(|(known, name, _)| (*known, *name) == (what, THIS));
        found.map_or(f64::NAN, |(.., figures)| largest(figures))
    }

    /// Prints a table of the medians, each followed by the figures of all rounds.
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
