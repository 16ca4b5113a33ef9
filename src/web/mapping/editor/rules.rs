//! The fields of what applies to all orders, payouts and returns.

use super::Maker;
use crate::{
    domain::mapping::{AUTO_CREATE_AT, PostingMode},
    web::mapping::{
        field::{Field, Input},
        form::{CREATE_CUSTOMERS, POSTING, TAX},
        words,
    },
};

impl Maker<'_> {
    /// Whether anything is sent to Accurate.
    pub(super) fn posting(&mut self) -> Field {
        self.words_of(POSTING, &[PostingMode::On, PostingMode::Shadow].map(PostingMode::as_str))
    }

    pub(super) fn rules(&mut self) -> Vec<Field> {
        let page = self.page;
        let statuses = AUTO_CREATE_AT.map(|(word, _)| word);
        let from = self.field("orders_from", words::key("orders_from", page), Input::Day);
        let number = self.field("invoice_number", words::key("invoice_number", page), Input::Text(None));
        let hint = page.t(
            "{channel_order_id} is the marketplace's number, {order_id} Forstok's, {store_id} the store's id.",
            "{channel_order_id} adalah nomor marketplace, {order_id} nomor Forstok, {store_id} ID toko.",
        );
        let number = Field { hint: hint.to_owned(), ..number };
        let description = self.field("description", words::key("description", page), Input::Text(None));
        let hint = page.t("Must contain {order_id}.", "Harus memuat {order_id}.");
        let description = Field { hint: hint.to_owned(), ..description };
        let from = Field {
            label: page.t("Orders from this day on", "Pesanan mulai tanggal").to_owned(),
            hint: page.t("Empty: all orders.", "Kosong: semua pesanan.").to_owned(),
            ..from
        };
        let unmapped = self.words_of("unknown_stores", &["block", "accept"]);
        let unmapped =
            Field { label: page.t("Stores that are not mapped", "Toko yang belum dipetakan").to_owned(), ..unmapped };
        vec![
            self.words_of("auto_create_at", &statuses),
            from,
            self.words_of("invoice_date", &["trigger", "ordered"]),
            number,
            description,
            self.words_of("on_cancel", &["void", "keep"]),
            self.words_of("bundles", &["parent_and_children", "parent", "children"]),
            self.words_of("on_total_difference", &["warn", "block"]),
            unmapped,
            self.words_of(CREATE_CUSTOMERS, &["true", "false"]),
            self.tax(TAX, &["off", "inclusive", "exclusive"]),
        ]
    }

    /// When a payout becomes a receipt.
    pub(super) fn payouts(&mut self) -> Vec<Field> {
        let page = self.page;
        let automatic = page.t(
            "Only if receipts are created automatically; 0: immediately. During these days, a corrected payout still changes its receipt.",
            "Hanya jika penerimaan dibuat otomatis; 0: langsung. Selama hari-hari itu, koreksi pencairan masih mengubah penerimaannya.",
        );
        let delay = page.t("A receipt is never created earlier.", "Penerimaan tidak dibuat lebih awal.");
        let rest = page.t(
            "A difference up to this amount is booked on the account for unexplained differences. A greater one blocks the payout.",
            "Sampai nominal ini, selisih dibukukan ke akun selisih pencairan. Selisih yang lebih besar menahan pencairannya.",
        );
        let beyond = page.t(
            "More than the breakdown explains is a difference without explanation: it is booked up to the limit below, and blocks the payout above it.",
            "Kelebihan yang tidak dijelaskan rinciannya adalah selisih tanpa keterangan: dibukukan sampai batas di bawah, dan di atas itu menahan pencairannya.",
        );
        let overpay = self.inner_choice("payout.on_overpay", &["negative_discount", "block"]);
        let overpay = Field { hint: beyond.to_owned(), ..overpay };
        vec![
            self.inner_choice("payout.post", &["approve", "auto"]),
            self.inner_text("payout.auto_after_days", automatic),
            self.inner_choice("payout.date", &["paid_at", "recorded"]),
            self.inner_choice("payout.before_invoice_date", &["block", "pass"]),
            overpay,
            self.inner_choice("payout.zero_lines", &["omit", "send"]),
            self.inner_text("payout.delay_days", delay),
            self.inner_text("payout.rest_limit", rest),
        ]
    }

    /// When a return record becomes a return.
    pub(super) fn returns(&mut self) -> Vec<Field> {
        let wait = self.page.t(
            "If the goods have not arrived by then, or a refund still has no return record.",
            "Jika sampai saat itu barang belum diterima, atau pengembalian dana belum punya data retur.",
        );
        let tax_number = self.page.t("Empty: Accurate assigns one.", "Jika kosong, ditetapkan oleh Accurate.");
        vec![
            self.inner_choice("returns.source", &["off", "status"]),
            self.inner_choice("returns.on_status", &["block", "full"]),
            self.inner_choice("returns.mode", &["list", "approve", "auto"]),
            self.inner_choice("returns.wait_for", &["received", "accepted"]),
            self.inner_choice("returns.refund_only", &["discount", "not_returned"]),
            self.inner_text("returns.wait_days", wait),
            self.inner_choice("returns.send_status", &["true", "false"]),
            self.inner_choice("returns.restock", &["accurate", "forstok"]),
            self.inner_choice("returns.send_empty_expense", &["true", "false"]),
            self.inner_text("returns.tax_number", tax_number),
            self.inner_choice("returns.closed_month", &["block", "next_open"]),
            self.inner_choice("returns.credit", &["leave", "journal"]),
        ]
    }

    /// When the invoices are compared with those in Accurate.
    pub(super) fn reconciliation(&mut self) -> Vec<Field> {
        let at = self.page.t("For example 02:30. Empty: never.", "Misalnya 02:30. Kosong: tidak pernah.");
        let days = self.page.t("Up to the day before.", "Sampai hari sebelumnya.");
        vec![self.inner_text("reconcile.at", at), self.inner_text("reconcile.days", days)]
    }

    fn inner_choice(&mut self, path: &str, of: &[&str]) -> Field {
        self.words_of_field(&path.replace('.', "/"), path, of)
    }

    fn inner_text(&mut self, path: &str, hint: &str) -> Field {
        let field = self.field(&path.replace('.', "/"), words::key(path, self.page), Input::Text(None));
        Field { hint: hint.to_owned(), ..field }
    }
}
