//! What the reader has just done, as the next page says it.

use super::page::Page;
use crate::domain::reason::Language;

impl Page {
    /// What the reader has just done, which the address says: `done=retried&count=3`.
    pub(super) fn done(&self, query: &str) -> Option<String> {
        let part = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let count = part("count").and_then(|count| count.parse::<u32>().ok()).map_or(0, i64::from);
        let sentence = match part("done")? {
            "retried" => self.t("The order is being tried again.", "Pesanan sedang dicoba lagi."),
            "retried_all" if count == 0 => self.t(
                "There was nothing left to try again: these orders have continued in the meantime.",
                "Tidak ada lagi yang perlu dicoba: pesanan ini sudah berlanjut.",
            ),
            "retried_all" => self.t("{} are being tried again.", "{} sedang dicoba lagi."),
            "acknowledged" => self.t("Acknowledged.", "Sudah ditandai."),
            "acknowledged_all" => self.t("Acknowledged on {}.", "Sudah ditandai pada {}."),
            "by_hand" => self.t(
                "Marked as done by hand. No invoice will be created for this order.",
                "Ditandai sudah dibuat manual. Faktur tidak akan dibuat untuk pesanan ini.",
            ),
            "row_by_hand" => self.t(
                "Marked as done by hand. Nothing will be created for it.",
                "Ditandai sudah dibuat manual. Layanan ini tidak akan membuat dokumen untuknya.",
            ),
            "row_never" => self.t("Nothing will be booked for this.", "Ini tidak akan dibukukan."),
            "row_not_by_hand" => self.t("The mark was taken back.", "Tanda sudah dicabut."),
            "never" => {
                self.t("No invoice will be created for this order.", "Faktur tidak akan dibuat untuk pesanan ini.")
            }
            "now" => self.t("The invoice is being created now.", "Faktur sedang dibuat sekarang."),
            "again" | "create_again" => self.t("The invoice is being created again.", "Faktur sedang dibuat ulang."),
            "undo" => self.t(
                "What was booked for the order is being deleted from Accurate.",
                "Dokumen pesanan ini sedang dihapus dari Accurate.",
            ),
            "none" => self.t("The decision was taken back.", "Keputusan sudah dicabut."),
            "read" => self.t(
                "The webhook could be read this time; its order is being processed.",
                "Kali ini webhook dapat dibaca; pesanannya sedang diproses.",
            ),
            "still_unreadable" => self.t("The webhook still cannot be read.", "Webhook ini masih tidak dapat dibaca."),
            "webhook_gone" => self.t(
                "There was nothing left to read: the webhook was read in the meantime, or its data is no longer stored.",
                "Tidak ada lagi yang perlu dibaca: webhook ini sudah dibaca, atau datanya sudah tidak disimpan.",
            ),
            "secret_saved" => self.t("Saved.", "Tersimpan."),
            "way_confirmed" => self.t(
                "Webhooks of this kind are accepted from now on. To receive one, change an order in Forstok.",
                "Mulai sekarang webhook dengan cara ini diterima. Untuk mencobanya, ubah salah satu pesanan di Forstok.",
            ),
            "credentials_saved" => self.t(
                "Accurate accepts the credentials. They are saved.",
                "Accurate menerima kredensialnya, dan nilainya tersimpan.",
            ),
            "first_day_saved" => self.t("The first day is saved.", "Tanggal mulai tersimpan."),
            "setup_started" => self.t(
                "Invoices are created in Accurate from now on.",
                "Mulai sekarang faktur dibuat di Accurate.",
            ),
            "mapping_saved" => self.t(
                "Saved. Waiting orders are re-evaluated with the new mapping.",
                "Tersimpan. Pesanan yang menunggu diproses ulang dengan pemetaan baru.",
            ),
            "mapping_same" => self.t("Nothing was changed.", "Tidak ada yang diubah."),
            "mapping_restored" => self.t(
                "Restored. Waiting orders are re-evaluated with this mapping.",
                "Dipulihkan. Pesanan yang menunggu diproses ulang dengan pemetaan ini.",
            ),
            "started" => self.t(
                "Invoices are being created from now on.",
                "Mulai sekarang faktur dibuat di Accurate.",
            ),
            "started_before" => self.t("Invoices were being created already.", "Faktur memang sudah dibuat otomatis."),
            "comparing" => self.t("{} are being compared again.", "{} sedang dibandingkan lagi."),
            "comparing_books" => self.t(
                "The comparison with Accurate has begun.",
                "Perbandingan dengan Accurate sudah dimulai.",
            ),
            "findings_closed" if count == 0 => self.t(
                "No finding was closed: what you saw has changed in the meantime.",
                "Tidak ada temuan yang ditutup: data yang Anda lihat sudah berubah.",
            ),
            "findings_closed" => {
                let findings = self.counted(count, "finding", "findings", "temuan");
                return Some(self.t("Closed: {}.", "Ditutup: {}.").replace("{}", &findings));
            }
            "finding_closed" => self.t("The finding is closed.", "Temuan sudah ditutup."),
            "accept_deleted" => self.t(
                "The order is now treated as having no invoice.",
                "Pesanan ini sekarang dianggap tanpa faktur.",
            ),
            "import_order" => self.t("The order was imported.", "Pesanan sudah diimpor."),
            "adopt" => self.t(
                "The invoice's data in Accurate applies from now on.",
                "Mulai sekarang data faktur di Accurate yang dipakai.",
            ),
            "checked" => self.t("Checked just now.", "Baru saja diperiksa."),
            "list_requested" => self.t("The list is being read again.", "Daftar ini sedang dibaca ulang."),
            word => return self.done_after_sale(word, count),
        };
        let orders = match (self.language, count) {
            (Language::English, 1) => return Some(sentence.replace("{} are", "1 order is")),
            _ => self.orders(count),
        };
        Some(sentence.replace("{}", &orders))
    }

