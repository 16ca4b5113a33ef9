//! Receipts and returns that people deleted or changed in Accurate, so that more is owed there on an invoice than here.

use serde::{Deserialize, Serialize};

use super::{Class, Finding, Held, Period, Shown, Side, Subject, words::rupiah};
use crate::domain::{document::Kind, format::sentence, ids::DocumentNumber, reason::Language};

/// By how much the total of a return may differ, in hundredths of a rupiah: Accurate calculates exclusive tax itself.
const ROUNDING: i64 = 100;

/// A receipt or a return that our ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Which of the two.
    pub kind: Kind,
    /// Its number.
    pub number: DocumentNumber,
    /// Accurate's id.
    pub id: i64,
    /// What it takes off the invoice, in hundredths of a rupiah.
    pub amount: i64,
}

/// What is owed on an invoice, in hundredths of a rupiah: more in Accurate than here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// What our ledger says; 0 if the customer has a credit.
    pub ledger: i64,
    /// What Accurate shows.
    pub accurate: i64,
    /// The receipts and returns that Accurate lacks or has lower.
    pub lost: Vec<Lost>,
}

/// A receipt or a return of ours that a person deleted or lowered in Accurate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Whether it is a return; otherwise it is a receipt.
    pub is_return: bool,
    /// Its number.
    pub number: DocumentNumber,
    /// What it takes off the invoice here, in hundredths of a rupiah.
    pub ledger: i64,
    /// The same in Accurate; `None` if it no longer exists there.
    pub accurate: Option<i64>,
}

impl Held {
    /// The finding, if Accurate shows more owed on the order's invoice than our ledger holds. Less is normal, because
    /// people book receipts by hand. If the invoice itself differs, other findings say so. Both sides count the invoice
    /// alike, so the finding explains no rupiah.
    pub(super) fn unsettled(&self, ours: &Shown, period: Period) -> Option<Finding> {
        let (ledger, accurate) = (self.owed?.max(0), ours.owed?);
        let is_same = self.accurate_id == Some(ours.id) && self.total == ours.total && period.contains(self.day);
        (is_same && accurate > ledger + self.returns * ROUNDING).then(|| Finding {
            subject: Subject::Settling(self.order_id.clone()),
            ledger: Some(self.side()),
            accurate: Some(Side { number: ours.number.clone(), ..self.side() }),
            unsettled: Some(Unsettled { ledger, accurate, lost: Vec::new() }),
            ..self.finding(Class::Differs)
        })
    }
}

impl Finding {
    /// Whether it names what differs; without that, Accurate may only count what is owed in another way.
    pub fn names_what_differs(&self) -> bool {
        self.unsettled.as_ref().is_none_or(|unsettled| !unsettled.lost.is_empty())
    }
}

impl Settling {
    /// What is lost of it, if Accurate now takes this much off the invoice.
    pub fn lost(&self, accurate: Option<i64>) -> Option<Lost> {
        let (is_return, ledger) = (self.kind == Kind::Return, self.amount);
        let rounding = if is_return { ROUNDING } else { 0 };
        let is_lost = accurate.is_none_or(|accurate| accurate < ledger - rounding);
        is_lost.then(|| Lost { is_return, number: self.number.clone(), ledger, accurate })
    }
}

impl Unsettled {
    pub(super) fn shape(&self) -> String {
        let lost = |one: &Lost| format!(" {} {:?}", one.number, one.accurate);
        format!("{} {}{}", self.ledger, self.accurate, self.lost.iter().map(lost).collect::<String>())
    }

    pub(super) fn in_words(&self, invoice: &str, language: Language) -> String {
        let there = rupiah(self.accurate);
        let here = match (language, self.ledger) {
            (Language::English, 0) => "nothing".to_owned(),
            (Language::Indonesian, 0) => "tidak ada sisa tagihan".to_owned(),
            (_, ledger) => rupiah(ledger),
        };
        let lost = self.lost.iter().map(|lost| lost.in_words(language)).collect::<Vec<_>>().join("; ");
        let lost = sentence(&lost);
        match language {
            Language::English => {
                format!("{lost}, so {there} is owed there on invoice {invoice}, while {here} is owed here.")
            }
            Language::Indonesian => {
                format!("{lost}, sehingga sisa tagihan faktur {invoice} di sana {there}, sedangkan di sini {here}.")
            }
        }
    }

    pub(super) fn remedy(language: Language) -> &'static str {
        match language {
            Language::English => {
                "If this was a mistake, enter it in Accurate again as it was, under the same number, then choose “Run now”. Otherwise close this finding and say why."
            }
            Language::Indonesian => {
                "Jika ini keliru, masukkan lagi dokumen itu di Accurate seperti semula, dengan nomor yang sama, lalu pilih “Jalankan sekarang”. Jika tidak, tutup temuan ini dengan menyebutkan alasannya."
            }
        }
    }
}

impl Lost {
    fn in_words(&self, language: Language) -> String {
        let (number, ledger) = (&self.number, rupiah(self.ledger));
        let kind = match (language, self.is_return) {
            (Language::English, false) => "receipt",
            (Language::English, true) => "return",
            (Language::Indonesian, false) => "penerimaan",
            (Language::Indonesian, true) => "retur",
        };
        match (language, self.accurate.map(rupiah)) {
            (Language::English, None) => format!("{kind} {number} ({ledger}) no longer exists in Accurate"),
            (Language::Indonesian, None) => format!("{kind} {number} ({ledger}) tidak ada lagi di Accurate"),
            (Language::English, Some(now)) => {
                format!("{kind} {number} takes {now} instead of {ledger} off the invoice in Accurate")
            }
            (Language::Indonesian, Some(now)) => {
                format!("{kind} {number} di Accurate hanya mengurangi tagihan {now}, seharusnya {ledger}")
            }
        }
    }
}
