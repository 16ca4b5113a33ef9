//! The kinds of findings, and what may happen to one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::reason::Language;

/// What kind of difference a finding is (design.md §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own words, explained in design.md §8")]
pub enum Class {
    MissedWebhook,
    Stale,
    Late,
    MissingInAccurate,
    Differs,
    Twice,
    Foreign,
    NotSettled,
    VoidStanding,
    Unexplained,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::MissedWebhook,
        Self::Stale,
        Self::Late,
        Self::MissingInAccurate,
        Self::Differs,
        Self::Twice,
        Self::Foreign,
        Self::NotSettled,
        Self::VoidStanding,
        Self::Unexplained,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissedWebhook => "missed_webhook",
            Self::Stale => "stale",
            Self::Late => "late",
            Self::MissingInAccurate => "missing_in_accurate",
            Self::Differs => "differs",
            Self::Twice => "twice",
            Self::Foreign => "foreign",
            Self::NotSettled => "not_settled",
            Self::VoidStanding => "void_standing",
            Self::Unexplained => "unexplained",
        }
    }

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }

    /// Whether such a finding explains a part of the difference between the two sides. The others are about invoices
    /// that neither side counts, or that both count alike.
    pub fn explains_rupiah(self) -> bool {
        match self {
            Self::MissingInAccurate | Self::Differs | Self::Twice | Self::Foreign | Self::VoidStanding => true,
            Self::MissedWebhook | Self::Stale | Self::Late | Self::NotSettled | Self::Unexplained => false,
        }
    }

    /// Whether comparing an invoice with Accurate leads to such a finding, and ends it.
    pub fn is_about_an_invoice(self) -> bool {
        self == Self::Late || self.explains_rupiah()
    }

    /// The name for people.
    pub fn name(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::MissedWebhook => ("Order never arrived", "Pesanan tidak pernah masuk"),
            Self::Stale => ("Order is out of date", "Data pesanan belum diperbarui"),
            Self::Late => ("Invoice is late", "Faktur terlambat"),
            Self::MissingInAccurate => ("Not in Accurate", "Tidak ada di Accurate"),
            Self::Differs => ("Differs in Accurate", "Berbeda di Accurate"),
            Self::Twice => ("Second invoice for an order", "Faktur kedua untuk satu pesanan"),
            Self::Foreign => ("Invoice without an order", "Faktur tanpa pesanan"),
            Self::NotSettled => ("Not paid out", "Belum dicairkan"),
            Self::VoidStanding => ("Cancelled, but still in Accurate", "Dibatalkan, tetapi masih ada di Accurate"),
            Self::Unexplained => ("Unexplained difference", "Selisih tanpa penjelasan"),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}

impl Class {
    /// What a person does about such a finding.
    pub fn remedy(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::MissedWebhook | Self::Stale => (
                "Import the order. It is then processed like any other order.",
                "Impor pesanan ini. Setelah itu pesanan diproses seperti pesanan lain.",
            ),
            Self::Late => (
                "The order's page shows the cause. Check as well whether the Accurate database is paused.",
                "Lihat penyebabnya di halaman pesanan, dan periksa apakah database Accurate sedang terhenti.",
            ),
            Self::MissingInAccurate => (
                "Find out why it was deleted. Then create it again, or accept that the order has no invoice.",
                "Cari tahu mengapa faktur dihapus. Lalu buat ulang, atau terima bahwa pesanan ini tanpa faktur.",
            ),
            Self::Differs => (
                "Compare both sides. If Accurate is right, adopt its data. If not, correct the invoice in Accurate and choose “Run now”.",
                "Bandingkan kedua sisi. Jika data Accurate yang benar, gunakan data itu. Jika tidak, perbaiki faktur di Accurate, lalu pilih “Jalankan sekarang”.",
            ),
            Self::Twice => (
                "Delete the wrong invoice in Accurate, then choose “Run now”.",
                "Hapus faktur yang salah di Accurate, lalu pilih “Jalankan sekarang”.",
            ),
            Self::Foreign => (
                "If the invoice is wrong, delete it in Accurate, then choose “Run now”. If it is right, close this finding and say why.",
                "Jika faktur ini salah, hapus di Accurate, lalu pilih “Jalankan sekarang”. Jika benar, tutup temuan ini dengan menyebutkan alasannya.",
            ),
            Self::NotSettled => (
                "Compare the order's page with the marketplace. Then import the missing payout, or book it.",
                "Bandingkan halaman pesanan dengan data marketplace. Lalu impor pencairan yang belum masuk, atau bukukan.",
            ),
            Self::VoidStanding => (
                "Delete the invoice in Accurate, its receipt first. Then retry the order.",
                "Hapus faktur di Accurate, mulai dari penerimaannya. Lalu coba lagi pesanannya.",
            ),
            Self::Unexplained => (
                "Choose “Run now”. If the difference remains, report it as a bug in this program.",
                "Pilih “Jalankan sekarang”. Jika selisihnya tetap ada, laporkan sebagai kesalahan program ini.",
            ),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What has become of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingState {
    /// A person has yet to deal with it.
    Open,
    /// Its cause no longer exists.
    Gone,
    /// A person has dealt with it.
    Closed,
}

impl FindingState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Gone, Self::Closed];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Gone => "gone",
            Self::Closed => "closed",
        }
    }

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The text for people.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Open, Language::English) => "Open",
            (Self::Open, Language::Indonesian) => "Terbuka",
            (Self::Gone, Language::English) => "Resolved automatically",
            (Self::Gone, Language::Indonesian) => "Selesai otomatis",
            (Self::Closed, Language::English) => "Closed by a person",
            (Self::Closed, Language::Indonesian) => "Ditutup oleh pengguna",
        }
    }
}
