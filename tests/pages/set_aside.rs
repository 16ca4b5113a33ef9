//! A payout that is there twice is set aside on its page.

use reqwest::StatusCode;
use serde_json::json;

use super::{
    after_sale::{a_week_of_payouts, becomes},
    visitor::Visitor,
};
use crate::service::{Home, accurate};

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_is_not_to_be_booked_is_set_aside_with_a_reason() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/payouts?show=unmatched").await;
    let mark = page.html.split("name=\"mark\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = visitor.get(&format!("/payouts?mark={}", mark.expect("the row without an order can be marked"))).await;
    form.says(&["Nothing to book?", "nothing of it counts as paid", "Never book"]);
    let never = |reason| [("decision", "never"), ("source", "shopee"), ("id", "row-3"), ("reason", reason)];
    let refused = visitor.post("/payouts/decision", &never(" ")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    visitor.post("/payouts/decision", &never("also in the wallet")).await.goes_to("/payouts?done=row_never");
    visitor.get("/payouts?done=row_never").await.says(&[
        "Nothing will be booked for this.",
        "Not to be booked (operator",
        "also in the wallet",
        "Take the mark back",
    ]);
    becomes(&service, "row-3", "ignored").await;
    let row = service.get("/v1/payouts?state=ignored").await.json()["payouts"][0].clone();
    assert_eq!((&row["reason"], &row["by_hand"]["document"]), (&json!("excluded"), &json!(null)), "{row}");
    assert_eq!(row["sentence"], "A person decided that nothing is booked for it.");
    // What is booked cannot be set aside; it is undone first.
    let back = [("decision", "none"), ("source", "shopee"), ("id", "row-3")];
    visitor.post("/payouts/decision", &back).await.goes_to("/payouts?done=row_not_by_hand");
    becomes(&service, "row-3", "unmatched").await;
}
