//! Payouts and returns that need a person.

use std::collections::BTreeSet;

use super::words::{MOST_LISTED, counted, one_line};
use crate::domain::{
    after_sale::Waits,
    document::Kind,
    format::count,
    money::Rupiah,
    reason::{Language, Reason},
};

/// Payouts, or returns, that need a person for the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub why: Why,
    /// How many.
    pub rows: i64,
    /// The sum of their amounts, in hundredths of a rupiah.
    pub hundredths: i64,
    /// The fees without a category, if these are the cause: each is reported once.
    pub fees: Vec<String>,
}

impl Held {
    /// Its keys among all causes: one for each fee, if fees are the cause. There is none while the payouts of a fee
    /// that has just been given a category are decided again.
    pub fn keys(&self) -> Vec<String> {
        let code = self.why.code();
        match self.why {
            Why::Blocked(Reason::FeeKindUnmapped) => self.fees.iter().map(|fee| format!("{code}:{fee}")).collect(),
            _ => vec![code.to_owned()],
        }
    }

    /// What of it was not reported yet.
    pub(super) fn beyond(&self, known: &BTreeSet<String>) -> Option<Self> {
        let keys = self.keys();
        let is_new = |key: &String| !known.contains(key);
        let fees = self.fees.iter().zip(&keys).filter(|(_, key)| is_new(key)).map(|(fee, _)| fee.clone()).collect();
        keys.iter().any(is_new).then(|| Self { fees, ..self.clone() })
    }
}

/// Why payouts or returns need a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// They are blocked for this reason.
    Blocked(Reason),
    /// A person must approve them.
    Approval,
    /// A person must book them in Accurate.
    ByHand,
}

impl Why {
    /// What rows with this reason, or that wait for this, need a person for. Rows that wait for a decision about their
    /// order do not count: the order is blocked itself.
    pub fn of(reason: Option<Reason>, waits: Option<Waits>) -> Option<Self> {
        match waits {
            Some(Waits::Approval) => Some(Self::Approval),
            Some(Waits::Person) => Some(Self::ByHand),
            Some(_) => None,
            None => reason.map(Self::Blocked),
        }
    }

    /// Its stable word: the reason's code, or what rows wait for.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blocked(reason) => reason.code(),
            Self::Approval => Waits::Approval.as_str(),
            Self::ByHand => Waits::Person.as_str(),
        }
    }
}

/// Each cause with the sum of its rows, and its remedy below.
pub(super) fn in_words(kind: Kind, causes: &[Held], language: Language) -> String {
    let part = |Held { why, rows, hundredths, fees }: &Held| {
        let rows = counted_rows(kind, *rows, language);
        let sum = Rupiah::from_hundredths(*hundredths).in_words();
        // A return may come without its amount.
        let sum = if *hundredths == 0 { String::new() } else { format!(" ({sum})") };
        let (sentence, remedy) = match (why, language) {
            (Why::Blocked(reason), _) => (reason.sentence_about(kind, language), reason.remedy_about(kind, language)),
            (Why::Approval, Language::English) => {
                ("Waiting for approval.".to_owned(), "Check them on the page, then choose “Approve”.".to_owned())
            }
            (Why::Approval, Language::Indonesian) => {
                ("Menunggu persetujuan.".to_owned(), "Periksa di halamannya, lalu pilih “Setujui”.".to_owned())
            }
            (Why::ByHand, Language::English) => (
                "To be booked by you.".to_owned(),
                "Book them in Accurate, then choose “Mark as done by hand” on the page.".to_owned(),
            ),
            (Why::ByHand, Language::Indonesian) => (
                "Perlu Anda bukukan.".to_owned(),
                "Bukukan di Accurate, lalu pilih “Tandai sudah dibuat manual” di halamannya.".to_owned(),
            ),
        };
        format!("- {rows}{sum}: {sentence}{}\n{remedy}", new_fees(fees, language))
    };
    causes.iter().map(part).collect::<Vec<_>>().join("\n\n")
}

/// The names of fees that were not reported yet.
fn new_fees(fees: &[String], language: Language) -> String {
    if fees.is_empty() {
        return String::new();
    }
    let names: Vec<_> = fees.iter().take(MOST_LISTED).map(|name| format!("“{}”", one_line(name))).collect();
    let names = names.join(", ");
    match (fees.len().saturating_sub(MOST_LISTED) as i64, language) {
        (0, Language::English) => format!(" New: {names}."),
        (0, Language::Indonesian) => format!(" Biaya baru: {names}."),
        (more, Language::English) => format!(" New: {names} and {} more.", count(more)),
        (more, Language::Indonesian) => format!(" Biaya baru: {names}, dan {} lainnya.", count(more)),
    }
}

/// So many payouts, or returns.
pub(super) fn counted_rows(kind: Kind, rows: i64, language: Language) -> String {
    match (kind, language) {
        (Kind::Return, Language::English) => counted(rows, "return", "returns"),
        (Kind::Return, Language::Indonesian) => format!("{} retur", count(rows)),
        (_, Language::English) => counted(rows, "payout", "payouts"),
        (_, Language::Indonesian) => format!("{} pencairan dana", count(rows)),
    }
}
