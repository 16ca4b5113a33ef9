//! Findings and what can be done about them, in words.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AtForstok, Class, Field, Finding, Owed, Period, Side, Unsettled};
use crate::domain::{money::Rupiah, reason::Language};

/// What is known about a finding, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Our ledger's side.
    pub ledger: Option<Side>,
    /// Accurate's side.
    pub accurate: Option<Side>,
    /// What Forstok lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forstok: Option<AtForstok>,
    /// What is still owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
    /// The invoice of another sale that now has the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namesake: Option<Side>,
    /// What is owed on each side, if the finding is about receipts and returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled: Option<Unsettled>,
    /// In which fields they differ.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Our ledger's side is only a draft, because shadow mode is on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_draft: bool,
    /// What else is known, in words.
    #[serde(default)]
    pub note: String,
}

impl Facts {
    /// The facts of a finding.
    pub fn of(finding: &Finding) -> Self {
        let Finding { class, ledger, accurate, forstok, owed, namesake, unsettled, fields, is_draft, .. } =
            finding.clone();
        let note = match class {
            Class::Unexplained => accurate.as_ref().map(|side| rupiah(side.total)),
            Class::Foreign => finding.order_id.as_ref().map(ToString::to_string),
            _ => None,
        };
        Self { ledger, accurate, forstok, owed, namesake, unsettled, fields, is_draft, note: note.unwrap_or_default() }
    }

    /// How much of a period's difference between the two sides the finding explains; `None` if findings of its class
    /// explain nothing. In hundredths of a rupiah.
    pub fn effect(&self, class: Class, period: Period) -> Option<i64> {
        let total = |side: &Option<Side>| match side {
            Some(side) if period.contains(side.day) => side.total,
            _ => 0,
        };
        class.explains_rupiah().then(|| total(&self.ledger) - total(&self.accurate))
    }

    /// What happened, in one sentence.
    pub fn in_words(&self, class: Class, language: Language) -> String {
        match (&self.unsettled, &self.ledger) {
            (Some(unsettled), Some(invoice)) => unsettled.in_words(invoice.number.as_str(), language),
            _ => self.difference_in_words(class, language),
        }
    }

    fn difference_in_words(&self, class: Class, language: Language) -> String {
        let (ledger, accurate) = (shown(self.ledger.as_ref()), shown(self.accurate.as_ref()));
        let note = &self.note;
        let ours = self.ledger.as_ref().map(|side| side.number.as_str()).unwrap_or_default();
        let listed = self.forstok.as_ref().map(AtForstok::in_words).unwrap_or_default();
        let (english, indonesian) = match class {
            Class::MissedWebhook => (
                format!("Forstok lists order {listed}, but no webhook about it arrived here."),
                format!("Forstok mencantumkan pesanan {listed}, tetapi webhook-nya tidak pernah diterima di sini."),
            ),
            Class::Stale => (
                format!("Forstok lists order {listed}, which is newer than what arrived here."),
                format!("Forstok mencantumkan pesanan {listed}, lebih baru daripada data yang diterima di sini."),
            ),
            Class::Late => (
                format!("Invoice {ledger} has been due for more than an hour and is not created yet."),
                format!("Faktur {ledger} seharusnya sudah dibuat lebih dari satu jam lalu, tetapi belum dibuat."),
            ),
            // Nothing was ever sent, so nobody can have deleted or changed it.
            Class::MissingInAccurate if self.is_draft => (
                format!(
                    "Invoice {ledger} is not in Accurate yet (shadow mode): it is only drafted here, and not sent."
                ),
                format!(
                    "Faktur {ledger} belum ada di Accurate (mode bayangan): di sini hanya berupa draf dan tidak dikirim."
                ),
            ),
            Class::Differs if self.is_draft => (
                format!(
                    "The invoice in Accurate differs from draft {ours} (shadow mode): {}.",
                    self.differences(Language::English)
                ),
                format!(
                    "Faktur di Accurate berbeda dari draf {ours} (mode bayangan): {}.",
                    self.differences(Language::Indonesian)
                ),
            ),
            Class::MissingInAccurate => (
                format!("Invoice {ledger} was created, but no longer exists in Accurate: it was deleted there."),
                format!("Faktur {ledger} pernah dibuat, tetapi tidak ada lagi di Accurate karena sudah dihapus."),
            ),
            Class::Differs if self.fields.is_empty() => (
                format!("Invoice {ours} was deleted in Accurate and entered again, with the same contents."),
                format!("Faktur {ours} dihapus di Accurate lalu dibuat lagi dengan isi yang sama."),
            ),
            Class::Differs => (
                format!("Invoice {ours} was changed in Accurate: {}.", self.differences(Language::English)),
                format!("Faktur {ours} diubah di Accurate: {}.", self.differences(Language::Indonesian)),
            ),
            Class::Twice => (
                format!("Accurate has a second invoice for this order: {accurate}."),
                format!("Accurate memiliki faktur kedua untuk pesanan ini: {accurate}."),
            ),
            Class::Foreign if !note.is_empty() => (
                format!("Accurate has invoice {accurate}, which names order {note}, but was not created for it here."),
                format!(
                    "Accurate memiliki faktur {accurate} yang menyebut pesanan {note}, tetapi tidak dibuat di sini."
                ),
            ),
            Class::Foreign => (
                format!("Accurate has invoice {accurate}, which was not created from any order here."),
                format!("Accurate memiliki faktur {accurate}, yang tidak dibuat dari pesanan di sini."),
            ),
            Class::NotSettled => {
                let owed = rupiah(self.owed.map_or(0, |owed| owed.hundredths));
                match self.owed.and_then(|owed| owed.last_payout).map(day) {
                    Some(last) => (
                        format!("{owed} of invoice {ledger} is still owed after its last payout on {last}."),
                        format!("Sisa tagihan faktur {ledger} masih {owed} setelah pencairan terakhir pada {last}."),
                    ),
                    None => (
                        format!(
                            "{owed} of invoice {ledger} is still owed: the order was completed or returned, but has \
                             neither a payout nor a return record."
                        ),
                        format!(
                            "Sisa tagihan faktur {ledger} masih {owed}: pesanan sudah selesai atau diretur, tetapi belum \
                             ada pencairan dana maupun data retur."
                        ),
                    ),
                }
            }
            Class::VoidStanding => (
                format!("This order must have no invoice, but Accurate still has invoice {accurate}."),
                format!("Pesanan ini tidak boleh memiliki faktur, tetapi Accurate masih memiliki faktur {accurate}."),
            ),
            Class::Unexplained => (
                format!(
                    "No other finding explains {note} of the difference on this day. Run the reconciliation again."
                ),
                format!("Selisih {note} pada tanggal ini belum dapat dijelaskan. Jalankan rekonsiliasi lagi."),
            ),
        };
        let said = match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match &self.namesake {
            Some(other) => format!("{said} {}", named_alike(other, language)),
            None => said,
        }
    }

