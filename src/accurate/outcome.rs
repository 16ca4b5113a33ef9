//! The outcomes of a call: what a reply, or the lack of one, says about the call.
//!
//! [`reply`](super::reply) reads replies, `messages` knows what Accurate's messages mean.

use super::{
    messages::{self, Class},
    redact::Secrets,
    wire::WireFault,
};
use crate::domain::reason::Reason;

/// Most characters of Accurate's words that are kept: its longest known message has about two hundred.
const MOST_WORDS: usize = 2_000;

/// Why a call did not do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Accurate's limits: the same again a little later.
    SlowDown(String),
    /// It is certain that nothing reached Accurate.
    NotSent(String),
    /// It is not known whether it was done.
    Ambiguous(String),
    /// It was not done, and Accurate gives the reason in words that we know.
    Refused(Refusal),
    /// `"s":false` with words that we do not know: they prove nothing about a save (design.md §4).
    UnknownText(String),
    /// Accurate does not take calls for this book at all.
    BookRefused(BookRefusal),
    /// The user who made the token may not do this. Calls that need other rights still work.
    RightMissing(MissingRight),
}

/// Why Accurate takes no call for a book, with its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRefusal {
    /// What is wrong.
    pub trouble: BookTrouble,
    /// All messages as they came.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// A right that a call needs and the token's user lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRight {
    /// Which right.
    pub right: Right,
    /// All messages as they came.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// What a refusal says about the call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call was not carried out: Accurate itself says so.
    None,
    /// The call may have been carried out: a proxy can answer 401 or 403 after a save has passed it.
    Unknown,
}

/// The rights that our calls need. One that is missing stops the calls that need it, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// To read sales invoices: every look-up needs it.
    ReadInvoices,
    /// To save sales invoices.
    SaveInvoices,
    /// To delete sales invoices.
    DeleteInvoices,
    /// To create customers.
    CreateCustomers,
    /// To make another call, by its name: customers, items and accounts are read with them.
    Other(&'static str),
}

impl Right {
    /// The right that a call needs, by the call's name.
    pub fn of(call: &'static str) -> Self {
        match call {
            "sales-invoice/save" | "sales-invoice/bulk-save" => Self::SaveInvoices,
            "sales-invoice/detail" | "sales-invoice/list" => Self::ReadInvoices,
            "sales-invoice/delete" => Self::DeleteInvoices,
            "customer/save" => Self::CreateCustomers,
            call => Self::Other(call),
        }
    }
}

/// What Accurate has against a call, with its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub meaning: Meaning,
    /// All its messages as they came.
    pub words: String,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something that must be unique is taken.
    Duplicate(Taken),
    /// There is no such record.
    NotFound,
    /// A person must act, for this reason.
    Person(Reason),
}

/// What is taken already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The invoice's number.
    InvoiceNumber,
    /// The customer's number (ID Pelanggan).
    CustomerNo,
    /// Something else, for example a customer's name.
    Other,
}

/// What is wrong with a whole book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BookTrouble {
    /// Token revoked, wrong, or of another app.
    TokenRefused,
    /// This machine's clock is more than ten minutes off.
    WrongClock,
}

impl BookTrouble {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::TokenRefused, Self::WrongClock];

    /// A stable code for probes and pages.
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenRefused => "token_refused",
            Self::WrongClock => "wrong_clock",
        }
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::TokenRefused => {
                "make a new API Token in Accurate for the same app and put it and the app's signature secret into the settings"
            }
            Self::WrongClock => "set this machine's clock: it differs from Accurate's by more than ten minutes",
        }
    }
}

