//! Reasons about receipts and returns, whose general words are about invoices.

use super::{Language, Reason};
use crate::domain::document::Kind;

/// A sentence and a remedy, in English and in Indonesian. `{}` stands for the document.
type Words = [(&'static str, &'static str); 2];

#[expect(clippy::too_many_lines, reason = "one arm for each reason")]
fn words(reason: Reason) -> Option<Words> {
    Some(match reason {
        Reason::NumberConflict => [
            (
                "Another document in Accurate has the number of this {} or of its invoice, or it was changed or renumbered \
                 there.",
                "Compare the document named here in Accurate; correct, renumber or delete it there, then retry the order.",
            ),
            (
                "Nomor {} ini atau nomor fakturnya dipakai dokumen lain di Accurate, atau dokumennya telah diubah atau \
                 diganti nomornya di sana.",
                "Bandingkan dokumen yang disebut di sini di Accurate; perbaiki, ganti nomornya, atau hapus di sana, lalu coba lagi \
                 pesanannya.",
            ),
        ],
        Reason::InvoicePaid => [
            (
                "Less is owed on the invoice in Accurate than this {} would pay.",
                "Compare the invoice with its receipts and returns in Accurate. If the invoice was changed, correct it. If \
                 one of them books this payout already, mark the payout as done by hand; if one of them is wrong, delete \
                 it. Then retry.",
            ),
            (
                "Sisa tagihan faktur di Accurate lebih kecil daripada {} ini.",
                "Bandingkan faktur tersebut dengan penerimaan dan returnya di Accurate. Bila fakturnya telah diubah, \
                 perbaiki. Bila salah satunya sudah membukukan pencairan ini, tandai pencairan sebagai sudah dibuat \
                 manual; bila ada yang keliru, hapus. Lalu coba lagi.",
            ),
        ],
        Reason::PeriodClosed => [
            (
                "Accurate does not accept a {} on this date.",
                "Reopen the period in Accurate, or correct the company's start date; the {} is then created \
                 automatically.",
            ),
            (
                "Accurate tidak menerima {} pada tanggal ini.",
                "Buka kembali periode tersebut di Accurate, atau perbaiki tanggal mulai data usaha; {} kemudian dibuat \
                 otomatis.",
            ),
        ],
        Reason::RefusedByAccurate => [
            (
                "Accurate refused the {}.",
                "Read Accurate's message and fix the cause; the {} is then retried automatically.",
            ),
            (
                "Accurate menolak {} ini.",
                "Baca pesan dari Accurate dan perbaiki penyebabnya; {} kemudian dicoba lagi secara otomatis.",
            ),
        ],
        Reason::AccountInactive => [
            (
                "An account of this {} is inactive in Accurate.",
                "Activate the account in Accurate or map another one; the {} is then retried automatically.",
            ),
            (
                "Akun pada {} ini berstatus nonaktif di Accurate.",
                "Aktifkan akun tersebut di Accurate atau petakan ke akun lain; {} kemudian dicoba lagi otomatis.",
            ),
        ],
        Reason::AccountUnmapped => [
            (
                "An account that this {} needs is not chosen in the mapping, or does not exist in Accurate.",
                "Choose an account that exists in Accurate: the account of a category under Accounts, the Cash & Bank \
                 account of a store under Stores; the {} is then created automatically.",
            ),
            (
                "Akun yang diperlukan {} ini belum dipilih di pemetaan, atau tidak ada di Accurate.",
                "Pilih akun yang ada di Accurate: akun suatu kategori di bagian Akun Perkiraan, akun Kas & Bank toko di \
                 bagian Toko; {} kemudian dibuat otomatis.",
            ),
        ],
        Reason::BranchRequired => [
            ("Accurate requires a branch on this {}.", "Choose a branch of Accurate for this store in the mapping."),
            ("Accurate mewajibkan cabang pada {} ini.", "Tentukan Cabang untuk toko ini di pemetaan."),
        ],
        Reason::KeepsFailing => [
            (
                "Accurate keeps answering this {} with an error of its own.",
                "Read Accurate's message and book the {} in Accurate yourself, or contact Accurate's support; the \
                 service retries once a day.",
            ),
            (
                "Accurate terus membalas {} ini dengan kesalahan dari sistemnya sendiri.",
                "Baca pesan dari Accurate lalu bukukan {} langsung di Accurate, atau hubungi dukungan Accurate; \
                 layanan ini mencoba lagi sekali sehari.",
            ),
        ],
        Reason::StoredDataUnreadable => [
            (
                "This version of the program cannot read what is stored about this {}.",
                "Retry the order. If this comes back, send the payout or the return again, update the program, or book \
                 it in Accurate and mark it as done by hand.",
            ),
            (
                "Data {} ini yang tersimpan tidak dapat dibaca oleh versi program ini.",
                "Coba lagi pesanannya. Bila tetap gagal, kirim ulang pencairan dana atau returnya, perbarui program, \
                 atau bukukan di Accurate lalu tandai sudah dibuat manual.",
            ),
        ],
        Reason::ByHand => [
            ("A person has booked it in Accurate by hand.", "Nothing to do; the mark can be taken back."),
            ("Sudah dibukukan manual di Accurate.", "Tidak ada yang perlu dilakukan; tanda ini dapat dicabut."),
        ],
        Reason::Excluded => [
            ("A person decided that nothing is booked for it.", "Nothing to do; the mark can be taken back."),
            ("Pengguna memutuskan ini tidak dibukukan.", "Tidak ada yang perlu dilakukan; tanda ini dapat dicabut."),
        ],
        _ => return None,
    })
}

