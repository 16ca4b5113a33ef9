//! An accountant's work over the API: problems, decisions, totals, exports, history.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::{id_of, order, sample},
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
};

async fn post(service: &Service, path: &str, body: Value) -> Answer {
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    service.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

async fn decide(service: &Service, id: &str, body: Value) -> Answer {
    post(service, &format!("/v1/orders/{id}/decision"), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_orders_are_grouped_and_a_whole_group_is_retried() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=3 {
        let mut body = order(id);
        body["order"]["item_lines"][0]["sku"] = json!(if id < 3 { "BARU-M" } else { "BARU-L" });
        service.send(&body).await;
    }
    for id in ["1", "2", "3"] {
        service.order_once(id, "blocked").await;
    }
    let problems = service.get("/v1/problems").await.json();
    let first = &problems["groups"][0];
    assert_eq!(
        (&first["reason"], &first["subject"], &first["count"]),
        (&json!("item_not_found"), &json!("BARU-M"), &json!(2)),
        "{problems}"
    );
    assert_eq!(first["sentence"], "2 orders wait for item BARU-M, which Accurate does not know");
    let each = service.get("/v1/orders/1").await.json()["total"].as_f64().expect("a number");
    assert_eq!(first["total"].as_f64(), Some(2.0 * each));
    assert!(first["oldest"].is_string() && first["remedy"].is_string());
    let listed = service.get("/v1/orders?reason=item_not_found&subject=BARU-M&totals=true").await.json();
    assert_eq!((listed["totals"]["count"].as_i64(), &listed["totals"]["exact"]), (Some(2), &json!(true)));

    accurate.sandbox().add_item("BARU-M", "Kaos");
    let retried = service.post("/v1/orders/retry?reason=item_not_found&subject=BARU-M").await.json();
    assert_eq!(retried, json!({"rearmed": 2}));
    service.order_once("1", "invoiced").await;
    service.order_once("2", "invoiced").await;
    let left = service.get("/v1/problems").await.json();
    assert_eq!((left["groups"].as_array().map(Vec::len), &left["groups"][0]["subject"]), (Some(1), &json!("BARU-L")));

    // An order that is given up is not attempted.
    let attempts = async || service.get("/v1/orders/3").await.json()["attempts"].clone();
    assert_ne!(attempts().await, 0);
    let mut cancelled = order(3);
    cancelled["order"]["status"] = json!("Cancelled");
    cancelled["order"]["updated_at"] = json!("2023-12-01T10:00:00+07:00");
    service.send(&cancelled).await;
    service.order_once("3", "ignored").await;
    assert_eq!(attempts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_answered_with_the_order_or_refused_with_a_code() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let blocked = id_of(&sample("08-empty-sku").json());
    let by_hand = json!({"decision": "by_hand", "reason": "booked yesterday", "document": "SI.42"});

    for (body, named) in [
        (json!({"decision": "by_hand", "document": "SI.42"}), "reason"),
        (json!({"decision": "by_hand", "reason": "x"}), "document"),
        (json!({"decision": "never", "reason": "  "}), "reason"),
        (json!({"decision": "perhaps"}), "decision"),
        (json!({"decide": "now"}), "decide"),
        (json!({}), "decision"),
    ] {
        let detail = decide(&service, &blocked, body).await.problem(400, "bad_request");
        assert!(detail.contains(named), "{detail}");
    }
    decide(&service, "138163394", by_hand.clone()).await.problem(409, "already_invoiced");
    decide(&service, &blocked, json!({"decision": "undo"})).await.problem(409, "nothing_to_undo");
    decide(&service, &blocked, json!({"decision": "again"})).await.problem(409, "not_voided");
    decide(&service, "4711", by_hand.clone()).await.problem(404, "order_unknown");

    let decided = decide(&service, &blocked, by_hand).await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    let decided = decided.json();
    assert_eq!((&decided["state"], &decided["reason"]), (&json!("ignored"), &json!("by_hand")));
    let decision = &decided["decision"];
    assert_eq!(
        (&decision["decision"], &decision["document"], &decision["actor"]),
        (&json!("by_hand"), &json!("SI.42"), &json!("operator"))
    );
    assert_eq!(service.get(&format!("/v1/orders/{blocked}")).await.json()["decision"], *decision);
    let taken_back = decide(&service, &blocked, json!({"decision": "none"})).await.json();
    assert_eq!((&taken_back["state"], &taken_back["decision"]), (&json!("blocked"), &Value::Null));

    let undone = decide(&service, "138163394", json!({"decision": "undo"})).await.json();
    assert_eq!(undone["documents"][0]["kind"], "invoice", "{undone}");
    let gone = service.order_once("138163394", "voided").await;
    assert_eq!((&gone["settlement"], &gone["documents"][0]["state"]), (&Value::Null, &json!("voided")));
    assert!(accurate.sandbox().invoices_numbered("231127PECAFY4J").is_empty());
    decide(&service, "138163394", json!({"decision": "again"})).await;
    let again = service.order_once("138163394", "invoiced").await;
    assert_eq!((&again["settlement"]["owed"], &again["settlement"]["paid"]), (&json!(80_000), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_work_decides_and_acknowledges() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.reader]\ntoken = \"token-of-the-reader\"\n[database]");
    let service = home.serve().await;
    service.settle_all_samples().await;
    let headers = [("authorization", "Bearer token-of-the-reader".to_owned())];
    for path in ["/v1/orders/138163394/decision", "/v1/orders/138163394/warnings/customer_created/acknowledge"] {
        let body = json!({"decision": "undo"}).to_string().into_bytes();
        service.ask(Method::POST, path, &headers, body).await.problem(403, "role_missing");
    }
    for path in ["/v1/problems", "/v1/totals?by=day", "/v1/orders/export", "/v1/mapping/history"] {
        assert_eq!(service.ask(Method::GET, path, &headers, Vec::new()).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_warning_is_shown_with_who_and_when_and_no_longer_counted() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let open = service.get("/v1/orders?warning=customer_created&acknowledged=no").await.json();
    let id = open["orders"][0]["order_id"].as_str().expect("some customer was created").to_owned();
    let before = service.get("/v1/problems").await.json()["warnings"].clone();
    let path = format!("/v1/orders/{id}/warnings/customer_created/acknowledge");
    let answer = service.post(&path).await.json();
    let notices = answer["notices"].as_array().expect("a list");
    let notice = notices.iter().find(|notice| notice["code"] == "customer_created").expect("it stays");
    assert_eq!(notice["acknowledged_by"], "operator");
    assert!(notice["acknowledged_at"].is_string());
    assert_ne!(service.get("/v1/problems").await.json()["warnings"], before);
    let shown = service.get("/v1/orders?warning=customer_created&acknowledged=yes").await.json();
    assert_eq!(shown["orders"][0]["order_id"], id.as_str());
    service.post(&format!("/v1/orders/{id}/warnings/name_cut/acknowledge")).await.problem(404, "warning_unknown");
    service.post("/v1/orders/4711/warnings/name_cut/acknowledge").await.problem(404, "order_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_those_of_the_list() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let orders = service.get("/v1/orders?limit=500").await.json();
    let orders = orders["orders"].as_array().expect("a list").clone();
    let sum = |orders: &[&Value]| orders.iter().filter_map(|order| order["total"].as_f64()).sum::<f64>();
    for by in ["store", "day", "store,day"] {
        let rows = service.get(&format!("/v1/totals?by={by}&from=2020-01-01&to=2030-12-31")).await.json();
        let rows = rows["rows"].as_array().expect("a list").clone();
        let count: i64 = rows.iter().filter_map(|row| row["count"].as_i64()).sum();
        assert_eq!(count, orders.len() as i64, "{by}");
        assert!(
            rows.iter()
                .all(|row| row["store_id"].is_null() == (by == "day") && row["day"].is_null() == (by == "store"))
        );
        let total: f64 = rows.iter().filter_map(|row| row["total"].as_f64()).sum();
        assert!((total - sum(&orders.iter().collect::<Vec<_>>())).abs() < 0.01, "{by}: {total}");
    }
    let of_store = service.get("/v1/totals?by=store").await.json();
    let invoiced: Vec<_> =
        orders.iter().filter(|order| order["store_id"] == "8277" && order["state"] == "invoiced").collect();
    let rows = of_store["rows"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["store_id"] == "8277" && row["state"] == "invoiced").expect("it is there");
    assert_eq!((row["count"].as_i64(), row["total"].as_f64()), (Some(invoiced.len() as i64), Some(sum(&invoiced))));
    service.get("/v1/totals?by=moon").await.problem(400, "bad_request");
    service.get("/v1/totals?by=day&from=2026-11-31").await.problem(400, "bad_request");
    service.get("/v1/totals?from=2026-11-30&to=2026-11-01").await.problem(400, "bad_request");
    for list in ["totals", "orders", "orders/export", "findings"] {
        let reversed = service.get(&format!("/v1/{list}?from=2026-11-02&to=2026-11-01")).await;
        let detail = reversed.problem(400, "bad_request");
        assert_eq!(detail, "to: 2026-11-01 is before from, 2026-11-02; exchange the two", "{list}");
    }
    service.get("/v1/orders?by=moon").await.problem(400, "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_matching_row_and_no_formula() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let mut evil = order(77);
    evil["order"]["store_name"] = json!("=HYPERLINK(\"http://evil\",\"x\")");
    evil["order"]["local_name"] = json!("@77,\"quoted\"");
    service.send(&evil).await;
    service.order_once("77", "invoiced").await;

    let export = service.get("/v1/orders/export?format=csv").await;
    assert_eq!((export.status.as_u16(), export.kind.as_str()), (200, "text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(export.text.as_bytes());
    let header = reader.headers().expect("a first row").clone();
    let column = |name: &str| header.iter().position(|known| known == name).unwrap_or_else(|| panic!("{name}"));
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 16);
    let of = |id: &str| rows.iter().find(|row| &row[column("order_id")] == id).expect("it is there");
    assert_eq!((&of("138163394")[column("total")], &of("138163394")[column("invoice_total")]), ("80000", "80000"));
    assert_eq!(&of("138163394")[column("invoice_date")], "2023-11-27");
    assert_eq!(&of("138163394")[column("ordered_at")], "2023-11-27 10:12:00");
    assert_eq!(&of("77")[column("store_name")], "'=HYPERLINK(\"http://evil\",\"x\")");
    assert_eq!(&of("77")[column("marketplace_number")], "'@77,\"quoted\"");

    let blocked = service.get("/v1/orders/export?state=blocked").await.text;
    assert_eq!(blocked.lines().count(), 4, "{blocked}");
    let in_indonesian = service.get("/v1/orders/export?state=blocked&lang=id").await.text;
    assert!(in_indonesian.contains("Nomor faktur"), "{in_indonesian}");
    service.get("/v1/orders/export?format=pdf").await.problem(400, "bad_request");
    service.get("/v1/orders/export?state=lost").await.problem(400, "bad_request");
    service.get("/v1/orders/export?limit=5").await.problem(400, "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mappings_history_says_who_changed_what() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "\"1\"".to_owned())];
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["bundles"] = json!("children");
    let put = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let first = service.get("/v1/mapping/history?limit=1").await.json();
    assert_eq!((&first["revisions"][0]["revision"], &first["next_cursor"]), (&json!(2), &json!("2")));
    assert!(first["revisions"][0]["changes"].to_string().contains("bundles"), "{first}");
    let second = service.get("/v1/mapping/history?limit=1&cursor=2").await.json();
    assert_eq!((&second["revisions"][0]["revision"], &second["next_cursor"]), (&json!(1), &Value::Null));
    let one = service.get("/v1/mapping/revisions/1").await.json();
    assert_eq!((&one["revision"], &one["mapping"]["bundles"]), (&json!(1), &json!("parent_and_children")));
    service.get("/v1/mapping/revisions/3").await.problem(404, "revision_unknown");
    service.get("/v1/mapping/revisions/x").await.problem(404, "revision_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_lists_what_forstok_sent_and_gives_each_body_as_it_came() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let body = order(5);
    service.send(&body).await;
    service.send(&body).await;
    let shown = service.order_once("5", "invoiced").await;
    let snapshots = shown["snapshots"].as_array().expect("a list");
    assert_eq!((snapshots.len(), &snapshots[0]["times"], &snapshots[0]["counts"]), (1, &json!(2), &json!(true)));
    let sent = service.get(&format!("/v1/orders/5/snapshots/{}", snapshots[0]["id"])).await;
    assert_eq!((sent.kind.as_str(), sent.json()), ("application/json", body));
    service.get("/v1/orders/5/snapshots/4711").await.problem(404, "snapshot_unknown");
    service.get("/v1/orders/6/snapshots/1").await.problem(404, "snapshot_unknown");
    let part = service.get("/v1/orders/5?timeline_limit=2").await.json();
    assert_eq!(part["timeline"].as_array().map(Vec::len), Some(2));
    let cursor = part["timeline_next_cursor"].as_str().expect("there is more");
    let before = service.get(&format!("/v1/orders/5?timeline_limit=1000&timeline_cursor={cursor}")).await.json();
    let whole = shown["timeline"].as_array().map(Vec::len);
    assert_eq!(before["timeline"].as_array().map(|part| part.len() + 2), whole);
    assert_eq!(before["timeline_next_cursor"], Value::Null);
    let summary = service.get("/v1/summary").await.json();
    // Midnight in Jakarta may have passed since the order arrived.
    let last = &summary["days"].as_array().expect("thirty days")[28..];
    let count = |what: &str| last.iter().map(|day| day[what].as_i64().expect("a number")).sum::<i64>();
    assert_eq!((count("received"), count("invoiced")), (1, 1), "{summary}");
    assert_eq!((&summary["queue"]["orders"], &summary["queue"]["seconds"]), (&json!(0), &json!(0)));
    assert!(summary["last_webhook_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_listed_with_its_body_and_read_again_on_request() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send_raw(b"null".to_vec()).await;
    let page = service.get("/v1/unreadable").await.json();
    let webhook = &page["webhooks"][0];
    assert_eq!((&webhook["times"], &webhook["bytes"], &page["next_cursor"]), (&json!(1), &json!(4), &Value::Null));
    let id = webhook["id"].as_i64().expect("a number");
    assert_eq!(service.get(&format!("/v1/unreadable/{id}")).await.text, "null");
    assert_eq!(service.post(&format!("/v1/unreadable/{id}/retry")).await.json(), json!({"readable": false}));
    service.get("/v1/unreadable/4711").await.problem(404, "webhook_unknown");
    service.post("/v1/unreadable/x/retry").await.problem(404, "webhook_unknown");
    assert_eq!(service.get("/v1/problems").await.json()["unreadable"], 1);
}
