//! Unreadable webhooks: listed, shown as text, and read again.

use forstok_accurate::{
    domain::origin::Origin,
    forstok::payload::fingerprint_of_raw,
    settings::Database,
    storage::{self, Content, Delivery},
};
use jiff::Timestamp;
use reqwest::StatusCode;

use super::visitor::{Shown, Visitor};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

const CUT: &str = r#"{"event":"orders/update","order":{"id":990031,"note":"<script>alert(1)</script>"#;

/// Addresses of the webhooks on the list, the newest first.
fn links(page: &Shown) -> Vec<String> {
    let parts = page.html.split("href=\"/problems/webhooks/").skip(1);
    parts.filter_map(|part| Some(format!("/problems/webhooks/{}", part.split('"').next()?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_read_is_shown_as_text_and_stays_after_a_retry() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.reader]\ntoken = \"token-of-the-reader\"\n[database]");
    let service = home.serve().await;
    for body in [CUT, CUT, "null"] {
        assert_eq!(service.send_raw(body.into()).await.status, 202);
    }
    let mut operator = Visitor::operator(&service).await;
    let list = operator.get("/problems").await;
    list.says(&["No order is blocked.", "cut short or damaged", "It names order 990031", "2 times", "Retry"]);
    let [null, cut] = &links(&list)[..] else { panic!("two are listed:\n{}", list.text()) };
    let page = operator.get(cut).await;
    page.says(&["Webhook that could not be read", "<script>alert(1)</script>", "990031", "Retry"]);
    assert!(!page.html.contains("<script>"), "what was sent is markup:\n{}", page.html);
    operator.get(null).await.says(&["The data is not an order.", "4 bytes"]);
    operator.post(&format!("{cut}/retry"), &[]).await.goes_to(&format!("{cut}?done=still_unreadable"));
    operator.get(&format!("{cut}?done=still_unreadable")).await.says(&["The webhook still cannot be read."]);
    operator.post("/problems/webhooks/4711/retry", &[]).await.goes_to("/problems?done=webhook_gone");
    for nowhere in ["/problems/webhooks/4711", "/problems/webhooks/x"] {
        assert_eq!(operator.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
    let indonesian = Visitor::operator(&service).await.with("accept-language", "id").get("/problems").await;
    indonesian.says(&["Datanya terpotong atau rusak", "Menyebut pesanan 990031", "Lihat datanya", "Coba lagi"]);
    let mut reader = Visitor::of(&service);
    reader.signs_in("token-of-the-reader").await.goes_to("/");
    assert!(!reader.get(cut).await.text().contains("\nRetry"), "a reader may not retry");
    assert_eq!(reader.post(&format!("{cut}/retry"), &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_unreadable_webhooks_are_listed_page_by_page() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for number in 0..25 {
        assert_eq!(service.send_raw(format!("[{number}]").into()).await.status, 202);
    }
    let mut operator = Visitor::operator(&service).await;
    let first = operator.get("/problems").await;
    assert_eq!(links(&first).len(), 20);
    let older = first.html.split("href=\"").find(|part| part.starts_with("/problems?before=")).expect("a link");
    let older = operator.get(older.split(['#', '"']).next().expect("an address")).await;
    assert_eq!(links(&older).len(), 5);
    assert!(!older.text().contains("Older ones"), "{}", older.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_an_older_version_did_not_understand_becomes_an_order() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let beside = storage::open_beside(&Database::Sqlite(home.path("data/orders.db"))).await.expect("it is there");
    let body = order(777).to_string().into_bytes();
    let content = Content::Unreadable { problem: "order.weight: is too heavy".to_owned(), order_id: None };
    let received_at: Timestamp = "2026-11-26T03:00:00Z".parse().expect("a moment");
    let delivery = Delivery {
        received_at,
        fingerprint: fingerprint_of_raw(&body),
        origin: Origin::Webhook,
        body: body.into(),
        content,
    };
    beside.record(&[delivery]).await.expect("recorded");
    beside.close().await;
    let mut operator = Visitor::operator(&service).await;
    let list = operator.get("/problems").await;
    list.says(&["Order.weight: is too heavy"]);
    let link = links(&list).remove(0);
    operator.post(&format!("{link}/retry"), &[]).await.goes_to("/orders/777?done=read");
    operator.get("/orders/777?done=read").await.says(&["The webhook could be read this time", "N777"]);
    service.order_once("777", "invoiced").await;
    assert!(service.log.text().contains("is read again at the request of operator"), "{}", service.log.text());
    assert!(!operator.get("/problems").await.text().contains("Webhooks that could not be read"));
}
