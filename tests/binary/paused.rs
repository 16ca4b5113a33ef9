//! Accurate refuses every call for the whole book.

use forstok_accurate::sandbox::{Action, Fault, On};

use crate::{
    forstok::order,
    service::{Home, Service, accurate},
};

/// `/readyz`, which is public, once the book is paused with this code; it contains none of these words.
async fn readiness_without(service: &Service, code: &str, words: &[&str]) {
    let ready = service.get_until("/readyz", |ready| ready["books"]["main"]["code"] == code).await.to_string();
    for word in words {
        assert!(!ready.to_lowercase().contains(&word.to_lowercase()), "{word}: {ready}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_and_log_show_nothing_that_accurate_or_a_proxy_before_it_said() {
    let accurate = accurate().await;
    let sandbox = accurate.sandbox();
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    // A proxy's page that shows the request with its headers, until the book is paused.
    sandbox.next(On::Any, Fault::EchoedBefore, 10_000);
    for id in 2..=6 {
        service.send(&order(id)).await;
    }
    let of_the_page =
        ["sandbox-token", "sandbox-secret", "bearer", "signature", "HTTP/1.1", "host:", "***", "/accurate/api"];
    readiness_without(&service, "accurate_down", &of_the_page).await;
    let summary = service.get("/v1/summary").await.text;
    assert!(summary.contains("HTTP/1.1"), "an operator reads what was said: {summary}");
    for secret in ["sandbox-token", "sandbox-secret"] {
        assert!(!summary.contains(secret) && !service.log.text().contains(secret), "{secret}: {summary}");
    }
    sandbox.clear_faults();
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 6).await;

    sandbox.withhold_right(Action::InvoiceSave);
    sandbox.withhold_right(Action::InvoiceBulkSave);
    service.send(&order(7)).await;
    readiness_without(&service, "right_missing", &["Anda", "hak untuk", "sandbox"]).await;
    assert!(service.get("/v1/summary").await.text.contains("hak untuk"), "an operator reads it");
    let metrics = service.get("/metrics").await.text;
    for line in ["forstok_accurate_book_limited{book=\"main\"} 1", "forstok_accurate_book_paused{book=\"main\"} 0"] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }
    sandbox.grant_right(Action::InvoiceSave);
    sandbox.grant_right(Action::InvoiceBulkSave);

    sandbox.revoke_token();
    service.send(&order(8)).await;
    readiness_without(&service, "token_refused", &["Invalid or Revoked", "sandbox"]).await;

    let log = service.log.text();
    for line in ["book main is paused: accurate_down", "a right is missing", "book main is paused: token_refused"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    for words in ["HTTP/1.1", "/accurate/api", "hak untuk", "Invalid or Revoked"] {
        assert!(!log.contains(words), "{words}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_pauses_the_book_and_its_orders_wait() {
    let accurate = accurate().await;
    let sandbox = accurate.sandbox();
    sandbox.revoke_token();
    let service = Home::new(&accurate).serve().await;
    for id in 1..=5 {
        assert_eq!(service.send(&order(id)).await.status, 200, "webhooks are still accepted");
    }
    let ready = service.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "paused").await;
    assert_eq!(ready["books"]["main"]["code"], "token_refused", "{ready}");
    for key in ["detail", "since"] {
        assert!(ready["books"]["main"][key].is_string(), "{ready}");
    }
    assert_eq!(ready["ready"], true, "webhooks can be stored");
    assert_eq!(service.get("/readyz").await.status, 200);
    let metrics = service.get("/metrics").await.text;
    assert!(metrics.lines().any(|line| line == "forstok_accurate_book_paused{book=\"main\"} 1"), "{metrics}");
    assert_eq!(service.send(&order(6)).await.status, 200);
    service.order_once("6", "due").await;
    assert_eq!(service.count("due").await, 6);
    assert_eq!(service.get("/v1/summary").await.json()["books"][0]["code"], "token_refused");

    sandbox.restore_token();
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 6).await;
    assert_eq!(service.get("/readyz").await.json()["books"]["main"]["state"], "ok");
    assert_eq!(sandbox.invoice_count(), 6);
    let tried = service.get("/v1/orders/1").await.json();
    assert_eq!(tried["attempts"], 1, "waiting for the book costs an order nothing: {tried}");
    assert_eq!(sandbox.breach_count(), 0);
}
