//! The lists of an Accurate database from which people choose: accounts, warehouses, customers (accurate.md §5).

use std::fmt;

use super::{
    about::About,
    contradiction::Contradiction,
    mapping::after_sale::REFUND,
    reason::{Finding, Language, Reason},
};

/// How Accurate's messages about a payment term begin (accurate.md §3).
const PAYMENT_TERM: &str = "Syarat Pembayaran ";

/// One of the lists of an Accurate database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MasterKind {
    /// Akun Perkiraan.
    Accounts,
    /// Gudang.
    Warehouses,
    /// Cabang.
    Branches,
    /// Syarat Pembayaran.
    Terms,
    /// Pajak.
    Taxes,
    /// Pelanggan.
    Customers,
    /// Barang & Jasa.
    Items,
}

impl MasterKind {
    /// All lists, in the order in which they are read: the short ones first.
    pub const ALL: [Self; 7] =
        [Self::Accounts, Self::Warehouses, Self::Branches, Self::Terms, Self::Taxes, Self::Customers, Self::Items];

    /// The word in addresses and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Warehouses => "warehouses",
            Self::Branches => "branches",
            Self::Terms => "terms",
            Self::Taxes => "taxes",
            Self::Customers => "customers",
            Self::Items => "items",
        }
    }

    /// The list with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The list that could explain why Accurate refused a document.
    pub fn explaining(finding: &Finding) -> Option<Self> {
        match finding.reason {
            Reason::ItemNotFound => Some(Self::Items),
            Reason::CustomerNotFound => Some(Self::Customers),
            Reason::AccountInactive | Reason::AccountUnmapped => Some(Self::Accounts),
            Reason::WarehouseUnmapped => Some(Self::Warehouses),
            Reason::BranchRequired => Some(Self::Branches),
            // A payment term has no reason of its own.
            Reason::RefusedByAccurate => match &finding.about {
                About::Accurate { words, .. } if words.starts_with(PAYMENT_TERM) => Some(Self::Terms),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for MasterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A row of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Master {
    /// Accurate's id.
    pub id: i64,
    /// The number of an account, an item or a customer; empty in the other lists, whose rows have only names.
    pub no: String,
    /// The name.
    pub name: String,
    /// The type of an account, an item or a tax, in Accurate's own word; empty in the other lists.
    pub kind: String,
    /// Whether it is inactive in Accurate.
    pub suspended: bool,
}

impl Master {
    /// What the mapping holds of it: its number, or its name in lists without numbers.
    pub fn value(&self) -> &str {
        if self.no.is_empty() { &self.name } else { &self.no }
    }
}

/// The types of accounts that a mapping needs (accurate.md §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Accurate's own names")]
pub enum AccountType {
    CashAndBank,
    Revenue,
    OtherIncome,
    OtherExpense,
}

impl AccountType {
    /// The type that fits a category of the mapping, or the `bank_account` of a store: shipping and rebates are income,
    /// refunds reduce the revenue, the other categories are expenses (forstok.md §1).
    pub fn fitting(of: &str) -> Self {
        match of {
            "bank_account" => Self::CashAndBank,
            "shipping" | "platform_rebate" => Self::OtherIncome,
            REFUND => Self::Revenue,
            _ => Self::OtherExpense,
        }
    }

    /// Accurate's word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::CashAndBank => "CASH_BANK",
            Self::OtherIncome => "OTHER_INCOME",
            Self::Revenue => "REVENUE",
            Self::OtherExpense => "OTHER_EXPENSE",
        }
    }
}

/// A type of account as Accurate's own screens name it; a word that is not known stays as it is.
pub fn account_type_in_words(code: &str, language: Language) -> &str {
    let (english, indonesian) = match code {
        "CASH_BANK" => ("Cash & Bank", "Kas & Bank"),
        "OTHER_INCOME" => ("Other Income", "Pendapatan Lainnya"),
        "OTHER_EXPENSE" => ("Other Expense", "Beban Lainnya"),
        "EXPENSE" => ("Expense", "Beban"),
        "REVENUE" => ("Revenue", "Pendapatan"),
        other => (other, other),
    };
    match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    }
}

/// Why a list could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFailure {
    /// The number of its rows changed while it was read, each time it was tried.
    Changed,
    /// The answers contradict the question or each other.
    Inconsistent(Contradiction),
    /// The user who created the API Token may not read it. With Accurate's words.
    RightMissing(String),
    /// The call failed. With Accurate's words, or what happened to the connection.
    CallFailed(String),
}

