//! How often each fault, each transition and each special event occurred.

use std::collections::BTreeMap;

/// Counts by group and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage(BTreeMap<(&'static str, String), u64>);

impl Coverage {
    /// Counts one occurrence.
    pub(crate) fn meet(&mut self, group: &'static str, what: impl Into<String>) {
        self.add(group, what, 1);
    }

    pub(crate) fn add(&mut self, group: &'static str, what: impl Into<String>, times: u64) {
        *self.0.entry((group, what.into())).or_default() += times;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for ((group, what), times) in other.0 {
            self.add(group, what, times);
        }
    }

    /// The entries of a group that must occur but never did.
    pub(crate) fn never_met<'a>(&self, group: &'static str, all: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let never = |what: &&str| !self.0.contains_key(&(group, (*what).to_owned()));
        all.into_iter().filter(never).map(|what| format!("{group}: {what}")).collect()
    }

    /// The coverage table.
    pub(crate) fn in_words(&self) -> String {
        let lines = self.0.iter().map(|((group, what), times)| format!("{times:>10}  {group}: {what}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}
