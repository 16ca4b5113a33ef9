//! Stored data that cannot be read: it concerns its own order and no other.

use forstok_accurate::{
    clock::Clock,
    posting::post,
    settings::Database,
    shadow::compare_some,
    storage::{Outcome, State},
};
use jiff::SignedDuration;

use crate::{
    storage::replicas,
    world::{BOOK, Base, World, order, session},
};

/// What a person, or a broken disk, does to the database beside the service.
pub(crate) async fn is_damaged(world: &World, sql: &'static str) {
    match &world.place {
        Database::Sqlite(file) => {
            let connection = rusqlite::Connection::open(file).expect("the file can be opened");
            connection.execute_batch(sql).expect("run");
        }
        Database::Postgres(_) => {
            sqlx::raw_sql(sql).execute(&mut replicas::beside(&world.place).await).await.expect("run");
        }
    }
}

pub(super) async fn an_order_that_cannot_be_read_is_skipped_and_explained(base: Base) {
    let mut world = World::on(base).await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    is_damaged(&world, "UPDATE orders SET findings = '[{' WHERE order_id = '2'").await;
    world.decide_all().await;
    let news = world.storage.undecided(world.clock.now(), 100).await.expect("readable");
    let unreadable: Vec<_> = news.unreadable.iter().map(|order| order.order_id.as_str()).collect();
    assert_eq!((news.orders.len(), unreadable), (0, vec!["2"]), "the others are decided");
    assert!(news.unreadable[0].problem.contains("cannot read"), "{}", news.unreadable[0].problem);
    let explained = |timeline: &str| timeline.matches("prevented a decision on this order").count();
    world.decide_all().await;
    let timeline = world.timeline("2").await;
    assert_eq!(explained(&timeline), 1, "{timeline}");
}

pub(super) async fn a_document_that_cannot_be_read_blocks_its_order_and_no_other(base: Base) {
    for damage in [
        "UPDATE documents SET draft = '{' WHERE order_id = '2'",
        "UPDATE orders SET warnings = '[{\"warning\":\"of_a_newer_version\",\"about\":{\"kind\":\"body_cleared\"}}]'
         WHERE order_id = '2'",
    ] {
        let mut world = World::on(base).await;
        for id in ["1", "2", "3"] {
            world.forstok_sends(order(id).ready_to_ship()).await;
        }
        world.decide_all().await;
        is_damaged(&world, damage).await;
        world.run_until_idle().await;
        assert_eq!(world.count(State::Invoiced).await, 2, "{damage}: the others are posted");
        let timeline = world.timeline("2").await;
        assert_eq!(world.state("2").await, "blocked: stored_data_unreadable", "{damage}: {timeline}");
        assert!(timeline.contains("this version cannot read"), "{damage}: {timeline}");

        world.operator_retries("2").await;
        world.run_until_idle().await;
        assert_eq!(world.count(State::Invoiced).await, 3, "{damage}: {}", world.timeline("2").await);
        assert_eq!(world.accurate.invoice_count(), 3, "{damage}");
    }
}

pub(super) async fn a_save_in_doubt_is_looked_up_though_its_draft_cannot_be_read(base: Base) {
    for cancelled in [false, true] {
        let mut world = World::on(base).await;
        world.forstok_sends(order("1").ready_to_ship()).await;
        world.run_until_settled().await;
        world.forstok_sends(order("2").ready_to_ship()).await;
        let (claim, session) = (world.only_claim().await, session(&world.wire, &world.clock, true));
        let attempted = post::attempt(&session, claim.invoice().expect("an invoice"), SignedDuration::from_secs).await;
        assert!(matches!(attempted.result.outcome, Outcome::Exists { .. }), "nobody writes it down");
        is_damaged(&world, "UPDATE documents SET draft = '{' WHERE order_id = '2'").await;
        world.run_until_settled().await;
        assert_eq!(world.state("2").await, "blocked: stored_data_unreadable", "{}", world.timeline("2").await);
        if cancelled {
            world.forstok_sends(order("2").cancelled()).await;
        }
        world.operator_retries("2").await;
        world.run_until_settled().await;
        let expected = if cancelled { "blocked: stored_data_unreadable" } else { "invoiced" };
        assert_eq!(world.state("2").await, expected, "its invoice exists: {}", world.timeline("2").await);
        assert_eq!(world.accurate.invoice_count(), 2, "{}", world.timeline("2").await);
    }
}

pub(super) async fn a_draft_to_compare_that_cannot_be_read_is_put_off(base: Base) {
    let mut world = World::on(base).await;
    world.mapping_changes("auto_create_at", "posting = \"shadow\"\nauto_create_at").await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_idle().await;
    is_damaged(&world, "UPDATE documents SET draft = '{' WHERE order_id = '2'").await;
    let session = session(&world.wire, &world.clock, true);
    let compare = async || compare_some(world.storage.as_ref(), &session, world.clock.as_ref()).await;
    assert_eq!(compare().await.expect("the others are compared").compared, 2);
    let sums = world.storage.shadow_sums().await.expect("readable");
    assert_eq!((sums.absent.orders, sums.waiting.orders), (2, 1));
    assert!(world.storage.drafts_to_compare(BOOK, world.clock.now(), 8).await.expect("readable").is_empty());
}
