//! A parameter or a field of a form that cannot be used, in words for programs and for people.

use std::fmt;

use jiff::civil::Date;

use crate::domain::{format, money::Rupiah, reason::Language};

/// What is wrong with it. `name` is the API's word for the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WrongField {
    /// Not one of the words that there are.
    NotOneOf { name: &'static str, word: String, all: String },
    /// Not a day.
    NotADay { name: &'static str, word: String },
    /// Not a month.
    NotAMonth { name: &'static str, word: String },
    /// Not a whole number from 1 to the most.
    Outside { name: &'static str, text: String, most: i64 },
    /// Not a place in a list.
    NotAPlace { name: &'static str, cursor: String },
    /// A text that is too long.
    TooLong { name: &'static str, most: usize },
    /// A text with the character U+0000, which PostgreSQL cannot store.
    Nul { name: &'static str },
    /// The last day of a period is before its first.
    DaysReversed { from: Date, to: Date },
    /// A period of too many days.
    PeriodTooLong { days: i32, most: i32 },
    /// The reason of a decision is missing.
    ReasonMissing,
    /// The number of the document that a person created is missing.
    DocumentMissing,
    /// The amount of the return that a person booked is not an amount of money above 0: its text, and what is wrong.
    NotAnAmount { text: String, problem: String },
    /// It is missing, although nothing else says what was booked.
    AmountMissing,
    /// It is more than earlier returns have left of the invoice.
    AmountAbove { amount: Rupiah, left: Rupiah },
}

/// A text that a person has typed into a field, without the blanks around it: at most so many characters, and all of
/// them can be stored.
pub(crate) fn typed(name: &'static str, text: &str, most: usize) -> Result<String, WrongField> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(WrongField::TooLong { name, most });
    }
    storable(name, text).map(str::to_owned)
}

/// Refuses a text that cannot be stored.
pub(crate) fn storable<'a>(name: &'static str, text: &'a str) -> Result<&'a str, WrongField> {
    if text.contains('\0') { Err(WrongField::Nul { name }) } else { Ok(text) }
}

impl fmt::Display for WrongField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneOf { name, word, all } => write!(f, "{name}: {word:?} is not one of {all}"),
            Self::NotADay { name, word } => write!(f, "{name}: {word:?} is not a day such as 2026-11-26"),
            Self::NotAMonth { name, word } => write!(f, "{name}: {word:?} is not a month such as 2026-11"),
            Self::Outside { name, text, most } => {
                write!(f, "{name}: {text:?} is not a whole number from 1 to {most}")
            }
            Self::NotAPlace { name, cursor } => {
                let next = name.replace("cursor", "next_cursor");
                write!(f, "{name}: {cursor:?} is not a {next} of an earlier page")
            }
            Self::TooLong { name, most } => write!(f, "{name}: is longer than {most} characters"),
            Self::Nul { name } => write!(f, "{name}: contains the character U+0000, which cannot be stored; remove it"),
            Self::DaysReversed { from, to } => write!(f, "to: {to} is before from, {from}; exchange the two"),
            Self::PeriodTooLong { days, most } => {
                write!(f, "from, to: these are {days} days, and at most {most} are compared at a time; ask for fewer")
            }
            Self::ReasonMissing => f.write_str("reason: say why"),
            Self::DocumentMissing => f.write_str("document: give the number of the document in Accurate"),
            Self::NotAnAmount { problem, .. } => f.write_str(problem),
            Self::AmountMissing => f.write_str(
                "amount: is missing, and nothing here says how much this return takes off the invoice now; give the \
                 total of the sales return in Accurate, in rupiah",
            ),
            Self::AmountAbove { amount, left } => write!(
                f,
                "amount: {amount} is more than the {left} of the invoice that no other return has taken off; give the \
                 total of the sales return in Accurate, in rupiah"
            ),
        }
    }
}

impl WrongField {
    /// For a reader of the pages, who does not know the API's names.
    pub(crate) fn in_words(&self, language: Language) -> String {
        let t = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::NotOneOf { name, word, .. } => {
                let [english, indonesian] = label(name);
                t(
                    format!("“{word}” is not a possible choice for “{english}”."),
                    format!("“{word}” bukan pilihan yang tersedia untuk “{indonesian}”."),
                )
            }
            Self::NotADay { name, word } => {
                let [english, indonesian] = label(name);
                t(
                    format!("“{word}” in “{english}” is not a date."),
                    format!("“{word}” pada “{indonesian}” bukan tanggal yang valid."),
                )
            }
            Self::NotAMonth { name, word } => {
                let [english, indonesian] = label(name);
                t(
                    format!("“{word}” in “{english}” is not a month such as 2026-11."),
                    format!("“{word}” pada “{indonesian}” bukan bulan seperti 2026-11."),
                )
            }
            Self::Outside { text, most, .. } => t(
                format!("“{text}” is not a whole number from 1 to {most}."),
                format!("“{text}” bukan bilangan bulat dari 1 sampai {most}."),
            ),
            Self::NotAPlace { .. } => {
                t("This page of the list does not exist.".to_owned(), "Halaman daftar ini tidak ada.".to_owned())
            }
            Self::TooLong { name, most } => {
                let [english, indonesian] = label(name);
                t(
                    format!("“{english}” is longer than {most} characters."),
                    format!("“{indonesian}” lebih dari {most} karakter."),
                )
            }
            Self::Nul { name } => {
                let [english, indonesian] = label(name);
                t(
                    format!("“{english}” contains a character that cannot be stored (U+0000). Remove it."),
                    format!("“{indonesian}” berisi karakter yang tidak dapat disimpan (U+0000). Hapus karakter itu."),
                )
            }
            Self::DaysReversed { from, to } => {
                let [from, to] = [from, to].map(|day| format::day(*day));
                t(
                    format!("The last day, {to}, is before the first, {from}. Exchange the two."),
                    format!("Tanggal akhir {to} lebih awal daripada tanggal awal {from}. Tukar kedua tanggal itu."),
                )
            }
            Self::PeriodTooLong { days, most } => t(
                format!("These are {days} days, and at most {most} are compared at a time. Choose fewer."),
                format!(
                    "Periode ini {days} hari; sekali pembandingan paling lama {most} hari. Pilih periode yang lebih \
                     pendek."
                ),
            ),
            Self::ReasonMissing => t("The reason is missing.".to_owned(), "Alasan belum diisi.".to_owned()),
            Self::DocumentMissing => t(
                "The number of the document in Accurate is missing.".to_owned(),
                "Nomor dokumen di Accurate belum diisi.".to_owned(),
            ),
            Self::NotAnAmount { text, .. } => t(
                format!("“{text}” is not a total above 0. Enter it as 75.000 or 75000."),
                format!("“{text}” bukan total di atas 0. Isi misalnya 75.000 atau 75000."),
            ),
            Self::AmountMissing => t(
                "The total is missing, and nothing here says what it is now. Enter the total of the sales return in \
                 Accurate."
                    .to_owned(),
                "Total belum diisi, padahal nominalnya yang sekarang tidak diketahui di sini. Isi total Retur Penjualan di \
                 Accurate."
                    .to_owned(),
            ),
            Self::AmountAbove { amount, left } => {
                let [amount, left] = [amount, left].map(|one| one.in_words());
                t(
                    format!(
                        "{amount} is more than the {left} of the invoice that no other return has taken off. Enter the \
                         total of the sales return in Accurate."
                    ),
                    format!(
                        "{amount} melebihi nominal faktur yang belum diretur, yaitu {left}. Isi total Retur Penjualan \
                         di Accurate."
                    ),
                )
            }
        }
    }
}

/// What the pages call a field.
fn label(name: &'static str) -> [&'static str; 2] {
    match name {
        "state" => ["State", "Status"],
        "reason" => ["Reason", "Alasan"],
        "note" => ["Note", "Catatan"],
        "warning" | "acknowledged" => ["Warning", "Peringatan"],
        "by" => ["Day", "Tanggal"],
        "month" => ["Month", "Bulan"],
        "show" | "match" => ["Show", "Tampilkan"],
        "from" => ["From", "Dari"],
        "to" => ["To", "Sampai"],
        "document" => ["Number of the document in Accurate", "Nomor dokumen di Accurate"],
        "format" => ["File format", "Format berkas"],
        "decision" => ["Decision", "Keputusan"],
        other => [other, other],
    }
}
