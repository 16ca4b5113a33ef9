//! What a sandbox is made with.

use std::{sync::Arc, time::Duration};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Fault, Limits, Masters};
use crate::clock::{SharedClock, SystemClock};

/// What a sandbox is made with, and what [`Sandbox::reset`](super::Sandbox::reset) goes back to.
#[derive(Clone)]
pub struct Options {
    /// The one API Token that is let in.
    pub api_token: String,
    /// The signature secret of the app the token belongs to.
    pub signature_secret: String,
    /// What is in the books before the first call.
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
/// The points of accurate.md §6 ("not known") are here, one field each.
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
    /// What a list makes of `sp.sort`.
    pub sorting: Sorting,
    /// Whether an expense may be below zero (accurate.md §6).
    pub negative_expenses: NegativeExpenses,
    /// What happens to items, accounts and other masters that are not in the books.
    pub unknown_masters: UnknownMasters,
    /// Whose number an invoice gets (accurate.md §6).
    pub numbering: Numbering,
    /// What happens to the case of a number's letters (accurate.md §6).
    pub letter_case: LetterCase,
    /// How long a saved, changed or deleted invoice takes to show in `detail.do` (accurate.md §6: up to a minute).
    pub detail_lag: Duration,
    /// How long it takes to show in `list.do`.
    pub list_lag: Duration,
    /// What a save with a character beyond U+FFFF does, such as an emoji in a product's name. Not known.
    pub emoji: Emoji,
    /// What a suspended item is answered with (accurate.md §6).
    pub suspended_items: SuspendedItems,
    /// Whether two customers may have one name. Not known.
    pub customer_names: CustomerNames,
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
            sorting: Sorting::Understood,
            negative_expenses: NegativeExpenses::Refused,
            unknown_masters: UnknownMasters::Refused,
            numbering: Numbering::Sent,
            letter_case: LetterCase::Exact,
            detail_lag: Duration::ZERO,
            list_lag: Duration::ZERO,
            emoji: Emoji::Saved,
            suspended_items: SuspendedItems::AsUnknown,
            customer_names: CustomerNames::MayRepeat,
        }
    }
}

/// How many branches the token's user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branches {
    /// One: an invoice need not name it.
    OneSeen,
    /// Several: an invoice without a branch is refused.
    SeveralSeen,
}

/// What one bad entry does to the other entries of a `bulk-save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkRule {
    /// Nothing: the good ones are saved (accurate.md §3, two sources).
    EachByItself,
    /// None is saved; each says so (accurate.md §6: possible).
    AllOrNothing,
    /// None is saved, and the reply names only the error, not the entry.
    RefusedWhole,
}

/// What a list makes of a filter that is given several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterValues {
    /// It finds all of them.
    All,
    /// It looks at the first one only.
    FirstOnly,
    /// As any filter that is not understood it is ignored in silence: every row comes back.
    NotUnderstood,
}

/// What a list makes of `sp.sort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sorting {
    /// `id|desc` shows the newest first (backfill.md §2); other orders are not known to the sandbox.
    Understood,
    /// It is ignored in silence: the oldest come first.
    Ignored,
}

/// Whether an expense line may be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Whose number an invoice gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbering {
    /// The one that was sent, if any.
    Sent,
    /// The database's automatic numbering wins: the number that was sent is ignored.
    Automatic,
}

/// What happens to the case of the letters of an invoice number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterCase {
    /// It is kept, and another case makes another number.
    Exact,
    /// It is kept, and the same number in another case is the same number.
    Ignored,
    /// Numbers are kept in capital letters; case does not matter.
    Upper,
    /// Numbers are kept in small letters; case does not matter.
    Lower,
}

impl LetterCase {
    /// The number as it is kept.
    pub(super) fn of(self, number: String) -> String {
        match self {
            Self::Exact | Self::Ignored => number,
            Self::Upper => number.to_uppercase(),
            Self::Lower => number.to_lowercase(),
        }
    }
}

/// What a save with a character beyond U+FFFF does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emoji {
    /// It is saved.
    Saved,
    /// It always fails with Accurate's own error; nothing is saved.
    OwnError,
}

/// What an invoice with a suspended item is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendedItems {
    /// As if there were no such item.
    AsUnknown,
    /// That it is switched off, in the words that are known of accounts.
    Named,
}

/// Whether two customers may have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum CustomerNames {
    MayRepeat,
    Unique,
}
