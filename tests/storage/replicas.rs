//! Concurrency, which only a server has: several connections to one database at the same time.

use std::{sync::Arc, time::Duration};

use forstok_accurate::{
    clock::Clock,
    inbox::{delivery, folding},
    settings::Database,
    storage::{self, Claim, Lane, Leadership, Receipt, Selection, State, Storage},
};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, Row};
use tokio::task::JoinSet;

use super::record;
use crate::world::{BOOK, Base, World, fold_all, order, order_id, postgres};

/// Longer than any lease or time limit of storage; only a failing test waits this long.
pub(super) const LONGEST: Duration = Duration::from_mins(1);

/// Another replica's connection to the world's database.
async fn another(world: &World) -> Arc<dyn Storage> {
    storage::open(&world.place).await.expect("the server takes more than one")
}

/// A person's connection to the world's database.
pub(crate) async fn beside(place: &Database) -> PgConnection {
    let Database::Postgres(url) = place else { panic!("a server's") };
    PgConnection::connect(url.expose_secret()).await.expect("the server lets us in")
}

/// The results of many concurrent calls.
async fn at_once<T: Send + 'static>(
    calls: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    calls.into_iter().collect::<JoinSet<_>>().join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_make_the_schema_once() {
    let place = postgres::empty_database("together").await;
    let open = || storage::open(&place);
    let (one, two, three, four) = tokio::join!(open(), open(), open(), open());
    for one in [one, two, three, four] {
        one.map(drop).expect("each of them starts");
    }
    let mut connection = beside(&place).await;
    let row = sqlx::query("SELECT COUNT(*), COUNT(DISTINCT version) FROM _sqlx_migrations").fetch_one(&mut connection);
    let row = row.await.expect("readable");
    assert_eq!(row.get::<i64, _>(0), row.get::<i64, _>(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_replica_starts_after_a_newer_one_has_migrated() {
    let world = World::on(Base::Postgres).await;
    let mut connection = beside(&world.place).await;
    let newer = "ALTER TABLE orders ADD COLUMN of_a_later_version TEXT;
                 INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'of a later version', true, '', 0)";
    sqlx::raw_sql(newer).execute(&mut connection).await.expect("run");
    let older = another(&world).await;
    let delivery = delivery(order("1").open().body(), world.clock.now());
    older.record(&[delivery]).await.expect("recorded");
    fold_all(older.as_ref()).await;
    assert_eq!(world.order("1").await.state, State::Received);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_at_two_replicas_at_once_is_new_once() {
    let world = World::on(Base::Postgres).await;
    let stores = [world.storage.clone(), another(&world).await, another(&world).await];
    for round in 0..40 {
        // Each in a different order, to provoke deadlocks.
        let calls = stores.clone().into_iter().enumerate().map(|(nth, storage)| {
            let mut batch: Vec<_> = (1..=20).map(|id| order(&id.to_string()).open().price(50_000 + round)).collect();
            batch.rotate_left(nth * 7);
            let batch: Vec<_> = batch.iter().map(|order| delivery(order.body(), world.clock.now())).collect();
            async move { storage.record(&batch).await.expect("recorded") }
        });
        let receipts: Vec<Receipt> = at_once(calls).await.concat();
        assert_eq!(receipts.iter().filter(|receipt| !receipt.repeat).count(), 20, "{round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_fold_and_record_at_once_lose_and_duplicate_nothing() {
    let world = World::on(Base::Postgres).await;
    let stores = [world.storage.clone(), another(&world).await];
    let now = world.clock.now();
    let snapshots = |id: u32| [order(&id.to_string()).open(), order(&id.to_string()).ready_to_ship()];
    let calls = stores.clone().into_iter().enumerate().map(|(nth, storage)| async move {
        for id in 1..=30 {
            // One replica records `Open`, the other `Ready to Ship`, at the same time.
            let delivery = delivery(snapshots(id)[nth].body(), now);
            storage.record(&[delivery]).await.expect("recorded");
            let waiting = storage.unfolded(None, 10).await.expect("readable");
            let again = |one: &storage::Unfolded| folding(one.delivery, &one.body, one.received_at);
            storage.fold(&waiting.iter().map(again).collect::<Vec<_>>()).await.expect("folded");
        }
    });
    at_once(calls).await;
    assert!(world.storage.unfolded(None, 100).await.expect("readable").is_empty());
    let orders = super::all(&world).await;
    assert_eq!(orders.len(), 30);
    assert!(orders.iter().all(|order| order.status == "Ready to Ship"), "the newest counts, whoever folded last");
    assert_eq!(world.count(State::Received).await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_never_claim_the_same_order() {
    let mut world = World::on(Base::Postgres).await;
    for id in 1..=60 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    let (now, others) = (world.clock.now(), [another(&world).await, another(&world).await, world.storage.clone()]);
    let selection = Selection::Due { lane: Lane::Fresh, newest_first: false, limit: 7 };
    let calls = others.into_iter().cycle().take(12).map(|storage| async move {
        storage.claim(BOOK, selection, now, now + SignedDuration::from_mins(3)).await.expect("claimed")
    });
    let claims: Vec<Claim> = at_once(calls).await.concat();
    let mut ids: Vec<_> = claims.iter().map(|claim| claim.order_id.to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((claims.len(), ids.len()), (60, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leadership_that_a_wrong_clock_made_too_long_is_taken_over() {
    let world = World::on(Base::Postgres).await;
    let (one, two) = (&world.storage, another(&world).await);
    let long = Duration::from_mins(5);
    let mut person = beside(&world.place).await;
    for (minutes, expected) in [(9, Leadership::Another { report: None }), (11, Leadership::Won)] {
        one.lead(BOOK.as_str(), "one", long, None).await.expect("written");
        let ahead = format!("UPDATE leaders SET until = clock_timestamp() + interval '{minutes} minutes'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(ahead)).execute(&mut person).await.expect("run");
        assert_eq!(two.lead(BOOK.as_str(), "two", long, None).await.expect("written"), expected, "{minutes} minutes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_leads_a_book_until_its_lease_ends_or_it_resigns() {
    let world = World::on(Base::Postgres).await;
    let (one, two) = (&world.storage, another(&world).await);
    let long = Duration::from_mins(5);
    assert_eq!(one.lead(BOOK.as_str(), "one", long, Some("token_rejected")).await.expect("written"), Leadership::Won);
    let anothers = Leadership::Another { report: Some("token_rejected".to_owned()) };
    assert_eq!(two.lead(BOOK.as_str(), "two", long, None).await.expect("written"), anothers);
    assert_eq!(one.lead(BOOK.as_str(), "one", long, None).await.expect("written"), Leadership::Renewed);
    let anothers = Leadership::Another { report: None };
    assert_eq!(two.lead(BOOK.as_str(), "two", long, None).await.expect("written"), anothers);
    one.resign("one").await.expect("written");
    assert_eq!(two.lead(BOOK.as_str(), "two", Duration::ZERO, None).await.expect("written"), Leadership::Won);
    // A lease that has expired belongs to nobody, whoever had it.
    assert_eq!(two.lead(BOOK.as_str(), "two", Duration::ZERO, None).await.expect("written"), Leadership::Won);
    assert_eq!(one.lead(BOOK.as_str(), "one", long, None).await.expect("written"), Leadership::Won);
    two.resign("two").await.expect("written");
    assert_eq!(one.lead(BOOK.as_str(), "one", long, None).await.expect("written"), Leadership::Renewed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_without_a_leader_gets_exactly_one_of_several_candidates() {
    let world = World::on(Base::Postgres).await;
    let stores = [world.storage.clone(), another(&world).await];
    for round in 0..20 {
        let book = format!("book {round}");
        let calls = stores.clone().into_iter().zip(["one", "two"]).map(|(storage, name)| {
            let book = book.clone();
            async move { storage.lead(&book, name, LONGEST, None).await.expect("written") }
        });
        let holds = at_once(calls).await;
        assert_eq!(holds.iter().filter(|hold| **hold == Leadership::Won).count(), 1, "{holds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_calls_is_heard_by_the_others() {
    let world = World::on(Base::Postgres).await;
    let (caller, hearer) = (another(&world).await, world.storage.clone());
    // The first call only starts to listen.
    hearer.notified().await;
    let heard = tokio::spawn(async move { hearer.notified().await });
    caller.notify_others().await.expect("called");
    tokio::time::timeout(LONGEST, heard).await.expect("it is heard").expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_asleep_in_the_middle_of_writing_is_thrown_out_and_the_others_go_on() {
    let mut world = World::on(Base::Postgres).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let mut asleep = beside(&world.place).await;
    // What a replica has locked and claimed when it is suspended.
    let begun = "SET idle_in_transaction_session_timeout = '3s'; BEGIN;
                 SELECT pg_advisory_xact_lock(x'666f7273746f6b'::bigint);
                 UPDATE orders SET state = 'ignored'";
    sqlx::raw_sql(begun).execute(&mut asleep).await.expect("run");
    // Webhooks wait for nobody.
    let webhook = delivery(order("2").ready_to_ship().body(), world.clock.now());
    world.storage.record(&[webhook]).await.expect("recorded");
    assert!(world.storage.order(&order_id("2")).await.expect("readable").is_none(), "it is folded later");
    // This one waits, and continues automatically.
    assert_eq!(record(&world, &[order("3").open()]).await, [false]);
    world.decide_all().await;
    assert_eq!(world.state("1").await, "due", "what was not committed has never happened");
    assert_eq!(world.state("2").await, "due");
    assert!(sqlx::query("COMMIT").execute(&mut asleep).await.is_err(), "it was thrown out");
}
