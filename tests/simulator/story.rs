//! A log of what happened, step by step.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::Timestamp;

/// Number of lines that are shown of a failed world.
const SHOWN: usize = 80;

/// The last steps, and a hash of all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    last: VecDeque<String>,
    hasher: DefaultHasher,
    pub(crate) steps: u64,
    aloud: bool,
}

impl Story {
    /// A story that is printed while it happens, or only after a failure.
    pub(crate) fn told(aloud: bool) -> Self {
        Self { aloud, ..Self::default() }
    }

    pub(crate) fn tell(&mut self, at: Timestamp, what: &str) {
        self.steps += 1;
        let time = forstok_accurate::domain::WIB.to_datetime(at).strftime("%d %H:%M:%S%.3f");
        let line = format!("{:>6} {time} {what}", self.steps);
        line.hash(&mut self.hasher);
        if self.aloud {
            println!("{line}");
        }
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Equal for equal stories.
    pub(crate) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The result.
    pub(crate) fn last_steps(&self) -> String {
        self.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
