//! Workers that die, are late, or run twice.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    domain::{
        doubt::Doubt,
        ids::AttemptNo,
        timeline::{Entry, Event},
    },
    posting::{LEASE, post},
    sandbox::{Action, Fault, On},
    storage::{AttemptResult, Counted, Deletion, Outcome, Selection, Settled},
};
use jiff::SignedDuration;

use super::{NUMBER, ORDER};
use crate::world::{World, order, session};

#[tokio::test]
async fn a_worker_whose_lease_ran_out_changes_nothing() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let late = world.only_claim().await;
    world.advance(LEASE.as_secs() + 1);
    let second = world.only_claim().await;
    assert_eq!((second.attempt, second.earlier_tries), (AttemptNo(late.attempt.0 + 1), 1));
    world.attempt(second).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    let (record, timeline) = (format!("{:?}", world.order(ORDER).await), world.timeline(ORDER).await);

    // Everything that a late worker may report.
    let outcomes = [
        Outcome::Gone { number: NUMBER.into(), by: Deletion::Before },
        Outcome::Reconsider,
        Outcome::Blocked { findings: Vec::new(), waits_for: None, recheck_after: None },
        Outcome::Postponed { until: world.clock.now(), counted: Counted::Yes },
    ];
    for outcome in outcomes {
        let entries = vec![Entry::new(world.clock.now(), Event::Rearmed { actor: String::new() })];
        let mut result = AttemptResult::of(&late, outcome);
        result.entries = entries;
        let taken = world.storage.settle(&[result], world.clock.now()).await.expect("written");
        assert_eq!(taken, [Settled::Late]);
    }
    world.attempt(late).await;
    assert_eq!(format!("{:?}", world.order(ORDER).await), record);
    assert_eq!(world.timeline(ORDER).await, timeline);
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
}

#[tokio::test]
async fn a_worker_that_wakes_after_its_lease_makes_no_call() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let asleep = world.only_claim().await;
    world.advance(LEASE.as_secs() + 1);
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    let calls = world.wire.hosts().len();
    world.attempt(asleep).await;
    assert_eq!(world.accurate.invoice_count(), 0, "an invoice nobody knows of would stand");
    assert_eq!(world.wire.hosts().len(), calls);
}

#[tokio::test]
async fn two_workers_on_one_order_at_the_same_moment_make_one_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let first = world.only_claim().await;
    world.storage.end_leases(crate::world::BOOK, world.clock.now()).await.expect("written");
    let second = world.only_claim().await;
    tokio::join!(world.attempt(first), world.attempt(second));
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
}

#[tokio::test]
async fn a_crash_between_claim_and_save_makes_one_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    drop(world.only_claim().await);
    world = world.dies_and_starts_again().await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoice_count(), 2);
}

#[tokio::test]
async fn a_crash_between_the_first_claim_and_its_save_waits_until_no_save_can_arrive() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    drop(world.only_claim().await);
    world = world.dies_and_starts_again().await;
    world.run_for(250).await;
    assert_eq!(world.state(ORDER).await, "due", "nobody knows yet whether our numbers are kept");
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
}

#[tokio::test]
async fn a_crash_between_the_save_and_its_settlement_makes_one_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    let session = session(&world.wire, &world.clock, true);
    let attempted = post::attempt(&session, claim.invoice().expect("an invoice"), SignedDuration::from_secs).await;
    assert!(matches!(attempted.result.outcome, Outcome::Exists { .. }), "{attempted:?}");
    let saves = world.saves();
    world = world.dies_and_starts_again().await;
    assert_eq!(world.state(ORDER).await, "due", "nobody wrote it down");
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!((world.accurate.invoice_count(), world.saves()), (1, saves), "it is looked up, not saved again");
}

#[tokio::test]
async fn after_a_crash_without_a_restart_the_order_continues_when_its_lease_ends() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    drop(world.only_claim().await);
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "due", "the other replica may still be at it");
    let before = world.clock.now();
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(world.clock.now().duration_since(before) >= LEASE);
}

