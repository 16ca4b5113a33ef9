//! What happened to an order, entry by entry, so that a person can always see the reason.

mod replies;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    about::About,
    document::Kind,
    ids::DocumentNumber,
    manual::Manual,
    money::Rupiah,
    origin::Origin,
    payout::RowState,
    reason::{Finding, OrderWarning, Reason, Warning},
    recheck::Subject,
    reconciliation::{Action, Class},
};

/// One entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A snapshot arrived.
    Received {
        /// Status as Forstok wrote it.
        status: String,
        /// Event name, for example `orders/update`.
        event: String,
        /// How often this same snapshot arrived, including this time.
        times: i64,
        /// How it arrived first.
        #[serde(default)]
        origin: Origin,
    },
    /// Forstok sent an unreadable webhook that names the order.
    Unreadable {
        /// What was not understood.
        problem: String,
        /// How often it arrived.
        times: i64,
    },
    /// The order deserves attention, whatever its state.
    #[serde(rename = "noticed")]
    Warned {
        /// The warnings that were not reported before.
        #[serde(rename = "notices")]
        warnings: Vec<OrderWarning>,
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
        /// Which kind of document; the invoice's findings are those of the order.
        #[serde(default)]
        document: Kind,
        /// All findings.
        findings: Vec<Finding>,
    },
    /// An invoice is wanted.
    Due {
        /// The number that the invoice will have.
        number: DocumentNumber,
        /// Its total in rupiah.
        total: String,
    },
    /// An attempt began. The entry is committed before the first call, so that no attempt is lost.
    Attempt {
        /// Number of this attempt, counted from 1.
        attempt: i64,
        /// What is saved or deleted.
        #[serde(default)]
        document: Kind,
        /// Its number.
        number: DocumentNumber,
    },
    /// Accurate's reply to one call.
    Reply {
        /// The call, for example `sales-invoice/save`.
        call: String,
        /// The class of the reply: `ok`, or the class of the failure, for example `ambiguous`.
        outcome: String,
        /// Accurate's message, or the error of the call, or for `ok` what was done.
        words: String,
    },
    /// The invoice exists in Accurate.
    Invoiced {
        /// Its number.
        number: DocumentNumber,
        /// Its id in Accurate.
        id: i64,
        /// Accurate's total in rupiah.
        total: String,
        /// Warnings about the invoice.
        #[serde(rename = "notices")]
        warnings: Vec<OrderWarning>,
    },
    /// It was decided what becomes of a payout row or a return record.
    RowDecided {
        /// What books it.
        document: Kind,
        /// Where it comes from.
        source: String,
        /// Its id there.
        id: String,
        /// Its amount, in hundredths of a rupiah.
        hundredths: i64,
        /// What becomes of it.
        state: RowState,
        /// Why a person must act.
        finding: Option<Finding>,
    },
    /// A person approved a payout row or a return record.
    Approved {
        /// What books it.
        document: Kind,
        /// Where it comes from.
        source: String,
        /// Its id there.
        id: String,
        /// The person.
        actor: String,
    },
    /// A person has booked a payout row or a return record in Accurate.
    BookedByHand {
        /// What would have booked it.
        document: Kind,
        /// Where it comes from.
        source: String,
        /// Its id there.
        id: String,
        /// The number of the person's document.
        number: DocumentNumber,
        /// What it takes off the invoice, in rupiah, if the person said that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Rupiah>,
        /// Why.
        reason: String,
        /// The person.
        actor: String,
    },
    /// A person has said that nothing is to be booked for a payout row or a return record.
    RowExcluded {
        /// What would have booked it.
        document: Kind,
        /// Where it comes from.
        source: String,
        /// Its id there.
        id: String,
        /// Why.
        reason: String,
        /// The person.
        actor: String,
    },
    /// A person has taken back what they said about a payout row or a return record.
    NotByHand {
        /// What books it.
        document: Kind,
        /// Where it comes from.
        source: String,
        /// Its id there.
        id: String,
        /// The person.
        actor: String,
    },
    /// A receipt or a return exists in Accurate.
    Booked {
        /// Which of them.
        document: Kind,
        /// Its number.
        number: DocumentNumber,
        /// Its id in Accurate.
        id: i64,
        /// What it takes off the invoice, in rupiah.
        total: String,
    },
    /// A receipt or a return no longer exists.
    Removed {
        /// Which of them.
        document: Kind,
        /// The number it had.
        number: DocumentNumber,
        /// Whether it no longer existed before the service deleted anything.
        already_gone: bool,
    },
    /// The invoice already existed in Accurate, equals the draft in everything that was compared, and is used.
    Adopted {
        /// Its number.
        number: DocumentNumber,
        /// Its id in Accurate.
        id: i64,
        /// Accurate's total in rupiah.
        total: String,
    },
    /// The attempt failed for a reason outside the service; the order will be retried.
    Postponed {
        /// When it will be retried.
        until: Timestamp,
        /// Class of the reply that caused the delay, as in [`Event::Reply`].
        outcome: String,
        /// Accurate's message, or the error of the call.
        words: String,
    },
    /// The order was cancelled after it was invoiced: the invoice must be deleted.
    VoidDue {
        /// Its number.
        number: DocumentNumber,
    },
    /// The invoice no longer exists.
    Voided {
        /// The number it had.
        number: DocumentNumber,
        /// Whether it no longer existed before the service deleted anything.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already_gone: bool,
    },
    /// The order was cancelled after it was invoiced, and the mapping keeps the invoice.
    Kept {
        /// Its number.
        number: DocumentNumber,
    },
    /// The order changed after its invoice was created.
    Changed {
        /// What changed.
        about: About,
    },
    /// Accurate's own errors kept failing this order: it is retried, as every day.
    TriedAgain,
    /// A person asked for a retry.
    Rearmed {
        /// The person; empty if it was not recorded.
        #[serde(default)]
        actor: String,
    },
    /// A person decided about the order.
    Decided {
        /// The decision; `None` revokes the previous one.
        decision: Option<Manual>,
        /// The person's reason.
        reason: Option<String>,
        /// The document that the person created.
        document: Option<String>,
        /// The person.
        actor: String,
    },
    /// A person did something about a finding of the reconciliation.
    FindingActed {
        /// What kind of difference it was.
        class: Class,
        /// What was done.
        action: Action,
        /// The person.
        actor: String,
        /// The person's reason; empty if none was given.
        reason: String,
    },
    /// A person closed a finding of the reconciliation.
    FindingClosed {
        /// What kind of difference it was.
        class: Class,
        /// The person.
        actor: String,
        /// The person's reason.
        reason: String,
    },
    /// A person acknowledged a warning.
    Acknowledged {
        /// The warning.
        warning: Warning,
        /// The person.
        actor: String,
    },
    /// An error in this program prevented a decision about the order.
    NotDecided,
    /// What the order waited for in Accurate may be available now.
    Rechecked {
        /// What it is.
        subject: Subject,
    },
}

