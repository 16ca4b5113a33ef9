//! Moving a shop from SQLite to PostgreSQL: nothing is lost, and work continues exactly where it was.

mod shop;

use std::collections::BTreeMap;

use forstok_accurate::{
    clock::Clock,
    domain::{
        document::Kind,
        masters::{Master, MasterKind},
    },
    inbox::delivery,
    posting::post,
    settings::Database,
    storage::{self, Filter, MasterSearch, Moved, Storage},
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use secrecy::ExposeSecret;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Notify;

pub(crate) use self::shop::a_shop;
use self::shop::notified;
use crate::world::{BOOK, World, order, order_id, postgres, session};

/// Everything that can be read from storage.
async fn seen(storage: &dyn Storage, now: Timestamp) -> BTreeMap<&'static str, String> {
    let orders = storage.orders(&Filter::default(), None, 1_000).await.expect("readable");
    let mut timelines = Vec::new();
    for order in &orders {
        timelines.push(storage.timeline(&order.order_id).await.expect("readable"));
    }
    let mut counts = storage.counts().await.expect("readable");
    counts.sort_by_key(|count| (count.state, count.reason, count.store_id.clone()));
    let mut warnings = storage.warning_counts().await.expect("readable");
    warnings.sort();
    let mut warned = Vec::new();
    for (warning, _) in &warnings {
        let filter = Filter { warning: Some(*warning), ..Filter::default() };
        let orders = storage.orders(&filter, None, 1_000).await.expect("readable");
        warned.extend(orders.into_iter().map(|order| (warning.code(), order.id)));
    }
    BTreeMap::from([
        ("orders", format!("{orders:?}")),
        ("timelines", format!("{timelines:?}")),
        ("counts", format!("{counts:?}")),
        ("warnings", format!("{warnings:?} {warned:?}")),
        ("mappings", format!("{:?}", storage.mapping_history(100).await.expect("readable"))),
        ("unreadable", format!("{:?}", storage.unreadable(None, 100).await.expect("readable"))),
        ("unfolded", format!("{:?}", storage.unfolded(None, 100).await.expect("readable"))),
        ("undecided", format!("{:?}", storage.undecided(now, 100).await.expect("readable"))),
        ("bodies", format!("{:?}", storage.waiting_bodies(100).await.expect("readable"))),
        ("newest delivery", format!("{:?}", storage.newest_webhook().await.expect("readable"))),
        ("oldest due", format!("{:?}", storage.oldest_due().await.expect("readable"))),
        ("comparisons", format!("{:?}", storage.shadow_sums().await.expect("readable"))),
        ("differences", format!("{:?}", storage.differences(None, None, 100).await.expect("readable"))),
        ("runs", format!("{:?}", storage.runs(None, 100).await.expect("readable"))),
        ("findings", format!("{:?}", storage.findings(&<_>::default(), None, 100).await.expect("readable"))),
        ("listed", format!("{:?}", storage.listed_ids(2).await.expect("readable"))),
        ("hints", format!("{:?}", storage.due_hints(BOOK, now, 10).await.expect("readable"))),
        ("Accurate's webhooks", format!("{:?}", storage.accurate_webhook(BOOK).await.expect("readable"))),
        ("next look", format!("{:?}", storage.next_recheck_at(BOOK).await.expect("readable"))),
        ("lists", format!("{:?}", storage.master_lists(BOOK).await.expect("readable"))),
        ("items", format!("{:?}", items(storage).await)),
        ("columns", format!("{:?}", storage.import_columns("digest").await.expect("readable"))),
        ("backfill", format!("{:?}", storage.backfill().await.expect("readable"))),
        ("payouts", format!("{:?}", storage.booked(&order_id("1")).await.expect("readable"))),
        ("payout counts", format!("{:?}", storage.row_counts(Kind::Receipt).await.expect("readable"))),
        ("expected", format!("{:?}", storage.receivables().await.expect("readable"))),
        ("fees", format!("{:?}", storage.fee_kinds().await.expect("readable"))),
        ("unsettled", format!("{:?}", storage.unsettled(now, 100).await.expect("readable"))),
        ("notices", format!("{:?}", storage.notices(None, 10).await.expect("readable"))),
        ("told", format!("{:?}", storage.announced().await.expect("readable"))),
        ("next attempt", format!("{:?}", storage.next_attempt_at(BOOK).await.expect("readable"))),
    ])
}

/// The items of Accurate, as they are listed.
async fn items(storage: &dyn Storage) -> Vec<Master> {
    let all = MasterSearch { limit: 1_000, ..MasterSearch::default() };
    storage.masters(BOOK, MasterKind::Items, &all).await.expect("readable").expect("from the beginning")
}

