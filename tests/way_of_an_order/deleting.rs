//! Invoices of cancelled orders: deleted by their id, and read back.

use std::time::Duration;

use forstok_accurate::{
    domain::reason::Language,
    sandbox::{Action, Edit, Fault, On},
};

use super::{NUMBER, ORDER};
use crate::world::{World, order};

async fn an_invoiced_order() -> World {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world
}

#[tokio::test]
async fn an_invoice_that_was_renumbered_by_hand_is_a_persons_matter_and_survives_until_then() {
    let mut world = an_invoiced_order().await;
    world.accurate.renumber_invoice(NUMBER, "PENJUALAN-7").expect("it exists");
    world.advance(3_600);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    let about = world.order(ORDER).await.findings[0].about.in_words(Language::English);
    assert!(about.contains(NUMBER) && about.contains("PENJUALAN-7"), "{about}");
    assert_eq!((world.accurate.invoice_count(), world.accurate.call_count(Action::InvoiceDelete)), (1, 0));
    assert!(world.accurate.remove_invoice("PENJUALAN-7"));
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
}

#[tokio::test]
async fn an_invoice_that_look_ups_do_not_show_yet_is_not_taken_for_deleted() {
    let mut world = World::new().await;
    world.accurate.change_settings(|settings| settings.detail_lag = Duration::from_mins(1));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(3);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "void_due");
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
}

#[tokio::test]
async fn an_invoice_that_was_gone_is_not_said_to_have_been_deleted() {
    let mut world = an_invoiced_order().await;
    world.advance(3_600);
    assert!(world.accurate.remove_invoice(NUMBER));
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
    let timeline = world.timeline(ORDER).await;
    assert!(timeline.contains("no longer existed") && !timeline.contains("was deleted"), "{timeline}");
}

#[tokio::test]
async fn a_deletion_is_believed_only_when_it_was_read_back() {
    let mut world = an_invoiced_order().await;
    world.accurate.next(Action::InvoiceDelete, Fault::NotDeleted, 1);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "void_due");
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
    assert_eq!(world.accurate.call_count(Action::InvoiceDelete), 2);
}

#[tokio::test]
async fn an_invoice_that_is_never_really_deleted_becomes_a_persons_matter() {
    let mut world = an_invoiced_order().await;
    world.accurate.next(Action::InvoiceDelete, Fault::NotDeleted, 1_000);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: keeps_failing");
    assert_eq!(world.accurate.invoice_count(), 1);
    world.accurate.clear_faults();
    world.run_for(2 * 86_400).await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0), "the next day");
}

#[tokio::test]
async fn an_invoice_whose_description_names_another_order_is_not_deleted() {
    let mut world = an_invoiced_order().await;
    let edit = Edit { description: Some(format!("{ORDER}9")), ..Edit::default() };
    world.accurate.edit_invoice(NUMBER, &edit).expect("it exists");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    assert_eq!(world.accurate.invoice_count(), 1);
}

#[tokio::test]
async fn an_invoice_whose_description_still_names_the_order_among_other_words_is_deleted() {
    let mut world = an_invoiced_order().await;
    let edit = Edit { description: Some(format!("Shopee #{ORDER}, cek stok")), ..Edit::default() };
    world.accurate.edit_invoice(NUMBER, &edit).expect("it exists");
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
}

#[tokio::test]
async fn a_deletion_that_must_wait_looks_the_invoice_up_so_that_it_can_be_a_probe() {
    let mut world = World::new().await;
    // Our numbers are known to be kept.
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DeniedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(5).await;
    let before = world.accurate.call_count(Action::InvoiceDetail);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "void_due", "the first save may still arrive");
    assert_eq!(world.accurate.call_count(Action::InvoiceDetail), before + 1);
}

#[tokio::test]
async fn an_order_whose_invoice_is_gone_and_whose_number_another_has_is_never_shown_as_invoiced() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.remove_invoice(NUMBER);
    world.accurate.add_invoice(NUMBER, "8277", "somebody else's", 5.into());
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    // It was cancelled, and continues.
    world.forstok_sends(order(ORDER).status("Completed").updated_at("2023-11-30T12:12:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: progressed_after_cancel");
    // A new snapshot with the same status does not change that.
    world.forstok_sends(order(ORDER).status("Returned").updated_at("2023-11-30T13:12:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: progressed_after_cancel");
    world.forstok_sends(order(ORDER).status("Cancelled").updated_at("2023-12-01T12:12:00+07:00")).await;
    world.accurate.remove_invoice(NUMBER);
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "voided");
}
