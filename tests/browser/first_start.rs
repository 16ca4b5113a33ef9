//! A new user, from a service that knows nothing to the first invoice, without touching a file.

use std::time::Instant;

use forstok_accurate::sandbox::Running;
use serde_json::{Value, json};

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    pages::setting_up::{new_home, sends_with_key},
    service::accurate,
};

/// What the pages say in one language.
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
    open_mapping: &'static str,
    store_is_new: &'static str,
    suggestion: &'static str,
    create_invoices: &'static str,
    warehouse_on_lines: &'static str,
    warehouse_suggested: &'static str,
    save: &'static str,
    mapping_saved: &'static str,
    back: &'static str,
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
    open_mapping: "Open the mapping",
    store_is_new: "not mapped",
    suggestion: "suggestion",
    create_invoices: "On: create invoices",
    warehouse_on_lines: "Put on every line",
    warehouse_suggested: "Suggestion: Utama",
    save: "Save",
    mapping_saved: "Saved.",
    back: "Back to the setup",
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
    open_mapping: "Buka pemetaan",
    store_is_new: "belum dipetakan",
    suggestion: "saran",
    create_invoices: "Aktif: buat faktur",
    warehouse_on_lines: "Dicantumkan pada setiap baris",
    warehouse_suggested: "Saran: Utama",
    save: "Simpan",
    mapping_saved: "Tersimpan.",
    back: "Kembali ke penyiapan",
    first_day: "Pesanan mulai 01/01/2023 dibuatkan faktur.",
    exactly: "fakturnya persis seperti yang akan dibuat",
    start: "Mulai membuat faktur",
    started: "Faktur dibuat di Accurate.",
};

/// A person's steps in one browser: each is timed, pictured and checked for its width.
struct Person<'a> {
    browser: &'a Chromium,
    kind: Kind,
    began: Instant,
    steps: usize,
}

impl Person<'_> {
    async fn sees(&mut self, step: &str) {
        self.steps += 1;
        let Kind { language, width, .. } = self.kind;
        self.browser.is_pictured(&format!("{language}-{width}-{:02}-{step}", self.steps)).await;
        self.browser.fits_the_screen().await;
        eprintln!("{language} {width}: {:5.1} s {step}", self.began.elapsed().as_secs_f64());
    }
}

/// Every step, each on the pages.
async fn is_set_up(accurate: &Running, kind: Kind, words: &Words) {
    let service = new_home(accurate).serve().await;
    let browser = Chromium::open(&service, kind).await;
    let mut person = Person { browser: &browser, kind, began: Instant::now(), steps: 0 };
    browser.signs_in(words.sign_in).await;
    browser.shows(&[words.link]).await;
    person.sees("today").await;
    browser.follows(words.link).await;
    browser.shows(&[words.generate]).await;
    person.sees("setup").await;

    browser.presses(words.generate).await;
    browser.shows(&[words.copy_it, words.waiting]).await;
    person.sees("key").await;
    let Value::String(key) = browser.script("return document.querySelector('#webhook-key').textContent").await else {
        panic!("no key is shown");
    };
    let mut first = order(1);
    first["order"]["warehouse_code"] = json!("UTAMA");
    assert_eq!(sends_with_key(&service, &key, &first).await.status, 200);
    if !kind.scripts {
        browser.goes_to("/setup").await;
    }
    browser.shows(&[words.received]).await;
    person.sees("received").await;

    browser.types("token-1", "sandbox-token").await;
    browser.types("secret-1", "sandbox-secret").await;
    browser.presses(words.try_and_save).await;
    browser.shows(&[words.accepted, words.unmapped]).await;
    person.sees("credentials").await;
    for kind in ["accounts", "branches", "warehouses", "terms", "customers"] {
        service.get_until(&format!("/v1/books/main/masters/{kind}"), |list| !list["read_at"].is_null()).await;
    }

    browser.follows(words.open_mapping).await;
    browser.shows(&["8277", words.store_is_new, words.suggestion, words.warehouse_suggested]).await;
    person.sees("mapping").await;
    browser.chooses("field-stores-8277-invoicing", words.create_invoices).await;
    browser.types("field-accounts-shipping", "700101").await;
    browser.chooses("field-warehouses", words.warehouse_on_lines).await;
    browser.types("field-warehouses-834", "Utama").await;
    person.sees("mapping-filled").await;
    browser.presses(words.save).await;
    browser.shows(&[words.mapping_saved]).await;
    person.sees("mapping-saved").await;

    browser.follows(words.back).await;
    // The order of typing into a field for a day depends on the machine's language.
    browser.script("document.querySelector('#day').value = '2023-01-01'").await;
    browser.presses_in("4.", words.save).await;
    browser.shows(&[words.first_day]).await;
    person.sees("first-day").await;
    service.order_once("1", "due").await;
    browser.goes_to("/setup").await;
    browser.shows(&[words.exactly, "N1", "Sepatu Formal Hitam Pria", "1 × Rp80.000", "Kantor Pusat", "Utama"]).await;
    person.sees("invoice").await;
    assert_eq!(accurate.sandbox().invoice_count(), 0, "nothing is created before the switch");
    browser.presses(words.start).await;
    browser.shows(&[words.started]).await;
    service.order_once("1", "invoiced").await;
    person.sees("started").await;

    let [invoice] = &accurate.sandbox().invoices_numbered("N1")[..] else { panic!("there is exactly one") };
    assert_eq!(invoice.branch_name.as_deref(), Some("Kantor Pusat"));
    assert_eq!(invoice.lines[0].warehouse_name.as_deref(), Some("Utama"));
    assert_eq!((invoice.total_amount.normalize().to_string().as_str(), &*invoice.description), ("80000", "1"));
    assert_eq!(accurate.sandbox().invoice_count(), 1);
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_gets_to_the_first_invoice_in_the_browser() {
    is_set_up(&accurate().await, Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_gets_to_the_first_invoice_in_indonesian() {
    is_set_up(&accurate().await, Kind::INDONESIAN, &INDONESIAN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_gets_to_the_first_invoice_on_a_phone() {
    is_set_up(&accurate().await, Kind::ENGLISH_PHONE, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_works_in_indonesian_on_a_phone_without_scripts() {
    is_set_up(&accurate().await, Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}