/// Runs a copy to its end.
async fn copy(from: &Database, to: &Database, now: Timestamp) -> storage::Result<Moved> {
    let (Database::Sqlite(from), Database::Postgres(to)) = (from, to) else { panic!("from a file to a server") };
    storage::copy(from, to, now, |_| ()).await
}

/// Why it is refused.
async fn refused(from: &Database, to: &Database, now: Timestamp) -> String {
    copy(from, to, now).await.expect_err("it must be refused").to_string()
}

fn written(moved: &Moved) -> u64 {
    match moved {
        Moved::All { written, .. } | Moved::SoFar { written } => *written,
    }
}

#[tokio::test]
async fn everything_is_there_afterwards_and_continues() {
    let mut world = a_shop().await;
    let now = world.clock.now();
    let later = delivery(order("9").ready_to_ship().body(), now);
    world.storage.record(&[later]).await.expect("recorded");
    let chosen = [("order_id".to_owned(), "Kode".to_owned())].into();
    world.storage.remember_import_columns("digest", &chosen, "ani", now).await.expect("written");
    let reading = world.storage.begin_backfill(now, now).await.expect("written").expect("none is under way");
    let result = "read".into();
    let end = storage::BackfillEnd { is_complete: true, watermark: Some(now), result: &result };
    world.storage.end_backfill(reading.run, &end, now).await.expect("written");
    let before = seen(world.storage.as_ref(), now).await;
    assert!(!before.values().any(|shown| shown == "[]" || shown == "None"), "each must hold something");
    let target = postgres::new_database().await;
    world = world
        .dies_and_meanwhile(async |source| {
            let moved = copy(&source, &target, now).await.expect("copied");
            let Moved::All { written, rows } = moved else { panic!("nobody works on the source: {moved:?}") };
            // Two rows existed before: the cursor of housekeeping, and how far Forstok's order API was read.
            assert!(written > 0 && written <= rows.iter().map(|(_, rows)| rows).sum::<u64>(), "{written} of {rows:?}");
            assert!(rows.iter().all(|(_, rows)| *rows > 0), "of each table something is copied: {rows:?}");
            target
        })
        .await;
    let after = seen(world.storage.as_ref(), now).await;
    for (what, before) in &before {
        assert_eq!(&after[what], before, "{what}");
    }
    // New orders, deliveries and notices get ids after all copied ones, and pending work continues.
    notified(&world, 1).await;
    world.forstok_sends(order("10").ready_to_ship()).await;
    assert!(world.forstok_sends(order("4").open()).await.repeat, "it is known here");
    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("2").await;
    world.run_until_settled().await;
    for id in ["2", "7", "8", "9", "10"] {
        assert_eq!(world.state(id).await, "invoiced", "order {id}");
    }
    // Order 9 was not folded when it was copied.
    let newest = world.storage.orders(&Filter::default(), None, 2).await.expect("readable");
    assert!(newest.iter().all(|order| ["9", "10"].contains(&order.order_id.as_str())), "{newest:?}");
    world.forstok_sends(order("10").cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("10").await, "voided");
}

#[tokio::test]
async fn orders_that_were_claimed_when_the_service_was_killed_are_looked_up_and_saved_once() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let claim = world.only_claim().await;
    // The process dies between the save and recording its result.
    post::attempt(&session(&world.wire, &world.clock, true), claim.invoice().expect("an invoice"), |_| {
        SignedDuration::ZERO
    })
    .await;
    assert_eq!(world.accurate.invoice_count(), 1);
    let target = postgres::new_database().await;
    let now = world.clock.now();
    world = world
        .dies_and_meanwhile(async |source| {
            copy(&source, &target, now).await.expect("copied");
            target
        })
        .await;
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
}

#[tokio::test]
async fn a_copy_beside_a_running_service_is_completed_once_the_service_has_stopped() {
    let mut world = a_shop().await;
    let now = world.clock.now();
    let later = delivery(order("9").ready_to_ship().body(), now);
    world.storage.record(&[later]).await.expect("recorded");
    let target = postgres::new_database().await;
    let first = copy(&world.place, &target, now).await.expect("copied");
    assert!(matches!(first, Moved::SoFar { written } if written > 20), "{first:?}");
    let Err(error) = storage::open(&target).await else { panic!("no service may start there") };
    assert!(error.to_string().contains("is not finished") && error.to_string().contains("store copy"), "{error}");

    // Rows are added, changed and deleted.
    world.forstok_sends(order("10").open()).await;
    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("2").await;
    world.run_until_settled().await;
    let before = seen(world.storage.as_ref(), now).await;
    world = world
        .dies_and_meanwhile(async |source| {
            let second = copy(&source, &target, now).await.expect("copied");
            assert!(matches!(second, Moved::All { .. }) && written(&second) > 0, "{second:?}");
            target
        })
        .await;
    assert_eq!(world.storage.unfolded(None, 10).await.expect("readable").len(), 0);
    for (what, after) in seen(world.storage.as_ref(), now).await {
        assert_eq!(after, before[what], "{what}");
    }
}