impl Event {
    /// A person must act about a document of this kind.
    pub fn blocked(document: Kind, findings: Vec<Finding>) -> Self {
        Self::Blocked { document, findings }
    }
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened; for repeated events, the last time.
    pub at: Timestamp,
    /// When it happened for the first time of a series.
    pub since: Timestamp,
    /// How often it happened in the series.
    pub times: i64,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// An event that happened once.
    pub fn new(at: Timestamp, event: Event) -> Self {
        Self { at, since: at, times: 1, event }
    }
}

impl Event {
    /// Identifies an event that can repeat while an order is tried, without the parts that differ each time; `None` for
    /// an event that is always listed separately.
    pub(crate) fn repeated(&self) -> Option<Self> {
        match self {
            Self::Attempt { document, number, .. } => {
                Some(Self::Attempt { attempt: 0, document: *document, number: number.clone() })
            }
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

/// A text without the words that contain a digit: Accurate's own errors contain a reference code that differs each
/// time.
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
        let blocked = Event::blocked(Kind::Invoice, vec![Finding { reason: Reason::WarehouseUnmapped, about }]);
        assert_eq!(
            blocked.in_words(Language::English),
            "blocked: the order's warehouse is not mapped to a warehouse in Accurate (warehouse 999)"
        );
        assert_eq!(
            blocked.in_words(Language::Indonesian),
            "tertahan: gudang pada pesanan ini belum dipetakan ke gudang di Accurate (gudang 999)"
        );
        let invoiced = Event::Invoiced { number: "A1".into(), id: 1, total: "80000".to_owned(), warnings: Vec::new() };
        let inactive = Finding { reason: Reason::AccountInactive, about: About::Order { id: "1".to_owned() } };
        let of_receipt = Event::blocked(Kind::Receipt, vec![inactive]).in_words(Language::English);
        assert!(of_receipt.starts_with("blocked: an account of this sales receipt is inactive"), "{of_receipt}");
        assert_eq!(invoiced.in_words(Language::Indonesian), "faktur A1 berhasil dibuat di Accurate (id 1, Rp80.000)");
    }

    #[test]
    fn a_return_without_a_refund_names_no_amount() {
        let decided = |document, hundredths| Event::RowDecided {
            document,
            source: "shopee".to_owned(),
            id: "r1".to_owned(),
            hundredths,
            state: RowState::Due,
            finding: None,
        };
        for (event, english, indonesian) in [
            (decided(Kind::Return, 0), "return shopee r1: will be booked", "retur shopee r1: akan dibukukan"),
            (
                decided(Kind::Return, 7_500_000),
                "return shopee r1 (Rp75.000): will be booked",
                "retur shopee r1 (Rp75.000): akan dibukukan",
            ),
            (
                decided(Kind::Receipt, 0),
                "payout shopee r1 (Rp0): will be booked",
                "pencairan dana shopee r1 (Rp0): akan dibukukan",
            ),
        ] {
            assert_eq!(event.in_words(Language::English), english);
            assert_eq!(event.in_words(Language::Indonesian), indonesian);
        }
    }

    #[test]
    fn an_entry_is_read_back_from_the_database_as_it_was_written() {
        let invoice = About::Invoice { number: "A1".into(), id: Some(7) };
        let discount =
            About::Discount { discount: Rupiah::parse("24500.5").expect("an amount"), subtotal: Rupiah::whole(1) };
        let findings =
            vec![invoice, discount].into_iter().map(|about| Finding { reason: Reason::NumberConflict, about });
        let event = Event::blocked(Kind::Receipt, findings.collect());
        let stored = serde_json::to_string(&event).expect("JSON");
        assert_eq!(serde_json::from_str::<Event>(&stored).expect("our own JSON"), event);
    }
}
