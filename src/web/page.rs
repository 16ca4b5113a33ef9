//! What every page knows: its reader, the language, and how much needs attention on each page.

use std::borrow::Borrow;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
    response::{Html, IntoResponse, Response},
};
use jiff::Timestamp;

use super::{
    assets::{self, Addresses},
    format, language,
    to_do::Waiting,
};
use crate::{
    domain::{
        WIB,
        operator::{Actor, Role},
        reason::Language,
    },
    http::{App, problem::Problem},
    storage::State,
};

/// A page in the navigation.
pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) icon: &'static str,
    pub(super) text: &'static str,
    /// How much needs attention there.
    pub(super) count: i64,
    /// Whether the reader is there.
    pub(super) is_here: bool,
}

/// What every page knows.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Who reads it; nobody on the sign-in page.
    pub(super) actor: Option<Actor>,
    pub(super) language: Language,
    pub(super) now: Timestamp,
    /// Path and query, to come back to.
    pub(super) here: String,
    /// Orders that need attention.
    pub(super) blocked: i64,
    /// What waits for a person on other pages.
    pub(super) waiting: Waiting,
    /// Nothing is sent to Accurate, as the mapping says.
    pub(super) is_in_shadow: bool,
    /// What the reader has just done, in words.
    pub(super) done: Option<String>,
}

impl Page {
    /// A page for a reader who is not signed in.
    pub(super) fn of_nobody(app: &App, headers: &HeaderMap, here: &str) -> Self {
        let language = language::of(app, headers);
        let (here, is_in_shadow) = (here.to_owned(), false);
        Self {
            actor: None,
            language,
            now: app.engine.now(),
            here,
            blocked: 0,
            waiting: Waiting::default(),
            is_in_shadow,
            done: None,
        }
    }

    /// The text in the reader's language.
    pub(super) fn t(&self, english: &'static str, indonesian: &'static str) -> &'static str {
        match self.language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }

    pub(super) fn lang(&self) -> &'static str {
        self.t("en", "id")
    }

    /// The navigation.
    pub(super) fn links(&self) -> [Link; 8] {
        let link = |path, icon, text, count| Link { path, icon, text, count, is_here: self.is_in(path) };
        [
            link("/", "today", self.t("Today", "Hari ini"), 0),
            link("/problems", "problems", self.t("Needs attention", "Perlu ditangani"), self.blocked),
            link("/orders", "orders", self.t("Orders", "Pesanan"), 0),
            link("/payouts", "payouts", self.t("Payouts", "Pencairan dana"), self.waiting.payouts),
            link("/returns", "returns", self.t("Returns", "Retur"), self.waiting.returns),
            link("/reconciliation", "reconciliation", self.t("Reconciliation", "Rekonsiliasi"), self.waiting.findings),
            link("/mapping", "mapping", self.t("Mapping", "Pemetaan"), 0),
            link("/connection", "connection", self.t("Accurate connection", "Koneksi Accurate"), 0),
        ]
    }

    /// Whether the reader is on this page, or on one below it.
    fn is_in(&self, path: &str) -> bool {
        let here = self.here.split('?').next().unwrap_or_default();
        here == path || (path != "/" && here.strip_prefix(path).is_some_and(|below| below.starts_with('/')))
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn assets(&self) -> &'static Addresses {
        assets::addresses()
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.actor.is_some()
    }

    pub(super) fn name(&self) -> &str {
        self.actor.as_ref().map_or("", |actor| &actor.name)
    }

    /// Whether the reader's role allows it.
    pub(super) fn may(&self, needed: Role) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.may(needed))
    }

    /// Whether the reader may change secrets and the mapping.
    pub(super) fn may_administer(&self) -> bool {
        self.may(Role::Admin)
    }

    /// Whether the reader may retry, decide and acknowledge.
    pub(super) fn may_work(&self) -> bool {
        self.may(Role::Work)
    }

    /// Whether to show that nothing is sent to Accurate: on every page except those that say it anyway.
    pub(super) fn shows_shadow(&self) -> bool {
        self.is_in_shadow && !self.is_in("/mapping/shadow") && !self.is_in("/setup")
    }

    pub(super) fn role(&self) -> &'static str {
        match self.actor.as_ref().map(|actor| actor.role) {
            None => "",
            Some(Role::Read) => self.t("can view", "boleh melihat"),
            Some(Role::Work) => self.t("can process orders", "boleh memproses pesanan"),
            Some(Role::Admin) => self.t("admin", "admin"),
        }
    }

    /// What the reader has just done, which the address says: `done=retried&count=3`.
    fn done(&self, query: &str) -> Option<String> {
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

    /// `1 order`, `12 orders`, `12 pesanan`.
    pub(super) fn orders(&self, number: impl Borrow<i64>) -> String {
        self.counted(number, "order", "orders", "pesanan")
    }

    /// A number with what it counts.
    pub(super) fn counted(
        &self,
        number: impl Borrow<i64>,
        one: &'static str,
        many: &'static str,
        indonesian: &'static str,
    ) -> String {
        let number = *number.borrow();
        let word = self.t(if number == 1 { one } else { many }, indonesian);
        format!("{} {word}", format::count(number))
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn count(&self, number: impl Borrow<i64>) -> String {
        format::count(*number.borrow())
    }

    pub(super) fn ago(&self, at: Timestamp) -> String {
        format::ago(at, self.now, self.language)
    }

    pub(super) fn since(&self, at: impl Borrow<Timestamp>) -> String {
        format::duration(self.now.duration_since(*at.borrow()), self.language)
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn moment(&self, at: impl Borrow<Timestamp>) -> String {
        format::moment(*at.borrow())
    }

    /// `Monday 26/11/2026, 10:32:05 WIB`.
    pub(super) fn today(&self) -> String {
        let here = WIB.to_datetime(self.now);
        format!("{} {}", format::weekday(here.date(), self.language), here.strftime("%d/%m/%Y, %H:%M:%S WIB"))
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
        let actor = parts.extensions.get::<Actor>().cloned().ok_or(Problem::TokenWrong)?;
        let (blocked, waiting) = (blocked(app).await?, Waiting::read(app).await?);
        let page = Self::of_nobody(app, &parts.headers, here);
        let done = page.done(parts.uri.query().unwrap_or_default());
        Ok(Self { actor: Some(actor), blocked, waiting, is_in_shadow: app.engine.is_in_shadow(), done, ..page })
    }
}

/// How many orders need attention.
pub(super) async fn blocked(app: &App) -> Result<i64, Problem> {
    let counts = app.engine.storage().counts().await?;
    Ok(counts.iter().filter(|count| count.state == State::Blocked).map(|count| count.orders).sum())
}

/// A rendered template as an answer.
pub(super) fn html(template: &impl Template) -> Result<Response, Problem> {
    template.render().map(|text| Html(text).into_response()).map_err(|error| {
        tracing::error!("a page could not be rendered: {error}");
        Problem::Broken
    })
}

/// A path with these parameters, percent-encoded.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encoded for a parameter's value.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The path to continue on, if it is our own, else the first page.
pub(super) fn own_path(text: &str) -> &str {
    let own = text.starts_with('/')
        && !text[1..].starts_with(['/', '\\'])
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leaves_this_site() {
        for path in ["/", "/orders?state=blocked", "/orders/1?form=by_hand"] {
            assert_eq!(own_path(path), path);
        }
        for path in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "/a\r\nb", "javascript:x"]
        {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
