//! `SIGHUP`: what a running service applies, and what it does not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use forstok_accurate::sandbox::Options;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::server;
use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, OPERATOR_TOKEN, SECRET, Service, accurate, accurate_with, eventually, mapping},
};

/// The answer to a webhook that is signed with this secret.
async fn answer_to(service: &Service, secret: &str, id: u64) -> StatusCode {
    let body = order(id).to_string().into_bytes();
    service.send_with(&[(HEADER, hex_signature(secret, &body))], body).await.status
}

async fn asks_with(service: &Service, token: &str) -> StatusCode {
    let headers = [("authorization", format!("Bearer {token}"))];
    service.ask(Method::GET, "/v1/summary", &headers, Vec::new()).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_key_is_changed_without_losing_a_webhook() {
    let accurate = accurate().await;
    let home = Home::with_webhook(&accurate, "scheme = \"hmac-sha256\"\nsecrets_file = \"webhook-keys\"");
    home.write("webhook-keys", "old\n");
    let service = home.serve().await;
    let forstok_uses_the_new_one = AtomicBool::new(false);
    let (done, signed_by_the_new_one) = (AtomicBool::new(false), AtomicU64::new(0));
    let forstok = async {
        let mut sent = 0;
        while !done.load(Ordering::SeqCst) {
            let new = forstok_uses_the_new_one.load(Ordering::SeqCst);
            let secret = if new { "new" } else { "old" };
            sent += 1;
            assert_eq!(answer_to(&service, secret, sent).await, 200, "webhook {sent}, signed with the {secret} key");
            signed_by_the_new_one.fetch_add(u64::from(new), Ordering::SeqCst);
        }
        sent
    };
    let people = async {
        home.write("webhook-keys", "old\nnew\n");
        service.read_settings_again().await;
        forstok_uses_the_new_one.store(true, Ordering::SeqCst);
        // From the first of these on, no webhook signed with the old secret is in flight.
        let some = || (signed_by_the_new_one.load(Ordering::SeqCst) > 3).then_some(());
        eventually("webhooks signed with the new key are taken", async || some()).await;
        done.store(true, Ordering::SeqCst);
    };
    let (sent, ()) = tokio::join!(forstok, people);
    home.write("webhook-keys", "new\n");
    service.read_settings_again().await;
    assert_eq!(answer_to(&service, "old", sent + 1).await, 401);
    assert_eq!(answer_to(&service, "new", sent + 2).await, 200);
    let log = service.log.text();
    assert!(log.contains("changed: forstok.webhook, secrets: 1"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_errors_change_nothing_and_every_error_is_logged() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.change_settings(SECRET, "another-secret");
    home.change_settings(OPERATOR_TOKEN, "another-token");
    home.change_settings("listen = \"127.0.0.1:0\"", "listen = \"8080\"\nlistn = \"hush\"");
    home.change_settings("api_token = \"sandbox-token\"", "api_token_file = \"nowhere\"");
    home.write("mapping.toml", &format!("bundels = \"parent\"\n{}", mapping()));
    service.read_settings_again().await;
    let log = service.log.text();
    for part in
        ["server.listen", "server.listn", "books.main.api_token_file", "nowhere", "bundels", "nothing was changed"]
    {
        assert!(log.contains(part), "{part} is not told:\n{log}");
    }
    assert!(!log.contains("hush"), "{log}");
    assert_eq!(answer_to(&service, SECRET, 1).await, 200);
    assert_eq!(answer_to(&service, "another-secret", 2).await, 401);
    assert_eq!(asks_with(&service, OPERATOR_TOKEN).await, 200);
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1);
    // The container's health check also ignores settings that are not active.
    let address = ("FORSTOK_ACCURATE_SERVER__LISTEN", service.address.to_string());
    let health = home.command(&["health"]).env(address.0, address.1).output().expect("it runs");
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));

    home.write("settings.toml", "[server\n");
    service.read_settings_again().await;
    assert!(service.log.text().contains("settings.toml"), "{}", service.log.text());
    assert_eq!(answer_to(&service, SECRET, 3).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_mapping_file_is_applied_and_the_orders_that_waited_for_it_continue() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let mut body = order(1);
    body["order"]["store_id"] = json!(4711);
    service.send(&body).await;
    assert_eq!(service.order_once("1", "blocked").await["reason"], "store_unmapped");
    home.write("mapping.toml", &format!("{}\n[stores.\"4711\"]\nbranch = \"Kantor Pusat\"\n", mapping()));
    service.read_settings_again().await;
    service.order_once("1", "invoiced").await;
    let history = home.command(&["mapping", "history"]).output().expect("it runs");
    let history = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(history.contains("revision 2") && history.contains("file at reload"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_for_a_book_that_is_new_waits_for_the_next_start_as_a_whole() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.change_settings(SECRET, "another-secret");
    home.change_settings(
        "[mapping]",
        "[books.toko]\naccount_url = \"http://127.0.0.1:9\"\napi_token = \"t\"\nsignature_secret = \"s\"\n[mapping]",
    );
    home.write("mapping.toml", &mapping().replace("[stores.\"9001\"]", "[stores.\"9001\"]\nbook = \"toko\""));
    service.read_settings_again().await;
    let log = service.log.text();
    assert!(log.contains("toko") && log.contains("next start") && log.contains("nothing was changed"), "{log}");
    assert_eq!(answer_to(&service, SECRET, 1).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_api_token_lets_a_paused_book_go_on_without_restart() {
    let accurate = accurate_with(Options { api_token: "new-token".to_owned(), ..Options::with_sample_masters() }).await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.send(&order(1)).await;
    let paused = service.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "paused").await;
    assert_eq!(paused["books"]["main"]["code"], "token_refused", "{paused}");
    home.change_settings("sandbox-token", "new-token");
    service.read_settings_again().await;
    service.order_once("1", "invoiced").await;
    let log = service.log.text();
    assert!(log.contains("credentials of books.main"), "{log}");
    assert!(!log.contains("new-token"), "a secret is shown:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_token_is_changed_and_taken_away() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.change_settings(OPERATOR_TOKEN, "another-token");
    service.read_settings_again().await;
    assert_eq!(asks_with(&service, OPERATOR_TOKEN).await, 401);
    assert_eq!(asks_with(&service, "another-token").await, 200);
    home.change_settings("operator_token = \"another-token\"", "");
    service.read_settings_again().await;
    assert_eq!(asks_with(&service, "another-token").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_can_be_changed() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.change_settings("[mapping]", "[log]\nfilter = \"warn\"\n[mapping]");
    service.read_settings_again().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    // It is counted after its message would have been written.
    let is_counted = |metrics: &str| metrics.contains("forstok_accurate_invoice_lag_seconds_count 1");
    let counted = async || is_counted(&service.get("/metrics").await.text).then_some(());
    eventually("the first order is counted", counted).await;
    home.change_settings("filter = \"warn\"", "filter = \"info\"");
    service.read_settings_again().await;
    service.send(&order(2)).await;
    service.order_once("2", "invoiced").await;
    eventually("the second order is logged", async || service.log.text().contains("order 2 is invoiced").then_some(()))
        .await;
    assert!(!service.log.text().contains("order 1 is invoiced"), "{}", service.log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_need_a_restart_are_named_and_the_others_are_applied() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.change_settings("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"");
    home.change_settings("orders.db", "other.db");
    home.change_settings(SECRET, "another-secret");
    service.read_settings_again().await;
    let log = service.log.text();
    for part in [
        "server.listen = 127.0.0.1:0 → 127.0.0.1:1 takes effect at the next start",
        "data/orders.db → ",
        "data/other.db takes effect at the next start",
    ] {
        assert!(log.contains(part), "{part} is not told:\n{log}");
    }
    assert_eq!(answer_to(&service, "another-secret", 1).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_told_at_the_same_moment_take_over_the_same() {
    let accurate = accurate().await;
    let home = Home::on(&accurate, &server::url_of_new_database().await);
    let (one, two, three) = tokio::join!(home.serve(), home.serve(), home.serve());
    home.change_settings(SECRET, "another-secret");
    home.write("mapping.toml", &format!("{}\n[stores.\"4711\"]\nbranch = \"Kantor Pusat\"\n", mapping()));
    tokio::join!(one.read_settings_again(), two.read_settings_again(), three.read_settings_again());
    for (id, replica) in [(1, &one), (2, &two), (3, &three)] {
        assert_eq!(answer_to(replica, "another-secret", id).await, 200);
        assert_eq!(replica.get("/v1/mapping").await.json()["revision"], 2);
    }
}
