//! A page that stays open shows what happens.

use serde_json::json;

use super::chromium::{Chromium, Kind};
use crate::{
    pages::after_sale::sends,
    service::{Home, accurate, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_navigation_of_a_page_that_stays_open_counts_what_comes() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let browser = Chromium::open(&service, Kind::ENGLISH).await;
    browser.signs_in("Sign in").await;
    browser.goes_to("/").await;
    browser.script("window.isThisPage = true").await;
    let count = "const count = document.querySelector('#pages a[href=\"/payouts\"] .count');
                 return [count ? count.textContent : '', window.isThisPage]";
    assert_eq!(browser.script(count).await, json!(["", true]));
    let row =
        json!([{"source": "shopee", "id": "1", "channel_order_id": "nobody's", "paid_at": "2023-12-05", "net": 1}]);
    sends(&service, "/v1/payouts", row).await;
    let shown = eventually("the count is shown", async || {
        Some(browser.script(count).await).filter(|shown| shown[0] != json!(""))
    });
    assert_eq!(shown.await, json!(["1", true]), "the page was not reloaded");
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}
