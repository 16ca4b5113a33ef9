//! Bodies of old webhooks are cleared, without any effect on the result of an order.

use axum::body::Bytes;
use forstok_accurate::{
    clock::Clock,
    domain::reason::{Language, Reason, Warning},
    housekeeping::retention::{STEP, clear_some},
    inbox::delivery,
    sandbox::samples::MAPPING,
};
use jiff::SignedDuration;
use rusqlite::Connection;

use super::ORDER;
use crate::world::{World, order, order_id};

const DAY: i64 = 86_400;

/// Clears bodies older than 90 days, as the service does; returns how many were cleared.
async fn tidy(world: &World) -> u64 {
    let mut bodies = 0;
    loop {
        let cleared =
            clear_some(world.engine.storage().as_ref(), SignedDuration::from_hours(90 * 24), world.engine.now())
                .await
                .expect("written");
        assert!(cleared.bodies <= cleared.examined && cleared.examined <= STEP as u64, "{cleared:?}");
        bodies += cleared.bodies;
        if cleared.examined < STEP as u64 {
            return bodies;
        }
    }
}

/// The number of stored bodies.
fn bodies(world: &World) -> i64 {
    let connection = Connection::open(world.database()).expect("the file can be opened");
    let count = "SELECT COUNT(*) FROM deliveries WHERE body IS NOT NULL";
    connection.query_row(count, [], |row| row.get(0)).expect("readable")
}

#[tokio::test]
async fn what_is_old_and_not_needed_is_cleared_and_nothing_else_changes() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).open()).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(89 * DAY);
    world.forstok_sends(order("2").open()).await;
    world.run_until_settled().await;
    assert_eq!((tidy(&world).await, bodies(&world)), (0, 3), "nothing is old yet");
    let before = (format!("{:?}", world.order(ORDER).await), world.timeline(ORDER).await);
    world.advance(2 * DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (2, 1));
    assert_eq!((format!("{:?}", world.order(ORDER).await), world.timeline(ORDER).await), before);
    assert_eq!(tidy(&world).await, 0, "once is enough");
}

#[tokio::test]
async fn what_a_decision_may_want_stays_until_the_order_has_ended() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").open().price(1_000)).await;
    world.forstok_sends(order("1").ready_to_ship().sku("BARU-01")).await;
    world.forstok_sends(order("2").open()).await;
    world.run_until_settled().await;
    world.advance(91 * DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (1, 2), "the older snapshot of order 1 goes");
    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("1").await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(tidy(&world).await, 0, "it is looked at again after a day");
    world.advance(DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (1, 1), "order 2 may still go on");
    world.forstok_sends(order("2").cancelled()).await;
    world.run_until_settled().await;
    world.advance(DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (1, 1), "its cancellation is not old yet");
}

#[tokio::test]
async fn an_order_that_is_cancelled_after_its_body_was_cleared_is_still_voided() {
    // The second cancellation has the same time as the known one, so its own body does not count.
    for cancelled in [order(ORDER).cancelled(), order(ORDER).cancelled().updated_at("2023-11-27T10:12:00+07:00")] {
        let mut world = World::new().await;
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_settled().await;
        world.advance(100 * DAY);
        assert_eq!(tidy(&world).await, 1);
        world.forstok_sends(cancelled).await;
        world.run_until_settled().await;
        assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
    }
}