impl Failure {
    /// One word for metrics and timeline.
    pub fn class(&self) -> &'static str {
        match self {
            Self::SlowDown(_) => "slow_down",
            Self::NotSent(_) => "not_sent",
            Self::Ambiguous(_) => "ambiguous",
            Self::Refused(_) => "refused",
            Self::UnknownText(_) => "unknown_text",
            Self::BookRefused(_) => "book_refused",
            Self::RightMissing(_) => "right_missing",
        }
    }

    /// Whether the call may have been carried out although it failed.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Ambiguous(_) | Self::UnknownText(_) => true,
            Self::BookRefused(BookRefusal { effect, .. }) | Self::RightMissing(MissingRight { effect, .. }) => {
                *effect == Effect::Unknown
            }
            Self::SlowDown(_) | Self::NotSent(_) | Self::Refused(_) => false,
        }
    }

    /// The same for a call that was not made, because the one before it failed like this.
    #[must_use]
    pub fn of_a_call_not_made(mut self) -> Self {
        match &mut self {
            Self::Ambiguous(words) | Self::UnknownText(words) => return Self::NotSent(std::mem::take(words)),
            Self::BookRefused(BookRefusal { effect, .. }) | Self::RightMissing(MissingRight { effect, .. }) => {
                *effect = Effect::None;
            }
            Self::SlowDown(_) | Self::NotSent(_) | Self::Refused(_) => {}
        }
        self
    }

    /// What Accurate, or the way to it, said.
    pub fn words(&self) -> &str {
        match self {
            Self::SlowDown(words)
            | Self::NotSent(words)
            | Self::Ambiguous(words)
            | Self::UnknownText(words)
            | Self::Refused(Refusal { words, .. })
            | Self::BookRefused(BookRefusal { words, .. })
            | Self::RightMissing(MissingRight { words, .. }) => words,
        }
    }
}

impl From<WireFault> for Failure {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::NotSent(words) => Self::NotSent(words),
            WireFault::TooLate => Self::SlowDown(WireFault::TooLate.to_string()),
            WireFault::Lost(words) => Self::Ambiguous(words),
        }
    }
}

/// What a reply that is not a success says.
pub(super) struct Said<'a> {
    pub(super) status: u16,
    /// `s`, when the reply has one.
    pub(super) success: Option<bool>,
    pub(super) messages: &'a [String],
    /// Some messages were left out, or are not texts.
    pub(super) incomplete: bool,
    pub(super) body: &'a [u8],
}

impl Said<'_> {
    /// What follows from it for a call with this name.
    pub(super) fn failure(&self, call: &'static str, secrets: &Secrets) -> Failure {
        let words = self.words(secrets);
        // Only Accurate answers a call with HTTP 200; a 401 or 403 may come from a proxy that the call has passed.
        let effect = if self.is_ok() { Effect::None } else { Effect::Unknown };
        let right_missing = |words| Failure::RightMissing(MissingRight { right: Right::of(call), words, effect });
        let book = |trouble, words| Failure::BookRefused(BookRefusal { trouble, words, effect });
        let class = messages::all_of(self.messages, self.incomplete);
        match (self.status, class) {
            (429, _) => Failure::SlowDown(words),
            (500.., _) | (_, Some(Class::Ambiguous)) => Failure::Ambiguous(words),
            (_, Some(Class::Book(trouble))) => book(trouble, words),
            (403, _) | (_, Some(Class::RightMissing)) => right_missing(words),
            (401, _) => book(BookTrouble::TokenRefused, words),
            (_, Some(Class::SlowDown)) => Failure::SlowDown(words),
            // The call did not take place: the address does not exist, or the place to go is unknown.
            (_, Some(Class::WrongAddress)) | (300..=399, _) => Failure::NotSent(words),
            (_, Some(Class::Refused(meaning))) if self.success != Some(true) => {
                Failure::Refused(Refusal { meaning, words })
            }
            // A wrong address in words that we do not know may be a proxy's.
            (status, _) if status != 404 && self.success == Some(false) => Failure::UnknownText(words),
            _ => Failure::Ambiguous(words),
        }
    }

    fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// All messages, or the beginning of a body without any.
    fn words(&self, secrets: &Secrets) -> String {
        if self.messages.is_empty() {
            return excerpt(self.status, self.body, secrets);
        }
        secrets.hidden_in(&self.messages.join(" · ")).chars().take(MOST_WORDS).collect()
    }
}

/// The beginning of a body that is not an envelope, for the timeline. It may echo our request.
fn excerpt(status: u16, body: &[u8], secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(1_200)]);
    let text = secrets.hidden_in(&text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(160).collect();
    if text.is_empty() { format!("HTTP {status}, empty") } else { format!("HTTP {status}: {text}") }
}
