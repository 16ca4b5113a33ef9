//! Receipts and returns of ours that people delete or lower in Accurate.

use forstok_accurate::{
    clock::Clock,
    domain::{
        reason::Language,
        reconciliation::{Class, FindingState},
        return_record::ReturnRecord,
    },
    sandbox::{Action, SettlingEdit},
    storage::RowContent,
};
use rust_decimal::Decimal;
use serde_json::json;

use super::{adds_up, ani, findings, found, invoiced, on_both, open, reconcile};
use crate::world::{Base, World};

on_both! {
    a_receipt_that_a_person_deletes_is_named_until_it_is_entered_again,
    a_receipt_that_a_person_lowers_is_named_with_both_amounts,
    a_return_that_a_person_deletes_is_named,
    a_receipt_that_a_person_books_by_hand_is_no_difference,
    a_receipt_that_has_just_been_booked_is_no_difference,
}

/// Three invoices of Rp80.000, of which the first is paid.
async fn paid(base: Base) -> World {
    let mut world = invoiced(base, 1..=3).await;
    world.is_paid("1", "a", 80_000, json!({})).await;
    world.advance(60);
    assert_eq!(world.accurate.owed("INV-1"), Some(Decimal::ZERO));
    world
}

/// A run whose sums nothing has changed.
async fn agrees(world: &World) {
    let run = reconcile(world).await;
    adds_up(&run);
    let sums = run.parts[0].sums;
    assert_eq!((sums.ledger, sums.difference(), sums.explained), (sums.accurate, 0, 0));
}

/// A run names what is lost on the first invoice.
async fn is_named(world: &World, words: &str) {
    agrees(world).await;
    assert_eq!(open(world).await, [found(Class::Differs, "INV-1", "1")]);
    assert_eq!(said(world).await, words);
}

async fn said(world: &World) -> String {
    let open = findings(world, FindingState::Open).await;
    let [finding] = open.as_slice() else { panic!("{open:?}") };
    finding.facts.in_words(finding.class, Language::English)
}

async fn a_receipt_that_a_person_deletes_is_named_until_it_is_entered_again(base: Base) {
    let world = paid(base).await;
    agrees(&world).await;
    assert_eq!(open(&world).await, []);
    let receipt = world.accurate.receipts().remove(0).number;
    assert!(world.accurate.remove_receipt(&receipt));

    let expected = format!(
        "Receipt {receipt} (Rp80.000) no longer exists in Accurate, so Rp80.000 is owed there on invoice INV-1, while \
         nothing is owed here."
    );
    is_named(&world, &expected).await;
    // What a person has closed stays closed while nothing changes, and opens when something does.
    let id = findings(&world, FindingState::Open).await[0].id;
    world.engine.close_finding(id, "the bank took it back", &ani()).await.expect("written");
    agrees(&world).await;
    assert_eq!(open(&world).await, []);
    world.accurate.add_receipt(&receipt, "INV-1", Decimal::from(30_000)).expect("booked");
    agrees(&world).await;
    assert!(said(&world).await.contains("takes Rp30.000 instead of Rp80.000"));

    assert!(world.accurate.remove_receipt(&receipt));
    world.accurate.add_receipt(&receipt, "INV-1", Decimal::from(80_000)).expect("booked");
    agrees(&world).await;
    assert_eq!(open(&world).await, []);
    assert_eq!(findings(&world, FindingState::Gone).await.len(), 1);
}

async fn a_receipt_that_a_person_lowers_is_named_with_both_amounts(base: Base) {
    let world = paid(base).await;
    let receipt = world.accurate.receipts().remove(0).number;
    let amount = Some(Decimal::from(50_000));
    world.accurate.edit_receipt(&receipt, &SettlingEdit { amount, ..SettlingEdit::default() }).expect("it is there");
    let expected = format!(
        "Receipt {receipt} takes Rp50.000 instead of Rp80.000 off the invoice in Accurate, so Rp30.000 is owed there on \
         invoice INV-1, while nothing is owed here."
    );
    is_named(&world, &expected).await;
}

async fn a_return_that_a_person_deletes_is_named(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    world.mapping_changes("[stores.\"8277\"]", "[returns]\nmode = \"auto\"\n\n[stores.\"8277\"]").await;
    let record: ReturnRecord = serde_json::from_value(json!({
        "source": "shopee", "id": "r", "store_id": "8277", "channel_order_id": "INV-1",
        "accepted_at": "2023-12-01", "received_at": "2023-12-01", "goods": "returned",
    }))
    .expect("a return record");
    world.storage.record_rows(&[RowContent::Return(record)], world.clock.now()).await.expect("recorded");
    world.run_until_settled().await;
    world.advance(60);
    let number = world.accurate.returns().remove(0).number;
    agrees(&world).await;
    assert_eq!(open(&world).await, []);

    assert!(world.accurate.remove_return(&number));
    let expected = format!(
        "Return {number} (Rp80.000) no longer exists in Accurate, so Rp80.000 is owed there on invoice INV-1, while \
         nothing is owed here."
    );
    is_named(&world, &expected).await;
}

async fn a_receipt_that_a_person_books_by_hand_is_no_difference(base: Base) {
    let world = paid(base).await;
    world.accurate.add_receipt("HAND-1", "INV-2", Decimal::from(80_000)).expect("booked");
    let calls = world.accurate.call_count(Action::InvoiceDetail);
    agrees(&world).await;
    assert_eq!(open(&world).await, []);
    assert_eq!(world.accurate.call_count(Action::InvoiceDetail), calls, "no invoice is read one by one");
}

async fn a_receipt_that_has_just_been_booked_is_no_difference(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    world.advance(3_600);
    world.is_paid("1", "a", 80_000, json!({})).await;
    agrees(&world).await;
    assert_eq!(open(&world).await, []);
}