    /// What the reader has just done about payouts and returns.
    fn done_after_sale(&self, word: &str, count: i64) -> Option<String> {
        let sentence = |english, indonesian| self.t(english, indonesian).to_owned();
        Some(match word {
            "fees_saved" => sentence(
                "Saved. Payouts that waited for these categories continue automatically.",
                "Tersimpan. Pencairan dana yang menunggu kategori ini diproses lagi otomatis.",
            ),
            "fees_lack_account" => sentence(
                "Saved. Not every category has an account yet: “Fees and their categories” on this page names those that lack one.",
                "Tersimpan. Belum semua kategori memiliki akun: yang belum disebut di “Biaya dan kategorinya” di halaman ini.",
            ),
            "none_chosen" => sentence(
                "Nothing was chosen. Tick the rows that you want to approve.",
                "Belum ada yang dipilih. Centang baris yang ingin Anda setujui.",
            ),
            "approved_payouts" | "approved_returns" if count == 0 => sentence(
                "Nothing was approved, because the data has changed since you opened the page. Check it again.",
                "Tidak ada yang disetujui karena datanya sudah berubah sejak halaman dibuka. Periksa lagi.",
            ),
            "approved_payouts" => {
                let payouts = self.counted(count, "payout", "payouts", "pencairan dana");
                let words = self.t(
                    "Approved: {}. Each becomes a sales receipt in Accurate.",
                    "Disetujui: {}. Masing-masing menjadi Penerimaan Penjualan di Accurate.",
                );
                words.replace("{}", &payouts)
            }
            "approved_returns" => {
                let returns = self.counted(count, "return", "returns", "retur");
                let words = self.t(
                    "Approved: {}. Each becomes a sales return in Accurate.",
                    "Disetujui: {}. Masing-masing menjadi Retur Penjualan di Accurate.",
                );
                words.replace("{}", &returns)
            }
            _ => return None,
        })
    }
}
