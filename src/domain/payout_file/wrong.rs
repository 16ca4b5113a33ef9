//! What is wrong with a row of a payout file, and what to do.

use crate::domain::{reason::Language, row_fields::Unusable};

/// Most characters of a value that are shown.
const LONGEST_SHOWN: usize = 60;

/// Something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line of the file; the first is 1.
    pub line: u64,
    /// The heading of the column; empty if it is about the whole row.
    pub column: String,
    /// The value, shortened.
    pub value: String,
    /// What is wrong with it.
    pub why: Why,
}

/// Why something cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A value that every row needs is missing.
    Missing,
    /// It is not an amount.
    NoAmount,
    /// It has more decimal places than are kept.
    TooFine,
    /// It is not a day.
    NoDay,
    /// It can be two amounts, and nothing in the file shows which.
    WhichNotation,
    /// One amount of the column is written in Indonesian, another in English.
    TwoNotations,
    /// The order number was kept as a number, which has at most 15 exact digits.
    LostDigits,
    /// The row has fewer columns than the headings.
    CutOff,
    /// The row has more columns than the headings.
    TooWide,
    /// The cell is merged with the cells below it, up to this line.
    Merged(u64),
    /// Another row has the same transaction id and other content.
    SameTransaction(u64),
    /// The column with the names of fees has more different values than any marketplace has fees.
    TooManyFees,
    /// More rows than this have the same order number and the same statement or day.
    TooManyRows(usize),
    /// Nothing could be done with the row.
    Unusable(Unusable),
}

impl Wrong {
    /// About a value.
    pub fn new(line: u64, column: &str, value: &str, why: Why) -> Self {
        let value = value.chars().filter(|letter| !letter.is_control()).take(LONGEST_SHOWN).collect();
        Self { line, column: column.to_owned(), value, why }
    }

    /// In one sentence with what to do, for the command.
    pub fn in_words(&self, language: Language) -> String {
        self.with_place(language, &self.why.in_words(language))
    }

    /// In one sentence with what to do, for the page.
    pub fn on_page(&self, language: Language) -> String {
        self.with_place(language, &self.why.on_page(language))
    }

    fn with_place(&self, language: Language, why: &str) -> String {
        let place = match (language, self.column.as_str()) {
            (Language::English, "") => format!("line {}", self.line),
            (Language::English, column) => format!("line {}, column {column:?}", self.line),
            (Language::Indonesian, "") => format!("baris {}", self.line),
            (Language::Indonesian, column) => format!("baris {}, kolom {column:?}", self.line),
        };
        let value = if self.value.is_empty() { String::new() } else { format!(" {:?}", self.value) };
        format!("{place}:{value} {why}")
    }
}

impl Why {
    /// What is wrong and what to do on the page, where a person has neither options nor, often, the profile.
    fn on_page(&self, language: Language) -> String {
        let (english, indonesian) = match self {
            Self::Missing => {
                ("is empty; fill it in and choose the file again", "kosong; isi nilainya, lalu pilih lagi berkasnya")
            }
            Self::NoAmount => (
                "is not an amount; correct it, or choose the right number format above",
                "bukan nominal; perbaiki nilainya, atau pilih format angka yang benar di atas",
            ),
            Self::NoDay => (
                "is not a date; write it as 2026-11-05 or 05/11/2026, or choose the right date format above",
                "bukan tanggal; tulis seperti 2026-11-05 atau 05/11/2026, atau pilih format tanggal yang benar di atas",
            ),
            Self::WhichNotation => (
                "can be thousands or decimals, and no amount of the file shows which; choose the number format above",
                "dapat berarti ribuan atau desimal, dan tidak ada nominal lain di berkas yang menunjukkannya; pilih \
                 format angka di atas",
            ),
            Self::TooManyFees => (
                "is one of too many fee names; choose the right kind of file above",
                "adalah salah satu dari terlalu banyak nama biaya; pilih jenis berkas yang benar di atas",
            ),
            other => return other.in_words(language),
        };
        match language {
            Language::English => english.to_owned(),
            Language::Indonesian => indonesian.to_owned(),
        }
    }

