//! Notices, which reach people by webhook, e-mail or Telegram.
//!
//! [`decide`] compares the current state with the state that people were last notified of; `words` writes the news in
//! both languages, and [`message`] is a notice that is ready to be sent.

mod decide;
mod held;
pub mod message;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};

pub use self::{
    decide::{decide, digest_is_due},
    held::{Held, Why},
};
use super::{
    about::About,
    document::Kind,
    ids::BookName,
    reason::{Language, Reason},
    reconciliation::{Class, Period},
};

/// After this time without a webhook at the latest, somebody should check whether Forstok still sends them.
pub const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(24);

/// A shorter silence is never unusual.
const SHORTEST_SILENCE: SignedDuration = SignedDuration::from_hours(1);

/// For how long a shop must be known before its quiet nights are.
const KNOWN_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// When orders arrived lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// From the first new order to the last one.
    pub over: SignedDuration,
    /// The longest time between two of them.
    pub longest_gap: SignedDuration,
}

/// After which time without a webhook somebody should check whether Forstok still sends them: twice the longest time
/// that passed between two new orders lately, quiet nights included.
pub fn unusual_silence(lately: Arrivals) -> SignedDuration {
    if lately.over < KNOWN_AFTER {
        return LONGEST_SILENCE;
    }
    lately.longest_gap.saturating_mul(2).clamp(SHORTEST_SILENCE, LONGEST_SILENCE)
}

/// A way to send notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A webhook, signed as the Standard Webhooks specification says.
    Webhook,
    /// E-mail over SMTP.
    Email,
    /// Telegram's bot API.
    Telegram,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Email, Self::Telegram];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Telegram => "telegram",
        }
    }

    /// Parses the stable word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }
}

/// What was announced to people, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Announced {
    /// Pauses, by book.
    pub paused: BTreeMap<BookName, AnnouncedPause>,
    /// When the newest webhook before the reported silence arrived.
    pub silent_since: Option<Timestamp>,
    /// When the newest webhook before the reported refusals was accepted.
    pub refused_since: Option<Timestamp>,
    /// Causes of blocked orders.
    pub orders: AnnouncedCauses,
    /// Why payouts need a person.
    pub payouts: AnnouncedCauses,
    /// Why returns need a person.
    pub returns: AnnouncedCauses,
    /// Open findings, by class.
    pub findings: BTreeMap<Class, i64>,
    /// When findings were last reported.
    pub findings_at: Option<Timestamp>,
    /// The latest incomplete reconciliation.
    pub failed_run: i64,
    /// The day of the latest digest.
    pub digest: Option<Date>,
}

/// Causes that were reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnnouncedCauses {
    /// Their keys.
    pub known: BTreeSet<String>,
    /// When the first cause that is not reported yet was found.
    #[serde(rename = "untold_since")]
    pub new_since: Option<Timestamp>,
    /// When causes were last reported.
    #[serde(rename = "told_at")]
    pub announced_at: Option<Timestamp>,
}

/// A pause that was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedPause {
    /// Why.
    pub code: String,
    /// Since when.
    pub since: Timestamp,
    /// Since when the book has not been paused any more.
    pub over_since: Option<Timestamp>,
}

/// The current state.
#[derive(Clone, Debug)]
pub struct Present {
    /// When.
    pub now: Timestamp,
    /// Paused books.
    pub pauses: BTreeMap<BookName, Pause>,
    /// When the newest webhook arrived.
    pub newest_webhook: Option<Timestamp>,
    /// After which time without a webhook somebody should look ([`unusual_silence`]).
    pub unusual_silence: SignedDuration,
    /// Webhooks that were refused since then.
    pub refused_webhooks: Option<Refused>,
    /// Causes of blocked orders, the most frequent first.
    pub causes: Vec<Blocked>,
    /// There are more causes than were read.
    pub has_more_causes: bool,
    /// Payouts that need a person.
    pub payouts: Vec<Held>,
    /// Returns that need a person.
    pub returns: Vec<Held>,
    /// Open findings, by class.
    pub findings: BTreeMap<Class, i64>,
    /// The latest reconciliation that has ended, if it is incomplete.
    pub failed_run: Option<FailedRun>,
    /// The figures for the digest, if it is due.
    pub day: Option<Day>,
}

/// Webhooks that were refused because of their key or signature, while none was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When the first of them arrived.
    pub since: Timestamp,
    /// How many.
    pub webhooks: i64,
}

