//! Doubt about a save is never forgotten: not by blocking, not by cancelling, not by another clock.

use std::time::Duration;

use forstok_accurate::{
    domain::doubt::Doubt,
    sandbox::{Action, Fault, On},
    storage::{Lane, Selection},
};
use jiff::SignedDuration;

use super::{NUMBER, ORDER};
use crate::world::{BOOK, Base, World, order};

/// A world in which our numbers are known to be kept and the customer exists.
async fn a_world_in_use() -> World {
    a_world_in_use_on(Base::Sqlite).await
}

async fn a_world_in_use_on(base: Base) -> World {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world
}

/// A saved, changed or deleted invoice appears in look-ups and lists only after this many seconds.
fn lag(world: &World, seconds: u64) {
    world.accurate.change_settings(|settings| {
        settings.detail_lag = Duration::from_secs(seconds);
        settings.list_lag = Duration::from_secs(seconds);
    });
}

#[tokio::test]
async fn an_order_in_conflict_with_its_own_invoice_is_not_ignored_when_it_is_cancelled() {
    let mut world = a_world_in_use().await;
    world.accurate.next(On::InvoiceSaves, Fault::TotalOff, 1);
    world.accurate.lose_next_reply_after_saving();
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict", "its invoice exists");
    assert!(world.accurate.remove_invoice(NUMBER));
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: cancelled");
}

#[tokio::test]
async fn a_lost_reply_and_look_ups_that_lag_do_not_end_in_a_block() {
    for seconds in [30, 60] {
        for cancelled in [false, true] {
            let mut world = a_world_in_use().await;
            lag(&world, seconds);
            world.accurate.lose_next_reply_after_saving();
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_for(20).await;
            assert_eq!(world.state(ORDER).await, "due", "lag {seconds} s");
            if cancelled {
                world.forstok_sends(order(ORDER).cancelled()).await;
            }
            world.run_until_settled().await;
            let end = if cancelled { ("voided", 0) } else { ("invoiced", 1) };
            let count = world.accurate.invoices_numbered(NUMBER).len();
            assert_eq!((world.state(ORDER).await.as_str(), count), end, "lag {seconds} s");
        }
    }
}

#[tokio::test]
async fn a_number_that_is_taken_and_never_shows_blocks_only_after_the_doubt_is_over() {
    let mut world = a_world_in_use().await;
    lag(&world, 100_000);
    world.accurate.add_invoice(NUMBER, "8277", "sold over the counter", 5.into());
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(200).await;
    assert_eq!(world.state(ORDER).await, "due");
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: refused_by_accurate");
}

#[tokio::test]
async fn a_401_or_403_after_the_save_was_carried_out_proves_nothing() {
    for cancelled in [false, true] {
        let mut world = a_world_in_use().await;
        world.accurate.next(On::InvoiceSaves, Fault::DeniedAfter, 1);
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_idle().await;
        assert_eq!(world.state(ORDER).await, "due");
        if cancelled {
            world.forstok_sends(order(ORDER).cancelled()).await;
        }
        let saves = world.saves();
        world.run_until_settled().await;
        let end = if cancelled { ("voided", 0) } else { ("invoiced", 1) };
        let count = world.accurate.invoices_numbered(NUMBER).len();
        assert_eq!((world.state(ORDER).await.as_str(), count), end);
        assert_eq!(world.saves(), saves, "it is looked up, not saved again");
    }
}

#[tokio::test]
async fn an_unknown_text_proves_nothing_about_a_save() {
    let mut world = a_world_in_use().await;
    world.accurate.next(On::InvoiceSaves, Fault::UnknownTextAfter, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 2));
}

#[tokio::test]
async fn an_unknown_text_blocks_at_once_and_the_invoice_that_shows_later_is_found_automatically() {
    let mut world = a_world_in_use().await;
    lag(&world, 60);
    world.accurate.next(On::InvoiceSaves, Fault::UnknownTextAfter, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "blocked: refused_by_accurate");
    let saves = world.saves();
    world.run_for(400).await;
    assert_eq!((world.state(ORDER).await.as_str(), world.saves()), ("invoiced", saves));
}

#[tokio::test]
async fn an_unknown_text_that_was_a_refusal_stays_blocked_and_is_not_sent_again() {
    let mut world = a_world_in_use().await;
    world.accurate.next(On::InvoiceSaves, Fault::UnknownTextBefore, 100);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "blocked: refused_by_accurate");
    let (saves, findings) = (world.saves(), world.order(ORDER).await.findings);
    world.run_for(86_400).await;
    assert_eq!(world.state(ORDER).await, "blocked: refused_by_accurate");
    assert_eq!((world.saves(), world.order(ORDER).await.findings), (saves, findings));
    let looks = world.accurate.call_count(Action::InvoiceDetail);
    assert!(looks <= 4, "{looks} looks in a day");
}

#[tokio::test]
async fn an_order_that_was_blocked_in_doubt_and_cancelled_ends_without_an_invoice() {
    let mut world = a_world_in_use().await;
    lag(&world, 60);
    world.accurate.next(On::InvoiceSaves, Fault::UnknownTextAfter, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "blocked: refused_by_accurate");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    assert_eq!(world.accurate.invoices_numbered(NUMBER), []);
}

#[tokio::test]
async fn an_order_that_was_ever_tried_is_looked_up_before_it_is_ignored() {
    let mut world = a_world_in_use().await;
    world.forstok_sends(order(ORDER).ready_to_ship().sku("BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: item_not_found");
    let looks = world.accurate.call_count(Action::InvoiceDetail);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: cancelled");
    assert_eq!(world.accurate.call_count(Action::InvoiceDetail), looks + 1);
}

#[tokio::test]
async fn the_second_lost_save_counts_not_the_first() {
    let mut world = a_world_in_use().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    // The second save is carried out 170 s after it was sent; its invoice is the only one.
    world.advance(250);
    world.accurate.next(On::InvoiceSaves, Fault::Late(Duration::from_secs(170)), 1);
    let claim = world.only_claim().await;
    world.attempt(claim).await;
    world.advance(20);
    let claim = world.only_claim().await;
    assert!(!claim.doubt.is_over() && claim.doubt.remaining_wait() > SignedDuration::from_secs(240), "{claim:?}");
    world.attempt(claim).await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    world.advance(600);
    assert_eq!(world.accurate.invoices_numbered(NUMBER), [], "{}", world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_doubt_is_measured_by_the_databases_clock() {
    let mut world = a_world_in_use_on(Base::Postgres).await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    // Another replica, whose clock is 400 s ahead.
    let ahead = world.clock_now() + SignedDuration::from_secs(400);
    let again = Selection::Due { lane: Lane::Again, newest_first: false, limit: 1 };
    let lease_until = ahead + SignedDuration::from_mins(3);
    let claim = world.storage.claim(BOOK, again, ahead, lease_until).await.expect("claimed").remove(0);
    assert_eq!(claim.doubt, Doubt::of_age(Some(SignedDuration::ZERO), 1), "no time has passed");
    world.advance(200);
    // It dies. Whatever it may have sent before its lease expired is at least that old.
    let ahead = ahead + SignedDuration::from_secs(200);
    let claim = world.storage.claim(BOOK, again, ahead, lease_until).await.expect("claimed").remove(0);
    assert_eq!(claim.doubt, Doubt::of_age(Some(SignedDuration::from_secs(20)), 2));
}