    /// What a person can do, by a button.
    pub fn actions(&self, class: Class) -> &'static [Action] {
        if self.is_draft || self.unsettled.is_some() { &[] } else { Action::fitting(class) }
    }

    /// Whether the invoices of both sides are worth comparing: the difference is neither at Forstok nor in what is owed.
    pub fn concerns_the_invoice(&self) -> bool {
        self.forstok.is_none() && self.owed.is_none() && self.unsettled.is_none()
    }

    /// What a person does about it, in one or two sentences.
    pub fn remedy(&self, class: Class, language: Language) -> &'static str {
        if self.unsettled.is_some() {
            return Unsettled::remedy(language);
        }
        let (english, indonesian) = match class {
            Class::MissingInAccurate if self.is_draft => (
                "The other integration has not created it. If it still has not by tomorrow, look for the order there.",
                "Integrasi yang lain belum membuatnya. Jika besok masih belum ada, periksa pesanan ini di integrasi tersebut.",
            ),
            Class::Differs if self.is_draft => (
                "Compare both sides. If the draft is wrong, correct the mapping.",
                "Bandingkan kedua sisi. Jika drafnya yang salah, perbaiki pemetaan.",
            ),
            Class::Foreign if !self.note.is_empty() => (
                "Look at the order's page first: if the order waits because of this invoice, the page says what to do. \
                 If the invoice is wrong, delete it in Accurate, then choose “Run now”.",
                "Lihat dulu halaman pesanan: jika pesanan menunggu karena faktur ini, langkahnya dijelaskan di sana. \
                 Jika faktur ini salah, hapus di Accurate, lalu pilih “Jalankan sekarang”.",
            ),
            Class::Differs if self.fields.is_empty() => (
                "Adopt it, so that receipts and returns are booked on it.",
                "Gunakan data Accurate, agar penerimaan dan retur dibukukan pada faktur tersebut.",
            ),
            Class::MissingInAccurate if self.namesake.is_some() => (
                "Find out why it was deleted. Before you create it again, give the other invoice another number in \
                 Accurate: a number is used only once. Or accept that the order has no invoice.",
                "Cari tahu mengapa faktur dihapus. Sebelum membuatnya ulang, ubah dulu nomor faktur lain itu di Accurate, \
                 karena satu nomor hanya untuk satu faktur. Atau terima bahwa pesanan ini tanpa faktur.",
            ),
            _ => return class.remedy(language),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }

    fn differences(&self, language: Language) -> String {
        let (Some(ledger), Some(accurate)) = (&self.ledger, &self.accurate) else { return String::new() };
        let words = self.fields.iter().map(|field| {
            let (ours, theirs) = (field.of(ledger), field.of(accurate));
            match language {
                Language::English => format!("{} {theirs} instead of {ours}", field.name(language)),
                Language::Indonesian => format!("{} {theirs}, seharusnya {ours}", field.name(language)),
            }
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

impl Field {
    /// The name for people, within a sentence.
    pub fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Total, _) => "total",
            (Self::Customer, Language::English) => "customer",
            (Self::Customer, Language::Indonesian) => "pelanggan",
            (Self::Day, Language::English) => "date",
            (Self::Day, Language::Indonesian) => "tanggal",
            (Self::Number, Language::English) => "number",
            (Self::Number, Language::Indonesian) => "nomor",
        }
    }

    /// The field of one side, for people.
    pub fn of(self, side: &Side) -> String {
        match self {
            Self::Total => rupiah(side.total),
            Self::Customer => side.customer_no.clone(),
            Self::Day => day(side.day),
            Self::Number => side.number.to_string(),
        }
    }
}

