//! Accurate refuses the whole book.

use super::{
    forstok::order,
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_pauses_the_book_and_its_orders_wait() {
    let accurate = accurate().await;
    let sandbox = accurate.sandbox();
    sandbox.revoke_token();
    let service = Home::new(&accurate).serve().await;
    for id in 1..=5 {
        assert_eq!(service.send(&order(id)).await.status, 200, "webhooks are taken all the same");
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
