//! Orders that are cancelled before, while and after their invoice is created.

use std::time::Duration;

use forstok_accurate::{
    domain::reason::{Language, Warning},
    sandbox::{Action, Fault, On, samples::MAPPING},
    storage::State,
};

use super::{NUMBER, ORDER};
use crate::world::{World, order};

#[tokio::test]
async fn cancelled_before_the_status_is_reached_no_call_is_made_at_all() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).open()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: cancelled");
    assert!(world.wire.hosts().is_empty());
}

#[tokio::test]
async fn cancelled_after_invoicing_the_invoice_goes() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 1);
    world.advance(3600);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.decide_all().await;
    assert_eq!(world.state(ORDER).await, "void_due");
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    assert_eq!(world.accurate.invoice_count(), 0);
    insta::assert_snapshot!(world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_voided_order_stays_voided_whatever_still_arrives() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).shipped()).await;
    world.mapping_changes("on_cancel = \"void\"", "on_cancel = \"keep\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.saves()), (0, 2));
}

#[tokio::test]
async fn an_order_cancelled_after_invoicing_keeps_its_invoice_if_the_mapping_says_so() {
    let mut world = World::with_mapping(&MAPPING.replace("on_cancel = \"void\"", "on_cancel = \"keep\"")).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(world.warnings(ORDER).await.contains(&Warning::CancelledKept));
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
    assert_eq!(world.accurate.call_count(Action::InvoiceDelete), 0);
}

#[tokio::test]
async fn an_order_cancelled_while_the_outcome_of_its_save_is_unknown_ends_without_an_invoice() {
    for (fault, end) in [(Fault::DroppedAfter, "voided"), (Fault::DroppedBefore, "ignored: cancelled")] {
        let mut world = World::new().await;
        world.forstok_sends(order("1").ready_to_ship()).await;
        world.run_until_settled().await;
        world.accurate.next(On::InvoiceSaves, fault, 1);
        world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_idle().await;
        assert_eq!(world.state(ORDER).await, "due");
        let saves = world.saves();
        world.forstok_sends(order(ORDER).cancelled()).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, end, "{fault:?}");
        assert_eq!(world.accurate.invoices_numbered(NUMBER), [], "{fault:?}");
        assert_eq!(world.saves(), saves, "{fault:?}: nothing is saved for a cancelled order");
    }
}

#[tokio::test]
async fn an_order_cancelled_while_its_look_up_waits_for_the_limit_is_not_saved() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::LimitMessage, 100_000);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    world.attempt(claim).await;
    world.accurate.clear_faults();
    let saves = world.saves();
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "ignored: cancelled");
    assert_eq!(world.saves(), saves);
}

#[tokio::test]
async fn an_order_cancelled_while_its_invoice_is_being_saved_ends_without_an_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let claim = world.only_claim().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    assert!(!world.decide_all().await, "what is being worked on is not decided about");
    world.attempt(claim).await;
    assert_eq!(world.accurate.invoice_count(), 1);
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    assert_eq!(world.accurate.invoice_count(), 0);
}

#[tokio::test]
async fn any_failed_call_while_deleting_still_ends_without_an_invoice() {
    for fault in [
        Fault::DroppedBefore,
        Fault::DroppedAfter,
        Fault::Error5xxAfter,
        Fault::HtmlBefore,
        Fault::UpsssAfter,
        Fault::DatabaseTrouble,
        Fault::Limit429,
        Fault::LimitMessage,
    ] {
        for on in [Action::InvoiceDetail, Action::InvoiceDelete] {
            let mut world = World::new().await;
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_settled().await;
            world.accurate.next(on, fault, 1);
            world.forstok_sends(order(ORDER).cancelled()).await;
            world.run_until_settled().await;
            assert_eq!(world.state(ORDER).await, "voided", "{fault:?} on {on:?}");
            assert_eq!(world.accurate.invoice_count(), 0, "{fault:?} on {on:?}");
        }
    }
}

#[tokio::test]
async fn an_invoice_with_a_receipt_is_not_deleted_until_a_person_took_the_receipt_away() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.put_receipt_on(NUMBER).expect("the invoice exists");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: invoice_paid");
    assert!(world.order(ORDER).await.findings[0].about.in_words(Language::English).contains("receipt"));
    assert_eq!(world.accurate.call_count(Action::InvoiceDelete), 0);

    // As long as the invoice exists, no retry and no mapping may make the order look as if it had none.
    world.operator_retries(ORDER).await;
    world.mapping_changes("\"834\" = \"Utama\"", "\"834\" = \"Gudang B\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: invoice_paid");
    assert_eq!(world.accurate.invoice_count(), 1);

    // A person deletes both by hand, as the order's detail says, and presses retry.
    assert!(world.accurate.remove_invoice(NUMBER));
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
}

#[tokio::test]
async fn a_blocked_deletion_ends_as_kept_when_the_mapping_says_so() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.put_receipt_on(NUMBER).expect("the invoice exists");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    world.mapping_changes("on_cancel = \"void\"", "on_cancel = \"keep\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(world.warnings(ORDER).await.contains(&Warning::CancelledKept));
}

#[tokio::test]
async fn an_invoice_that_is_not_this_orders_is_not_deleted() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert!(world.accurate.remove_invoice(NUMBER));
    let strangers = world.accurate.add_invoice(NUMBER, "8277", "another sale", 5.into());
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    assert_eq!(world.accurate.invoices(), [strangers]);
    assert_eq!(world.count(State::Blocked).await, 1);
}

#[tokio::test]
async fn a_lost_save_does_not_bring_an_invoice_back_that_was_deleted() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    assert!(world.accurate.remove_invoice("INV-1"));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    // Carried out only after the next attempt has saved successfully and learned of the cancellation.
    world.accurate.next(Action::InvoiceSave, Fault::Late(Duration::from_secs(200)), 1);
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
    world.advance(3_600);
    assert_eq!(world.accurate.invoice_count(), 0, "{}", world.timeline(ORDER).await);
}

#[tokio::test]
async fn a_deletion_that_ends_otherwise_leaves_no_doubt_about_a_save_behind() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.accurate.next(Action::InvoiceSave, Fault::Late(Duration::from_secs(200)), 1);
    world.run_until_settled().await;
    world.accurate.put_receipt_on(NUMBER).expect("the invoice exists");
    world.forstok_sends(order(ORDER).cancelled()).await;
    let before = world.only_claim().await;
    assert!(before.doubt.exists(), "the first save may still arrive");
    world.advance(600);
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: invoice_paid");
    world.operator_retries(ORDER).await;
    assert!(!world.only_claim().await.doubt.exists(), "it cannot arrive any more");
}