fn named(document: Kind, language: Language) -> &'static str {
    match (document, language) {
        (Kind::Invoice, Language::English) => "invoice",
        (Kind::Invoice, Language::Indonesian) => "faktur",
        (Kind::Receipt, Language::English) => "sales receipt",
        (Kind::Receipt, Language::Indonesian) => "penerimaan penjualan",
        (Kind::Return, Language::English) => "sales return",
        (Kind::Return, Language::Indonesian) => "retur penjualan",
    }
}

/// What to do about a row of an order for which this service books nothing.
pub fn book_it_there_too(document: Kind, language: Language) -> &'static str {
    match (document, language) {
        (Kind::Return, Language::English) => {
            "This service books nothing for this order. If its sale is in Accurate, book the return there, too."
        }
        (Kind::Return, Language::Indonesian) => {
            "Layanan ini tidak membukukan apa pun untuk pesanan ini. Bila penjualannya ada di Accurate, bukukan juga \
             returnya di sana."
        }
        (_, Language::English) => {
            "This service books nothing for this order. If its sale is in Accurate, book the payout there, too."
        }
        (_, Language::Indonesian) => {
            "Layanan ini tidak membukukan apa pun untuk pesanan ini. Bila penjualannya ada di Accurate, bukukan juga \
             pencairannya di sana."
        }
    }
}

impl Reason {
    /// What is wrong with a document of this kind, in one sentence.
    pub fn sentence_about(self, document: Kind, language: Language) -> String {
        self.about(document, language).map_or_else(|| self.sentence(language).to_owned(), |(sentence, _)| sentence)
    }

    /// What to do about a document of this kind, in one sentence.
    pub fn remedy_about(self, document: Kind, language: Language) -> String {
        self.about(document, language).map_or_else(|| self.remedy(language).to_owned(), |(_, remedy)| remedy)
    }

    fn about(self, document: Kind, language: Language) -> Option<(String, String)> {
        let [english, indonesian] = words(self).filter(|_| document != Kind::Invoice)?;
        let (sentence, remedy) = match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        let name = named(document, language);
        Some((sentence.replace("{}", name), remedy.replace("{}", name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_or_return_is_not_called_an_invoice() {
        let said = |document, language| Reason::NumberConflict.sentence_about(document, language);
        let english = Language::English;
        assert_eq!(
            said(Kind::Receipt, english),
            "Another document in Accurate has the number of this sales receipt or of its invoice, or it was changed or \
             renumbered there."
        );
        assert_eq!(
            said(Kind::Return, english),
            "Another document in Accurate has the number of this sales return or of its invoice, or it was changed or \
             renumbered there."
        );
        assert_eq!(said(Kind::Invoice, english), Reason::NumberConflict.sentence(english));
        let indonesian = Reason::RefusedByAccurate.sentence_about(Kind::Receipt, Language::Indonesian);
        assert_eq!(indonesian, "Accurate menolak penerimaan penjualan ini.");
        let unchanged = Reason::PayoutLate.remedy_about(Kind::Receipt, english);
        assert_eq!(unchanged, Reason::PayoutLate.remedy(english));
    }
}