/// Another sale's invoice that has the number now, in a sentence.
fn named_alike(other: &Side, language: Language) -> String {
    let (customer, shown) = (&other.customer_no, shown(Some(other)));
    match language {
        Language::English => {
            format!(
                "The number now belongs to the invoice of another sale, which does not name this order: {shown}, customer {customer}."
            )
        }
        Language::Indonesian => {
            format!(
                "Nomornya kini dipakai faktur penjualan lain yang tidak menyebut pesanan ini: {shown}, pelanggan {customer}."
            )
        }
    }
}

/// An invoice in a sentence: number, date and total.
fn shown(side: Option<&Side>) -> String {
    side.map(|side| format!("{} ({}, {})", side.number, day(side.day), rupiah(side.total))).unwrap_or_default()
}

fn day(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

pub(super) fn rupiah(hundredths: i64) -> String {
    Rupiah::from_hundredths(hundredths).in_words()
}

/// What a person can do about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create the invoice again.
    CreateAgain,
    /// Accept that the order has no invoice any more.
    AcceptDeleted,
    /// Use the invoice as it is in Accurate now.
    Adopt,
    /// Fetch the order from Forstok.
    ImportOrder,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CreateAgain, Self::AcceptDeleted, Self::Adopt, Self::ImportOrder];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateAgain => "create_again",
            Self::AcceptDeleted => "accept_deleted",
            Self::Adopt => "adopt",
            Self::ImportOrder => "import_order",
        }
    }

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// The reason with which a finding was closed, for people: without one, the action is stored by its word.
    pub fn or_reason(reason: &str, language: Language) -> &str {
        Self::parse(reason).map_or(reason, |action| action.name(language))
    }

    /// What fits a finding of this class. Every finding can be closed with a reason.
    pub fn fitting(class: Class) -> &'static [Self] {
        match class {
            Class::MissingInAccurate => &[Self::CreateAgain, Self::AcceptDeleted],
            Class::Differs => &[Self::Adopt],
            Class::MissedWebhook | Class::Stale => &[Self::ImportOrder],
            Class::Late
            | Class::Twice
            | Class::Foreign
            | Class::NotSettled
            | Class::VoidStanding
            | Class::Unexplained => &[],
        }
    }

    /// The name of the button.
    pub fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::CreateAgain, Language::English) => "Create again",
            (Self::CreateAgain, Language::Indonesian) => "Buat ulang",
            (Self::AcceptDeleted, Language::English) => "Accept as deleted",
            (Self::AcceptDeleted, Language::Indonesian) => "Terima penghapusan",
            (Self::Adopt, Language::English) => "Adopt",
            (Self::Adopt, Language::Indonesian) => "Gunakan data Accurate",
            (Self::ImportOrder, Language::English) => "Import the order",
            (Self::ImportOrder, Language::Indonesian) => "Impor pesanan",
        }
    }

    /// What happens then.
    pub fn consequence(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::CreateAgain, Language::English) => {
                "The order is decided again, and its invoice is created in Accurate under the same number. Receipts and returns that were deleted with it are created again, too. Anything that you marked as done by hand must be booked again in Accurate."
            }
            (Self::CreateAgain, Language::Indonesian) => {
                "Pesanan diproses ulang, dan fakturnya dibuat lagi di Accurate dengan nomor yang sama. Penerimaan dan retur yang ikut terhapus juga dibuat lagi. Yang Anda tandai sudah dibuat manual perlu dibukukan lagi di Accurate."
            }
            (Self::AcceptDeleted, Language::English) => {
                "The order is treated as having no invoice. Nothing is created or deleted in Accurate."
            }
            (Self::AcceptDeleted, Language::Indonesian) => {
                "Pesanan dianggap tanpa faktur. Tidak ada yang dibuat atau dihapus di Accurate."
            }
            (Self::Adopt, Language::English) => {
                "From now on, the total, customer, date and number in Accurate apply. This invoice is not changed. If it was entered again, its receipts and returns are created again, and anything that you marked as done by hand must be booked again in Accurate."
            }
            (Self::Adopt, Language::Indonesian) => {
                "Mulai sekarang total, pelanggan, tanggal, dan nomor di Accurate yang dipakai. Faktur ini tidak diubah. Bila faktur ini dibuat ulang secara manual, penerimaan dan returnya dibuat lagi, dan yang Anda tandai sudah dibuat manual perlu dibukukan lagi di Accurate."
            }
            (Self::ImportOrder, Language::English) => {
                "The order is fetched from Forstok and processed like a webhook. Its invoice may then be created or deleted in Accurate."
            }
            (Self::ImportOrder, Language::Indonesian) => {
                "Pesanan diambil dari Forstok dan diproses seperti webhook. Fakturnya kemudian dapat dibuat atau dihapus di Accurate."
            }
        }
    }
}
