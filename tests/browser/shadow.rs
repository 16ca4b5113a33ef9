//! Shadow mode, chosen on the page *Mapping* and left again.

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    heading: &'static str,
    before: &'static str,
    shadow: &'static str,
    save: &'static str,
    saved: &'static str,
    meanwhile: &'static str,
    on: &'static str,
    history: &'static str,
    revision: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    heading: "Sending to Accurate",
    before: "Once you save with it, nothing is created, changed or deleted in Accurate",
    shadow: "Nothing is sent; drafts are only compared (shadow mode)",
    save: "Save",
    saved: "Saved.",
    meanwhile: "Switch the other integration off first.",
    on: "Created and deleted automatically",
    history: "Mapping history",
    revision: "Revision 3",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    heading: "Pengiriman ke Accurate",
    before: "tidak ada yang dibuat, diubah, atau dihapus di Accurate",
    shadow: "Tidak ada yang dikirim; draf hanya dibandingkan (mode bayangan)",
    save: "Simpan",
    saved: "Tersimpan.",
    meanwhile: "Nonaktifkan dulu integrasi yang lain.",
    on: "Dibuat dan dihapus otomatis",
    history: "Riwayat pemetaan",
    revision: "Revisi 3",
};

async fn is_entered_and_left(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("shadow-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/mapping").await;
    browser.shows(&[words.heading, words.before]).await;
    sees("1-on").await;
    browser.chooses("field-posting", words.shadow).await;
    browser.presses(words.save).await;
    browser.shows(&[words.saved, words.meanwhile]).await;
    sees("2-shadow").await;
    service.send(&order(1)).await;
    service.order_once("1", "due").await;
    assert_eq!(accurate.sandbox().invoice_count(), 0, "nothing is sent");

    browser.chooses("field-posting", words.on).await;
    browser.presses(words.save).await;
    browser.shows(&[words.saved, words.before]).await;
    service.order_once("1", "invoiced").await;
    browser.follows(words.history).await;
    browser.shows(&[words.revision]).await;
    sees("3-history").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_entered_and_left_in_the_browser() {
    is_entered_and_left(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_entered_and_left_in_indonesian() {
    is_entered_and_left(Kind::INDONESIAN, &INDONESIAN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_entered_and_left_on_a_phone() {
    is_entered_and_left(Kind::ENGLISH_PHONE, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_entered_and_left_in_indonesian_on_a_phone_without_scripts() {
    is_entered_and_left(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}
