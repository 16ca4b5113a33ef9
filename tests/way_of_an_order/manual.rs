//! Decisions of people: they override every rule, but never ignore a doubt.

use forstok_accurate::{
    domain::{
        manual::Manual,
        operator::{Actor, Role},
    },
    sandbox::{Action, Fault, On},
    storage::{ManualChange, Written},
};

use super::{NUMBER, ORDER};
use crate::world::{World, order, order_id};

async fn decides(world: &World, decision: Option<Manual>) -> Written {
    decides_with(world, decision, "SI.2024.00042").await
}

async fn decides_with(world: &World, decision: Option<Manual>, document: &str) -> Written {
    let change = ManualChange {
        decision,
        reason: Some("the customer paid in cash".to_owned()),
        document: (decision == Some(Manual::ByHand)).then(|| document.to_owned()),
        actor: "ani".to_owned(),
    };
    world.engine.decide_manually(&order_id(ORDER), &change).await.expect("written")
}

#[tokio::test]
async fn what_a_person_booked_by_hand_stays_ignored_whatever_happens() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship().sku("BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: item_not_found");
    assert_eq!(decides(&world, Some(Manual::ByHand)).await, Written::Changed);
    assert_eq!(world.state(ORDER).await, "ignored: by_hand", "at once");
    assert_eq!(world.storage.causes(10).await.expect("readable"), [], "it no longer counts as blocked");
    world.accurate.add_item("BARU-01", "Barang baru");
    world.mapping_changes("\"Gudang B\"", "\"Utama\"").await;
    world.forstok_sends(order(ORDER).shipped().sku("BARU-01")).await;
    world.run_until_recovered().await;
    let actor = Actor { name: "budi".to_owned(), role: Role::Work };
    assert_eq!(world.engine.retry(&order_id(ORDER), &actor).await.expect("written"), Some(0));
    world = world.dies_and_starts_again().await;
    world.forstok_sends(order(ORDER).cancelled().sku("BARU-01")).await;
    world.run_until_recovered().await;
    assert_eq!(world.state(ORDER).await, "ignored: by_hand");
    assert_eq!(world.accurate.invoice_count(), 0);
    let timeline = world.timeline(ORDER).await;
    let decided = "\"ani\" decided: invoice created by hand, document SI.2024.00042: the customer paid in cash";
    assert!(timeline.contains(decided), "{timeline}");
}

#[tokio::test]
async fn a_decision_that_is_taken_back_leaves_the_order_to_the_rules() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).open()).await;
    world.run_until_settled().await;
    assert_eq!(decides(&world, Some(Manual::Never)).await, Written::Changed);
    assert_eq!(world.state(ORDER).await, "ignored: excluded");
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("ignored: excluded", 0));
    assert_eq!(decides(&world, None).await, Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
}

#[tokio::test]
async fn an_order_below_the_chosen_status_is_invoiced_now_on_a_persons_word() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).open()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "watching");
    assert_eq!(decides(&world, Some(Manual::Now)).await, Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoices_numbered(NUMBER).len()), ("invoiced", 1));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 1, "the status changes nothing any more");
}

#[tokio::test]
async fn what_is_undone_is_deleted_and_comes_back_only_on_a_persons_word() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(decides(&world, Some(Manual::Undo)).await, Written::Changed);
    assert_eq!(world.state(ORDER).await, "void_due");
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
    world.forstok_sends(order(ORDER).shipped()).await;
    world.mapping_changes("\"Gudang B\"", "\"Utama\"").await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
    assert_eq!(decides(&world, Some(Manual::Again)).await, Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoices_numbered(NUMBER).len()), ("invoiced", 1));
    assert_eq!(world.order(ORDER).await.invoice.map(|invoice| invoice.number.to_string()).as_deref(), Some(NUMBER));
}

#[tokio::test]
async fn what_was_cancelled_and_created_again_is_kept() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    assert_eq!(decides(&world, Some(Manual::Again)).await, Written::Changed);
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship().price(70_000)).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
    assert_eq!(decides(&world, Some(Manual::Undo)).await, Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
}

#[tokio::test]
async fn a_save_that_may_still_arrive_is_looked_for_before_a_decision_takes_effect() {
    for decision in [Manual::Never, Manual::ByHand, Manual::Undo] {
        for (fault, end) in [(Fault::DroppedAfter, 0), (Fault::DroppedBefore, 0)] {
            let mut world = World::new().await;
            world.forstok_sends(order("1").ready_to_ship()).await;
            world.run_until_settled().await;
            world.accurate.next(On::InvoiceSaves, fault, 1);
            world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_idle().await;
            assert_eq!(world.state(ORDER).await, "due");
            let saves = world.saves();
            assert_eq!(decides(&world, Some(decision)).await, Written::Changed);
            assert_eq!(world.state(ORDER).await, "due", "nobody knows yet whether an invoice exists");
            world.run_until_settled().await;
            let state = world.state(ORDER).await;
            assert!(state.starts_with("ignored: ") || state == "voided", "{decision} after {fault:?}: {state}");
            assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), end, "{decision} after {fault:?}");
            assert_eq!(world.saves(), saves, "{decision} after {fault:?}: nothing is saved any more");
        }
    }
}

#[tokio::test]
async fn the_document_that_a_person_names_is_never_deleted() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedAfter, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    // The person finds the invoice that the lost save created, and mistakes it for another order's.
    assert_eq!(decides_with(&world, Some(Manual::ByHand), NUMBER).await, Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoices_numbered(NUMBER).len()), ("invoiced", 1));
}
