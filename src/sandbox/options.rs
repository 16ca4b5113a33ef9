//! The options of a sandbox.

use std::{sync::Arc, time::Duration};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Fault, Limits, Masters};
use crate::clock::{SharedClock, SystemClock};

/// The options of a sandbox, which [`Sandbox::reset`](super::Sandbox::reset) restores.
#[derive(Clone)]
pub struct Options {
    /// The only API Token that is accepted.
    pub api_token: String,
    /// The signature secret of the token's app.
    pub signature_secret: String,
    /// The data before the first call.
    pub masters: Masters,
    /// The setup of the database, with one field for everything that accurate.md is uncertain about.
    pub settings: Settings,
    /// Calls per second and in flight.
    pub limits: Limits,
    /// Probability of each fault for every call, 0 to 1; together at most 1.
    pub faults: Vec<(Fault, f64)>,
    /// Seed of all random numbers in the sandbox.
    pub seed: u64,
    /// Duration of each call; half of it passes before the call is carried out, half after.
    pub latency: Duration,
    /// The sandbox's clock: timestamps are compared with it, and the calls of a second are counted by it. Delays always
    /// use real time, because callers time out in real time.
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
    /// The default options, with all masters that the sample orders need ([`Masters::sample`]).
    pub fn with_sample_masters() -> Self {
        Self { masters: Masters::sample(), ..Self::default() }
    }
}

/// The setup of the simulated Accurate database.
///
/// Each unknown of accurate.md §6 ("not known") is one field here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// No invoice may be dated before this day (accurate.md §3, one source).
    pub company_start: Date,
    /// The longest invoice number, in characters. Not known; 30 has been observed for item codes (accurate.md §6).
    pub longest_number: usize,
    /// The longest name of a line, in characters. A guess.
    pub longest_detail_name: usize,
    /// How many branches the token's user sees (accurate.md §4).
    pub branches: Branches,
    /// What one bad entry does to a bulk (accurate.md §6).
    pub bulk: BulkRule,
    /// How a list treats a filter with several values. Not known.
    pub filter_values: FilterValues,
    /// How a list treats a filter by a range of ids. Documented, not seen in use (backfill.md §2).
    pub id_ranges: IdRanges,
    /// How a list treats `sp.sort`.
    pub sorting: Sorting,
    /// What a bulk's reply shows of each invoice that it saved (accurate.md §3: `r`, two sources).
    pub bulk_reply: BulkReply,
    /// Whether an expense may be negative (accurate.md §6).
    pub negative_expenses: NegativeExpenses,
    /// How a payment above what is owed on its invoice is treated. Not known (payout.md §2).
    pub overpayment: Overpayment,
    /// How items, accounts and other masters that do not exist are treated.
    pub unknown_masters: UnknownMasters,
    /// Which number an invoice gets (accurate.md §6).
    pub numbering: Numbering,
    /// How upper and lower case of a number are treated (accurate.md §6).
    pub letter_case: LetterCase,
    /// How long a saved, changed or deleted invoice takes to appear in `detail.do` (accurate.md §6: up to a minute).
    pub detail_lag: Duration,
    /// How long it takes to appear in `list.do`.
    pub list_lag: Duration,
    /// How a save with a character beyond U+FFFF is treated, such as an emoji in a product's name. Not known.
    pub emoji: Emoji,
    /// The reply about a suspended item (accurate.md §6).
    pub suspended_items: SuspendedItems,
    /// Whether two customers may have the same name. Not known.
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
            id_ranges: IdRanges::Understood,
            sorting: Sorting::Understood,
            bulk_reply: BulkReply::Whole,
            negative_expenses: NegativeExpenses::Refused,
            overpayment: Overpayment::Refused,
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
    /// One: an invoice need not contain it.
    OneSeen,
    /// Several: an invoice without a branch is refused.
    SeveralSeen,
}

/// What one bad entry does to the other entries of a `bulk-save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkRule {
    /// Nothing: the good entries are saved (accurate.md §3, two sources).
    EachByItself,
    /// No entry is saved; each reports the error (accurate.md §6: possible).
    AllOrNothing,
    /// No entry is saved, and the reply contains only the error, not the entry.
    RefusedWhole,
}

/// How a list treats a filter with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterValues {
    /// It finds all of them.
    All,
    /// It uses only the first value.
    FirstOnly,
    /// It ignores the filter silently, like any unknown filter: all rows are returned.
    NotUnderstood,
}

/// How a list treats a filter by a range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdRanges {
    /// It lists the invoices with these ids.
    Understood,
    /// It is ignored silently: every row is returned.
    Ignored,
}

/// What a bulk's reply shows of each invoice that it saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkReply {
    /// The whole record, as a single save shows it.
    Whole,
    /// Its id and number only.
    IdAndNumber,
    /// That it was saved, and no record.
    NoRecord,
}

/// How a list treats `sp.sort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sorting {
    /// `id|desc` returns the newest first (backfill.md §2); the sandbox supports no other order.
    Understood,
    /// It ignores the parameter silently: the oldest come first.
    Ignored,
}

/// Whether an expense line may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum NegativeExpenses {
    Refused,
    Accepted,
}

/// How a receipt is treated that pays more than is owed on its invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overpayment {
    /// The save is refused: one client expects that (payout.md §2).
    Refused,
    /// It is saved: one source says that nothing is checked (payout.md §2).
    Accepted,
}

/// How items, accounts, warehouses, branches and payment terms that do not exist are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownMasters {
    /// As in Accurate: the save is refused, naming the first of them.
    Refused,
    /// They are accepted, for people who try a mapping before they have entered their masters.
    Accepted,
}

/// Which number an invoice gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbering {
    /// The number that was sent, if any.
    Sent,
    /// The database's automatic number: the number that was sent is ignored.
    Automatic,
}

/// How upper and lower case of an invoice number are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterCase {
    /// They are kept, and a different case makes a different number.
    Exact,
    /// They are kept, and numbers that differ only in case are the same number.
    Ignored,
    /// Numbers are stored in upper case; case is ignored.
    Upper,
    /// Numbers are stored in lower case; case is ignored.
    Lower,
}

impl LetterCase {
    /// Whether numbers that differ only in case are the same number.
    pub(super) fn is_ignored(self) -> bool {
        self != Self::Exact
    }

    /// The number as it is stored.
    pub(super) fn of(self, number: String) -> String {
        match self {
            Self::Exact | Self::Ignored => number,
            Self::Upper => number.to_uppercase(),
            Self::Lower => number.to_lowercase(),
        }
    }
}

/// How a save with a character beyond U+FFFF is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emoji {
    /// It is saved.
    Saved,
    /// It always fails with Accurate's own error; nothing is saved.
    OwnError,
}

/// The reply about an invoice with a suspended item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendedItems {
    /// The same as for an unknown item.
    AsUnknown,
    /// That it is suspended, in the words that are known for accounts.
    Named,
}

/// Whether two customers may have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum CustomerNames {
    MayRepeat,
    Unique,
}
