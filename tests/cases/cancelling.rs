//! Cancellations with unreadable amounts, and orders that continue after they were cancelled.

use forstok_accurate::{
    domain::{
        document::Kind,
        manual::Manual,
        reason::{Reason, Warning},
    },
    sandbox::Action,
    storage::{ManualChange, Written},
};
use serde_json::{Value, json};

use super::{a_world, a_world_with, case, mapping_with};
use crate::world::order_id;

#[tokio::test]
async fn a_cancellation_counts_although_an_amount_beside_it_cannot_be_read() {
    for cancelled in [&case!("f04b-cancelled-unreadable-quantity")[..], &case!("f04c-cancelled-unreadable-total")[..]] {
        let mut world = a_world().await;
        world.takes(case!("f04a-order")).await;
        assert_eq!(world.state("990031").await, "invoiced");
        world.takes(cancelled).await;
        assert_eq!(world.state("990031").await, "voided");
        assert_eq!(world.accurate.invoices(), []);
        assert!(world.is_warned("990031", Warning::AmountUnreadable).await);

        let mut world = a_world().await;
        world.takes(cancelled).await;
        assert_eq!(world.state("990031").await, "ignored: cancelled");
    }
}

#[tokio::test]
async fn a_cancellation_counts_however_deep_something_beside_it_is_nested() {
    let cancelled = str::from_utf8(case!("f04c-cancelled-unreadable-total")).expect("text");
    for depth in [28, 33, 10_000] {
        let note = format!("\"note\": {}1{}, \"id\"", "[".repeat(depth), "]".repeat(depth));
        let deep = cancelled.replacen("\"id\"", &note, 1);
        let mut world = a_world().await;
        world.takes(case!("f04a-order")).await;
        world.takes(&deep).await;
        assert_eq!(world.state("990031").await, "voided", "{depth}");
        assert_eq!(world.accurate.invoices(), []);
    }
}

#[tokio::test]
async fn an_order_that_was_cancelled_and_then_completed_waits_for_a_person() {
    for bodies in [
        [&case!("f08a-cancelled")[..], &case!("f08b-completed-later")[..]],
        [&case!("f08b-completed-later")[..], &case!("f08a-cancelled")[..]],
    ] {
        let mut world = a_world().await;
        for body in bodies {
            world.arrives(body).await;
        }
        world.run_until_settled().await;
        assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
        assert_eq!(world.accurate.invoices(), []);
        world.operator_retries("990071").await;
        world.run_until_settled().await;
        assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
    }
}

#[tokio::test]
async fn a_person_decides_about_an_order_that_went_on_after_it_was_cancelled() {
    for (decision, expected, invoices) in [(Manual::Now, "invoiced", 1), (Manual::Never, "ignored: excluded", 0)] {
        let mut world = a_world().await;
        world.takes(case!("f08a-cancelled")).await;
        world.takes(case!("f08b-completed-later")).await;
        let (reason, actor) = (Some("checked".to_owned()), "ani".to_owned());
        let change = ManualChange { decision: Some(decision), reason, document: None, actor };
        let written = world.engine.decide_manually(&order_id("990071"), &change).await.expect("written");
        assert_eq!(written, Written::Changed);
        world.run_until_settled().await;
        assert_eq!(world.state("990071").await, expected);
        assert_eq!(world.accurate.invoice_count(), invoices);
    }
}

#[tokio::test]
async fn an_older_cancellation_that_arrives_late_deletes_no_invoice() {
    let mut world = a_world().await;
    world.takes(case!("f08b-completed-later")).await;
    let invoices = world.accurate.invoices();
    assert_eq!(invoices.len(), 1);
    world.takes(case!("f08a-cancelled")).await;
    assert_eq!(world.state("990071").await, "invoiced");
    assert_eq!(world.accurate.invoices(), invoices);
    assert_eq!(world.accurate.call_count(Action::InvoiceDelete), 0);
    assert!(world.is_warned("990071", Warning::ProgressedAfterCancel).await);
    // A cancellation later than all of that counts. The parcel had left, so a return takes the place of deleting.
    world.takes(changed(case!("f08a-cancelled"), "updated_at", json!("2024-02-03T11:00:00+07:00"))).await;
    assert_eq!(world.state("990071").await, "invoiced");
    assert_eq!(world.accurate.invoices(), invoices);
    let (rows, _) = world.storage.booked(&order_id("990071")).await.expect("readable");
    assert_eq!(rows.iter().map(|row| row.content.kind()).collect::<Vec<_>>(), [Kind::Return]);
    assert!(!world.is_warned("990071", Warning::ProgressedAfterCancel).await);
}

