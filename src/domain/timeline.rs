//! What happened to an order, entry by entry, so that a person can always see why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reason::{Finding, Language, Notice, Reason};

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
        /// What it means, for example `saved`, `ambiguous`.
        outcome: String,
        /// Accurate's own words, or what broke the call.
        words: String,
    },
    /// The invoice stands.
    Invoiced {
        /// Its number.
        number: String,
        /// Accurate's id of it.
        id: i64,
        /// Accurate's total in rupiah.
        total: String,
        /// What deserves a look.
        notices: Vec<Notice>,
    },
    /// The attempt failed for a cause on the other side; there will be another.
    Postponed {
        /// When.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// The order was cancelled after its invoice: the invoice must go.
    VoidDue {
        /// Its number.
        number: String,
    },
    /// The invoice is gone.
    Voided {
        /// The number it had.
        number: String,
    },
    /// The order was cancelled after its invoice and the mapping keeps it.
    Kept {
        /// Its number.
        number: String,
    },
    /// The order changed after its invoice was made.
    Changed {
        /// The difference in words.
        about: String,
    },
    /// A person asked for another attempt.
    Rearmed,
    /// What the order waited for may have come.
    LookedAgain {
        /// What it is, for example `item:AAA2002`.
        subject: String,
    },
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

impl Event {
    /// The event in one line for a person.
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.in_english(),
            Language::Indonesian => self.in_indonesian(),
        }
    }

    fn in_english(&self) -> String {
        match self {
            Self::Received { status, event, times: 1 } => format!("Forstok sent \"{status}\" ({event})"),
            Self::Received { status, event, times } => format!("Forstok sent \"{status}\" ({event}), {times} times"),
            Self::Watching => "waiting for the chosen status".to_owned(),
            Self::Ignored { reason } => format!("ignored: {reason}: {}", reason.sentence(Language::English)),
            Self::Blocked { findings } => format!("blocked: {}", listed(findings)),
            Self::Due { number, total } => format!("invoice {number} over Rp {total} is due"),
            Self::Attempt { attempt, number } => format!("attempt {attempt} for invoice {number}"),
            Self::Reply { call, outcome, words } => format!("{call}: {outcome}: {words}"),
            Self::Invoiced { number, id, total, notices } => {
                format!("invoice {number} stands (id {id}, Rp {total}){}", warned(notices, "; look at: "))
            }
            Self::Postponed { until, why } => format!("next attempt at {}: {why}", moment(*until)),
            Self::VoidDue { number } => format!("cancelled: invoice {number} must be deleted"),
            Self::Voided { number } => format!("invoice {number} is deleted"),
            Self::Kept { number } => format!("cancelled: invoice {number} is kept as the mapping says"),
            Self::Changed { about } => format!("the order changed after its invoice: {about}"),
            Self::Rearmed => "a person asked for another attempt".to_owned(),
            Self::LookedAgain { subject } => format!("{subject} was looked at again: the order goes on"),
        }
    }

    fn in_indonesian(&self) -> String {
        match self {
            Self::Received { status, event, times: 1 } => format!("Forstok mengirim \"{status}\" ({event})"),
            Self::Received { status, event, times } => format!("Forstok mengirim \"{status}\" ({event}), {times} kali"),
            Self::Watching => "menunggu status yang dipilih".to_owned(),
            Self::Ignored { reason } => format!("diabaikan: {reason}: {}", reason.sentence(Language::Indonesian)),
            Self::Blocked { findings } => format!("tertahan: {}", listed(findings)),
            Self::Due { number, total } => format!("faktur {number} sebesar Rp {total} harus dibuat"),
            Self::Attempt { attempt, number } => format!("percobaan ke-{attempt} untuk faktur {number}"),
            Self::Reply { call, outcome, words } => format!("{call}: {outcome}: {words}"),
            Self::Invoiced { number, id, total, notices } => {
                format!("faktur {number} sudah ada (id {id}, Rp {total}){}", warned(notices, "; periksa: "))
            }
            Self::Postponed { until, why } => format!("percobaan berikutnya {}: {why}", moment(*until)),
            Self::VoidDue { number } => format!("dibatalkan: faktur {number} harus dihapus"),
            Self::Voided { number } => format!("faktur {number} sudah dihapus"),
            Self::Kept { number } => format!("dibatalkan: faktur {number} dipertahankan sesuai pemetaan"),
            Self::Changed { about } => format!("pesanan berubah setelah fakturnya: {about}"),
            Self::Rearmed => "seseorang meminta percobaan ulang".to_owned(),
            Self::LookedAgain { subject } => format!("{subject} diperiksa lagi: pesanan dilanjutkan"),
        }
    }
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{}: {}", finding.reason, finding.about)).collect::<Vec<_>>().join("; ")
}

fn warned(notices: &[Notice], before: &str) -> String {
    let listed: Vec<_> = notices.iter().map(|notice| format!("{} ({})", notice.warning, notice.about)).collect();
    if listed.is_empty() { String::new() } else { format!("{before}{}", listed.join("; ")) }
}

/// A moment in Jakarta, to the second.
fn moment(at: Timestamp) -> String {
    super::WIB.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S WIB").to_string()
}
