//! The statement of what was paid and returned, on an order's page.

use serde_json::json;

use super::{
    after_sale::{becomes, payout, sends},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_very_many_payouts_shows_the_newest_and_how_much_the_others_are() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let rows: Vec<_> = (1..=230).map(|n| payout(&format!("row-{n}"), "N1", 100, &json!({}))).collect();
    sends(&service, "/v1/payouts", json!(rows)).await;
    let record = json!({"source": "shopee", "id": "return-0", "store_id": "8277", "channel_order_id": "N1",
                        "accepted_at": "2023-12-06", "goods": "returned"});
    sends(&service, "/v1/returns", json!([record])).await;
    becomes(&service, "row-230", "waiting").await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/orders/1").await;
    page.says(&["And 31 older payouts, Rp3.100 in all.", "Download all payouts of this order"]);
    let shown = |path: &str| page.html.matches(&format!("<li><div class=\"stack\"><p><a href=\"{path}\">")).count();
    assert_eq!((shown("/payouts"), shown("/returns")), (199, 1), "the newest 200");
    let file = visitor.get("/payouts/export?format=csv&order=1").await.html;
    assert_eq!(file.lines().count(), 231, "a heading and all payouts of the order");
    let file = visitor.get("/payouts/export?format=csv&order=2").await.html;
    assert_eq!(file.lines().count(), 1, "payouts of no other order");
}
