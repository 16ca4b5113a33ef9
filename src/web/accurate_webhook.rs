//! Whether Accurate reports changes of its invoices, in words.

use super::{format, page::Page};
use crate::storage::AccurateWebhook;

/// What the page says about it.
pub(super) struct Reports {
    /// Whether somebody should look.
    pub(super) has_failed: bool,
    pub(super) sentence: String,
    pub(super) remedy: &'static str,
    /// Accurate's own message; empty if there is none.
    pub(super) words: String,
}

impl Reports {
    pub(super) fn new(webhook: AccurateWebhook, page: &Page) -> Self {
        let until = webhook.ends_at.map(format::moment);
        let has_failed = webhook.failures > 0 || webhook.ends_at.is_some_and(|at| at <= page.now);
        let sentence = match (until, webhook.ends_at.is_some_and(|at| at <= page.now)) {
            (None, _) => page
                .t(
                    "Accurate has not yet confirmed that it reports changes.",
                    "Accurate belum mengonfirmasi laporan perubahan.",
                )
                .to_owned(),
            (Some(until), true) => {
                format!(
                    "{} {until}.",
                    page.t("Accurate has reported no changes since", "Accurate tidak melaporkan perubahan sejak")
                )
            }
            (Some(until), false) => {
                format!("{} {until}.", page.t("Accurate reports changes until", "Accurate melaporkan perubahan sampai"))
            }
        };
        let remedy = if has_failed {
            page.t(
                "The service keeps asking Accurate to renew its webhooks. Check that the address of the webhook is still \
                 entered in Accurate's developer area, for the same app as the API Token. Until then, changes are found by \
                 the nightly reconciliation only.",
                "Layanan terus meminta perpanjangan kepada Accurate. Periksa apakah alamat webhook masih terdaftar di \
                 area developer Accurate, pada aplikasi yang sama dengan API Token. Sementara itu, perubahan baru \
                 ditemukan saat rekonsiliasi malam.",
            )
        } else {
            page.t(
                "Invoices that somebody changes or deletes in Accurate are checked within a few minutes.",
                "Faktur yang diubah atau dihapus di Accurate diperiksa dalam beberapa menit.",
            )
        };
        Self { has_failed, sentence, remedy, words: webhook.failure }
    }
}
