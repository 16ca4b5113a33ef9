//! A person who has never seen the page imports a file: it is checked, imported, and every sort of row is brought to
//! its end.

use serde_json::Value;

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    pages::{
        after_sale::{NEW_FEE, becomes},
        payout_import::income_workbook,
    },
    service::{Home, Service, accurate},
};

/// Four payouts: one as it should be, one with a new fee, one whose amounts do not add up, one of an unknown order. All
/// their amounts are ambiguous.
const FILE: &str = "Nomor Pesanan;Tanggal;Dana Diterima;subtotal;service_fee;Biaya Program XTRA\n\
                    N1;05/12/2023;70.000;80.000;-10.000;\n\
                    N2;05/12/2023;69.000;80.000;-10.000;-1.000\n\
                    N3;05/12/2023;69.500;80.000;-10.000;\n\
                    N9;05/12/2023;40.000;50.000;-10.000;\n";

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    kind: &'static str,
    check: &'static str,
    import: &'static str,
    which_numbers: &'static str,
    numbers: &'static str,
    picture: &'static str,
    too_large: &'static str,
    not_read: &'static str,
    readable: [&'static str; 2],
    imported: &'static str,
    outcome: &'static str,
    outcomes: [&'static str; 2],
    save: &'static str,
    remembered: &'static str,
    unknown_fee: &'static str,
    category: &'static str,
    corrected: &'static str,
    sorts: [&'static str; 3],
    approved: &'static str,
    approve_all: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    kind: "Any table with one row for each payout",
    check: "Check the file",
    import: "Import",
    which_numbers: "choose the number format above",
    numbers: "Indonesian: 1.000,00",
    picture: "it is a picture",
    too_large: "The file is too large",
    not_read: "has numbers in 1 row and is not imported",
    readable: ["The file can be read; nothing is imported yet", "4 · Rp248.500"],
    imported: "4 payouts imported",
    outcome: "Download the outcome of each row",
    outcomes: ["Outcome", ",new,"],
    save: "Save",
    remembered: "The columns are remembered",
    unknown_fee: "1 fee without a category",
    category: "Service fee · 600104",
    corrected: "1 payout imported",
    sorts: ["Needs attention", "Waiting for approval", "Order not found"],
    approved: "Approved: 4 payouts.",
    approve_all: "Approve all",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    kind: "Tabel apa pun dengan satu baris per pencairan dana",
    check: "Periksa berkas",
    import: "Impor",
    which_numbers: "pilih format angka di atas",
    numbers: "Indonesia: 1.000,00",
    picture: "berkas ini gambar",
    too_large: "Berkasnya terlalu besar",
    not_read: "berisi angka di 1 baris dan tidak diimpor",
    readable: ["Berkas dapat dibaca; belum ada yang diimpor", "4 · Rp248.500"],
    imported: "4 pencairan dana diimpor",
    outcome: "Unduh hasil setiap baris",
    outcomes: ["Hasil", ",baru,"],
    save: "Simpan",
    remembered: "Kolomnya diingat",
    unknown_fee: "1 biaya belum berkategori",
    category: "Biaya layanan · 600104",
    corrected: "1 pencairan dana diimpor",
    sorts: ["Perlu ditangani", "Menunggu persetujuan", "Pesanan tidak ditemukan"],
    approved: "Disetujui: 4 pencairan dana.",
    approve_all: "Setujui semua",
};

/// The id of the payout with this order number.
async fn id_of(service: &Service, number: &str) -> String {
    let listed = service.get_until("/v1/payouts", |list| list["payouts"].as_array().is_some_and(|all| all.len() == 4));
    let listed: Value = listed.await;
    let of_order =
        listed["payouts"].as_array().and_then(|all| all.iter().find(|one| one["channel_order_id"] == number));
    of_order.and_then(|one| one["id"].as_str()).expect("it was imported").to_owned()
}

async fn a_file_is_imported(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=3 {
        service.send(&order(id)).await;
        service.order_once(&id.to_string(), "invoiced").await;
    }
    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("import-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    // Without scripts, a browser forgets the file with every page.
    let checks = async |name: &str, file: &[u8], says: &str, what: &str| {
        browser.picks("file", name, file).await;
        browser.presses(words.check).await;
        browser.shows(&[says]).await;
        sees(what).await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/payouts/import").await;
    browser.chooses("profile", words.kind).await;
    sees("1-form").await;
    checks("screenshot.xlsx", b"\x89PNG\r\n\x1a\n", words.picture, "2-picture").await;
    checks("large.csv", &vec![b'1'; 30 * 1024 * 1024], words.too_large, "3-too-large").await;
    checks("dana.csv", FILE.as_bytes(), words.which_numbers, "4-which-numbers").await;
    browser.chooses("numbers", words.numbers).await;
    checks("dana.csv", FILE.as_bytes(), words.readable[0], "5-checked").await;
    browser.shows(&[words.readable[1], words.not_read]).await;
    browser.ticks(NEW_FEE).await;
    browser.presses(words.save).await;
    browser.shows(&[words.remembered]).await;
    checks("dana.csv", FILE.as_bytes(), words.unknown_fee, "6-with-the-fee").await;
    if !kind.scripts {
        browser.picks("file", "dana.csv", FILE.as_bytes()).await;
    }
    browser.presses(words.import).await;
    browser.shows(&[words.imported]).await;
    let text = browser.script("return document.body.innerText").await;
    assert!(text.as_str().is_some_and(|text| !text.contains(words.remembered)), "the file was chosen again: {text}");
    sees("7-imported").await;
    let outcomes = browser.downloads_from(words.outcome, "csv").await;
    let outcomes = String::from_utf8(outcomes).expect("UTF-8");
    assert!(words.outcomes.iter().all(|words| outcomes.contains(words)), "{outcomes}");

    for number in ["N1", "N2", "N3"] {
        becomes(&service, &id_of(&service, number).await, if number == "N1" { "waiting" } else { "blocked" }).await;
    }
    browser.goes_to("/payouts").await;
    browser.shows(&words.sorts).await;
    sees("8-payouts").await;
    browser.chooses("fee-0", words.category).await;
    browser.presses(words.save).await;
    becomes(&service, &id_of(&service, "N2").await, "waiting").await;
    // The order arrives, and the marketplace corrects its report.
    service.send(&order(9)).await;
    service.order_once("9", "invoiced").await;
    let corrected = FILE.replace("69.500", "70.000");
    browser.goes_to("/payouts/import").await;
    browser.chooses("profile", words.kind).await;
    browser.picks("file", "dana.csv", corrected.as_bytes()).await;
    browser.presses(words.import).await;
    browser.shows(&[words.corrected]).await;
    for number in ["N3", "N9"] {
        becomes(&service, &id_of(&service, number).await, "waiting").await;
    }
    browser.goes_to("/payouts").await;
    browser.presses(words.approve_all).await;
    sees("9-approve-all").await;
    browser.presses(words.approve_all).await;
    browser.shows(&[words.approved]).await;
    for number in ["N1", "N2", "N3", "N9"] {
        becomes(&service, &id_of(&service, number).await, "settled").await;
    }
    browser.goes_to("/payouts").await;
    sees("10-booked").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_imports_a_file_in_the_browser() {
    a_file_is_imported(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_imports_a_file_in_indonesian_on_a_phone() {
    a_file_is_imported(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_imports_a_file_in_indonesian() {
    a_file_is_imported(Kind::INDONESIAN, &INDONESIAN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_imports_a_file_on_a_phone() {
    a_file_is_imported(Kind::ENGLISH_PHONE, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_of_a_marketplace_is_imported_in_the_browser() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in(ENGLISH.sign_in).await;
    browser.goes_to("/payouts/import").await;
    browser.chooses("profile", "Shopee: income report (its headings are a guess)").await;
    browser.picks("file", "Income.xlsx", &income_workbook()).await;
    browser.presses(ENGLISH.check).await;
    browser.shows(&[ENGLISH.readable[0], "2 · Rp140.000"]).await;
    browser.presses(ENGLISH.import).await;
    browser.shows(&["2 payouts imported"]).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}