/// Why a book is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The stable code.
    pub code: String,
    /// Accurate's own words.
    pub words: String,
    /// Since when.
    pub since: Timestamp,
}

/// Orders that are blocked by one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocked {
    /// Why.
    pub reason: Reason,
    /// What the reason is about; empty where it is about each order alone.
    pub subject: String,
    /// The same, with names.
    pub about: About,
    /// How many orders.
    pub orders: i64,
}

impl Blocked {
    /// Its key among all causes.
    pub fn key(&self) -> String {
        format!("{}:{}", self.reason.code(), self.subject)
    }
}

/// A reconciliation that could not read everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRun {
    /// Its number.
    pub id: i64,
    /// Its days.
    pub period: Period,
    /// Why, in the language of notices.
    pub why: Vec<String>,
}

/// The figures of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day in Jakarta.
    pub day: Date,
    /// Orders that arrived.
    pub orders: i64,
    /// Invoices that were created.
    pub invoices: i64,
    /// Orders that need a person now.
    pub blocked: i64,
    /// Payouts that need a person now.
    pub payouts: i64,
    /// Returns that need a person now.
    pub returns: i64,
    /// Findings that are open now.
    pub findings: i64,
}

/// What the settings say about notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Their language.
    pub language: Language,
    /// When the daily digest is sent, in WIB; `None`: never.
    pub digest_at: Option<Time>,
}

/// Something that people are to be notified of.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A book is paused.
    Paused {
        /// Which.
        book: BookName,
        /// Why.
        pause: Pause,
    },
    /// It works again.
    Resumed {
        /// Which.
        book: BookName,
        /// Why it was paused: the stable code.
        code: String,
        /// For how long it was paused.
        lasted: SignedDuration,
    },
    /// No webhook has arrived for a time that is unusual for this shop.
    WebhooksStopped {
        /// When the newest one arrived.
        last: Timestamp,
        /// For how long none has arrived.
        silence: SignedDuration,
    },
    /// Webhooks arrive, and every one is refused.
    WebhooksRefused {
        /// When the newest one was accepted.
        last: Timestamp,
        /// The refused ones.
        refused: Refused,
    },
    /// Webhooks arrive again.
    WebhooksResumed {
        /// When the newest one before the silence arrived.
        last: Timestamp,
        /// When the newest one arrived.
        newest: Timestamp,
    },
    /// Orders are blocked by causes that were not reported yet.
    Blocked {
        /// The causes.
        causes: Vec<Blocked>,
    },
    /// Payouts, or returns, need a person for causes that were not reported yet.
    Held {
        /// What is booked for them: receipts for payouts, or returns.
        kind: Kind,
        /// The causes.
        causes: Vec<Held>,
    },
    /// There are more open findings.
    Findings {
        /// How many, by class.
        open: Vec<(Class, i64)>,
    },
    /// A reconciliation is incomplete.
    RunFailed(FailedRun),
    /// The daily digest.
    Digest(Day),
    /// A person tests the channels.
    Test {
        /// Who.
        by: String,
    },
}

impl News {
    /// The stable word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Paused { .. } => "book.paused",
            Self::Resumed { .. } => "book.resumed",
            Self::WebhooksStopped { .. } => "webhooks.stopped",
            Self::WebhooksRefused { .. } => "webhooks.refused",
            Self::WebhooksResumed { .. } => "webhooks.resumed",
            Self::Blocked { .. } => "orders.blocked",
            Self::Held { kind: Kind::Return, .. } => "returns.attention",
            Self::Held { .. } => "payouts.attention",
            Self::Findings { .. } => "findings.open",
            Self::RunFailed(_) => "reconciliation.incomplete",
            Self::Digest(_) => "digest",
            Self::Test { .. } => "test",
        }
    }

    /// The page that says more.
    pub fn page(&self) -> &'static str {
        match self {
            Self::Paused { .. } => "/connection",
            Self::Blocked { .. } => "/problems",
            Self::Held { kind: Kind::Return, .. } => "/returns",
            Self::Held { .. } => "/payouts",
            Self::Findings { .. } | Self::RunFailed(_) => "/reconciliation",
            Self::WebhooksRefused { .. } => "/setup",
            Self::WebhooksResumed { .. } => "/orders/import",
            Self::Resumed { .. } | Self::WebhooksStopped { .. } | Self::Digest(_) => "/",
            Self::Test { .. } => "/notices",
        }
    }
}
