//! What a sandbox is made with.

use std::{sync::Arc, time::Duration};

use jiff::civil::Date;

use super::{Fault, Limits, Masters};
use crate::clock::{SharedClock, SystemClock};

/// What a sandbox is made with, and what [`Sandbox::reset`](super::Sandbox::reset) goes back to.
#[derive(Clone)]
pub struct Options {
    /// The one API Token that is let in.
    pub api_token: String,
    /// The signature secret of the app the token belongs to.
    pub signature_secret: String,
    /// What stands in the books before the first call.
    pub masters: Masters,
    /// How the database is set up, and every point where accurate.md is not sure.
    pub settings: Settings,
    /// Calls per second and in flight.
    pub limits: Limits,
    /// Chance of each fault for every call, 0 to 1; together at most 1.
    pub faults: Vec<(Fault, f64)>,
    /// Seed of all chance in the sandbox.
    pub seed: u64,
    /// How long each call takes; half of it passes before the work is done, half after.
    pub latency: Duration,
    /// What the sandbox takes for the time: timestamps are compared with it and calls in a second counted by it.
    /// Waiting is always done in real time, since callers time out in real time.
    pub clock: SharedClock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            api_token: "sandbox-token".to_owned(),
            signature_secret: "sandbox-secret".to_owned(),
            masters: Masters::default(),
            settings: Settings::default(),
            limits: Limits::default(),
            faults: Vec::new(),
            seed: 0,
            latency: Duration::ZERO,
            clock: Arc::new(SystemClock),
        }
    }
}

impl Options {
    /// The default, with all masters that the sample orders need ([`Masters::sample`]).
    pub fn with_sample_masters() -> Self {
        Self { masters: Masters::sample(), ..Self::default() }
    }
}

/// How the Accurate database behind the sandbox is set up.
///
/// The points of accurate.md §6 ("not known") stand here, one field each.
#[derive(Debug, Clone)]
pub struct Settings {
    /// No invoice may be dated before this day (accurate.md §3, one source).
    pub company_start: Date,
    /// The longest invoice number, in characters. Not known; 30 is seen for item codes (accurate.md §6).
    pub longest_number: usize,
    /// The longest name of a line, in characters. A guess.
    pub longest_detail_name: usize,
    /// How many branches the token's user sees (accurate.md §4).
    pub branches: Branches,
    /// What one bad entry does to a bulk (accurate.md §6).
    pub bulk: BulkRule,
    /// What a list makes of a filter that is given several values. Not known.
    pub filter_values: FilterValues,
    /// Whether an expense may be below zero (accurate.md §6).
    pub negative_expenses: NegativeExpenses,
    /// What happens to items, accounts and other masters that are not in the books.
    pub unknown_masters: UnknownMasters,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            company_start: Date::constant(2000, 1, 1),
            longest_number: 30,
            longest_detail_name: 255,
            branches: Branches::OneSeen,
            bulk: BulkRule::EachByItself,
            filter_values: FilterValues::All,
            negative_expenses: NegativeExpenses::Refused,
            unknown_masters: UnknownMasters::Refused,
        }
    }
}

/// How many branches the token's user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branches {
    /// One: an invoice need not name it.
    OneSeen,
    /// Several: an invoice without a branch is refused.
    SeveralSeen,
}

/// What one bad entry does to the other entries of a `bulk-save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkRule {
    /// Nothing: the good ones are saved (accurate.md §3, two sources).
    EachByItself,
    /// None is saved; each says so (accurate.md §6: possible).
    AllOrNothing,
    /// None is saved, and the reply tells only what is wrong, not with which entry.
    RefusedWhole,
}

/// What a list makes of a filter that is given several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterValues {
    /// It finds all of them.
    All,
    /// It looks at the first one only.
    FirstOnly,
    /// As any filter that is not understood it is ignored in silence: every row comes back.
    NotUnderstood,
}

/// Whether an expense line may be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum NegativeExpenses {
    Refused,
    Accepted,
}

/// What happens to items, accounts, warehouses, branches and payment terms that are not in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownMasters {
    /// As Accurate does: the save is refused, naming the first of them.
    Refused,
    /// For people who try a mapping before they have typed in their masters.
    Accepted,
}
