//! An accountant at month end: from a difference to zero.

use forstok_accurate::sandbox::Edit;
use reqwest::Method;
use rust_decimal::Decimal;

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, accurate},
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

/// What the pages say about closing many findings.
struct Closing {
    sign_in: &'static str,
    ticked: &'static str,
    two: &'static str,
    closed_one: [&'static str; 3],
    all: &'static str,
    closed_two: &'static str,
    in_timeline: &'static str,
}

const CLOSING: Closing = Closing {
    sign_in: "Sign in",
    ticked: "Close the ticked ones",
    two: "Close 2 findings",
    closed_one: ["Closed: 1 finding.", "Not closed", "total Rp46.000 instead of Rp80.000"],
    all: "Close all 2",
    closed_two: "Closed: 2 findings.",
    in_timeline: "closed the finding \"Differs in Accurate\": rounded on purpose",
};

const MENUTUP: Closing = Closing {
    sign_in: "Masuk",
    ticked: "Tutup yang dicentang",
    two: "Tutup 2 temuan",
    closed_one: ["Ditutup: 1 temuan.", "Tidak ditutup", "total Rp46.000, seharusnya Rp80.000"],
    all: "Tutup semua (2)",
    closed_two: "Ditutup: 2 temuan.",
    in_timeline: "menutup temuan \"Berbeda di Accurate\": rounded on purpose",
};

async fn many_findings_are_closed(kind: Kind, words: &Closing) {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=4 {
        service.send(&order(id)).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 4).await;
    let somebody_changes = |number: &str, total: u32| {
        let edit = Edit { total: Some(Decimal::from(total)), ..Edit::default() };
        accurate.sandbox().edit_invoice(number, &edit).expect("it is there");
    };
    let compares = async || {
        let headers =
            [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
        let days = br#"{"from":"2023-11-01","to":"2023-11-30"}"#.to_vec();
        let run = service.ask(Method::POST, "/v1/reconciliations", &headers, days).await.json()["id"].clone();
        service.get_until(&format!("/v1/reconciliations/{run}"), |run| run["state"] == "done").await;
    };
    for number in ["N2", "N3", "N4"] {
        somebody_changes(number, 45_000);
    }
    compares().await;
    let browser = Chromium::open(&service, kind).await;
    let sees = async |what: &str| {
        browser.is_pictured(&format!("closing-{}-{}-{what}", kind.language, kind.width)).await;
        browser.fits_the_screen().await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/reconciliation?month=2023-11").await;
    browser.shows(&["N2", "N3", "N4"]).await;
    sees("1-open").await;
    let ticks_two = "[...document.querySelectorAll('input[name=finding]')].slice(0, 2).forEach(box => box.click())";
    browser.script(ticks_two).await;
    browser.presses(words.ticked).await;
    browser.shows(&[words.two]).await;
    sees("2-why").await;
    // The newest of them changes while the form is open.
    somebody_changes("N4", 46_000);
    compares().await;
    browser.types("why", "rounded on purpose").await;
    browser.presses(words.ticked).await;
    browser.shows(&words.closed_one).await;
    sees("3-one-changed").await;
    browser.presses(words.all).await;
    browser.types("why", "agreed with the buyers").await;
    sees("4-why-all").await;
    browser.presses(words.all).await;
    browser.shows(&[words.closed_two]).await;
    sees("5-closed").await;
    browser.goes_to("/orders/3").await;
    browser.shows(&[words.in_timeline]).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_are_closed_with_one_reason() {
    for kind in [Kind::ENGLISH, Kind::ENGLISH_PHONE] {
        many_findings_are_closed(kind, &CLOSING).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_are_closed_with_one_reason_in_indonesian() {
    for kind in [Kind::INDONESIAN, Kind::INDONESIAN_PHONE] {
        many_findings_are_closed(kind, &MENUTUP).await;
    }
}
