//! Several processes of the real binary on one PostgreSQL database.

use std::time::Instant;

use forstok_accurate::sandbox::{Action, Fault, Options, Running};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

use super::server;
use crate::{
    forstok::order,
    service::{Home, Service, accurate, accurate_with, eventually},
};

impl Service {
    /// Whether this replica has logged that it works on the book.
    fn works_on_the_book(&self) -> bool {
        self.log.text().contains("this process leads book main now")
    }
}

/// A shop with a database of its own.
async fn home(accurate: &Running) -> Home {
    Home::on(accurate, &server::url_of_new_database().await)
}

/// The same where another replica takes over soon, for tests in which one of them stops.
fn home_with_a_short_term(accurate: &Running, url: &str) -> Home {
    let home = Home::on(accurate, url);
    home.change_settings("[database]", "[database]\n        takeover_seconds = 2");
    home
}

/// The replica that works on the book, and another one.
async fn worker_and_other(home: &Home) -> (Service, Service) {
    let worker = home.serve().await;
    eventually("the first works on the book", async || worker.works_on_the_book().then_some(())).await;
    (worker, home.serve().await)
}

/// Each order has exactly one invoice, and all replicas together kept to Accurate's limits.
async fn all_are_invoiced(service: &Service, accurate: &Running, orders: u64) {
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == orders).await;
    let sandbox = accurate.sandbox();
    assert_eq!(sandbox.invoice_count() as u64, orders);
    assert_eq!(sandbox.breach_count(), 0, "{:?}", sandbox.breaches());
    assert!(sandbox.max_in_any_second() <= 8 && sandbox.max_in_flight() <= 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_that_start_together_create_one_schema_and_share_the_work() {
    let accurate = accurate().await;
    let home = Home::on(&accurate, &server::url_of_empty_database("together").await);
    let (one, two, three) = tokio::join!(home.serve(), home.serve(), home.serve());
    let replicas = [one, two, three];
    for id in 1..=60 {
        let answer = replicas[id as usize % 3].send(&order(id)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    for replica in &replicas {
        all_are_invoiced(replica, &accurate, 60).await;
        replica.order_once("59", "invoiced").await;
    }
    assert_eq!(replicas.iter().filter(|replica| replica.works_on_the_book()).count(), 1, "one makes the book's calls");
    let repeat = replicas[0].send(&order(2)).await.json();
    assert_eq!(repeat["delivery"], "repeat", "what one has heard the others know: {repeat}");
    assert!(repeat["invoice"]["id"].is_number(), "{repeat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_is_killed_another_replica_continues() {
    let accurate =
        accurate_with(Options { latency: Duration::from_millis(200), ..Options::with_sample_masters() }).await;
    let home = home_with_a_short_term(&accurate, &server::url_of_new_database().await);
    let (mut worker, other) = worker_and_other(&home).await;
    for id in 1..=15 {
        assert_eq!(other.send(&order(id)).await.status, 200);
    }
    eventually("some are posted", async || (accurate.sandbox().invoice_count() > 2).then_some(())).await;
    worker.kill();
    let calls = accurate.sandbox().calls().len();
    let killed = Instant::now();
    eventually("the other makes calls", async || (accurate.sandbox().calls().len() > calls).then_some(())).await;
    println!("the other made its first call {:.1} seconds after the kill", killed.elapsed().as_secs_f64());
    all_are_invoiced(&other, &accurate, 15).await;
}

/// Makes ending leases fail, as a full disk or a lock would.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON documents FOR EACH ROW
        WHEN (OLD.lease_until > 0 AND NEW.lease_until = 0) EXECUTE FUNCTION refuse()";

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_whose_first_step_fails_is_completed_once_it_can_be() {
    let accurate =
        accurate_with(Options { latency: Duration::from_millis(500), ..Options::with_sample_masters() }).await;
    let url = server::url_of_new_database().await;
    let home = home_with_a_short_term(&accurate, &url);
    let (mut worker, other) = worker_and_other(&home).await;
    for id in 1..=15 {
        assert_eq!(other.send(&order(id)).await.status, 200);
    }
    eventually("some are posted", async || (accurate.sandbox().invoice_count() > 2).then_some(())).await;
    worker.kill();
    let mut connection = PgConnection::connect(&url).await.expect("the server is there");
    sqlx::raw_sql(REFUSE).execute(&mut connection).await.expect("made");
    eventually("the takeover fails", async || other.log.text().contains("not now").then_some(())).await;
    assert!(!other.works_on_the_book());
    sqlx::raw_sql("DROP TRIGGER refuse ON documents").execute(&mut connection).await.expect("dropped");
    eventually("the takeover is complete", async || other.works_on_the_book().then_some(())).await;
    all_are_invoiced(&other, &accurate, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_replica_changes_nothing_when_it_wakes_and_continues_to_work() {
    let accurate =
        accurate_with(Options { latency: Duration::from_millis(200), ..Options::with_sample_masters() }).await;
    let sandbox = accurate.sandbox();
    let home = home_with_a_short_term(&accurate, &server::url_of_new_database().await);
    let (worker, other) = worker_and_other(&home).await;
    for id in 1..=15 {
        assert_eq!(other.send(&order(id)).await.status, 200);
    }
    eventually("some are posted", async || (sandbox.invoice_count() > 2).then_some(())).await;
    worker.signal("STOP");
    all_are_invoiced(&other, &accurate, 15).await;
    assert!(other.works_on_the_book());
    let before = other.get("/v1/orders?limit=50").await.json();
    let saves = sandbox.call_count(Action::InvoiceSave);

    worker.signal("CONT");
    assert_eq!(worker.send(&order(16)).await.status, 200, "it takes webhooks as before");
    all_are_invoiced(&worker, &accurate, 16).await;
    assert_eq!(sandbox.call_count(Action::InvoiceSave), saves + 1, "nothing is saved again");
    let after = other.get("/v1/orders?limit=50").await.json();
    assert_eq!(after["orders"].as_array().expect("a list")[1..], *before["orders"].as_array().expect("a list"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_update_loses_and_duplicates_nothing() {
    let accurate = accurate().await;
    accurate.sandbox().set_probability(Fault::DroppedAfter, 0.05);
    let home = home(&accurate).await;
    let mut replicas = [home.serve().await, home.serve().await, home.serve().await];
    let mut sent = 0;
    for round in 0..3 {
        for _ in 0..10 {
            sent += 1;
            // A load balancer asks another replica while one is stopping.
            let answer = replicas[(round + 1 + sent as usize % 2) % 3].send(&order(sent)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        replicas[round].terminate();
        assert_eq!(replicas[round].exit_code().await, Some(0));
        replicas[round] = home.serve().await;
    }
    accurate.sandbox().clear_faults();
    all_are_invoiced(&replicas[0], &accurate, sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_book_is_shown_by_every_replica() {
    let accurate = accurate().await;
    accurate.sandbox().revoke_token();
    let home = home(&accurate).await;
    let (worker, other) = worker_and_other(&home).await;
    assert_eq!(other.send(&order(1)).await.status, 200);
    for replica in [&worker, &other] {
        let ready = replica.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "paused").await;
        assert_eq!(ready["books"]["main"]["code"], "token_refused", "{ready}");
    }
    accurate.sandbox().restore_token();
    all_are_invoiced(&other, &accurate, 1).await;
    other.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_one_replica_applies_is_active_on_all() {
    let accurate = accurate().await;
    let home = home(&accurate).await;
    let (worker, other) = worker_and_other(&home).await;
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("it is there");
    std::fs::write(home.path("new.toml"), mapping.replace("\"Ready to Ship\"", "\"Shipped\"")).expect("it takes files");
    let applied = home.command(&["mapping", "apply", "new.toml"]).output().expect("it runs");
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    for replica in [&worker, &other] {
        replica.get_until("/readyz", |ready| ready["mapping"]["revision"] == 2).await;
    }
    assert_eq!(other.send(&order(1)).await.status, 200);
    other.order_once("1", "watching").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_reads_the_lists_and_every_replica_shows_and_refreshes_them() {
    const ITEMS: &str = "/v1/books/main/masters/items";
    let accurate = accurate().await;
    let home = home(&accurate).await;
    let (worker, other) = worker_and_other(&home).await;
    let sandbox = accurate.sandbox();
    let first = other.get_until(ITEMS, |list| !list["read_at"].is_null()).await;
    assert_eq!(first["rows"].as_array().map(Vec::len), Some(8));
    assert_eq!(worker.get(ITEMS).await.json(), first, "both show the same");

    sandbox.add_item("BARU-01", "Barang baru");
    assert_eq!(other.post(&format!("{ITEMS}/refresh")).await.status, 202);
    for replica in [&other, &worker] {
        replica.get_until(&format!("{ITEMS}?q=baru"), |list| list["rows"][0]["no"] == "BARU-01").await;
    }
    assert!(worker.log.text().contains("items read in"), "the leader reads");
    assert!(!other.log.text().contains("read in"), "the other reads nothing:\n{}", other.log.text());
    assert_eq!(sandbox.call_count(Action::ItemList), 2, "each reading has one page");
    assert_eq!(sandbox.call_count(Action::AccountList), 1);
}
