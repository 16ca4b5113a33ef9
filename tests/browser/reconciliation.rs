//! An accountant at month end: from a difference to zero.

use forstok_accurate::sandbox::Edit;
use rust_decimal::Decimal;

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    run: &'static str,
    found: [&'static str; 3],
    differs: &'static str,
    compare: &'static str,
    compared: [&'static str; 3],
    adopt: &'static str,
    adopted: &'static str,
    agrees: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    run: "Run now",
    found: ["Differences found", "Second invoice for an order", "2 open"],
    differs: "Differs in Accurate",
    compare: "Compare",
    compared: ["Sent", "In Accurate", "Would be sent now"],
    adopt: "Adopt",
    adopted: "The invoice's data in Accurate applies from now on.",
    agrees: "Agrees with Accurate",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    run: "Jalankan sekarang",
    found: ["Ada perbedaan", "Faktur kedua untuk satu pesanan", "2 terbuka"],
    differs: "Berbeda di Accurate",
    compare: "Bandingkan",
    compared: ["Dikirim", "Di Accurate", "Akan dikirim sekarang"],
    adopt: "Gunakan data Accurate",
    adopted: "Mulai sekarang data faktur di Accurate yang dipakai.",
    agrees: "Sesuai dengan Accurate",
};

async fn a_month_is_closed(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=5 {
        service.send(&order(id)).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 5).await;
    let edit = Edit { total: Some(Decimal::from(45_000)), ..Edit::default() };
    accurate.sandbox().edit_invoice("N2", &edit).expect("it is there");
    accurate.sandbox().duplicate_invoice("N3", "N3-COPY").expect("it is there");

    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("reconciliation-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    // Without scripts, a page is loaded again to see what has changed.
    let ends = async |run: u32| {
        service.get_until(&format!("/v1/reconciliations/{run}"), |run| run["state"] == "done").await;
        if !kind.scripts {
            browser.goes_to("/reconciliation?month=2023-11").await;
        }
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/reconciliation?month=2023-11").await;
    browser.presses(words.run).await;
    ends(1).await;
    browser.shows(&words.found).await;
    browser.shows(&[words.differs]).await;
    sees("1-found").await;
    let differs = service.get("/v1/findings?class=differs").await.json()["findings"][0]["id"].to_string();
    browser.goes_to(&format!("/reconciliation/findings/{differs}")).await;
    browser.presses(words.compare).await;
    browser.shows(&words.compared).await;
    sees("2-compared").await;
    browser.presses(words.adopt).await;
    sees("3-form").await;
    browser.presses(words.adopt).await;
    browser.shows(&[words.adopted]).await;
    sees("4-adopted").await;

    // The copy is deleted in Accurate, and the month is compared again.
    assert!(accurate.sandbox().remove_invoice("N3-COPY"));
    browser.goes_to("/reconciliation?month=2023-11").await;
    browser.presses(words.run).await;
    ends(2).await;
    browser.shows(&[words.agrees]).await;
    sees("5-agrees").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_in_the_browser() {
    a_month_is_closed(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_in_indonesian_on_a_phone() {
    a_month_is_closed(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}