/// A world whose next save is carried out a minute after its caller gave up.
async fn a_world_that_saves_late() -> World {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    assert!(world.accurate.remove_invoice("INV-1"));
    world.accurate.next(On::InvoiceSaves, Fault::Late(Duration::from_mins(1)), 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world
}

#[tokio::test]
async fn a_save_that_arrives_after_its_order_was_cancelled_leaves_no_invoice() {
    let mut world = a_world_that_saves_late().await;
    let claim = world.only_claim().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.attempt(claim).await;
    world.run_until_settled().await;
    world.advance(600);
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoices_numbered(NUMBER), [], "{}", world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_save_that_arrives_after_the_mapping_changed_its_number_makes_no_second_invoice() {
    let mut world = a_world_that_saves_late().await;
    let claim = world.only_claim().await;
    world.mapping_changes("on_cancel", "invoice_number = \"{order_id}\"\non_cancel").await;
    world.attempt(claim).await;
    world.run_until_settled().await;
    world.advance(600);
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 1, "{}", world.timeline(ORDER).await);
}

#[tokio::test]
async fn an_order_that_changed_while_its_save_may_still_arrive_waits_for_that_and_no_longer_and_says_so() {
    let mut world = World::new().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    world.forstok_sends(order(ORDER).shipped()).await;
    let sent = world.clock.now();
    world.attempt(claim).await;
    let accurate = world.accurate.clone();
    let looks = || accurate.call_count(Action::InvoiceDetail);
    let first = looks();
    while world.state(ORDER).await == "due" {
        let next = world.order(ORDER).await.next_attempt_at.expect("it waits");
        assert!(next.duration_since(sent) <= SignedDuration::from_mins(6), "it waits until {next}");
        world.clock.reach(next);
        world.run_at_once_until_idle().await;
    }
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(looks() - first <= 3, "Accurate is not pestered meanwhile: {} looks", looks() - first);
    let timeline = world.timeline(ORDER).await;
    assert!(timeline.contains("not sent — an earlier save of the same document may still arrive"), "{timeline}");
    assert!(!timeline.contains("WIB: \n"), "each wait has its reason: {timeline}");
}

#[tokio::test]
async fn failures_before_a_successful_recheck_do_not_make_an_order_wait_longer() {
    let mut world = World::new().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 3);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    world.forstok_sends(order(ORDER).shipped()).await;
    world.attempt(claim).await;
    let mut waits = Vec::new();
    while world.state(ORDER).await == "due" {
        let next = world.order(ORDER).await.next_attempt_at.expect("it waits");
        waits.push(next.duration_since(world.clock.now()).as_secs());
        if waits.len() == 4 {
            world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
        }
        world.clock.reach(next);
        world.run_at_once_until_idle().await;
    }
    let [first, second, third, until_the_save_is_over, after_it] = waits[..] else { panic!("{waits:?}") };
    assert_eq!([first, second, third / 10, after_it], [1, 16, 8, 1], "{waits:?}");
    assert!((150..300).contains(&until_the_save_is_over), "{waits:?}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_prolong_the_wait_for_a_lost_save() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    drop(world.only_claim().await);
    world.forstok_sends(order(ORDER).shipped()).await;
    let world = world.dies_and_starts_again().await;
    let earlier = world.clock_now() - SignedDuration::from_hours(1);
    let mut claims =
        world.storage.claim(crate::world::BOOK, Selection::Probe, earlier, earlier + LEASE).await.expect("claimed");
    assert_eq!(claims.remove(0).doubt, Doubt::of_age(Some(SignedDuration::ZERO), 1), "it does not lie ahead");
}

#[tokio::test]
async fn a_save_whose_slot_is_free_only_after_its_lease_is_not_sent() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    let session = session(&world.wire, &world.clock, true);
    // Calls are delayed, here because Accurate asked to slow down; another worker may own the order by then.
    session.slow_down(LEASE);
    let attempted = post::attempt(&session, claim.invoice().expect("an invoice"), |_| SignedDuration::ZERO).await;
    assert!(matches!(attempted.result.outcome, Outcome::Postponed { .. }), "{attempted:?}");
    assert_eq!((world.saves(), world.accurate.invoice_count()), (0, 0));
}

#[tokio::test]
async fn an_attempt_that_was_cut_short_may_have_sent_its_save_at_any_moment_of_its_lease() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let first = world.only_claim().await;
    world.advance(LEASE.as_secs() + 600);
    let second = world.only_claim().await;
    assert!(world.clock_now() > first.lease_until);
    assert_eq!(second.doubt, Doubt::of_age(Some(world.clock_now().duration_since(first.lease_until)), 1));
    world.advance(100);
    let world = world.dies_and_starts_again().await;
    assert_eq!(world.only_claim().await.doubt, Doubt::of_age(Some(SignedDuration::ZERO), 2));
}
