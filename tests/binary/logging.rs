//! The log: one line for everything that a person should know, with the same numbers as the timeline, and without text
//! from Accurate or a buyer.

use forstok_accurate::sandbox::{Fault, On};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::{order, sample},
    service::{Home, OPERATOR_TOKEN, Service, accurate, eventually},
};

/// A service with a JSON log.
async fn serve(home: &Home) -> Service {
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    home.write("settings.toml", &format!("{settings}\n[log]\nformat = \"json\"\n"));
    home.serve().await
}

impl Service {
    /// The log lines that contain this text.
    fn lines_with(&self, text: &str) -> Vec<Value> {
        let log = self.log.text();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"].as_str().is_some_and(|message| message.contains(text))).collect()
    }

    /// The first line that contains this text, once it has been written.
    async fn line_with(&self, text: &str) -> Value {
        let what = format!("the log says {text:?}");
        eventually(&what, async || self.lines_with(text).into_iter().next()).await
    }

    /// The same about something that the operator did.
    async fn by_operator(&self, text: &str) -> Value {
        let line = self.line_with(text).await;
        assert_eq!((&line["level"], &line["actor"]), (&json!("INFO"), &json!("operator")), "{line}");
        line
    }
}

fn without_sku(id: u64) -> Value {
    let mut body = order(id);
    body["order"]["item_lines"][0]["sku"] = json!("");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_must_know_is_a_log_line_with_order_reason_and_actor() {
    let accurate = accurate().await;
    let service = serve(&Home::new(&accurate)).await;
    service.send(&without_sku(1)).await;
    let blocked = service.line_with("order 1 is blocked").await;
    assert_eq!(blocked["level"], "WARN");
    assert_eq!((&blocked["order_id"], &blocked["reason"]), (&json!("1"), &json!("sku_empty")), "{blocked}");

    assert_eq!(service.post("/v1/orders/1/retry").await.json()["rearmed"], 1);
    let retried = service.line_with("order 1 is retried").await;
    assert_eq!((&retried["order_id"], &retried["actor"]), (&json!("1"), &json!("operator")), "{retried}");
    service.order_once("1", "blocked").await;
    assert_eq!(service.post("/v1/orders/retry?state=blocked").await.json()["rearmed"], 1);
    let retried = service.line_with("1 orders are retried").await;
    assert_eq!((&retried["orders"], &retried["actor"]), (&json!(1), &json!("operator")), "{retried}");

    service.send(&order(2)).await;
    service.order_once("2", "invoiced").await;
    let mut changed = order(2);
    changed["order"]["updated_at"] = json!("2023-11-28T11:19:00.000+07:00");
    changed["order"]["item_lines"][0]["price"] = json!(1);
    changed["order"]["item_lines"][0]["sale_price"] = json!(1);
    service.send(&changed).await;
    let changed = service.line_with("order 2 changed after its invoice was created").await;
    assert_eq!((&changed["level"], &changed["order_id"]), (&json!("WARN"), &json!("2")), "{changed}");

    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["bundles"] = json!("children");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "*".to_owned())];
    let put = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let applied = service.line_with("mapping revision 2 is active").await;
    assert_eq!((&applied["actor"], &applied["revision"]), (&json!("operator"), &json!(2)), "{applied}");
    assert!(applied["message"].as_str().is_some_and(|message| message.contains("bundles")), "{applied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postponed_order_says_why_and_attempts_have_the_numbers_of_the_timeline() {
    let accurate = accurate().await;
    let service = serve(&Home::new(&accurate)).await;
    // Once Accurate has kept one of our numbers, a save with an unknown result is looked up and sent again within
    // seconds.
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    accurate.sandbox().next(On::InvoiceSaves, Fault::UpsssBefore, 2);
    service.send(&order(3)).await;
    // The second wait would take 16 seconds: an operator ends it.
    for times in 1..=2 {
        let is_postponed = async || (service.lines_with("order 3 is postponed").len() == times).then_some(());
        eventually("order 3 is postponed", is_postponed).await;
        service.post("/v1/orders/3/retry").await;
    }
    service.order_once("3", "invoiced").await;
    let invoiced = service.line_with("order 3 is invoiced").await;
    let postponed = service.lines_with("order 3 is postponed");
    assert!(!postponed.is_empty(), "{}", service.log.text());
    for line in &postponed {
        let reason = line["reason"].as_str().expect("a reason");
        assert!(!reason.is_empty() && line["until"].is_string(), "{line}");
    }
    let timeline = service.get("/v1/orders/3").await.json()["timeline"].clone();
    let attempts = timeline.as_array().into_iter().flatten().filter(|entry| entry["event"]["kind"] == "attempt");
    let of_timeline: Vec<_> = attempts.map(|entry| entry["event"]["attempt"].as_i64().expect("a number")).collect();
    let of_log: Vec<_> =
        postponed.iter().chain([&invoiced]).map(|line| line["attempt"].as_i64().expect("a number")).collect();
    assert_eq!(of_log.last(), of_timeline.iter().max(), "{of_log:?} {timeline}");
    assert_eq!(of_log, (1..=of_log.len() as i64).collect::<Vec<_>>(), "{timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_a_person_is_a_log_line_with_who_did_it_and_without_what_they_typed() {
    let accurate = accurate().await;
    let service = serve(&Home::new(&accurate)).await;
    service.send(&without_sku(1)).await;
    service.order_once("1", "blocked").await;
    service.send(&sample("01-shopee-simple").json()).await;
    service.order_once("138163394", "invoiced").await;

    let by_hand = json!({"decision": "by_hand", "reason": "hush", "document": "SI.42"});
    assert_eq!(service.post_json("/v1/orders/1/decision", &by_hand).await.status, 200);
    let decided = service.by_operator("order 1: operator decided by_hand").await;
    assert_eq!((&decided["order_id"], &decided["decision"]), (&json!("1"), &json!("by_hand")), "{decided}");

    assert_eq!(service.post("/v1/orders/138163394/warnings/customer_created/acknowledge").await.status, 200);
    let acknowledged = service.by_operator("order 138163394: operator acknowledged customer_created").await;
    assert_eq!(acknowledged["order_id"], "138163394", "{acknowledged}");

    let payout = |id: &str, amounts: Value| {
        json!({"source": "shopee", "id": id, "store_id": "8277", "channel_order_id": "231127PECAFY4J",
               "paid_at": "2023-12-05", "net": 40_000, "amounts": amounts})
    };
    let rows = json!([payout("a", json!({"subtotal": 40_000})), payout("b", json!({"a new fee": -1_000}))]);
    assert_eq!(service.post_json("/v1/payouts", &rows).await.status, 200);
    service.by_operator("operator sent 2 payouts or returns").await;
    let blocked = service.line_with("a payout or a return of order 138163394 is blocked").await;
    assert_eq!((&blocked["level"], &blocked["reason"]), (&json!("WARN"), &json!("fee_kind_unmapped")), "{blocked}");
    let is_waiting = |page: &Value| page["payouts"].as_array().is_some_and(|rows| rows.len() == 1);
    service.get_until("/v1/payouts?state=waiting", is_waiting).await;
    assert_eq!(service.post("/v1/payouts/approve").await.json(), json!({"approved": 1}));
    assert_eq!(service.by_operator("operator approved 1 rows").await["rows"], 1);
    let marked = json!({"source": "shopee", "id": "b", "decision": "by_hand", "reason": "hush", "document": "x"});
    assert_eq!(service.post_json("/v1/payouts/decision", &marked).await.status, 200);
    assert_eq!(service.by_operator("operator decided about row b of shopee").await["id"], "b");

    let days = json!({"from": "2023-11-01", "to": "2023-11-30"});
    assert_eq!(service.post_json("/v1/reconciliations", &days).await.status, 202);
    service.by_operator("was requested by operator").await;
    assert!(!service.log.text().contains("hush"), "{}", service.log.text());
}
