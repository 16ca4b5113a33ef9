//! Replies that are lost, late, wrong or never arrive.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    sandbox::{Action, Down, Fault, Masters, On},
    storage::State,
};

use super::{NUMBER, ORDER};
use crate::world::{World, order};

/// Every fault of the sandbox; the delays are before, at and after the call's time limit.
const FAULTS: [Fault; 16] = [
    Fault::DroppedBefore,
    Fault::DroppedAfter,
    Fault::Error5xxBefore,
    Fault::Error5xxAfter,
    Fault::HtmlBefore,
    Fault::HtmlAfter,
    Fault::UpsssBefore,
    Fault::UpsssAfter,
    Fault::DatabaseTrouble,
    Fault::Slow(Duration::from_secs(10)),
    Fault::Slow(Duration::from_mins(1)),
    Fault::Late(Duration::from_secs(10)),
    Fault::Late(Duration::from_millis(30_500)),
    Fault::Late(Duration::from_mins(1)),
    Fault::Limit429,
    Fault::LimitMessage,
];

#[tokio::test]
async fn a_lost_reply_never_makes_a_second_invoice() {
    let mut world = World::new().await;
    world.accurate.lose_next_reply_after_saving();
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
    assert_eq!(world.state(ORDER).await, "invoiced");
    insta::assert_snapshot!(world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_call_that_was_cut_before_accurate_did_anything_is_made_again() {
    let mut world = World::new().await;
    world.accurate.add_masters(&Masters::default().customer("8277", "Shopee"));
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "due", "it must wait its turn, not hammer");
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!((world.accurate.invoice_count(), world.saves()), (1, 2));
    insta::assert_snapshot!(world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_refused_connection_pauses_the_book_until_accurate_is_back() {
    let mut world = World::new().await;
    for id in 1..=5 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.wire.cut();
    world.run_for(600).await;
    assert_eq!(world.pause(), Some("accurate_down"));
    assert_eq!(world.count(State::Due).await, 5);
    // Probes are at most 15 seconds apart, each with two connections: data host (unknown so far) or account server.
    let tried = world.wire.hosts().len();
    assert!(tried <= 60, "{tried} connections were tried in ten minutes");
    world.wire.recover();
    world.run_for(16).await;
    assert_eq!(world.pause(), None);
    assert_eq!(world.accurate.invoice_count(), 5, "all go on within one probe's wait");
}

#[tokio::test]
async fn accurates_limit_in_either_form_counts_as_no_failure() {
    for form in [Fault::Limit429, Fault::LimitMessage] {
        let mut world = World::new().await;
        world.accurate.next(On::Any, form, 12);
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "invoiced");
        assert_eq!(world.order(ORDER).await.tries, 1, "{form:?}");
        assert!(!world.timeline(ORDER).await.contains("next attempt"), "{form:?}");
    }
}

#[tokio::test]
async fn accurates_limit_for_longer_than_a_lease_counts_as_no_failure() {
    let mut world = World::new().await;
    world.accurate.next(On::InvoiceSaves, Fault::LimitMessage, 400);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.order(ORDER).await.tries, 1);
    let lines = world.timeline(ORDER).await.lines().count();
    assert!(lines < 50, "{lines} lines in the timeline, for 400 replies that say the same");
}

#[tokio::test]
async fn a_save_of_unknown_outcome_is_looked_up_even_after_the_limit_outlasted_the_lease() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedAfter, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::LimitMessage, 400);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let saves = world.saves();
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.saves() - saves, 1, "it stood already; only a look was needed");
}

#[tokio::test]
async fn one_failed_call_of_any_kind_leads_to_one_invoice() {
    for fault in FAULTS {
        for on in [On::Any, On::InvoiceSaves] {
            let mut world = World::new().await;
            world.accurate.next(on, fault, 1);
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_settled().await;
            world.advance(120);
            assert_eq!(world.state(ORDER).await, "invoiced", "{fault:?} on {on:?}");
            assert_eq!(world.accurate.invoice_count(), 1, "{fault:?} on {on:?}");
            assert_eq!(world.accurate.customers().len(), 1, "{fault:?} on {on:?}");
        }
    }
}

#[tokio::test]
async fn any_failed_save_followed_by_any_failed_look_up_leads_to_one_invoice() {
    let mut world = World::new().await;
    let mut orders = 0;
    for on_save in FAULTS {
        for on_look_up in FAULTS {
            orders += 1;
            let id = orders.to_string();
            world.accurate.next(On::InvoiceSaves, on_save, 1);
            world.accurate.next(Action::InvoiceDetail, on_look_up, 1);
            world.forstok_sends(order(&id).ready_to_ship()).await;
            world.run_until_settled().await;
            world.accurate.clear_faults();
            assert_eq!(world.state(&id).await, "invoiced", "{on_save:?}, then {on_look_up:?}");
        }
    }
    world.advance(120);
    assert_eq!(world.accurate.invoice_count(), orders);
    assert_eq!(world.accurate.customers().len(), 1);
}

#[tokio::test]
async fn an_order_waits_the_fourth_power_of_its_failures_in_seconds() {
    let mut world = World::new().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 9);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    for failures in 1_i64..=9 {
        world.run_until_idle().await;
        let next = world.order(ORDER).await.next_attempt_at.expect("it waits");
        let waits = next.duration_since(world.clock.now()).as_secs_f64();
        let least = failures.pow(4).min(3600) as f64;
        assert!((least..=(least * 1.1).min(3600.0)).contains(&waits), "{waits} s after {failures} failures");
        world.clock.reach(next);
    }
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn repeated_unknown_outcomes_pause_the_book() {
    let mut world = World::new().await;
    world.accurate.go_down(Down::Page503);
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_for(60).await;
    assert_eq!(world.pause(), Some("accurate_down"));
    world.accurate.come_back();
    world.run_for(30).await;
    assert_eq!(world.accurate.invoice_count(), 20);
}
