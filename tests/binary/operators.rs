//! What operators and their tools see.

use std::collections::BTreeSet;

use forstok_accurate::sandbox::samples::SAMPLES;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::{id_of, order, sample},
    service::{Home, OPERATOR_TOKEN, accurate, binary},
};

/// Every metric of design.md §5, and of the lists.
const METRICS: [(&str, &[&str]); 13] = [
    ("forstok_accurate_webhooks_total", &["outcome"]),
    ("forstok_accurate_webhook_seconds", &[]),
    ("forstok_accurate_orders", &["state"]),
    ("forstok_accurate_blocked_orders", &["reason"]),
    ("forstok_accurate_accurate_calls_total", &["book", "call", "outcome"]),
    ("forstok_accurate_accurate_call_seconds", &["book", "call"]),
    ("forstok_accurate_invoice_lag_seconds", &[]),
    ("forstok_accurate_oldest_due_seconds", &[]),
    ("forstok_accurate_book_paused", &["book"]),
    ("forstok_accurate_book_limited", &["book"]),
    ("forstok_accurate_list_failed", &["book", "list"]),
    ("forstok_accurate_last_webhook_timestamp_seconds", &[]),
    ("forstok_accurate_build_info", &["version", "commit", "date"]),
];

fn ids(page: &Value) -> Vec<String> {
    let orders = page["orders"].as_array().expect("a list");
    orders.iter().map(|order| order["order_id"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_in_the_settings_the_surface_is_closed() {
    let accurate = accurate().await;
    let service = Home::closed_to_operators(&accurate).serve().await;
    for path in ["/v1/orders", "/v1/orders/1", "/v1/summary"] {
        let detail = service.get(path).await.problem(403, "operator_surface_closed");
        assert!(detail.contains("server.operator_token"), "{detail}");
    }
    service.post("/v1/orders/retry").await.problem(403, "operator_surface_closed");
    assert_eq!(service.send(&order(1)).await.status, 200, "webhooks are still accepted");
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_opens_nothing() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let values = ["Bearer wrong", "Bearer ", "Bearer", "Basic dG9rZW4=", "token-of-the-operator"];
    for value in values {
        for (method, path) in [(Method::GET, "/v1/orders"), (Method::POST, "/v1/orders/retry")] {
            let headers = [("authorization", value.to_owned())];
            service.ask(method, path, &headers, Vec::new()).await.problem(401, "token_wrong");
        }
    }
    service.ask(Method::GET, "/v1/summary", &[], Vec::new()).await.problem(401, "token_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operator_may_do_what_the_role_allows_and_no_more() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings(
        "[database]",
        "[operators.reader]\ntoken = \"token-of-the-reader\"\n\
         [operators.worker]\ntoken = \"token-of-the-worker\"\nrole = \"work\"\n\
         [operators.chief]\ntoken = \"token-of-the-chief\"\nrole = \"admin\"\n[database]",
    );
    let service = home.serve().await;
    let routes = [
        (Method::GET, "/v1/orders", ["200", "200", "200", "200"]),
        (Method::GET, "/v1/mapping", ["200", "200", "200", "200"]),
        (Method::POST, "/v1/mapping/check", ["400", "400", "400", "400"]),
        (Method::POST, "/v1/orders/retry", ["role_missing", "200", "200", "200"]),
        (Method::POST, "/v1/orders/1/retry", ["role_missing", "404", "404", "404"]),
        (Method::PUT, "/v1/mapping", ["role_missing", "role_missing", "428", "428"]),
    ];
    let tokens = ["token-of-the-reader", "token-of-the-worker", "token-of-the-chief", OPERATOR_TOKEN];
    for (method, path, expected) in routes {
        for (token, expected) in tokens.into_iter().zip(expected) {
            let headers = [("authorization", format!("Bearer {token}"))];
            let answer = service.ask(method.clone(), path, &headers, Vec::new()).await;
            if expected == "role_missing" {
                answer.problem(403, "role_missing");
            } else {
                assert_eq!(answer.status.as_u16().to_string(), expected, "{method} {path} with {token}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_tokens_is_limited_and_leaves_a_trace_and_the_right_token_works_all_the_while() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for guess in 0..40 {
        let headers = [("authorization", format!("Bearer guess-{guess}"))];
        let answer = service.ask(Method::GET, "/v1/summary", &headers, Vec::new()).await;
        if guess < 30 {
            answer.problem(401, "token_wrong");
        } else {
            answer.problem(429, "too_many_attempts");
            assert!((1..=60).contains(&answer.retry_after.parse().expect("seconds")), "{}", answer.retry_after);
        }
        assert_eq!(service.get("/v1/summary").await.status, 200, "the right token is never locked out");
    }
    let log = service.log.text();
    assert_eq!(log.matches("operator token refused: token_wrong").count(), 1, "{log}");
    assert_eq!(log.matches("operator token refused: too_many_attempts").count(), 1, "{log}");
    assert!(!log.contains("guess-"), "no token in the log: {log}");
    let metrics = service.get("/metrics").await.text;
    for line in [
        "forstok_accurate_operators_refused_total{code=\"token_wrong\"} 30",
        "forstok_accurate_operators_refused_total{code=\"too_many_attempts\"} 10",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_paged_without_gaps_or_doubles_and_filtered() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;

    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=4".to_owned();
    for full in [true, true, true, false] {
        let page = service.get(&path).await.json();
        assert_eq!(ids(&page).len(), if full { 4 } else { 3 });
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/orders?limit=4&cursor={cursor}"),
            None => assert!(!full, "the list ended early"),
        }
    }
    let sent: Vec<_> = SAMPLES.iter().rev().map(|sample| id_of(&sample.json())).collect();
    assert_eq!(seen, sent, "newest first");

    let shown = async |query: &str| ids(&service.get(&format!("/v1/orders?{query}")).await.json());
    let blocked: BTreeSet<_> = shown("state=blocked").await.into_iter().collect();
    let expected: BTreeSet<_> = SAMPLES
        .iter()
        .filter(|sample| sample.expected()["state"] == "blocked")
        .map(|sample| id_of(&sample.json()))
        .collect();
    assert_eq!(blocked, expected);
    assert_eq!(shown("reason=sku_empty").await, [id_of(&sample("08-empty-sku").json())]);
    assert_eq!(shown("store=7475").await, ["138500001"]);
    assert_eq!(shown("q=231127PECAFY4J").await, ["138163394"], "by the marketplace's number");
    assert_eq!(shown("q=124525205").await, ["124525205"], "by Forstok's id");
    assert_eq!(shown("state=blocked&store=8277&reason=sku_empty").await.len(), 1);
    assert!(shown("state=void_due").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_cannot_be_used_is_named() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (query, named) in [
        ("stat=blocked", "stat"),
        ("state=lost", "state: \"lost\""),
        ("reason=bad_mood", "reason: \"bad_mood\""),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("cursor=abc", "cursor"),
    ] {
        let detail = service.get(&format!("/v1/orders?{query}")).await.problem(400, "bad_request");
        assert!(detail.contains(named), "{query}: {detail}");
    }
    for (query, named) in [("stat=blocked", "stat"), ("state=lost", "state")] {
        let detail = service.post(&format!("/v1/orders/retry?{query}")).await.problem(400, "bad_request");
        assert!(detail.contains(named), "{query}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_with_its_reason_its_invoice_and_all_that_happened() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;

    let invoiced = service.get("/v1/orders/138163394").await.json();
    assert_eq!(invoiced["state"], "invoiced");
    assert_eq!(invoiced["channel_order_id"], "231127PECAFY4J");
    let standing = &accurate.sandbox().invoices_numbered("231127PECAFY4J")[0];
    assert_eq!(invoiced["invoice"]["number"], "231127PECAFY4J");
    assert_eq!(invoiced["invoice"]["id"], standing.id);
    assert_eq!(invoiced["invoice"]["date"], "27/11/2023");
    assert_eq!(invoiced["invoice"]["total"], 80000);
    assert_eq!(invoiced["draft"]["number"], "231127PECAFY4J");
    let kinds: Vec<_> = invoiced["timeline"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["event"]["kind"].as_str().expect("a kind").to_owned())
        .collect();
    assert_eq!(kinds.first().map(String::as_str), Some("received"));
    assert_eq!(kinds.last().map(String::as_str), Some("invoiced"));
    for kind in ["due", "attempt", "reply"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} is missing in {kinds:?}");
    }

    let id = id_of(&sample("08-empty-sku").json());
    let blocked = service.get(&format!("/v1/orders/{id}")).await.json();
    assert_eq!((&blocked["state"], &blocked["reason"]), (&json!("blocked"), &json!("sku_empty")));
    for key in ["sentence", "detail", "remedy"] {
        assert!(blocked[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {blocked}");
    }
    let path = format!("/v1/orders/{id}");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("accept-language", "id-ID".to_owned())];
    let in_indonesian = service.ask(Method::GET, &path, &headers, Vec::new()).await.json();
    assert_ne!(in_indonesian["remedy"], blocked["remedy"], "the reader's language is spoken");

    service.get("/v1/orders/999").await.problem(404, "order_unknown");
    service.get("/v1/orders/none").await.problem(404, "order_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_order_continues_once_the_cause_is_gone() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=3 {
        let mut body = order(id);
        body["order"]["item_lines"][0]["sku"] = json!(format!("NEW-{id}"));
        service.send(&body).await;
    }
    for id in ["1", "2", "3"] {
        let order = service.order_once(id, "blocked").await;
        assert_eq!(order["reason"], "item_not_found");
        assert!(order["detail"].to_string().contains(&format!("NEW-{id}")), "{order}");
    }
    for id in 1..=3 {
        accurate.sandbox().add_item(&format!("NEW-{id}"), "new");
    }
    assert_eq!(service.post("/v1/orders/1/retry").await.json(), json!({"rearmed": 1}));
    service.order_once("1", "invoiced").await;
    assert_eq!(service.count("blocked").await, 2, "one was asked for, one was tried");

    assert_eq!(service.post("/v1/orders/retry?reason=sku_empty").await.json(), json!({"rearmed": 0}));
    assert_eq!(service.post("/v1/orders/retry?state=blocked").await.json(), json!({"rearmed": 2}));
    service.order_once("2", "invoiced").await;
    service.order_once("3", "invoiced").await;
    assert_eq!(service.post("/v1/orders/1/retry").await.json(), json!({"rearmed": 0}), "nothing is left to try");
    service.post("/v1/orders/77/retry").await.problem(404, "order_unknown");
    assert_eq!(accurate.sandbox().invoice_count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn summary_probes_and_metrics_show_what_was_processed() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    service.send_raw(b"null".to_vec()).await;

    let summary = service.get("/v1/summary").await.json();
    assert_eq!(summary["orders"], 15);
    assert_eq!(summary["by_reason"]["sku_empty"], 1);
    assert_eq!(summary["by_reason"]["cancelled"], Value::Null, "ignored orders are not blocked: {summary}");
    assert_eq!(summary["ignored_by_reason"]["cancelled"], 1);
    assert_eq!(summary["by_store"]["7475"], json!({"invoiced": 1}));
    assert_eq!(summary["unreadable"]["deliveries"], 1);
    assert_eq!(summary["books"], json!([{"name": "main", "paused": false, "code": null, "detail": null}]));
    for state in ["received", "watching", "due", "invoiced", "blocked", "ignored", "void_due", "voided"] {
        assert!(summary["by_state"][state].is_number(), "{state}");
    }

    let alive = service.get("/healthz").await;
    assert_eq!((alive.status.as_u16(), &alive.json()["status"]), (200, &json!("ok")));
    let ready = service.get("/readyz").await;
    let expected = json!({
        "ready": true, "database": {"state": "ok"}, "mapping": {"state": "ok", "revision": 1},
        "books": {"main": {"state": "ok"}},
    });
    assert_eq!((ready.status.as_u16(), ready.json()), (200, expected));

    let metrics = service.get("/metrics").await;
    assert!(metrics.kind.starts_with("text/plain"), "{}", metrics.kind);
    for (name, labels) in METRICS {
        let samples: Vec<_> = metrics.text.lines().filter(|line| line.starts_with(name)).collect();
        assert!(!samples.is_empty(), "{name} is missing in\n{}", metrics.text);
        for label in labels {
            assert!(samples.iter().all(|line| line.contains(&format!("{label}=\""))), "{name} without {label}");
        }
    }
    for line in [
        "forstok_accurate_webhooks_total{outcome=\"accepted\"} 15",
        "forstok_accurate_webhooks_total{outcome=\"unreadable\"} 1",
        "forstok_accurate_orders{state=\"blocked\"} 3",
        "forstok_accurate_blocked_orders{reason=\"store_unmapped\"} 1",
        "forstok_accurate_book_paused{book=\"main\"} 0",
        "forstok_accurate_oldest_due_seconds 0",
        "forstok_accurate_invoice_lag_seconds_count 10",
    ] {
        assert!(metrics.text.lines().any(|known| known == line), "{line} is missing in\n{}", metrics.text);
    }
    assert_eq!(accurate.sandbox().breach_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_document_is_the_printed_one() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let served = service.get("/openapi.json").await;
    assert_eq!(served.kind, "application/json");
    let document = forstok_accurate::http::document();
    assert_eq!(served.json(), serde_json::to_value(&document).expect("a document is JSON"));
    let printed = binary(&["openapi"]).output().expect("it runs");
    assert_eq!(
        String::from_utf8(printed.stdout).expect("UTF-8"),
        forstok_accurate::http::document_as_yaml().expect("YAML")
    );
    for path in ["/webhooks/forstok", "/v1/orders", "/v1/orders/{order_id}", "/v1/summary", "/metrics"] {
        assert!(served.json()["paths"][path].is_object(), "{path}");
    }
}
