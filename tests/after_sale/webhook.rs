//! Forstok's own payload of payouts, at the address of its webhooks.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState},
    engine::{payout_webhooks::Taken, run::Running},
    inbox::{
        delivery, folding,
        record::NotRecorded,
        reread::{STEP, Sweep},
    },
    settings::Database,
    storage::{Approving, KeptDelivery, RowContent, RowFilter, RowRecorded},
};
use futures_util::future::join_all;
use jiff::{SignedDuration, civil::date};
use reqwest::Method;
use serde_json::{Value, json};

use super::on_both;
use crate::{
    forstok::order,
    pages::after_sale::becomes,
    service::{Home, OPERATOR_TOKEN, accurate, mapping},
    storage::replicas::beside,
    world::{Base, World},
};

on_both! {
    a_payout_without_a_day_that_comes_again_on_another_day_is_a_repeat;
    a_kept_payout_never_replaces_what_arrived_after_it;
    a_kept_payout_counts_from_its_arrival_but_nobody_has_seen_it_before_it_is_taken;
    a_payout_that_was_sent_again_is_not_replaced_by_one_that_was_kept_in_between;
    a_kept_payout_shows_the_newest_reason_for_which_it_is_not_taken;
    taking_kept_payouts_reports_progress_before_each_of_them;
    kept_payouts_are_taken_in_steps_so_that_orders_are_decided_in_between;
    a_kept_webhook_is_named_by_its_arrival_too;
}

const DAY: i64 = 24 * 60 * 60;

/// A world whose mapping takes payouts from webhooks.
async fn world(base: Base) -> World {
    World::on_with_mapping(base, &format!("{}\n[payout]\nsource = \"webhook\"\n", mapping())).await
}

/// A payout for order 7, whose day is not known.
fn of_seven(id: i64, received: i64) -> Vec<u8> {
    let invoice = json!({"id": id, "service_fee": 150_000 - received, "total": 150_000,
                         "order": {"id": 7, "local_name": "INV-7"}});
    json!({"amount_receive": received, "reference": "PAY-1", "invoices": [invoice]}).to_string().into_bytes()
}

impl World {
    /// A webhook with this payout arrives.
    async fn takes_payout(&mut self, body: &[u8]) -> Taken {
        let taken = self.engine.take_payout(body, self.clock.now()).await.expect("recorded");
        self.run_until_settled().await;
        taken
    }

    /// A webhook with this payout arrives, and is only kept.
    async fn keeps(&self, body: Vec<u8>) {
        self.storage.record(&[delivery(body.into(), self.clock.now())]).await.expect("recorded");
    }

    /// Kept payouts are taken; returns how often progress was reported.
    async fn takes_kept(&mut self) -> usize {
        let reports = AtomicUsize::new(0);
        let count = || {
            reports.fetch_add(1, Ordering::SeqCst);
        };
        let mut sweep = Sweep::default();
        while !sweep.is_over {
            self.engine.take_some_kept(&mut sweep, count).await.expect("recorded");
        }
        self.run_until_settled().await;
        assert_eq!(self.storage.unreadable_count().await.expect("readable"), 0, "all of them could be read");
        reports.into_inner()
    }
}

async fn a_payout_without_a_day_that_comes_again_on_another_day_is_a_repeat(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    assert_eq!(world.takes_payout(&of_seven(91, 138_000)).await, Taken::Rows(vec![RowRecorded::Accepted]));
    world.approves_all(Kind::Receipt).await;
    world.advance(2 * DAY);
    world.run_until_settled().await;
    assert_eq!(world.payout_state("PAY-1/91").await, (RowState::Settled, ""));
    assert_eq!(world.takes_payout(&of_seven(91, 138_000)).await, Taken::Rows(vec![RowRecorded::Repeat]));
    assert_eq!(world.payout_state("PAY-1/91").await, (RowState::Settled, ""));
    assert_eq!(world.takes_payout(&of_seven(91, 137_000)).await, Taken::Rows(vec![RowRecorded::Corrected]));
}

async fn a_kept_payout_never_replaces_what_arrived_after_it(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.keeps(of_seven(91, 138_000)).await;
    world.keeps(of_seven(92, 5_000)).await;
    world.advance(1);
    world.takes_payout(&of_seven(91, 140_000)).await;
    world.advance(1);
    world.keeps(of_seven(92, 6_000)).await;
    world.advance(1);
    world.takes_kept().await;
    let mut nets = Vec::new();
    for id in ["PAY-1/91", "PAY-1/92"] {
        let RowContent::Payout(payout) = world.row(Kind::Receipt, id).await.content else { panic!("{id}") };
        nets.push(payout.net.to_string());
    }
    assert_eq!(nets, ["140000", "6000"], "what arrived last counts");
}

