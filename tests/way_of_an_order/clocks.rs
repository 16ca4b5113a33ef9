//! The machine's clock is set wrong, and corrected again.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    posting::LEASE,
    sandbox::{Fault, On},
};
use jiff::SignedDuration;

use super::ORDER;
use crate::world::{World, order};

const RIGHT: SignedDuration = SignedDuration::ZERO;

#[tokio::test]
async fn a_clock_that_was_hours_ahead_delays_nothing_once_it_is_right() {
    let mut world = World::new().await;
    world.clock.is_set_ahead(SignedDuration::from_hours(2));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(60).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("wrong_clock"), "due"));
    world.clock.is_set_ahead(RIGHT);
    world.run_for(30).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (None, "invoiced"));
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_no_call_up() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_for(10).await;
    world.clock.is_set_ahead(-SignedDuration::from_mins(9));
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.run_for(10).await;
    assert_eq!(world.state("2").await, "invoiced");
}

#[tokio::test]
async fn an_order_that_waits_for_its_next_attempt_waits_no_longer_when_the_clock_is_set_back() {
    let mut world = World::new().await;
    world.wire.cut();
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(60).await;
    world.clock.is_set_ahead(-SignedDuration::from_mins(9));
    world.wire.recover();
    world.run_for(30).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn a_wait_that_was_stored_by_a_wrong_clock_ends_after_a_restart() {
    let mut world = World::new().await;
    world.clock.is_set_ahead(SignedDuration::from_hours(2));
    world.wire.cut();
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(60).await;
    world.wire.recover();
    world.clock.is_set_ahead(RIGHT);
    let mut world = world.dies_and_starts_again().await;
    world.run_for(30).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn a_recheck_that_a_wrong_clock_has_put_off_for_hours_comes_soon_after_a_restart() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship().sku("LATER-1")).await;
    world.run_for(5).await;
    assert_eq!(world.state(ORDER).await, "blocked: item_not_found");
    world.clock.is_set_ahead(SignedDuration::from_hours(5));
    world.run_for(7_200).await;
    world.accurate.add_item("LATER-1", "Barang baru");
    world.clock.is_set_ahead(RIGHT);
    let mut world = world.dies_and_starts_again().await;
    world.run_for(60).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn an_attempt_ends_before_its_lease_however_the_clock_is_set_meanwhile() {
    // Once the clock is set forward, others may claim the order, so nothing more is sent.
    for (minutes, least) in [(-9, 100), (9, 10)] {
        let mut world = World::new().await;
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.accurate.next(On::InvoiceSaves, Fault::Limit429, 10_000);
        let claim = world.only_claim().await;
        let clock = world.clock.clone();
        let began = clock.monotonic();
        let somebody_sets_it = async {
            clock.sleep(Duration::from_secs(10)).await;
            clock.is_set_ahead(SignedDuration::from_mins(minutes));
        };
        tokio::join!(world.attempt(claim), somebody_sets_it);
        let took = clock.monotonic().since(began);
        assert!(took < LEASE.unsigned_abs(), "set by {minutes} minutes: it took {took:?}");
        assert!(took >= Duration::from_secs(least), "set by {minutes} minutes: it gave up after {took:?}");
    }
}