#[tokio::test]
async fn a_voided_order_that_continues_waits_for_a_person_and_no_invoice_is_remembered() {
    let mut world = a_world().await;
    world.takes(changed(case!("f08a-cancelled"), "status", json!("Ready to Ship"))).await;
    world.takes(changed(case!("f08a-cancelled"), "updated_at", json!("2024-02-01T10:00:00+07:00"))).await;
    assert_eq!(world.state("990071").await, "voided");
    world.takes(case!("f08b-completed-later")).await;
    assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
    assert_eq!(world.accurate.invoices(), []);
    assert!(world.order("990071").await.invoice.is_none());
    world.operator_retries("990071").await;
    world.run_until_settled().await;
    assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
}

#[tokio::test]
async fn a_deletion_that_was_not_sent_yet_is_called_off() {
    let mut world = a_world().await;
    world.takes(changed(case!("f08a-cancelled"), "status", json!("Ready to Ship"))).await;
    world.arrives(changed(case!("f08a-cancelled"), "updated_at", json!("2024-02-01T10:00:00+07:00"))).await;
    world.decide_all().await;
    assert_eq!(world.state("990071").await, "void_due");
    // The new snapshot is decided before anything is deleted.
    world.arrives(case!("f08b-completed-later")).await;
    assert!(world.claims().await.is_empty());
    world.run_until_settled().await;
    assert_eq!(world.state("990071").await, "invoiced");
    assert!(world.is_warned("990071", Warning::ProgressedAfterCancel).await);
    assert_eq!(world.accurate.call_count(Action::InvoiceDelete), 0);
}

#[tokio::test]
async fn news_that_comes_while_the_invoice_is_deleted_is_decided_about_afterwards() {
    let mut world = a_world().await;
    world.takes(changed(case!("f08a-cancelled"), "status", json!("Ready to Ship"))).await;
    world.arrives(changed(case!("f08a-cancelled"), "updated_at", json!("2024-02-01T10:00:00+07:00"))).await;
    let claim = world.only_claim().await;
    world.arrives(case!("f08b-completed-later")).await;
    world.decide_all().await;
    world.attempt(claim).await;
    world.run_until_settled().await;
    assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
    assert_eq!(world.accurate.invoices(), []);
}

#[tokio::test]
async fn another_chosen_status_can_make_a_contradiction_of_what_was_ignored() {
    let mut world = a_world().await;
    world.takes(case!("f08a-cancelled")).await;
    world.takes(changed(case!("f08b-completed-later"), "status", json!("Open"))).await;
    assert_eq!(world.state("990071").await, "ignored: cancelled");
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"Open\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state("990071").await, "blocked: progressed_after_cancel");
}

#[tokio::test]
async fn the_contradiction_is_the_first_finding() {
    let mapping = mapping_with("[stores.\"8277\"]", "[stores.\"8277\"]\nenabled = false");
    let mut world = a_world_with(&mapping).await;
    world.takes(case!("f08a-cancelled")).await;
    let mut completed: Value = serde_json::from_slice(case!("f08b-completed-later")).expect("JSON");
    completed["order"]["warehouse_id"] = json!(999);
    completed["order"]["total_price"] = json!("-");
    completed["order"]["item_lines"][0]["sku"] = json!("");
    world.takes(completed.to_string()).await;
    let reasons: Vec<_> = world.findings("990071").await.into_iter().map(|finding| finding.reason).collect();
    let expected =
        [Reason::ProgressedAfterCancel, Reason::WarehouseUnmapped, Reason::AmountUnreadable, Reason::SkuEmpty];
    assert_eq!(reasons, expected);
}

/// A body with one field of the order changed.
pub(super) fn changed(body: &[u8], key: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_slice(body).expect("JSON");
    body["order"][key] = value;
    body.to_string()
}
