//! axe-core on every page, light and dark, wide and narrow. Also checks that nothing is wider than the screen.

use forstok_accurate::sandbox::{Edit, Running};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::chromium::{Chromium, Kind};
use crate::{
    pages::after_sale::a_week_of_payouts,
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

const AXE: &str = include_str!("axe-4.14.1.min.js");

/// Runs axe-core and calls back with the serious violations.
const RUN: &str = "const done = arguments[arguments.length - 1];
    axe.run({resultTypes: ['violations']}).then(found => done(found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' '))))";

const PAGES: [&str; 33] = [
    "/login",
    "/nowhere",
    "/",
    "/problems",
    "/orders",
    "/orders?q=404&state=blocked",
    "/orders/import?columns=chosen",
    "/orders/138500009?form=by_hand",
    "/orders/138163394",
    "/orders/138500009?form=never",
    "/orders/138500005",
    "/orders/4711",
    "/orders?from=2026-11-02&to=2026-11-01",
    "/problems?watch=138500009,138500010&done=retried_all&count=2",
    "/problems/webhooks/1",
    "/setup",
    "/mapping",
    "/mapping/skus",
    "/mapping/skus?match=none&q=nothing",
    "/mapping/history",
    "/mapping/history?from=1&to=1",
    "/mapping/shadow",
    "/payouts",
    "/payouts/import?columns=chosen",
    "/payouts?show=approval&form=approve_all&done=approved_payouts&count=1",
    "/payouts?show=blocked",
    "/returns",
    "/orders/3",
    "/reconciliation?done=comparing_books",
    "/reconciliation/findings/1?compare=now",
    "/reconciliation/findings/1?form=close",
    "/connection",
    "/notices",
];

/// A person changes an invoice in Accurate, and a reconciliation finds that.
async fn a_finding(accurate: &Running, service: &Service) {
    let edit = Edit { total: Some(Decimal::ONE), ..Edit::default() };
    accurate.sandbox().edit_invoice("231127PECAFY4J", &edit).expect("it is there");
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
    let body = json!({"from": "2023-11-01", "to": "2023-11-30"}).to_string().into_bytes();
    service.ask(Method::POST, "/v1/reconciliations", &headers, body).await;
    service.get_until("/v1/findings", |found| found["findings"].as_array().is_some_and(|all| !all.is_empty())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    // The very first webhook, whose address is therefore known.
    assert_eq!(service.send_raw(br#"{"event":"orders/update","order":{"id":9,"note":"cut"#.to_vec()).await.status, 202);
    service.send_all_samples().await;
    service.order_once("138163394", "invoiced").await;
    service.order_once("138500009", "blocked").await;
    a_finding(&accurate, &service).await;
    a_week_of_payouts(&service).await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    let mut signed_in = false;
    for path in PAGES {
        if !signed_in && path == "/" {
            browser.signs_in("Sign in").await;
            browser.presses("Bahasa Indonesia").await;
            browser.shows(&["Hari ini"]).await;
            signed_in = true;
        }
        browser.goes_to(path).await;
        browser.script(AXE).await;
        for (width, scheme) in [(360, "light"), (360, "dark"), (1280, "light"), (1920, "dark")] {
            let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
            browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
            // Without motion, so that no colour is measured in the middle of its change.
            let features = json!([
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]);
            let media = json!({"features": features});
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            let found = browser.script_until(RUN).await;
            assert_eq!(found, Value::Array(Vec::new()), "{path}, {width} px, {scheme}");
            let wide = browser.script("return document.documentElement.scrollWidth").await;
            assert!(wide.as_u64().is_some_and(|wide| wide <= width), "{path} is {wide} px wide on {width} px");
        }
    }
}
