//! A user who has never seen the page assigns a category to a new fee, approves payouts and sees the result.

use super::chromium::{Chromium, Kind};
use crate::{
    pages::after_sale::{NEW_FEE, a_week_of_payouts, becomes},
    service::{Home, accurate},
};

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    today: [&'static str; 2],
    new_fee: &'static str,
    category: &'static str,
    save: &'static str,
    saved: &'static str,
    approve: &'static str,
    approved: &'static str,
    approve_all: &'static str,
    what_happens: &'static str,
    statement: [&'static str; 3],
    to_book: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    today: ["1 payout needs attention", "1 payout waits for approval"],
    new_fee: "Fees without a category",
    category: "Service fee · 600104",
    save: "Save",
    saved: "Payouts that waited for these categories continue automatically.",
    approve: "Approve",
    approved: "Approved: 1 payout.",
    approve_all: "Approve all",
    what_happens: "Each becomes a sales receipt in Accurate",
    statement: ["Invoice and payments", "Sales receipt N1/1", "Still owed"],
    to_book: "Book a sales return for invoice N3 in Accurate",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    today: ["1 pencairan dana perlu ditangani", "1 pencairan dana menunggu persetujuan"],
    new_fee: "Biaya yang belum berkategori",
    category: "Biaya layanan · 600104",
    save: "Simpan",
    saved: "Pencairan dana yang menunggu kategori ini diproses lagi otomatis.",
    approve: "Setujui",
    approved: "Disetujui: 1 pencairan dana.",
    approve_all: "Setujui semua",
    what_happens: "Masing-masing menjadi Penerimaan Penjualan di Accurate",
    statement: ["Faktur dan pembayarannya", "Penerimaan Penjualan N1/1", "Sisa tagihan"],
    to_book: "Bukukan Retur Penjualan untuk faktur N3 di Accurate",
};

async fn payouts_are_booked(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("payouts-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/payouts").await;
    sees("0-empty").await;
    browser.goes_to("/returns").await;
    sees("0-no-returns").await;
    a_week_of_payouts(&service).await;

    browser.goes_to("/").await;
    browser.shows(&words.today).await;
    sees("1-today").await;
    browser.follows(NEW_FEE).await;
    browser.shows(&[words.new_fee, NEW_FEE]).await;
    sees("2-payouts").await;
    // The names of the fees are sorted, so the new one is the first.
    browser.chooses("fee-0", words.category).await;
    browser.presses(words.save).await;
    browser.shows(&[words.saved]).await;
    becomes(&service, "row-2", "waiting").await;

    browser.goes_to("/payouts?show=approval").await;
    sees("3-to-approve").await;
    // The newest is the first of the list: the payout whose fee is known by now.
    browser.presses(words.approve).await;
    browser.shows(&[words.approved]).await;
    becomes(&service, "row-2", "settled").await;
    browser.presses(words.approve_all).await;
    browser.shows(&[words.what_happens]).await;
    sees("4-approve-all").await;
    browser.presses(words.approve_all).await;
    browser.shows(&[words.approved]).await;
    becomes(&service, "row-1", "settled").await;
    browser.goes_to("/payouts").await;
    sees("5-booked").await;
    browser.follows("N1").await;
    browser.shows(&words.statement).await;
    sees("6-order").await;
    browser.goes_to("/returns").await;
    browser.shows(&[words.to_book]).await;
    sees("7-returns").await;
    browser.goes_to("/payouts/import").await;
    sees("8-import").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_books_payouts_in_the_browser() {
    payouts_are_booked(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_books_payouts_in_indonesian_on_a_phone() {
    payouts_are_booked(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}