async fn a_kept_payout_counts_from_its_arrival_but_nobody_has_seen_it_before_it_is_taken(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.keeps(of_seven(91, 138_000)).await;
    world.advance(3 * DAY);
    let shown = world.clock.now() - SignedDuration::from_secs(1);
    world.takes_kept().await;
    let RowContent::Payout(payout) = world.row(Kind::Receipt, "PAY-1/91").await.content else { panic!("a payout") };
    assert_eq!(payout.paid_at, date(2024, 2, 1));
    let on_the_page = RowFilter { content_until: Some(shown), ..RowFilter::default() };
    let approving = Approving::Shown(&on_the_page);
    let approved = world.storage.approve_rows(Kind::Receipt, approving, "sari", world.clock.now()).await;
    assert_eq!(approved.expect("written"), 0, "the page did not show it");
    assert_eq!(world.approves_all(Kind::Receipt).await, 1, "it waits for approval");
}

async fn a_payout_that_was_sent_again_is_not_replaced_by_one_that_was_kept_in_between(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.takes_payout(&of_seven(91, 140_000)).await;
    world.advance(1);
    world.keeps(of_seven(91, 138_000)).await;
    world.advance(1);
    assert_eq!(world.takes_payout(&of_seven(91, 140_000)).await, Taken::Rows(vec![RowRecorded::Repeat]));
    world.takes_kept().await;
    let RowContent::Payout(payout) = world.row(Kind::Receipt, "PAY-1/91").await.content else { panic!("a payout") };
    assert_eq!(payout.net.to_string(), "140000", "what was sent last counts");
}

async fn a_kept_payout_shows_the_newest_reason_for_which_it_is_not_taken(base: Base) {
    let mut world = world(base).await;
    let mut wrong = payload();
    wrong["invoices"][0]["service_fee"] = json!("many");
    world.keeps(wrong.to_string().into_bytes()).await;
    let engine = world.engine.clone();
    let kept = async || engine.storage().unreadable(None, 10).await.expect("readable").remove(0);
    let first = kept().await.problem;
    assert!(!first.contains("payout"), "it was kept as an order that cannot be read: {first}");
    world.engine.take_some_kept(&mut Sweep::default(), || {}).await.expect("written");
    let problem = kept().await.problem;
    assert!(problem.starts_with("payout: invoices[0]: service_fee: "), "{problem}");
    // A person retries after the mapping was changed.
    world.mapping_changes("source = \"webhook\"", "source = \"file\"").await;
    assert_eq!(world.engine.reread(kept().await.id).await.expect("written"), Some(false));
    let problem = kept().await.problem;
    assert!(problem.starts_with("is a payout, which payout.source"), "{problem}");
}

async fn taking_kept_payouts_reports_progress_before_each_of_them(base: Base) {
    let mut world = world(base).await;
    for id in [91, 92, 93] {
        world.keeps(of_seven(id, 138_000)).await;
    }
    assert_eq!(world.takes_kept().await, 3);
}

#[tokio::test]
async fn a_payout_that_arrives_counts_although_another_clock_was_ahead() {
    let mut world = world(Base::Sqlite).await;
    world.invoiced("7").await;
    let now = world.clock.now();
    let arrives = async |received, at| world.engine.take_payout_webhook(&of_seven(91, received), at).await;
    assert_eq!(arrives(138_000, now).await, Ok(Taken::Rows(vec![RowRecorded::Accepted])));
    let behind = now - SignedDuration::from_secs(60);
    assert_eq!(arrives(137_000, behind).await, Ok(Taken::Rows(vec![RowRecorded::Corrected])), "it is not older");
    assert_eq!(arrives(137_000, behind).await, Ok(Taken::Rows(vec![RowRecorded::Repeat])));
    world.run_until_settled().await;
    let RowContent::Payout(payout) = world.row(Kind::Receipt, "PAY-1/91").await.content else { panic!("a payout") };
    assert_eq!(payout.net.to_string(), "137000");
}

