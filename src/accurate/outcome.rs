//! The outcomes of a call: what a reply, or the lack of one, shows.
//!
//! [`reply`](super::reply) parses replies; `messages` contains the meaning of Accurate's messages.

use super::{
    messages::{self, Class},
    redact::Secrets,
    wire::WireFault,
};
use crate::domain::{document::Kind, reason::Reason};

/// How many characters of Accurate's messages are kept: the longest known message has about two hundred.
const MOST_WORDS: usize = 2_000;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Accurate's limit was reached: the call may be repeated a little later.
    SlowDown(String),
    /// Nothing reached Accurate.
    NotSent(String),
    /// It is not known whether the call was carried out.
    Ambiguous(String),
    /// It was not carried out; Accurate's message gives a known reason.
    Refused(Refusal),
    /// `"s":false` with an unknown message, which proves nothing about a save (design.md §4).
    UnknownText(String),
    /// Accurate accepts no calls for this book.
    BookRefused(BookRefusal),
    /// The user who created the token lacks the right. Calls that need other rights still work.
    RightMissing(MissingRight),
}

/// Why Accurate accepts no calls for a book, with its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRefusal {
    /// What is wrong.
    pub trouble: BookTrouble,
    /// All messages, unchanged.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// A right that a call needs and the token's user lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRight {
    /// Which right.
    pub right: Right,
    /// All messages, unchanged.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// What a refusal shows about the call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call was not carried out, according to Accurate itself.
    None,
    /// The call may have been carried out: a proxy can answer 401 or 403 after it has forwarded a save.
    Unknown,
}

/// The rights that our calls need. A missing right stops only the calls that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// To read documents of this kind: every look-up needs it.
    Read(Kind),
    /// To save them.
    Save(Kind),
    /// To delete them.
    Delete(Kind),
    /// To create customers.
    CreateCustomers,
    /// To make another call with this name, for example to read customers, items or accounts.
    Other(&'static str),
}

impl Right {
    /// The right that a call needs, by the call's name.
    pub fn of(call: &'static str) -> Self {
        let (resource, action) = call.split_once('/').unwrap_or((call, ""));
        let kind = match resource {
            "sales-invoice" => Kind::Invoice,
            "sales-receipt" => Kind::Receipt,
            "sales-return" => Kind::Return,
            _ if call == "customer/save" => return Self::CreateCustomers,
            _ => return Self::Other(call),
        };
        match action {
            "save" | "bulk-save" => Self::Save(kind),
            "detail" | "list" => Self::Read(kind),
            "delete" => Self::Delete(kind),
            _ => Self::Other(call),
        }
    }
}

/// Why Accurate refused a call, with its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub meaning: Meaning,
    /// All messages, unchanged.
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

/// What is already taken.
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
    /// The token is revoked, wrong, or belongs to another app.
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
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TokenRefused => {
                "make a new API Token in Accurate for the same app and put it and the app's signature secret into the settings"
            }
            Self::WrongClock => "set this machine's clock: it differs from Accurate's by more than ten minutes",
        }
    }
}

impl Failure {
    /// One word, for metrics and the timeline.
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

    /// The failure of a call that was not made because the call before it failed like this.
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

    /// The messages of Accurate, or of the connection.
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

/// The content of a reply that is not a success.
pub(super) struct Said<'a> {
    pub(super) status: u16,
    /// `s`, if the reply has it.
    pub(super) success: Option<bool>,
    pub(super) messages: &'a [String],
    pub(super) kept: messages::MessagesRead,
    pub(super) body: &'a [u8],
}

impl Said<'_> {
    /// The failure of a call with this name.
    pub(super) fn failure(&self, call: &'static str, secrets: &Secrets) -> Failure {
        let words = self.words(secrets);
        // Only Accurate answers a call with HTTP 200; a 401 or 403 may come from a proxy that the call has passed.
        let effect = if self.is_ok() { Effect::None } else { Effect::Unknown };
        let right_missing = |words| Failure::RightMissing(MissingRight { right: Right::of(call), words, effect });
        let book = |trouble, words| Failure::BookRefused(BookRefusal { trouble, words, effect });
        let class = messages::all_of(self.messages, self.kept);
        match (self.status, class) {
            (429, _) => Failure::SlowDown(words),
            (500.., _) | (_, Some(Class::Ambiguous)) => Failure::Ambiguous(words),
            (_, Some(Class::Book(trouble))) => book(trouble, words),
            (403, _) | (_, Some(Class::RightMissing)) => right_missing(words),
            (401, _) => book(BookTrouble::TokenRefused, words),
            (_, Some(Class::SlowDown)) => Failure::SlowDown(words),
            // The call was not carried out: the address does not exist, or the new address is unknown.
            (_, Some(Class::WrongAddress)) | (300..=399, _) => Failure::NotSent(words),
            (_, Some(Class::Refused(meaning))) if self.success != Some(true) => {
                Failure::Refused(Refusal { meaning, words })
            }
            // An unknown message about a wrong address may be from a proxy.
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

/// The beginning of a body that is not one of Accurate's replies, for the timeline; of a web page, which proxies send,
/// its title. It may echo our request.
fn excerpt(status: u16, body: &[u8], secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(1_200)]);
    let text = secrets.hidden_in(&text);
    let text = title_of(&text).unwrap_or(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(160).collect();
    if text.is_empty() { format!("HTTP {status}, empty") } else { format!("HTTP {status}: {text}") }
}

/// The title of a web page, if this is one.
fn title_of(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let begin = lower.find("<title>")? + "<title>".len();
    let end = begin + lower[begin..].find("</title>")?;
    Some(text[begin..end].trim()).filter(|title| !title.is_empty())
}
