//! What happened to an order, entry by entry, so that a person can always see why.

mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    about::About,
    manual::Manual,
    reason::{Finding, Notice, Reason, Warning},
    recheck::Subject,
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A snapshot came from Forstok.
    Received {
        /// Status as Forstok wrote it.
        status: String,
        /// Event name, for example `orders/update`.
        event: String,
        /// How often the very same snapshot came, this time included.
        times: i64,
    },
    /// Something came from Forstok that names the order and cannot be read.
    Unreadable {
        /// What was not understood.
        problem: String,
        /// How often it came.
        times: i64,
    },
    /// The order deserves attention, whatever its state.
    Noticed {
        /// Why; only what was not noticed before.
        notices: Vec<Notice>,
    },
    /// The chosen status is not reached.
    Watching,
    /// A rule says that no invoice is wanted.
    Ignored {
        /// Which rule.
        reason: Reason,
    },
    /// A person must act.
    Blocked {
        /// All that is in the way.
        findings: Vec<Finding>,
    },
    /// An invoice is wanted.
    Due {
        /// The number it will have.
        number: String,
        /// Its sum in rupiah.
        total: String,
    },
    /// An attempt began: written before the first call, so that no attempt is ever forgotten.
    Attempt {
        /// Counted attempt of this order, from 1.
        attempt: i64,
        /// The number that is saved or deleted.
        number: String,
    },
    /// What Accurate answered to one call.
    Reply {
        /// The call, for example `sales-invoice/save`.
        call: String,
        /// What it means: `ok`, or the class of the failure, for example `ambiguous`.
        outcome: String,
        /// Accurate's own words, what broke the call, or for `ok` what was done.
        words: String,
    },
    /// The invoice exists in Accurate.
    Invoiced {
        /// Its number.
        number: String,
        /// Accurate's id of it.
        id: i64,
        /// Accurate's total in rupiah.
        total: String,
        /// What needs attention.
        notices: Vec<Notice>,
    },
    /// The attempt failed for a cause on the other side; there will be another.
    Postponed {
        /// When.
        until: Timestamp,
        /// Class of the reply that made it wait, as in [`Event::Reply`].
        outcome: String,
        /// Accurate's own words, or what broke the call.
        words: String,
    },
    /// The order was cancelled after its invoice: the invoice must be deleted.
    VoidDue {
        /// Its number.
        number: String,
    },
    /// The invoice no longer exists.
    Voided {
        /// The number it had.
        number: String,
        /// It was gone before we deleted anything.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already_gone: bool,
    },
    /// The order was cancelled after its invoice and the mapping keeps it.
    Kept {
        /// Its number.
        number: String,
    },
    /// The order changed after its invoice was made.
    Changed {
        /// What changed.
        about: About,
    },
    /// Accurate kept failing for this order: it is tried once more, as every day.
    TriedAgain,
    /// A person asked for another attempt.
    Rearmed {
        /// Who; empty when it was not recorded.
        #[serde(default)]
        actor: String,
    },
    /// A person decided about the order.
    Decided {
        /// What; `None` takes back what was decided before.
        decision: Option<Manual>,
        /// Why, in the person's words.
        reason: Option<String>,
        /// The document that the person created.
        document: Option<String>,
        /// Who.
        actor: String,
    },
    /// A person acknowledged a warning.
    Acknowledged {
        /// Which.
        warning: Warning,
        /// Who.
        actor: String,
    },
    /// An error in this program kept the order from being decided.
    NotDecided,
    /// What the order waited for in Accurate may be available now.
    Rechecked {
        /// What it is.
        subject: Subject,
    },
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened; when it happened several times, the last time.
    pub at: Timestamp,
    /// When it happened for the first time in a row.
    pub since: Timestamp,
    /// How often it happened in a row.
    pub times: i64,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// Something that happened once.
    pub fn new(at: Timestamp, event: Event) -> Self {
        Self { at, since: at, times: 1, event }
    }
}

impl Event {
    /// What can happen again and again while an order is tried, without what differs each time; `None` for what
    /// stands for itself.
    pub(crate) fn repeated(&self) -> Option<Self> {
        match self {
            Self::Attempt { number, .. } => Some(Self::Attempt { attempt: 0, number: number.clone() }),
            Self::Reply { call, outcome, words } => {
                let (call, outcome, words) = (call.clone(), outcome.clone(), without_numbers(words));
                Some(Self::Reply { call, outcome, words })
            }
            Self::Postponed { outcome, words, .. } => {
                let (outcome, words) = (outcome.clone(), without_numbers(words));
                Some(Self::Postponed { until: Timestamp::UNIX_EPOCH, outcome, words })
            }
            Self::NotDecided => Some(Self::NotDecided),
            _ => None,
        }
    }
}

/// A text without the words that hold a digit: Accurate's own errors carry a reference code that is new each time.
fn without_numbers(text: &str) -> String {
    let word = |word: &str| if word.contains(|letter: char| letter.is_ascii_digit()) { "#" } else { word }.to_owned();
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{money::Rupiah, reason::Language};

    #[test]
    fn an_entry_reads_in_the_language_of_its_reader_with_its_details() {
        let about = About::Warehouse { id: Some("999".to_owned()) };
        let blocked = Event::Blocked { findings: vec![Finding { reason: Reason::WarehouseUnmapped, about }] };
        assert_eq!(
            blocked.in_words(Language::English),
            "blocked: the order's warehouse is not mapped to a warehouse in Accurate (warehouse 999)"
        );
        assert_eq!(
            blocked.in_words(Language::Indonesian),
            "tertahan: gudang pada pesanan ini belum dipetakan ke gudang di Accurate (gudang 999)"
        );
        let invoiced =
            Event::Invoiced { number: "A1".to_owned(), id: 1, total: "80000".to_owned(), notices: Vec::new() };
        assert_eq!(invoiced.in_words(Language::Indonesian), "faktur A1 berhasil dibuat di Accurate (id 1, Rp80.000)");
    }

    #[test]
    fn an_entry_is_read_back_from_the_database_as_it_was_written() {
        let invoice = About::Invoice { number: "A1".to_owned(), id: Some(7) };
        let discount =
            About::Discount { discount: Rupiah::parse("24500.5").expect("an amount"), subtotal: Rupiah::whole(1) };
        let findings =
            vec![invoice, discount].into_iter().map(|about| Finding { reason: Reason::NumberConflict, about });
        let event = Event::Blocked { findings: findings.collect() };
        let stored = serde_json::to_string(&event).expect("JSON");
        assert_eq!(serde_json::from_str::<Event>(&stored).expect("our own JSON"), event);
    }
}
