//! A seller with three blocked orders, from signing in to signing out.

use std::{io::Cursor, time::Duration};

use calamine::{Reader, Xlsx};
use reqwest::Method;
use serde_json::json;

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::{order, sample},
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

/// A service that has processed all samples.
pub(super) async fn settled(home: &Home) -> Service {
    let service = home.serve().await;
    service.settle_all_samples().await;
    service
}

/// Maps the warehouse 999 through the API, like another operator.
async fn maps_the_warehouse(service: &Service) {
    let mapping = service.get("/v1/mapping").await.json();
    let mut changed = mapping["mapping"].clone();
    changed["warehouses"]["999"] = "Utama".into();
    let headers = [
        ("authorization", format!("Bearer {OPERATOR_TOKEN}")),
        ("if-match", format!("\"{}\"", mapping["revision"])),
        ("content-type", "application/json".to_owned()),
    ];
    let answer = service.ask(Method::PUT, "/v1/mapping", &headers, changed.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Another order from the warehouse that is not mapped.
async fn second_order_of_the_warehouse(service: &Service) {
    let mut body = sample("15-unknown-warehouse").json();
    body["order"]["id"] = json!(138_500_777);
    body["order"]["local_name"] = json!("240108GUDANG777");
    body["order"]["local_id"] = json!("240108GUDANG777");
    service.send(&body).await;
    service.order_once("138500777", "blocked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_settles_the_blocked_orders_in_the_browser() {
    let accurate = accurate().await;
    let service = settled(&Home::new(&accurate)).await;
    second_order_of_the_warehouse(&service).await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in("Sign in").await;
    browser.shows(&["Today", "All booked except 4 orders", "2 orders wait for the mapping of warehouse 999"]).await;

    browser.goes_to("/problems").await;
    let grouped = ["Needs attention", "2 orders wait for the mapping of warehouse 999", "Rp200.000", "What to do:"];
    browser.shows(&grouped).await;
    // Slow enough to see the orders in progress, on any machine.
    accurate.sandbox().set_latency(Duration::from_secs(10));
    maps_the_warehouse(&service).await;
    browser.presses_in("warehouse 999", "Retry all").await;
    browser.shows(&["Retried orders", "240108GUDANG404", "240108GUDANG777", "Being invoiced"]).await;
    browser.script("window.neverLoadedAgain = true").await;
    accurate.sandbox().set_latency(Duration::ZERO);
    browser.shows(&["2 of 2 orders invoiced"]).await;
    assert_eq!(browser.script("return window.neverLoadedAgain").await, true, "the page was loaded again");

    browser.follows("240108GUDANG777").await;
    browser.shows(&["Invoiced", "240108GUDANG777", "The order and its invoice"]).await;

    browser.goes_to("/orders/138500009").await;
    browser.shows(&["240108STORE404", "This store is not in the mapping."]).await;
    browser.presses("Mark as done by hand").await;
    browser.types("document", "SI.2026.00042").await;
    browser.types("reason", "Made it myself <b>today</b>").await;
    browser.presses("Mark as done by hand").await;
    let done = ["Marked as done by hand.", "Done by hand", "SI.2026.00042", "Made it myself <b>today</b>", "operator"];
    browser.shows(&done).await;

    browser.goes_to("/orders?q=240108").await;
    browser.shows(&["3 orders", "Rp300.000"]).await;
    let rows = rows_of(&browser.downloads("Export", "xlsx").await);
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows[0].contains(&"Invoice number".to_owned()), "{rows:?}");
    let by_hand = rows.iter().find(|row| row.contains(&"240108STORE404".to_owned())).expect("it is in the file");
    assert!(by_hand.contains(&"SI.2026.00042".to_owned()), "{by_hand:?}");

    browser.goes_to("/").await;
    browser.shows(&["All booked except 1 order"]).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
    browser.presses("Sign out").await;
    browser.shows(&["Sign in"]).await;
    browser.goes_to("/orders").await;
    browser.shows(&["Sign in", "Token"]).await;
}

/// The rows of a workbook as texts.
fn rows_of(file: &[u8]) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).expect("a workbook");
    let (_, sheet) = book.worksheets().into_iter().next().expect("a sheet");
    sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_works_in_indonesian_on_a_phone_without_scripts() {
    let accurate = accurate().await;
    let service = settled(&Home::new(&accurate)).await;
    let browser = Chromium::open(&service, Kind::INDONESIAN_PHONE).await;
    browser.signs_in("Masuk").await;
    browser.shows(&["Hari ini", "Semua sudah dibukukan kecuali 3 pesanan", "gudang 999"]).await;
    browser.follows("Perlu ditangani").await;
    browser.shows(&["1 pesanan menunggu pemetaan gudang 999", "Yang perlu dilakukan:"]).await;
    maps_the_warehouse(&service).await;
    service.order_once("138500010", "invoiced").await;
    browser.presses_in("gudang 999", "Coba lagi semua").await;
    browser.shows(&["Pesanan yang dicoba lagi", "240108GUDANG404", "1 dari 1 pesanan sudah difakturkan"]).await;

    browser.follows("240101EMPTYSKU").await;
    browser.shows(&["Ada produk tanpa SKU di Forstok."]).await;
    browser.presses("Coba lagi").await;
    browser.shows(&["Pesanan sedang dicoba lagi."]).await;
    browser.presses("Tandai sudah dibuat manual").await;
    browser.types("document", "SI.1").await;
    browser.types("reason", "dibuat sendiri").await;
    browser.presses("Tandai sudah dibuat manual").await;
    browser.shows(&["Dibuat manual", "SI.1", "dibuat sendiri"]).await;
    browser.presses("Cabut keputusan").await;
    browser.shows(&["Keputusan sudah dicabut.", "Perlu ditangani"]).await;

    browser.follows("Pesanan").await;
    browser.types("q", "404").await;
    browser.presses("Cari").await;
    browser.shows(&["2 pesanan", "Rp200.000"]).await;
    let rows = rows_of(&browser.downloads("Ekspor", "xlsx").await);
    assert!(rows.len() == 3 && rows[0].contains(&"Nomor faktur".to_owned()), "{rows:?}");
    browser.chooses("format", "CSV").await;
    let csv = browser.downloads("Ekspor", "csv").await;
    assert!(String::from_utf8(csv).expect("a text").contains("240108GUDANG404"));
    browser.presses("Keluar").await;
    browser.shows(&["Isi token yang diberikan kepada Anda"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_only_look_finds_no_button_that_changes_anything() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.reader]\ntoken = \"token-of-the-reader\"\n[database]");
    let service = settled(&home).await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in_with("token-of-the-reader", "Sign in").await;
    browser.shows(&["All booked except 3 orders"]).await;
    let buttons = [
        "Retry",
        "Retry all",
        "Mark as done by hand",
        "Never invoice",
        "Invoice now",
        "Create again",
        "Acknowledge",
        "Acknowledge all",
        "Check now",
        "Take the decision back",
    ];
    for path in ["/", "/problems", "/orders", "/orders/138500009", "/orders/138500009?form=by_hand", "/connection"] {
        browser.goes_to(path).await;
        for button in buttons {
            assert!(!browser.has_button(button).await, "{button} is on {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_order_is_followed_until_its_invoice_exists() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in("Sign in").await;
    browser.shows(&["Today"]).await;
    // Slow enough to see the order in progress, on any machine.
    accurate.sandbox().set_latency(Duration::from_secs(10));
    service.send(&order(1)).await;
    service.order_once("1", "due").await;
    browser.goes_to("/orders/1").await;
    browser.shows(&["Being invoiced", "The order and the invoice it would get"]).await;
    browser.script("window.neverLoadedAgain = true").await;
    accurate.sandbox().set_latency(Duration::ZERO);
    browser.shows(&["Invoiced", "The order and its invoice"]).await;
    assert_eq!(browser.script("return window.neverLoadedAgain").await, true, "the page was loaded again");
    let asks = browser.script("return document.querySelector('#live').hasAttribute('hx-get')").await;
    assert_eq!(asks, false, "nothing is left to wait for");
}

#[tokio::test(flavor = "multi_thread")]
async fn today_updates_itself() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in("Sign in").await;
    browser.shows(&["All booked. Nothing needs your attention.", "There are no orders yet."]).await;
    browser.script("document.querySelector('details#numbers').open = true").await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    browser.shows(&["1 order has an invoice in Accurate."]).await;
    let is_open = browser.script("return document.querySelector('details#numbers').open").await;
    assert_eq!(is_open, true, "what somebody opened stays open");
    drop(service);
    browser.shows(&["This page can no longer reach the service"]).await;
}
