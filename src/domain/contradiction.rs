//! How the answers of a list contradict the question or each other, in words for people.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::reason::Language;

/// How the answers of a list contradict the question or each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contradiction {
    /// A page does not say how many rows the list has.
    NoRowCount,
    /// The list is said to have more rows than it can have.
    TooManyRows {
        /// How many.
        rows: u64,
    },
    /// Another page came than the one that was asked for.
    OtherPage {
        /// The one that was asked for.
        asked: u64,
        /// The one that came.
        came: u64,
    },
    /// The pages have another size than was asked for.
    OtherPageSize {
        /// The size that was asked for, in rows.
        asked: u64,
        /// The size of the page that came.
        came: u64,
    },
    /// The number of pages does not fit the number of rows.
    PagesDoNotFit {
        /// Rows.
        rows: u64,
        /// Pages.
        pages: u64,
        /// Rows of a page.
        size: u64,
    },
    /// A page has more or fewer readable rows than it must have.
    OtherRowCount {
        /// The page.
        page: u64,
        /// How many came.
        came: u64,
        /// How many must come.
        due: u64,
    },
    /// A row has no id.
    RowWithoutId {
        /// Its page.
        page: u64,
    },
    /// A row has no number or no name.
    RowWithoutName {
        /// Its id.
        id: i64,
    },
    /// A row came twice.
    RowTwice {
        /// Its id.
        id: i64,
    },
    /// An invoice came twice.
    InvoiceTwice {
        /// Its id.
        id: i64,
    },
    /// A field of an invoice is missing or cannot be read.
    Unreadable {
        /// The invoice's id; 0 if that is missing.
        id: i64,
        /// The field.
        field: InvoiceField,
    },
    /// An invoice is of another day than those that were asked for.
    OutsideDays {
        /// Its number.
        number: String,
        /// Its day.
        day: Date,
    },
    /// The list is empty, although it was not before.
    EmptyNow {
        /// How many rows it had.
        before: i64,
    },
    /// The list of a period is empty, although there are invoices here.
    EmptyPeriod,
    /// The filter by the last change is ignored.
    LastChangeIgnored,
    /// In words, as another version of this program has stored it.
    Words(String),
}

/// A field of an invoice in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceField {
    /// Accurate's id.
    Id,
    /// Its number.
    Number,
    /// Its customer.
    Customer,
    /// Its day.
    Date,
    /// Its total.
    Total,
}

impl InvoiceField {
    /// The name within a sentence.
    pub fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Id, _) => "id",
            (Self::Number, Language::English) => "number",
            (Self::Number, Language::Indonesian) => "nomor",
            (Self::Customer, Language::English) => "customer",
            (Self::Customer, Language::Indonesian) => "pelanggan",
            (Self::Date, Language::English) => "date",
            (Self::Date, Language::Indonesian) => "tanggal",
            (Self::Total, _) => "total",
        }
    }
}