#[tokio::test]
async fn an_interrupted_copy_continues_where_it_was() {
    let mut world = World::new().await;
    let deliveries: Vec<_> =
        (1..=1_000).map(|id| delivery(order(&id.to_string()).cancelled().body(), world.clock.now())).collect();
    world.storage.record(&deliveries).await.expect("recorded");
    world.run_until_settled().await;
    // PostgreSQL cannot store NUL in a text; an older version may have written one.
    let file = Connection::open(world.database()).expect("the file can be opened");
    let nul = "UPDATE deliveries SET status = 'Cancel' || char(0) || 'led' WHERE id = 1";
    file.execute(nul, []).expect("written");
    let now = world.clock.now();
    let target = postgres::new_database().await;
    let (Database::Sqlite(from), Database::Postgres(to)) = (world.place.clone(), target.clone()) else {
        panic!("from a file to a server")
    };
    let well_begun = Notify::new();
    let copying = storage::copy(&from, &to, now, |progress| {
        if progress.table == "deliveries" && progress.done >= 400 {
            well_begun.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = well_begun.notified() => {}
        moved = copying => panic!("it is to be cut short: {moved:?}"),
    }
    let world = world
        .dies_and_meanwhile(async |source| {
            let moved = copy(&source, &target, now).await.expect("copied");
            let Moved::All { written, rows } = moved else { panic!("nobody works on the source: {moved:?}") };
            let all = rows.iter().map(|(_, rows)| rows).sum::<u64>();
            assert!(written > 0 && written + 400 <= all, "{written} of {all}");
            target
        })
        .await;
    assert_eq!(world.storage.orders(&Filter::default(), None, 2_000).await.expect("readable").len(), 1_000);
    assert!(world.timeline("1").await.contains("Cancel\u{fffd}led"), "{}", world.timeline("1").await);
}

#[tokio::test]
async fn a_copy_waits_for_an_earlier_copy_that_is_ending_but_not_for_one_that_is_running() {
    let world = a_shop().await;
    let now = world.clock.now();
    let target = postgres::new_database().await;
    let Database::Postgres(url) = &target else { panic!("a server's") };
    let mut earlier = PgConnection::connect(url.expose_secret()).await.expect("it listens");
    // The lock that a copy holds on its target database.
    let hold = sqlx::query("SELECT pg_advisory_lock($1)").bind(0x66_6f72_7374_6f6c_i64);
    hold.execute(&mut earlier).await.expect("nobody holds it");
    let why = refused(&world.place, &target, now).await;
    assert!(why.contains("another store copy writes into it"), "{why}");

    let ends = async {
        let waiting = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database =
                           (SELECT oid FROM pg_database WHERE datname = current_database()))";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&mut earlier).await.expect("readable") {}
        drop(earlier);
    };
    let (copied, ()) = tokio::join!(copy(&world.place, &target, now), ends);
    copied.expect("the lock is free again");
}

#[tokio::test]
async fn a_target_that_holds_anything_else_is_refused() {
    let world = a_shop().await;
    let now = world.clock.now();
    let used = postgres::new_database().await;
    let storage = storage::open(&used).await.expect("it can be opened");
    storage.record(&[delivery(order("1").open().body(), now)]).await.expect("recorded");
    let why = refused(&world.place, &used, now).await;
    assert!(why.contains("a service has worked with it already; give an empty database"), "{why}");
    assert!(!why.contains("password"), "{why}");

    let held = postgres::new_database().await;
    let storage = storage::open(&held).await.expect("it can be opened");
    storage.lead(BOOK.as_str(), "a replica", std::time::Duration::from_mins(5), None).await.expect("held");
    let why = refused(&world.place, &held, now).await;
    assert!(why.contains("a service has worked with it already"), "{why}");

    let target = postgres::new_database().await;
    copy(&world.place, &target, now).await.expect("copied so far");
    let another = World::new().await;
    let why = refused(&another.place, &target, now).await;
    assert!(why.contains("unfinished copy of another database") && why.contains("test.db"), "{why}");

    world
        .dies_and_meanwhile(async |source| {
            copy(&source, &target, now).await.expect("copied");
            let why = refused(&source, &target, now).await;
            assert!(why.contains("is finished, and a service may have gone on with it"), "{why}");
            target
        })
        .await;
    let nowhere = Database::Sqlite("/nowhere/orders.db".into());
    let why = refused(&nowhere, &postgres::new_database().await, now).await;
    assert!(why.contains("/nowhere/orders.db") && why.contains("there is no such file"), "{why}");
}