impl ListFailure {
    /// A failure that was stored.
    pub fn from_parts(code: &str, detail: &str) -> Option<Self> {
        let detail = detail.to_owned();
        match code {
            "changed" => Some(Self::Changed),
            "inconsistent" => Some(Self::Inconsistent(Contradiction::from_stored(&detail))),
            "right_missing" => Some(Self::RightMissing(detail)),
            "call_failed" => Some(Self::CallFailed(detail)),
            _ => None,
        }
    }

    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Inconsistent(_) => "inconsistent",
            Self::RightMissing(_) => "right_missing",
            Self::CallFailed(_) => "call_failed",
        }
    }

    /// What was found, as it is stored; empty if the code says it all.
    pub fn detail(&self) -> String {
        match self {
            Self::Changed => String::new(),
            Self::Inconsistent(contradiction) => contradiction.stored(),
            Self::RightMissing(detail) | Self::CallFailed(detail) => detail.clone(),
        }
    }

    /// What went wrong, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        match (self, language) {
            (Self::Changed, Language::English) => "The list kept changing while it was being read.".to_owned(),
            (Self::Changed, Language::Indonesian) => "Daftar ini terus berubah saat sedang dibaca.".to_owned(),
            (Self::Inconsistent(contradiction), Language::English) => {
                format!("Accurate's replies do not match the request: {}.", contradiction.in_words(language))
            }
            (Self::Inconsistent(contradiction), Language::Indonesian) => {
                format!("Jawaban Accurate tidak sesuai dengan permintaan: {}.", contradiction.in_words(language))
            }
            (Self::RightMissing(words), Language::English) => {
                format!("The user who created the API Token may not read this list: {words}")
            }
            (Self::RightMissing(words), Language::Indonesian) => {
                format!("Pengguna pembuat API Token tidak memiliki hak akses untuk membaca daftar ini: {words}")
            }
            (Self::CallFailed(words), Language::English) => format!("Accurate did not send the list: {words}"),
            (Self::CallFailed(words), Language::Indonesian) => format!("Accurate tidak mengirim daftar ini: {words}"),
        }
    }

    /// What to do about it, in one sentence.
    pub fn remedy(&self, language: Language) -> &'static str {
        match (self, language) {
            (Self::RightMissing(_), Language::English) => {
                "Give this user the right in Accurate, then refresh the list."
            }
            (Self::RightMissing(_), Language::Indonesian) => {
                "Beri pengguna tersebut hak akses di Accurate, lalu muat ulang daftar ini."
            }
            (_, Language::English) => "The list is read again automatically; until then, the previous list is shown.",
            (_, Language::Indonesian) => {
                "Daftar ini dibaca ulang otomatis; sementara itu ditampilkan daftar sebelumnya."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_found_by_its_word() {
        for kind in MasterKind::ALL {
            assert_eq!(MasterKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(MasterKind::parse("employees"), None);
    }

    #[test]
    fn what_accurate_does_not_find_is_looked_for_in_the_list_that_names_it() {
        let refused = |reason, words: &str| {
            let about = About::Accurate { subject: None, words: words.to_owned() };
            MasterKind::explaining(&Finding { reason, about })
        };
        for (reason, words, list) in [
            (Reason::ItemNotFound, "Barang & Jasa \"A\" tidak ditemukan atau sudah dihapus", Some(MasterKind::Items)),
            (
                Reason::CustomerNotFound,
                "Pelanggan \"1\" tidak ditemukan atau sudah dihapus",
                Some(MasterKind::Customers),
            ),
            (Reason::AccountInactive, "Akun Kas berstatus Non Aktif", Some(MasterKind::Accounts)),
            (Reason::AccountUnmapped, "Akun \"7\" tidak ditemukan atau sudah dihapus", Some(MasterKind::Accounts)),
            (
                Reason::WarehouseUnmapped,
                "Gudang \"X\" tidak ditemukan atau sudah dihapus",
                Some(MasterKind::Warehouses),
            ),
            (Reason::BranchRequired, "Cabang \"X\" tidak ditemukan atau sudah dihapus", Some(MasterKind::Branches)),
            (
                Reason::RefusedByAccurate,
                "Syarat Pembayaran \"net 30\" tidak ditemukan atau sudah dihapus",
                Some(MasterKind::Terms),
            ),
            (Reason::RefusedByAccurate, "Departemen \"X\" tidak ditemukan atau sudah dihapus", None),
            (Reason::PeriodClosed, "Tanggal transaksi tidak dapat lebih kecil dari 01/11/2026", None),
        ] {
            assert_eq!(refused(reason, words), list, "{words}");
        }
    }

    #[test]
    fn a_failure_is_the_same_after_it_was_stored() {
        for failure in [
            ListFailure::Changed,
            ListFailure::Inconsistent(Contradiction::RowTwice { id: 7 }),
            ListFailure::RightMissing("Anda tidak mempunyai hak".to_owned()),
            ListFailure::CallFailed("time ran out".to_owned()),
        ] {
            assert_eq!(ListFailure::from_parts(failure.code(), &failure.detail()), Some(failure));
        }
        assert_eq!(ListFailure::from_parts("", ""), None);
    }
}
