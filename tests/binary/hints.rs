//! The address for Accurate's own webhooks: closed by default, open to its secret alone, and indifferent to what
//! arrives.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use reqwest::Method;

use crate::{
    forstok::order,
    pages::visitor::Visitor,
    service::{Answer, Home, Service, accurate, binary, client},
};

const SECRET: &str = "a-secret-part-of-the-address";

const SETTINGS: [(&str, &str); 2] =
    [("FORSTOK_ACCURATE_BOOKS__MAIN__WEBHOOK", "hint"), ("FORSTOK_ACCURATE_BOOKS__MAIN__WEBHOOK_SECRET", SECRET)];

async fn send(service: &Service, book: &str, secret: &str, body: impl Into<Vec<u8>>) -> Answer {
    service.ask(Method::POST, &format!("/webhooks/accurate/{book}/{secret}"), &[], body.into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_closed_by_default() {
    let accurate = accurate().await;
    let secret_alone = &SETTINGS[1..];
    let service = Home::new(&accurate).serve_with(secret_alone).await;
    for secret in [SECRET, "guess", ""] {
        send(&service, "main", secret, "[]").await.problem(404, "route_unknown");
    }
    assert!(!service.get("/metrics").await.text.contains("webhooks_end"), "nothing is to be renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_secret_opens_the_address_and_the_log_never_shows_it() {
    let accurate = accurate().await;
    let mut service = Home::new(&accurate).serve_with(&SETTINGS).await;
    let mut refused = Vec::new();
    for (book, secret) in [("main", "guess"), ("main", ""), ("other", SECRET), ("nowhere", "x"), ("main", "a-secret")] {
        let answer = send(&service, book, secret, r#"{"salesInvoiceId":7}"#).await;
        answer.problem(404, "route_unknown");
        refused.push(answer.text);
    }
    refused.dedup();
    assert_eq!(refused.len(), 1, "all are answered alike");
    assert_eq!(send(&service, "main", SECRET, r#"{"salesInvoiceId":7}"#).await.json()["documents"], 1);
    let get = service.get(&format!("/webhooks/accurate/main/{SECRET}")).await;
    assert_eq!(get.status, 405);
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    assert!(!service.log.text().contains(SECRET), "{}", service.log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_arrives_is_taken_and_orders_go_on() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve_with(&SETTINGS).await;
    let deep = "[".repeat(200_000);
    for (body, documents) in [
        ("", 0),
        ("garbage", 0),
        ("[{\"type\":\"PURCHASE_ORDER\",\"data\":[{\"id\":7}]}]", 0),
        (deep.as_str(), 0),
        ("[{\"data\":[{\"salesInvoiceId\":7},{\"salesInvoiceNo\":\"INV-8\\u0000\"}]}]", 2),
        ("{\"body\":\"{\\\"salesInvoiceId\\\":7}\"}", 1),
    ] {
        let answer = send(&service, "main", SECRET, body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["documents"]), (200, &documents.into()), "{body:.60}");
    }
    assert_eq!(send(&service, "main", SECRET, b"\xff\xfe".to_vec()).await.status, 200);
    send(&service, "main", SECRET, vec![b' '; 1024 * 1024 + 1]).await.problem(413, "body_too_large");
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_metrics_say_until_when_accurate_reports_changes() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve_with(&SETTINGS).await;
    let is_renewed = |text: &str| {
        let line =
            text.lines().find(|line| line.starts_with("forstok_accurate_accurate_webhooks_end_timestamp_seconds"));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    while !is_renewed(&service.get("/metrics").await.text) {
        tokio::task::yield_now().await;
    }
    let mut english = Visitor::operator(&service).await;
    english.get("/connection").await.says(&["Changes in Accurate", "Accurate reports changes until"]);
    let mut indonesian = english.with("accept-language", "id");
    indonesian.get("/connection").await.says(&["Perubahan di Accurate", "Accurate melaporkan perubahan sampai"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_why_webhooks_are_not_renewed() {
    let accurate = accurate().await;
    accurate.sandbox().withhold_right(forstok_accurate::sandbox::Action::WebhookRenew);
    let service = Home::new(&accurate).serve_with(&SETTINGS).await;
    let mut operator = Visitor::operator(&service).await;
    // The refusal is among the last errors of the connection a moment before the failed renewal is stored.
    while !operator.get("/connection").await.text().contains("The service keeps asking Accurate") {
        tokio::task::yield_now().await;
    }
    operator.get("/connection").await.says(&["Accurate has not yet confirmed", "Anda tidak mempunyai hak"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_sends_webhooks_of_its_own_when_asked() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve_with(&SETTINGS).await;
    let to = service.url(&format!("/webhooks/accurate/main/{SECRET}"));
    let mut sandbox = binary(&["sandbox", "--listen", "127.0.0.1:0", "--webhooks-to", &to]);
    let mut sandbox = sandbox.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(sandbox.stdout.take().expect("its output")).lines();
    let controls = loop {
        let line = lines.next().expect("it says where its controls are").expect("text");
        if let Some((_, rest)) = line.split_once("controls: ") {
            break rest.split(' ').next().expect("an address").to_owned();
        }
    };
    let invoice = r#"{"number":"HAND-1","customer_no":"8277","total":25000}"#;
    let added = client().post(format!("{controls}/invoices")).body(invoice).send().await.expect("a reply");
    assert!(added.status().is_success(), "{added:?}");
    let is_heard = |text: &str| text.contains("forstok_accurate_hints_total{book=\"main\",outcome=\"heard\"} 1");
    while !is_heard(&service.get("/metrics").await.text) {
        tokio::task::yield_now().await;
    }
    sandbox.kill().expect("our own child");
    sandbox.wait().expect("our own child");
}