impl Contradiction {
    /// As it is stored.
    pub fn stored(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            _ => serde_json::to_string(self).unwrap_or_default(),
        }
    }

    /// One that was stored.
    pub fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self::Words(text.to_owned()))
    }

    /// What is wrong: a clause without a full stop.
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.in_english(),
            Language::Indonesian => self.in_indonesian(),
        }
    }

    fn in_english(&self) -> String {
        match self {
            Self::NoRowCount => "a page does not say how many rows the list has".to_owned(),
            Self::TooManyRows { rows } => format!("the list is said to have {rows} rows"),
            Self::OtherPage { asked, came } => format!("page {came} came instead of page {asked}"),
            Self::OtherPageSize { asked, came } => {
                format!("pages of {came} rows came instead of pages of {asked}")
            }
            Self::PagesDoNotFit { rows, pages, size } => {
                format!("{rows} rows do not make {pages} pages of {size} rows")
            }
            Self::OtherRowCount { page, came, due } => format!("page {page} has {came} readable rows instead of {due}"),
            Self::RowWithoutId { page } => format!("a row of page {page} has no id"),
            Self::RowWithoutName { id } => format!("the row with id {id} has no number or name"),
            Self::RowTwice { id } => format!("the row with id {id} came twice"),
            Self::InvoiceTwice { id } => format!("the invoice with id {id} came twice"),
            Self::Unreadable { id, field } => {
                format!("the invoice with id {id} has no readable {}", field.name(Language::English))
            }
            Self::OutsideDays { number, day } => {
                format!("invoice {number} of {} is outside the days that were asked for", in_figures(*day))
            }
            Self::EmptyNow { before } => format!("the list is empty, although it had {before} rows before"),
            Self::EmptyPeriod => "the list of these days is empty, although there are invoices here".to_owned(),
            Self::LastChangeIgnored => {
                "Accurate ignores the filter by the last change, so changes to older invoices are \
                                        not noticed; set reconcile.by to \"trans_date\""
                    .to_owned()
            }
            Self::Words(words) => words.clone(),
        }
    }

    fn in_indonesian(&self) -> String {
        match self {
            Self::NoRowCount => "ada halaman yang tidak menyebutkan jumlah baris daftarnya".to_owned(),
            Self::TooManyRows { rows } => format!("daftar disebut berisi {rows} baris"),
            Self::OtherPage { asked, came } => format!("yang diterima halaman {came}, bukan halaman {asked}"),
            Self::OtherPageSize { asked, came } => {
                format!("setiap halaman berisi {came} baris, seharusnya {asked} baris")
            }
            Self::PagesDoNotFit { rows, pages, size } => {
                format!("{rows} baris tidak sesuai dengan {pages} halaman berisi {size} baris")
            }
            Self::OtherRowCount { page, came, due } => {
                format!("halaman {page} berisi {came} baris yang terbaca, seharusnya {due} baris")
            }
            Self::RowWithoutId { page } => format!("ada baris tanpa id di halaman {page}"),
            Self::RowWithoutName { id } => format!("baris dengan id {id} tidak memiliki nomor atau nama"),
            Self::RowTwice { id } => format!("baris dengan id {id} muncul dua kali"),
            Self::InvoiceTwice { id } => format!("faktur dengan id {id} muncul dua kali"),
            Self::Unreadable { id, field } => {
                format!("{} pada faktur dengan id {id} tidak terbaca", field.name(Language::Indonesian))
            }
            Self::OutsideDays { number, day } => {
                format!("faktur {number} bertanggal {} di luar tanggal yang diminta", in_figures(*day))
            }
            Self::EmptyNow { before } => format!("daftar kosong, padahal sebelumnya berisi {before} baris"),
            Self::EmptyPeriod => "daftar untuk tanggal tersebut kosong, padahal di sini ada faktur".to_owned(),
            Self::LastChangeIgnored => "Accurate mengabaikan filter perubahan terakhir, sehingga perubahan pada faktur \
                                        lama tidak terdeteksi; pada pemetaan, pilih perbandingan menurut tanggal transaksi"
                .to_owned(),
            Self::Words(words) => words.clone(),
        }
    }
}

fn in_figures(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn all() -> Vec<Contradiction> {
        use Contradiction as C;
        let mut all = vec![
            C::NoRowCount,
            C::TooManyRows { rows: 3_000_000 },
            C::OtherPage { asked: 2, came: 1 },
            C::OtherPageSize { asked: 100, came: 20 },
            C::PagesDoNotFit { rows: 250, pages: 4, size: 100 },
            C::OtherRowCount { page: 2, came: 99, due: 100 },
            C::RowWithoutId { page: 2 },
            C::RowWithoutName { id: 7 },
            C::RowTwice { id: 7 },
            C::InvoiceTwice { id: 7 },
            C::OutsideDays { number: "INV-7".to_owned(), day: date(2026, 11, 5) },
            C::EmptyNow { before: 258 },
            C::EmptyPeriod,
            C::LastChangeIgnored,
        ];
        let fields =
            [InvoiceField::Id, InvoiceField::Number, InvoiceField::Customer, InvoiceField::Date, InvoiceField::Total];
        all.extend(fields.map(|field| C::Unreadable { id: 7, field }));
        all
    }

    #[test]
    fn each_is_the_same_after_it_was_stored() {
        for one in all() {
            assert_eq!(Contradiction::from_stored(&one.stored()), one);
        }
        let of_another_version = Contradiction::from_stored("row 7 is strange");
        assert_eq!(of_another_version, Contradiction::Words("row 7 is strange".to_owned()));
        assert_eq!(Contradiction::from_stored(&of_another_version.stored()), of_another_version);
    }

    #[test]
    fn no_english_clause_stands_in_an_indonesian_sentence() {
        for one in all() {
            let (english, indonesian) = (one.in_words(Language::English), one.in_words(Language::Indonesian));
            assert_ne!(english, indonesian);
            let is_english = |word: &str| ["the", "rows", "page", "invoice", "instead", "is", "has"].contains(&word);
            assert!(!indonesian.split([' ', ',']).any(is_english), "{indonesian}");
        }
        insta::assert_snapshot!(
            all().iter().map(|one| one.in_words(Language::Indonesian)).collect::<Vec<_>>().join("\n")
        );
    }
}