    /// What is wrong and what to do.
    pub fn in_words(&self, language: Language) -> String {
        let (english, indonesian) = match self {
            Self::Missing => (
                "is empty; fill it in, or name another column in the profile",
                "kosong; isi nilainya, atau sebutkan kolom lain di profil",
            ),
            Self::NoAmount => (
                "is not an amount; correct it, or set numbers in the profile (--numbers) if it is written differently",
                "bukan nominal; perbaiki nilainya, atau atur format angka di profil (--numbers) bila penulisannya berbeda",
            ),
            Self::TooFine => (
                "has more than 6 decimal places; round it to at most 6 in the file",
                "memiliki lebih dari 6 angka desimal; bulatkan di berkas menjadi paling banyak 6",
            ),
            Self::NoDay => (
                "is not a date; write it as 2026-11-05 or 05/11/2026",
                "bukan tanggal; tulis seperti 2026-11-05 atau 05/11/2026",
            ),
            Self::WhichNotation => (
                "can be written in Indonesian or in English, and no amount of the file shows which: does the separator \
                 separate thousands or decimals? Answer with --numbers id (12.000 is twelve thousand) or --numbers en \
                 (12,000 is twelve thousand), or with numbers in the profile",
                "dapat berformat Indonesia atau Inggris, dan tidak ada nominal lain di berkas yang menunjukkannya: \
                 apakah tanda itu pemisah ribuan atau desimal? Jawab dengan --numbers id (12.000 berarti dua belas \
                 ribu) atau --numbers en (12,000 berarti dua belas ribu), atau lewat profil",
            ),
            Self::TwoNotations => (
                "is in another number format than the amounts above it; export the file again, or correct it",
                "berbeda format angkanya dengan nominal di atasnya; ekspor ulang berkasnya, atau perbaiki nilainya",
            ),
            Self::LostDigits => (
                "lost its last digits, because a spreadsheet kept it as a number; import the file as the marketplace \
                 made it, without saving it in a spreadsheet first",
                "kehilangan digit terakhirnya karena disimpan sebagai angka; impor berkas asli dari marketplace, tanpa \
                 disimpan ulang di Excel",
            ),
            Self::CutOff => (
                "the row has fewer columns than the headings, so the file seems to be cut off; export it again",
                "kolom baris ini kurang dari judul kolomnya, sehingga berkasnya tampaknya terpotong; ekspor ulang",
            ),
            Self::TooWide => (
                "the row has more columns than the headings; put amounts such as 1,000 in quotes, or export it again",
                "kolom baris ini lebih banyak dari judul kolomnya; beri tanda kutip pada nominal seperti 1,000, atau \
                 ekspor ulang",
            ),
            Self::TooManyFees => (
                "is one of too many fee names; name the column that contains them in the profile (columns.fee)",
                "adalah salah satu dari terlalu banyak nama biaya; sebutkan kolom nama biaya yang benar di profil",
            ),
            Self::Merged(last) => {
                return match language {
                    Language::English => format!(
                        "is merged with the cells down to line {last}, so that these are empty; unmerge them in the \
                         spreadsheet, fill in each row, and import the file again"
                    ),
                    Language::Indonesian => format!(
                        "digabung dengan sel di bawahnya sampai baris {last}, sehingga sel-sel itu kosong; batalkan \
                         penggabungan sel di spreadsheet, isi setiap barisnya, lalu impor lagi berkasnya"
                    ),
                };
            }
            Self::SameTransaction(line) => {
                return match language {
                    Language::English => format!(
                        "is also the transaction id of line {line}, with other content; name a column in the profile \
                         whose values are unique, or none"
                    ),
                    Language::Indonesian => format!(
                        "juga ID transaksi baris {line}, dengan isi yang berbeda; sebutkan kolom yang nilainya unik di \
                         profil, atau kosongkan"
                    ),
                };
            }
            Self::TooManyRows(most) => {
                return match language {
                    Language::English => format!(
                        "is the order number of more than {most} rows of one statement or day; check that the right \
                         column is the order number"
                    ),
                    Language::Indonesian => format!(
                        "adalah nomor pesanan di lebih dari {most} baris pada satu laporan atau tanggal; periksa apakah \
                         kolom nomor pesanan sudah benar"
                    ),
                };
            }
            Self::Unusable(unusable) => return unusable.in_words(language),
        };
        match language {
            Language::English => english.to_owned(),
            Language::Indonesian => indonesian.to_owned(),
        }
    }
}