async fn kept_payouts_are_taken_in_steps_so_that_orders_are_decided_in_between(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let bodies = (0..STEP + 3).map(|id| delivery(of_seven(id, 1_000).into(), world.clock.now()));
    world.storage.record(&bodies.collect::<Vec<_>>()).await.expect("recorded");
    let mut sweep = Sweep::default();
    let left = async || world.storage.unreadable_count().await.expect("readable");
    world.engine.take_some_kept(&mut sweep, || {}).await.expect("recorded");
    assert_eq!((left().await, sweep.is_over), (3, false));
    world.engine.take_some_kept(&mut sweep, || {}).await.expect("recorded");
    world.engine.take_some_kept(&mut sweep, || {}).await.expect("recorded");
    assert_eq!((left().await, sweep.is_over), (0, true));
}

async fn a_kept_webhook_is_named_by_its_arrival_too(base: Base) {
    let world = world(base).await;
    world.keeps(of_seven(91, 138_000)).await;
    let storage = world.storage.clone();
    let kept = async || storage.unreadable(None, 10).await.expect("readable").remove(0);
    let before = kept().await;
    let earlier = KeptDelivery { received_at: before.received_at - SignedDuration::from_secs(1), ..before.kept() };
    storage.change_problem(earlier, "of an earlier webhook with the same id").await.expect("written");
    storage.remove_taken(earlier).await.expect("written");
    let order = order(7).to_string().into_bytes();
    let folded = storage.fold_reread(&[folding(earlier.id, &order, earlier.received_at)]).await;
    assert_eq!(folded.expect("written"), 0);
    assert_eq!(kept().await, before, "it is another webhook");
    storage.remove_taken(before.kept()).await.expect("written");
    assert_eq!(storage.unreadable_count().await.expect("readable"), 0);
}

