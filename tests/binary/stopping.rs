//! `SIGTERM`, and a second process on the same database.

use std::time::Duration;

use forstok_accurate::sandbox::{Action, Fault, Masters, Options};
use serde_json::json;

use crate::{
    forstok::order,
    service::{Home, accurate, accurate_with, eventually},
};

/// Accurate's limit of calls in flight.
const AT_ONCE: u64 = 8;
const ORDERS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_service_completes_calls_in_flight_and_claims_no_new_work() {
    let masters = Masters::sample().customer("8277", "Shopee_Demo_Forstok");
    let accurate = accurate_with(Options { masters, ..Options::default() }).await;
    let sandbox = accurate.sandbox();
    sandbox.next(Action::InvoiceSave, Fault::Slow(Duration::from_secs(2)), ORDERS as usize);
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    for id in 1..=ORDERS {
        assert_eq!(service.send(&order(id)).await.status, 200);
    }
    // Saved in Accurate, with the replies outstanding.
    eventually("all that fits is in flight", async || {
        (sandbox.call_count(Action::InvoiceSave) == AT_ONCE).then_some(())
    })
    .await;
    assert_eq!(service.count("invoiced").await, 0);
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    assert_eq!(sandbox.call_count(Action::InvoiceSave), AT_ONCE, "no new work was taken");

    sandbox.clear_faults();
    let service = home.serve().await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == ORDERS).await;
    assert_eq!(sandbox.call_count(Action::InvoiceSave), ORDERS, "what was in flight had been settled");
    assert_eq!(sandbox.call_count(Action::InvoiceDetail), 0, "so nothing had to be looked up");
    assert_eq!(sandbox.invoice_count() as u64, ORDERS);
    assert_eq!(sandbox.breach_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_service_stops_even_with_an_open_connection() {
    let accurate = accurate().await;
    let mut service = Home::new(&accurate).serve().await;
    // Kept open by the client's connection pool.
    assert_eq!(service.get("/healthz").await.status, 200);
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let log = service.log.text();
    assert!(log.contains("stopped") && !log.contains("not everything ended in time"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_database_exits_and_the_first_continues() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let second = home.command(&["serve"]).output().expect("it runs");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another forstok-accurate works on it"), "{said}");
    assert!(said.contains("orders.db"), "the file is named: {said}");

    assert_eq!(service.send(&order(1)).await.json()["delivery"], json!("accepted"));
    service.order_once("1", "invoiced").await;
}
