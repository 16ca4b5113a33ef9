//! What the benchmarks share: the real binary as a process, orders, a load generator, and the report.

pub(crate) mod accurate;
pub(crate) mod bare;
pub(crate) mod beside;
pub(crate) mod contender;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod minimal;
pub(crate) mod old_orders;
pub(crate) mod open_load;
pub(crate) mod orders;
pub(crate) mod postgres;
pub(crate) mod report;
pub(crate) mod service;

use std::{collections::BTreeMap, str::FromStr};

/// The arguments on the command line: `-- --seconds 5 --rounds 3`.
pub(crate) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// The arguments of this process, without the `--bench` that Cargo adds.
    pub(crate) fn of_this_process() -> Self {
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench").peekable();
        let mut read = BTreeMap::new();
        while let Some(argument) = arguments.next() {
            let value = arguments.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            read.insert(argument.trim_start_matches('-').to_owned(), value);
        }
        Self(read)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of `--{name}`, or `otherwise`.
    pub(crate) fn value<T: FromStr>(&self, name: &str, otherwise: T) -> T {
        let Some(text) = self.0.get(name) else { return otherwise };
        text.parse().unwrap_or_else(|_| panic!("--{name} {text}: cannot be read"))
    }
}
