//! A change of the mapping: tried on past orders, saved, looked up in the history, and taken back; and the page of
//! SKUs.

use super::{
    chromium::{Chromium, Kind},
    story::settled,
};
use crate::service::{Home, accurate};

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    before: [&'static str; 3],
    create_invoices: &'static str,
    try_it: &'static str,
    tried: [&'static str; 3],
    save: &'static str,
    saved: &'static str,
    history: &'static str,
    revision: [&'static str; 2],
    restore: [&'static str; 2],
    restored: [&'static str; 2],
    why: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    before: ["not mapped", "waiting: 1 order", "suggestion"],
    create_invoices: "On: create invoices",
    try_it: "Try on past orders",
    tried: [
        "Tried on past orders; nothing is saved yet",
        "1 order: from “Needs attention: This store is not in the mapping” to “invoice” (Rp100.000).",
        "Existing invoices stay as they are.",
    ],
    save: "Save",
    saved: "Saved. Waiting orders are re-evaluated with the new mapping.",
    history: "Mapping history",
    revision: ["Revision 2", "Store 4040: branch"],
    restore: ["Restore…", "Restore revision 1"],
    restored: ["Restored. Waiting orders are re-evaluated with this mapping.", "Revision 3"],
    why: "Why (optional)",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    before: ["belum dipetakan", "menunggu: 1 pesanan", "saran"],
    create_invoices: "Aktif: buat faktur",
    try_it: "Coba pada pesanan lama",
    tried: [
        "Dicoba pada pesanan lama; belum ada yang disimpan",
        "1 pesanan: dari “Perlu ditangani: Toko ini belum ada di pemetaan",
        "Faktur yang sudah ada tidak berubah.",
    ],
    save: "Simpan",
    saved: "Tersimpan.",
    history: "Riwayat pemetaan",
    revision: ["Revisi 2", "Toko 4040: cabang"],
    restore: ["Pulihkan…", "Pulihkan revisi 1"],
    restored: ["Dipulihkan.", "Revisi 3"],
    why: "Alasan (opsional)",
};

async fn is_changed(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = settled(&Home::new(&accurate)).await;
    for kind in ["accounts", "branches", "warehouses", "terms", "customers"] {
        service.get_until(&format!("/v1/books/main/masters/{kind}"), |list| !list["read_at"].is_null()).await;
    }
    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("change-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/mapping").await;
    browser.shows(&["4040 Toko Baru"]).await;
    browser.shows(&words.before).await;
    sees("1-mapping").await;
    browser.chooses("field-stores-4040-invoicing", words.create_invoices).await;
    browser.presses(words.try_it).await;
    browser.shows(&words.tried).await;
    sees("2-tried").await;
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1);
    assert_eq!(service.get("/v1/orders/138500009").await.json()["state"], "blocked");

    browser.presses(words.save).await;
    browser.shows(&[words.saved]).await;
    sees("3-saved").await;
    service.order_once("138500009", "invoiced").await;
    browser.follows(words.history).await;
    browser.shows(&words.revision).await;
    browser.shows(&["Kantor Pusat"]).await;
    sees("4-history").await;
    browser.follows(words.restore[0]).await;
    sees("5-restore").await;
    browser.presses(words.restore[1]).await;
    browser.shows(&words.restored).await;
    sees("6-restored").await;
    assert_eq!(service.get("/v1/orders/138500009").await.json()["state"], "invoiced", "an invoice never changes");
    browser.goes_to("/mapping/skus").await;
    browser.shows(&["AAA2002", words.why]).await;
    sees("7-skus").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_on_past_orders_and_saved_in_the_browser() {
    is_changed(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_and_saved_in_indonesian() {
    is_changed(Kind::INDONESIAN, &INDONESIAN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_and_saved_on_a_phone() {
    is_changed(Kind::ENGLISH_PHONE, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_and_saved_in_indonesian_on_a_phone_without_scripts() {
    is_changed(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}
