//! A new user, from a service that knows nothing to the first invoice, without touching a file.

use forstok_accurate::sandbox::Running;
use serde_json::Value;

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    pages::setting_up::{maps_the_stores, new_home, sends_with_key},
    service::{Service, accurate},
};

/// What the page says in one language.
struct Words {
    sign_in: &'static str,
    link: &'static str,
    generate: &'static str,
    copy_it: &'static str,
    waiting: &'static str,
    received: &'static str,
    try_and_save: &'static str,
    accepted: &'static str,
    unmapped: &'static str,
    save: &'static str,
    first_day: &'static str,
    exactly: &'static str,
    start: &'static str,
    started: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    link: "Set up: step 1 of 5",
    generate: "Generate a key",
    copy_it: "Copy it into Forstok now",
    waiting: "Waiting for the first webhook…",
    received: "received ✓",
    try_and_save: "Try and save",
    accepted: "Accurate accepts the credentials. They are saved.",
    unmapped: "Stores not mapped yet",
    save: "Save",
    first_day: "Orders from 01/01/2023 on get an invoice.",
    exactly: "its invoice exactly as it will be created",
    start: "Start creating invoices",
    started: "Invoices are created in Accurate.",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    link: "Penyiapan: langkah 1 dari 5",
    generate: "Buat kunci",
    copy_it: "Salin ke Forstok sekarang",
    waiting: "Menunggu webhook pertama…",
    received: "diterima ✓",
    try_and_save: "Coba dan simpan",
    accepted: "Accurate menerima kredensialnya, dan nilainya tersimpan.",
    unmapped: "Toko belum terpetakan",
    save: "Simpan",
    first_day: "Pesanan mulai 01/01/2023 dibuatkan faktur.",
    exactly: "fakturnya persis seperti yang akan dibuat",
    start: "Mulai membuat faktur",
    started: "Faktur dibuat di Accurate.",
};

/// Every step; returns the service.
async fn is_set_up(accurate: &Running, kind: Kind, words: &Words) -> Service {
    let service = new_home(accurate).serve().await;
    let browser = Chromium::open(&service, kind).await;
    browser.signs_in(words.sign_in).await;
    browser.follows(words.link).await;
    browser.is_pictured(&format!("{}-1-open", kind.language)).await;
    browser.presses(words.generate).await;
    browser.shows(&[words.copy_it, words.waiting]).await;
    browser.is_pictured(&format!("{}-2-key", kind.language)).await;
    let Value::String(key) = browser.script("return document.querySelector('#webhook-key').textContent").await else {
        panic!("no key is shown");
    };
    assert_eq!(sends_with_key(&service, &key, &order(1)).await.status, 200);
    if !kind.scripts {
        browser.goes_to("/setup").await;
    }
    browser.shows(&[words.received]).await;
    browser.is_pictured(&format!("{}-3-received", kind.language)).await;

    browser.types("token-1", "sandbox-token").await;
    browser.types("secret-1", "sandbox-secret").await;
    browser.presses(words.try_and_save).await;
    browser.shows(&[words.accepted, words.unmapped]).await;
    browser.is_pictured(&format!("{}-4-credentials", kind.language)).await;
    // The order of typing into a field for a day depends on the machine's language.
    browser.script("document.querySelector('#day').value = '2023-01-01'").await;
    browser.presses_in("4.", words.save).await;
    browser.shows(&[words.first_day]).await;

    maps_the_stores(&service).await;
    service.order_once("1", "due").await;
    browser.goes_to("/setup").await;
    browser.shows(&[words.exactly, "N1"]).await;
    browser.is_pictured(&format!("{}-5-invoice", kind.language)).await;
    assert_eq!(accurate.sandbox().invoice_count(), 0, "nothing is created before the switch");
    browser.presses(words.start).await;
    browser.shows(&[words.started]).await;
    browser.is_pictured(&format!("{}-6-started", kind.language)).await;
    service.order_once("1", "invoiced").await;
    let wide = browser.script("return document.documentElement.scrollWidth > window.innerWidth").await;
    assert_eq!(wide, false, "the page is wider than the screen");
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_gets_to_the_first_invoice_in_the_browser() {
    let accurate = accurate().await;
    let service = is_set_up(&accurate, Kind::ENGLISH, &ENGLISH).await;
    assert_eq!(accurate.sandbox().invoice_count(), 1);
    drop(service);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_works_in_indonesian_on_a_phone_without_scripts() {
    let accurate = accurate().await;
    let service = is_set_up(&accurate, Kind::INDONESIAN_PHONE, &INDONESIAN).await;
    assert_eq!(accurate.sandbox().invoice_count(), 1);
    drop(service);
}
