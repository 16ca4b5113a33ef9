//! The database cannot store webhooks.

use rusqlite::Connection;

use crate::{
    forstok::order,
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_answered_503_and_nothing_of_it_is_kept() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let somebody_else = Connection::open(home.path("data/orders.db")).expect("the file is there");
    somebody_else.execute_batch("BEGIN IMMEDIATE").expect("nobody writes now");

    let answer = service.send(&order(1)).await;
    let detail = answer.problem(503, "not_stored");
    assert!(detail.contains("send it again"), "{detail}");
    assert!(!answer.retry_after.is_empty(), "the sender hears when to come again");
    let log = service.log.text();
    let said =
        log.lines().find(|line| line.contains("not_stored")).unwrap_or_else(|| panic!("it is not logged: {log}"));
    assert!(said.contains("WARN") || said.contains("ERROR"), "{said}");
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status, 503);
    let parts = ready.json();
    assert_eq!((&parts["ready"], &parts["database"]["state"]), (&false.into(), &"failing".into()), "{parts}");
    assert!(parts["database"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{parts}");
    assert_eq!(service.get("/healthz").await.status, 200, "it is still alive");

    somebody_else.execute_batch("ROLLBACK").expect("a transaction is open");
    assert_eq!(service.get("/v1/summary").await.json()["orders"], 0);
    assert_eq!(service.send(&order(1)).await.json()["delivery"], "accepted", "it is not known yet");
    assert_eq!(service.get("/readyz").await.status, 200);
    service.order_once("1", "invoiced").await;
}
