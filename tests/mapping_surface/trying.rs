//! `POST /v1/mapping/try`: what a mapping would change, before it counts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

async fn tried(service: &Service, query: &str, mapping: &Value) -> Value {
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    let path = format!("/v1/mapping/try{query}");
    let answer = service.ask(Method::POST, &path, &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Order 1 is invoiced, order 2 is blocked because its store is not mapped.
async fn one_invoiced_and_one_blocked(service: &Service) {
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut unknown = order(2);
    unknown["order"]["store_id"] = json!(4711);
    service.send(&unknown).await;
    service.order_once("2", "blocked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_tells_which_orders_would_move_and_which_invoices_would_differ_and_changes_nothing() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    one_invoiced_and_one_blocked(&service).await;
    let before = service.get("/v1/mapping").await.json();
    let mut candidate = before["mapping"].clone();
    candidate["stores"]["4711"] = json!({"branch": "Kantor Pusat"});
    candidate["stores"]["8277"]["branch"] = json!("Gudang Timur");

    let report = tried(&service, "", &candidate).await;
    assert_eq!((&report["orders"], &report["same"], &report["without_body"]), (&json!(2), &json!(0), &json!(0)));
    assert_eq!(report["blocked_to_due"]["orders"], 1, "{report}");
    assert_eq!(report["due_to_blocked"]["orders"], 0);
    assert_eq!(report["stops_every_invoice"], false);
    let moved = &report["moves"][0];
    assert_eq!(moved["from"], json!({"state": "blocked", "reason": "store_unmapped"}));
    assert_eq!(moved["to"], json!({"state": "due", "reason": null}));
    assert_eq!(
        (&moved["orders"], &moved["waiting"]["orders"]),
        (&json!(1), &json!(1)),
        "it waits, so it moves at once"
    );
    let different = &report["different"];
    assert_eq!((&different["invoices"], &different["existing"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(different["before"], different["after"], "another branch changes no amount");
    assert_eq!(different["parts"][0]["part"], "branch");
    let example = report["examples"].as_array().expect("a list").iter().find(|one| one["order_id"] == "1");
    let differences = &example.expect("the invoiced order is an example")["differences"];
    assert_eq!(*differences, json!([{"part": "branch", "before": "Kantor Pusat", "after": "Gudang Timur"}]));

    assert_eq!(service.get("/v1/mapping").await.json(), before, "a trial is no change");
    assert_eq!(service.order_once("2", "blocked").await["reason"], "store_unmapped");
    assert_eq!(accurate.sandbox().invoice_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_shadow_mode_says_that_its_drafts_are_sent() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let put = async |posting: &str| {
        let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
        mapping["posting"] = json!(posting);
        let tried = tried(&service, "", &mapping).await;
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "*".to_owned())];
        let answer = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
        assert_eq!(answer.status, 200);
        tried
    };
    put("shadow").await;
    service.send(&order(1)).await;
    service.order_once("1", "due").await;
    let tried = put("on").await;
    assert_eq!((&tried["same"], &tried["sent"]), (&json!(1), &json!({"orders": 1, "total": 80_000})), "{tried}");
    service.order_once("1", "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_would_stop_every_invoice_is_called_that() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    one_invoiced_and_one_blocked(&service).await;
    let report = tried(&service, "", &json!({})).await;
    assert_eq!(report["stops_every_invoice"], true);
    assert_eq!(report["due_to_blocked"]["orders"], 1);
    assert_eq!(report["moves"][0]["waiting"]["orders"], 0, "the invoice exists and stays");
    assert_eq!(report["same"], 1, "the blocked order stays blocked");
    assert_eq!(report["tried_again"]["orders"], 0);
    assert_eq!(report["released_payouts"], json!({"rows": 0, "total": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_keeps_to_the_days_that_are_asked_for_and_refuses_a_mapping_with_mistakes() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    one_invoiced_and_one_blocked(&service).await;
    let day = service.get("/v1/orders/1").await.json()["ordered_at"].as_str().expect("a moment")[..10].to_owned();
    let candidate = service.get("/v1/mapping").await.json()["mapping"].clone();
    assert_eq!(tried(&service, &format!("?from={day}&to={day}"), &candidate).await["orders"], 2);
    assert_eq!(tried(&service, "?to=2020-01-01", &candidate).await["orders"], 0);
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    let wrong = json!({"bundels": "parent"}).to_string().into_bytes();
    let refused = service.ask(Method::POST, "/v1/mapping/try", &headers, wrong).await;
    refused.problem(422, "mapping_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_reads_every_order_once_however_many_pages_they_fill() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    // More than two pages of orders, all of the same second.
    for id in 1..=1_100 {
        service.send(&order(id)).await;
    }
    service.order_once("1100", "invoiced").await;
    let candidate = service.get("/v1/mapping").await.json()["mapping"].clone();
    let report = tried(&service, "", &candidate).await;
    assert_eq!((&report["orders"], &report["same"]), (&json!(1_100), &json!(1_100)));
}