#[tokio::test]
async fn an_invoice_that_the_mapping_keeps_is_kept_without_the_body_too() {
    let mut world = World::with_mapping(&MAPPING.replace("on_cancel = \"void\"", "on_cancel = \"keep\"")).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(100 * DAY);
    assert_eq!(tidy(&world).await, 1);
    world.forstok_sends(order(ORDER).cancelled().updated_at("2023-11-27T10:12:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
    assert!(world.warnings(ORDER).await.contains(&Warning::CancelledKept));
}

#[tokio::test]
async fn late_snapshots_of_an_invoiced_order_change_nothing_without_its_body() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).shipped().price(90_000)).await;
    world.run_until_settled().await;
    let mut warnings = world.warnings(ORDER).await;
    assert!(warnings.contains(&Warning::ChangedAfterInvoice));
    world.advance(100 * DAY);
    assert_eq!(tidy(&world).await, 2);
    world.forstok_sends(order(ORDER).open()).await;
    world.forstok_sends(order(ORDER).status("teleported").updated_at("2024-05-10T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    warnings.push(Warning::UnknownStatus);
    assert_eq!(world.warnings(ORDER).await, warnings, "what was found before still holds");
}

#[tokio::test]
async fn an_ignored_order_stays_so_until_the_rules_want_it_and_then_waits_for_its_data() {
    let on = "[stores.\"8277\"]";
    let off = format!("{on}\nenabled = false");
    let mut world = World::with_mapping(&MAPPING.replace(on, &off)).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(100 * DAY);
    assert_eq!(tidy(&world).await, 1);
    let before = world.timeline(ORDER).await;
    world.mapping_changes("on_cancel = \"void\"", "on_cancel = \"keep\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: store_off");
    assert_eq!(world.timeline(ORDER).await, before, "nothing happened to it");

    world.mapping_changes(&off, on).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: no_lines");
    let about = world.order(ORDER).await.findings[0].about.in_words(Language::English);
    assert!(about.contains("no longer stored, because its retention period is over"), "{about}");
    assert!(world.wire.hosts().is_empty());

    // The same webhook again restores the missing body.
    assert!(!world.forstok_sends(order(ORDER).ready_to_ship()).await.repeat);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
    assert!(world.forstok_sends(order(ORDER).ready_to_ship()).await.repeat);
}

#[tokio::test]
async fn a_rule_that_changes_meanwhile_holds_for_an_order_without_its_body() {
    let mut world = World::with_mapping(&format!("orders_from = \"2024-01-01\"\n{MAPPING}")).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: before_start");
    world.advance(100 * DAY);
    assert_eq!(tidy(&world).await, 1);
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"never\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: auto_create_never");
    world.mapping_changes("orders_from = \"2024-01-01\"", "").await;
    world.mapping_changes("auto_create_at = \"never\"", "auto_create_at = \"Shipped\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "watching");
    world.forstok_sends(order(ORDER).shipped()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn a_body_that_is_not_folded_yet_stays() {
    let mut world = World::new().await;
    let recorded = delivery(order(ORDER).ready_to_ship().body(), world.clock.now());
    world.storage.record(&[recorded]).await.expect("recorded");
    world.advance(100 * DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (0, 1));
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    world.advance(DAY);
    assert_eq!(tidy(&world).await, 1);
}

#[tokio::test]
async fn an_unreadable_webhook_is_cleared_and_still_listed() {
    let mut world = World::new().await;
    let recorded = delivery(Bytes::from_static(b"not JSON"), world.clock.now());
    world.storage.record(&[recorded]).await.expect("recorded");
    world.advance(100 * DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (1, 0));
    let newest = world.storage.unreadable(None, 10).await.expect("readable");
    let count = world.storage.unreadable_count().await.expect("readable");
    assert!(count == 1 && newest[0].problem.contains("not JSON"), "{newest:?}");
}

#[tokio::test]
async fn with_a_longer_time_set_what_was_kept_is_not_cleared_early() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").open()).await;
    world.run_until_settled().await;
    world.advance(91 * DAY);
    assert_eq!(tidy(&world).await, 0);
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"never\"").await;
    world.run_until_settled().await;
    assert_eq!(world.order("1").await.reason, Some(Reason::AutoCreateNever));
    world.advance(DAY);
    let a_year = SignedDuration::from_hours(365 * 24);
    assert_eq!(
        clear_some(world.engine.storage().as_ref(), a_year, world.engine.now()).await.expect("written").bodies,
        0
    );
    world.advance(DAY);
    assert_eq!(tidy(&world).await, 1);
}

#[tokio::test]
async fn the_check_ignores_orders_without_a_body() {
    let on = "[stores.\"8277\"]";
    let mut world = World::with_mapping(&MAPPING.replace(on, &format!("{on}\nenabled = false"))).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(100 * DAY);
    assert_eq!(tidy(&world).await, 1);
    world.mapping_changes("enabled = false", "").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: no_lines");
    assert!(world.storage.waiting_bodies(10).await.expect("readable").is_empty());
    assert_eq!(
        world.storage.rearm_one(&order_id(ORDER), "operator", world.clock.now()).await.expect("written"),
        Some(1)
    );
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: no_lines");
}

#[tokio::test]
async fn a_long_history_is_cleared_in_small_steps() {
    let mut world = World::new().await;
    let count = 3 * STEP + 5;
    let now = world.clock.now();
    let ids = (1..=count).map(|id| id.to_string());
    let deliveries: Vec<_> = ids.map(|id| delivery(order(&id).cancelled().body(), now)).collect();
    world.storage.record(&deliveries).await.expect("recorded");
    world.run_until_settled().await;
    world.advance(91 * DAY);
    assert_eq!((tidy(&world).await, bodies(&world)), (count as u64, 0));
}

#[tokio::test]
async fn a_clock_that_was_far_ahead_keeps_no_body_for_longer_once_it_is_right() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").open()).await;
    world.decide_all().await;
    // Examined while the clock is wrong, and postponed by a day of that clock.
    world.advance(91 * DAY);
    world.clock.is_set_ahead(SignedDuration::from_hours(365 * 24));
    assert_eq!(tidy(&world).await, 0, "the order may still want it");
    // Arrived while the clock was wrong.
    world.forstok_sends(order("2").open()).await;
    world.clock.is_set_ahead(SignedDuration::ZERO);
    world.forstok_sends(order("1").cancelled()).await;
    world.forstok_sends(order("3").cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(tidy(&world).await, 1, "what was put off to next year");
    world.advance(91 * DAY);
    assert_eq!(tidy(&world).await, 2, "behind the one that seems to have come next year");
    assert_eq!(bodies(&world), 1);
}