#[tokio::test]
async fn a_payout_that_was_kept_is_taken_although_the_database_failed_at_the_start() {
    let mut world = world(Base::Sqlite).await;
    world.invoiced("7").await;
    world.keeps(of_seven(91, 138_000)).await;
    let Database::Sqlite(file) = &world.place else { unreachable!("it is a file") };
    let beside = rusqlite::Connection::open(file).expect("the file can be opened");
    beside.execute_batch("ALTER TABLE deliveries RENAME TO hidden").expect("run");
    let began = world.clock.now();
    let running = Running::start(&world.engine, None);
    // Time passes only while everything waits, so the first attempt is over.
    world.eventually("some time has passed", |world| world.clock.now() > began + SignedDuration::from_secs(5)).await;
    beside.execute_batch("ALTER TABLE hidden RENAME TO deliveries").expect("run");
    loop {
        let rows = world.storage.settlement_rows(Kind::Receipt, &RowFilter::default(), None, 10).await;
        if !rows.expect("readable").is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}

#[tokio::test]
async fn a_kept_payout_that_cannot_be_stored_keeps_no_other_from_being_taken() {
    let mut world = world(Base::Sqlite).await;
    world.invoiced("7").await;
    for id in [91, 92, 93] {
        world.keeps(of_seven(id, 1_000)).await;
    }
    let Database::Sqlite(file) = &world.place else { unreachable!("it is a file") };
    let beside = rusqlite::Connection::open(file).expect("the file can be opened");
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON settlement_rows WHEN NEW.row_id = 'PAY-1/91'
                   BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    beside.execute_batch(refuses).expect("run");
    let running = Running::start(&world.engine, None);
    let began = world.clock.now();
    world.eventually("some time has passed", |world| world.clock.now() > began + SignedDuration::from_secs(30)).await;
    let rows = world.storage.settlement_rows(Kind::Receipt, &RowFilter::default(), None, 10).await.expect("readable");
    let ids: Vec<_> = rows.iter().map(|row| row.content.key().1).collect();
    assert_eq!(ids, ["PAY-1/93", "PAY-1/92"]);
    assert_eq!(world.storage.unreadable_count().await.expect("readable"), 1, "the other one is still kept");
    beside.execute_batch("DROP TRIGGER refuses").expect("run");
    let again = world.clock.now();
    world.eventually("it was tried again", |world| world.clock.now() > again + SignedDuration::from_secs(90)).await;
    assert_eq!(world.storage.unreadable_count().await.expect("readable"), 0);
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_webhook_is_refused_soon_while_the_database_is_occupied_and_taken_afterwards() {
    let world = world(Base::Postgres).await;
    let mut other = beside(&world.place).await;
    let occupied = "BEGIN; SELECT pg_advisory_xact_lock(x'666f7273746f6b'::bigint)";
    sqlx::raw_sql(occupied).execute(&mut other).await.expect("run");
    let began = world.clock.now();
    let bodies: Vec<_> = (0..17).map(|id| of_seven(id, 138_000)).collect();
    let webhooks = bodies.iter().map(|body| world.engine.take_payout_webhook(body, began));
    let taken = join_all(webhooks).await;
    assert_eq!(taken[..16], [const { Err(NotRecorded::Failed) }; 16]);
    assert_eq!(taken[16], Err(NotRecorded::Busy), "only some may wait");
    let waited = world.clock.now() - began;
    assert!(waited.get_milliseconds() < 2_000 && waited.get_seconds() < 2, "the sender waited {waited}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("run");
    let kept = world.engine.take_payout(&bodies[0], began).await;
    assert_eq!(kept.expect("recorded"), Taken::Rows(vec![RowRecorded::Accepted]), "nothing of it was recorded");
}

fn payload() -> Value {
    json!({
        "profile_id": 7, "order_id": [1], "amount_receive": 70_000, "reference": "PAY-1", "paid_at": "0001-01-01T00:00:00Z",
        "invoices": [{"id": 91, "service_fee": 12_000, "platform_rebate": 2000, "balance_due": 80_000, "total": 80_000,
                      "order": {"id": 1, "local_name": "N1"}}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_was_kept_as_a_webhook_is_taken_once_the_mapping_says_so_and_never_twice() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let kept = service.send(&payload()).await;
    assert_eq!((kept.status.as_u16(), &kept.json()["delivery"]), (202, &json!("unreadable")), "{}", kept.text);
    assert!(kept.text.contains("payout.source"), "{}", kept.text);
    assert_eq!(service.get("/v1/payouts").await.json()["payouts"], json!([]));
    service.kill();

    home.write("mapping.toml", &format!("{}\n[payout]\nsource = \"webhook\"\n", mapping()));
    let service = home.serve().await;
    becomes(&service, "PAY-1/91", "waiting").await;
    service.get_until("/v1/summary", |_| true).await;
    let listed = service.get("/v1/payouts").await.json();
    assert_eq!((&listed["payouts"][0]["net"], &listed["payouts"][0]["order_id"]), (&json!(70_000), &json!("1")));
    assert_eq!(service.get("/v1/unreadable").await.json()["webhooks"], json!([]), "it is no longer unreadable");
    let again = service.send(&payload()).await;
    assert_eq!((again.status.as_u16(), &again.json()["delivery"]), (200, &json!("repeat")), "{}", again.text);

    let mut wrong = payload();
    wrong["invoices"][0]["service_fee"] = json!("many");
    let kept = service.send(&wrong).await;
    assert_eq!(kept.status.as_u16(), 202, "{}", kept.text);
    let listed = service.get("/v1/unreadable").await.json();
    let problem = listed["webhooks"][0]["not_understood"].as_str().expect("a text").to_owned();
    assert!(problem.contains("payout: invoices[0]: service_fee"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_that_were_kept_are_taken_without_a_restart_once_a_mapping_switches_them_on() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    assert_eq!(service.send(&payload()).await.status.as_u16(), 202);
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["payout"]["source"] = json!("webhook");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "\"1\"".to_owned())];
    let put = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(put.status, 200, "{}", put.text);
    becomes(&service, "PAY-1/91", "waiting").await;
    service.get_until("/v1/unreadable", |listed| listed["webhooks"] == json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_that_were_kept_are_read_again_once_a_mapping_names_their_fields() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let changes = async |revision: u8, change: fn(&mut Value)| {
        let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
        change(&mut mapping["payout"]);
        let matches = ("if-match", format!("\"{revision}\""));
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), matches];
        let put = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
        assert_eq!(put.status, 200, "{}", put.text);
    };
    changes(1, |payout| payout["source"] = json!("webhook")).await;
    let mut otherwise = payload();
    otherwise["received"] = otherwise["amount_receive"].take();
    otherwise.as_object_mut().expect("an object").remove("amount_receive");
    let kept = service.send(&otherwise).await;
    assert_eq!((kept.status.as_u16(), &kept.json()["delivery"]), (202, &json!("unreadable")), "{}", kept.text);
    changes(2, |payout| payout["fields"] = json!({"amount_receive": "received"})).await;
    becomes(&service, "PAY-1/91", "waiting").await;
    service.get_until("/v1/unreadable", |listed| listed["webhooks"] == json!([])).await;
}
