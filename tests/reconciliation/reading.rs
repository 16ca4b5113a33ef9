//! What cannot be read leads to an incomplete run, never to a false finding; and a run survives everything.

use forstok_accurate::{
    domain::{masters::ListFailure, reason::Language, reconciliation::FindingState},
    sandbox::{Action, Fault},
    storage::State,
};
use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{PERIOD, adds_up, ani, findings, invoiced, open, reconcile, run, starts};
use crate::world::{BOOK, Base, World, order};

/// 250 invoices of which one was deleted in Accurate, so that a run has something to find.
async fn large(base: Base) -> World {
    let world = invoiced(base, 1..=250).await;
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    world
}

/// The run was incomplete, says why, and found nothing.
async fn is_incomplete(world: &World, why: &str) {
    let run = reconcile(world).await;
    let part = &run.parts[0];
    let said = part.incomplete.as_ref().expect("it is incomplete").sentence(Language::English);
    assert!(said.contains(why), "{said:?} does not say {why:?}");
    assert_eq!(part.sums.ledger.count, 250, "our own side is known");
    assert_eq!(open(world).await, [], "{part:?}");
}

pub(super) async fn every_wrong_answer_of_a_list_leads_to_an_incomplete_run(base: Base) {
    let world = large(base).await;
    for (fault, why) in [
        (Fault::ListRepeats, "page 1 came instead of page 2"),
        (Fault::ListCutOff, "has 99 readable rows instead of 100"),
        (Fault::ListEmpty, "the list of these days is empty"),
        (Fault::UnreadableTotal, "no readable total"),
    ] {
        world.accurate.next(Action::InvoiceList, fault, 100);
        is_incomplete(&world, why).await;
        world.accurate.clear_faults();
    }
    adds_up(&reconcile(&world).await);
    assert_eq!(open(&world).await.len(), 1);
}

pub(super) async fn a_wrong_answer_in_the_middle_is_no_better(base: Base) {
    let world = large(base).await;
    let wrong = [Fault::ListCountOff, Fault::ListCutOff, Fault::ListEmpty, Fault::ListRepeats];
    // A failing call is made again for a minute, then it is given up.
    let failing = [Fault::Error5xxBefore, Fault::HtmlBefore];
    for fault in wrong.into_iter().chain(failing) {
        let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
        // The first page is right.
        world.accurate.next(Action::InvoiceList, Fault::Slow(std::time::Duration::ZERO), 1);
        world.accurate.next(Action::InvoiceList, fault, 100);
        assert!(world.engine.reconcile(BOOK).await.expect("stored"));
        world.accurate.clear_faults();
        let run = run(&world, id).await;
        assert!(run.parts[0].incomplete.is_some(), "{fault:?}");
        assert_eq!(open(&world).await, [], "{fault:?}");
    }
}

pub(super) async fn a_filter_that_is_ignored_is_noticed(base: Base) {
    let mut world = large(base).await;
    // An invoice outside the days that are asked for.
    world.accurate.add_invoice("OUTSIDE", "8277", "", Decimal::ONE);
    world.advance(60);
    world.accurate.next(Action::InvoiceList, Fault::ListUnfiltered, 100);
    let before = jiff::civil::date(2024, 1, 31);
    let period = forstok_accurate::domain::reconciliation::Period { to: before, ..PERIOD };
    let run = super::reconcile_period(&world, period).await;
    let why = run.parts[0].incomplete.as_ref().expect("it is incomplete").sentence(Language::English);
    assert!(why.contains("OUTSIDE of 01/02/2024 is outside the days that were asked for"), "{why}");
    assert_eq!(open(&world).await, []);
}

pub(super) async fn reads_that_fail_are_tried_again_for_a_minute(base: Base) {
    let world = large(base).await;
    world.accurate.next(Action::InvoiceList, Fault::Error5xxBefore, 5);
    adds_up(&reconcile(&world).await);
    assert_eq!(open(&world).await.len(), 1);
    // Many are gone at once, and Accurate answers no question about any of them.
    for id in 2..=100 {
        let number = world.order(&id.to_string()).await.invoice.expect("invoiced").number.to_string();
        assert!(world.accurate.remove_invoice(&number));
    }
    world.accurate.next(Action::InvoiceDetail, Fault::Error5xxBefore, 100_000);
    let began = world.clock_now();
    let run = reconcile(&world).await;
    let spent = world.clock_now().duration_since(began);
    assert!(spent < SignedDuration::from_mins(3), "one minute of questions, not one for each: {spent}");
    assert!(matches!(run.parts[0].incomplete, Some(ListFailure::CallFailed(_))), "{run:?}");
    assert_eq!(open(&world).await.len(), 1, "nothing new is concluded, and nothing is taken back");
    assert_eq!(findings(&world, FindingState::Gone).await, []);
}

pub(super) async fn a_run_continues_where_it_was_after_a_restart(base: Base) {
    let world = large(base).await;
    let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    world.accurate.next(Action::InvoiceList, Fault::Slow(std::time::Duration::ZERO), 2);
    world.accurate.next(Action::InvoiceList, Fault::DroppedBefore, 100_000);
    // The third page does not come; the process dies meanwhile.
    let reading = world.engine.reconcile(BOOK);
    let two_pages = async {
        while world.storage.next_part(BOOK).await.expect("readable").expect("it runs").rows_read < 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = reading => panic!("it cannot end"),
        () = two_pages => {}
    }
    world.accurate.clear_faults();
    let calls = world.accurate.call_count(Action::InvoiceList);
    let world = world.dies_and_starts_again().await;
    assert!(world.engine.reconcile(BOOK).await.expect("stored"));
    let run = run(&world, id).await;
    adds_up(&run);
    assert_eq!(run.parts[0].sums.ledger.count, 250);
    assert_eq!(world.accurate.call_count(Action::InvoiceList) - calls, 1, "only the third page was missing");
    assert_eq!(open(&world).await.len(), 1);
}

pub(super) async fn a_second_run_waits_for_the_first_and_orders_go_on_meanwhile(base: Base) {
    let mut world = large(base).await;
    let first = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    let second = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    world.forstok_sends(order("300").ready_to_ship()).await;
    let running = starts(&world);
    let ended = async |world: &World, id| run(world, id).await.ended_at;
    world.clock.keeps_pace(1_000);
    while ended(&world, second).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(ended(&world, first).await <= ended(&world, second).await);
    while world.count(State::Invoiced).await < 251 {
        tokio::task::yield_now().await;
    }
    running.stop(std::time::Duration::from_secs(10)).await;
}
