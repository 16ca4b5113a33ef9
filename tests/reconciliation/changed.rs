//! `reconcile.by = "last_update"`: changes to invoices that are older than the days of a run.

use forstok_accurate::{
    domain::{
        hint::Hint,
        ids::DocumentNumber,
        reason::Language,
        reconciliation::{Class, FindingState, Period},
    },
    sandbox::{Action, Edit, Fault, samples::MAPPING},
    storage::Run,
};
use jiff::civil::date;
use rust_decimal::Decimal;

use super::{adds_up, findings, found, open, reconcile_period};
use crate::world::{BOOK, Base, World, order};

/// The last days; the invoices are of November.
const LAST_DAYS: Period = Period { from: date(2024, 1, 20), to: date(2024, 2, 2) };

async fn shop(by: &str) -> World {
    let mut world = World::on_with_mapping(Base::Sqlite, &format!("{MAPPING}\n[reconcile]\nby = \"{by}\"\n")).await;
    for id in 1..=3 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world.advance(3_600);
    adds_up(&run_and_follow(&world).await);
    world.advance(3_600);
    world
}

/// A run over the last days, and what it noted beside them.
async fn run_and_follow(world: &World) -> Run {
    let run = reconcile_period(world, LAST_DAYS).await;
    while world.engine.follow_hints(BOOK).await.expect("stored") {}
    run
}

async fn somebody_changes_the_second(world: &World, total: u32) {
    let number = world.order("2").await.invoice.expect("invoiced").number.to_string();
    let edit = Edit { total: Some(Decimal::from(total)), ..Edit::default() };
    world.accurate.edit_invoice(&number, &edit).expect("it is there");
}

#[tokio::test]
async fn a_change_to_an_old_invoice_is_found_by_its_last_update() {
    let mut world = shop("last_update").await;
    let before = world.accurate.call_count(Action::InvoiceDetail);
    somebody_changes_the_second(&world, 1_000).await;
    let run = run_and_follow(&world).await;
    adds_up(&run);
    assert_eq!(run.parts[0].sums.ledger.count, 0, "no invoice is of these days");
    assert_eq!(open(&world).await, [found(Class::Differs, "INV-2", "2")]);
    let asked = world.accurate.call_count(Action::InvoiceDetail) - before;
    assert_eq!(asked, 1, "what was not changed is not read");

    // Nothing was changed since: the finding stays. It is gone when the invoice is as it was.
    world.advance(3_600);
    run_and_follow(&world).await;
    assert_eq!(open(&world).await.len(), 1);
    somebody_changes_the_second(&world, 80_000).await;
    world.advance(3_600);
    run_and_follow(&world).await;
    assert_eq!((open(&world).await, findings(&world, FindingState::Gone).await.len()), (Vec::new(), 1));
}

#[tokio::test]
async fn by_its_day_alone_an_old_invoice_is_not_read() {
    let world = shop("trans_date").await;
    somebody_changes_the_second(&world, 1_000).await;
    adds_up(&run_and_follow(&world).await);
    assert_eq!(open(&world).await, []);
}

#[tokio::test]
async fn a_filter_by_last_update_that_is_ignored_is_noticed_and_said() {
    let world = shop("last_update").await;
    somebody_changes_the_second(&world, 1_000).await;
    // Only the list of the run's days is right.
    world.accurate.next(Action::InvoiceList, Fault::ListGrows, 1);
    world.accurate.next(Action::InvoiceList, Fault::ListUnfiltered, 100);
    let run = run_and_follow(&world).await;
    let why = run.parts[0].incomplete.as_ref().expect("it is incomplete").sentence(Language::English);
    assert!(why.contains("ignores the filter by the last change"), "{why}");
    assert_eq!(open(&world).await, [], "nothing is concluded from it");
    world.accurate.clear_faults();
    run_and_follow(&world).await;
    assert_eq!(open(&world).await.len(), 1, "the next run makes up for it");
}

#[tokio::test]
async fn more_changes_than_can_wait_are_found_by_the_next_runs_where_the_last_one_stopped() {
    let mut world =
        World::on_with_mapping(Base::Sqlite, &format!("{MAPPING}\n[reconcile]\nby = \"last_update\"\n")).await;
    for id in 1..=7 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world.advance(3_600);
    adds_up(&run_and_follow(&world).await);
    world.advance(3_600);
    for id in 2..=7 {
        let number = world.order(&id.to_string()).await.invoice.expect("invoiced").number.to_string();
        let edit = Edit { total: Some(Decimal::from(id)), ..Edit::default() };
        world.accurate.edit_invoice(&number, &edit).expect("it is there");
    }
    world.advance(3_600);
    // There is room for two hints.
    let elsewhere = |id| Hint { id: Some(id), number: DocumentNumber::default(), at: None };
    let later = world.clock_now() + jiff::SignedDuration::from_hours(9_000);
    let others: Vec<_> = (1_000_000..1_009_998).map(elsewhere).collect();
    assert_eq!(world.storage.add_hints(BOOK, &others, world.clock_now(), later).await.expect("written"), 0);

    let first = run_and_follow(&world).await;
    assert!(!first.is_complete(), "there may be more findings than it names");
    let part = &first.parts[0];
    assert_eq!((part.incomplete.as_ref(), part.changes_left), (None, 4), "its own days were seen");
    assert!(part.why_incomplete(Language::English).expect("it says why").contains("Up to 4 older invoices"));
    assert_eq!(findings(&world, FindingState::Gone).await, []);
    let found_first = [found(Class::Differs, "INV-2", "2"), found(Class::Differs, "INV-3", "3")];
    assert_eq!(open(&world).await, found_first);

    world.advance(86_400);
    let second = run_and_follow(&world).await;
    assert_eq!(second.parts[0].changes_left, 2, "it goes on where the first one stopped");
    world.advance(86_400);
    let third = run_and_follow(&world).await;
    adds_up(&third);
    assert!(third.is_complete());
    assert_eq!(open(&world).await.len(), 6, "every change was found");

    // What was looked at is not looked at again.
    world.advance(86_400);
    let before = world.accurate.call_count(Action::InvoiceDetail);
    assert!(run_and_follow(&world).await.is_complete());
    assert_eq!(world.accurate.call_count(Action::InvoiceDetail), before);
}

#[tokio::test]
async fn a_change_that_makes_no_difference_costs_no_further_call() {
    let world = shop("last_update").await;
    let before = world.accurate.call_count(Action::InvoiceDetail);
    // Somebody saves it again as it was, or a receipt pays it.
    somebody_changes_the_second(&world, 80_000).await;
    assert!(run_and_follow(&world).await.is_complete());
    assert_eq!(world.accurate.call_count(Action::InvoiceDetail), before);
}
