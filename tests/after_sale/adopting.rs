//! A person adopts what Accurate shows of an invoice: its receipts and returns follow at once.

use forstok_accurate::{
    domain::{document::Kind, payout::RowState, reconciliation::Action},
    sandbox::{Edit, Masters},
    storage::{Acted, Marked},
};
use jiff::civil::date;
use serde_json::json;

use super::{on_both, world};
use crate::{
    reconciliation::{acting::act, reconcile},
    world::{Base, World},
};

on_both! {
    a_payout_that_was_refused_is_booked_on_the_invoice_whose_number_was_adopted;
    a_payout_is_booked_for_the_customer_that_was_adopted;
    what_was_deleted_with_an_invoice_is_created_again_with_it;
    what_a_person_booked_on_an_invoice_that_was_deleted_is_not_on_the_new_one;
    a_receipt_is_booked_again_on_an_invoice_that_was_entered_again;
}

/// Order 7 is invoiced, a person edits its invoice in Accurate, and a payout of 138,000 is approved.
async fn paid_after(base: Base, edit: Edit) -> World {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.accurate.edit_invoice("INV-7", &edit).expect("it exists");
    world.approves_all(Kind::Receipt).await;
    world
}

/// The difference is found, and a person adopts what Accurate shows.
async fn adopted(world: &mut World) {
    reconcile(world).await;
    assert_eq!(act(world, "7", Action::Adopt).await, Acted::Done);
    world.run_until_settled().await;
}

async fn a_payout_that_was_refused_is_booked_on_the_invoice_whose_number_was_adopted(base: Base) {
    let renumbered = Edit { number: Some("SI-2024-7".to_owned()), ..Edit::default() };
    let mut world = paid_after(base, renumbered).await;
    assert_eq!(world.payout_state("a").await.0, RowState::Blocked, "Accurate knows no invoice INV-7");

    adopted(&mut world).await;

    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    let receipts = world.accurate.receipts();
    assert_eq!((receipts.len(), receipts[0].number.as_str()), (1, "SI-2024-7/1"));
    assert_eq!(world.accurate.owed("SI-2024-7"), Some(0.into()));
}

async fn a_payout_is_booked_for_the_customer_that_was_adopted(base: Base) {
    let customer_no = Some("TOKPED-JKT".to_owned());
    let mut world = paid_after(base, Edit { customer_no, ..Edit::default() }).await;
    world.accurate.add_masters(&Masters::default().customer("TOKPED-JKT", "Tokopedia"));
    assert_eq!(world.payout_state("a").await.0, RowState::Blocked, "the invoice is another customer's");

    adopted(&mut world).await;
    // An unfamiliar message proves nothing: the receipt is looked up once more before it is drafted again.
    world.run_for(900).await;

    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    let receipts = world.accurate.receipts();
    assert_eq!((receipts.len(), receipts[0].customer_no.as_str()), (1, "TOKPED-JKT"));
}

/// Three orders are invoiced; 7 was paid, 8 came back.
async fn paid_and_returned(base: Base) -> World {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.invoiced("9").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.went_back("8", "r", json!({})).await;
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (1, 1));
    world
}

async fn what_was_deleted_with_an_invoice_is_created_again_with_it(base: Base) {
    let mut world = paid_and_returned(base).await;
    // A person deletes all of it: Accurate deletes no invoice before what is booked on it.
    assert!(world.accurate.remove_receipt("INV-7/1") && world.accurate.remove_return("INV-8/R1"));
    assert!(world.accurate.remove_invoice("INV-7") && world.accurate.remove_invoice("INV-8"));
    reconcile(&world).await;
    for id in ["7", "8"] {
        assert_eq!(act(&world, id, Action::CreateAgain).await, Acted::Done);
    }
    world.run_until_settled().await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "{}", world.timeline("8").await);
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (1, 1));
    assert_eq!((world.accurate.owed("INV-7"), world.accurate.owed("INV-8")), (Some(0.into()), Some(0.into())));
}

async fn what_a_person_booked_on_an_invoice_that_was_deleted_is_not_on_the_new_one(base: Base) {
    let mut world = paid_and_returned(base).await;
    world.paid("9", "b", 138_000, json!({"commission": -12_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "b", Some("RCP-1")).await, Marked::Done);
    assert_eq!(world.row(Kind::Receipt, "b").await.settles, 15_000_000);
    // Accurate deletes no invoice under a receipt, so theirs is gone too.
    assert!(world.accurate.remove_invoice("INV-9"));
    reconcile(&world).await;
    assert_eq!(act(&world, "9", Action::CreateAgain).await, Acted::Done);
    world.run_until_settled().await;
    assert_eq!(world.accurate.owed("INV-9"), Some(150_000.into()));
    assert_eq!((world.row(Kind::Receipt, "b").await.settles, world.still_owed().await), (0, 15_000_000));
}

async fn a_receipt_is_booked_again_on_an_invoice_that_was_entered_again(base: Base) {
    let mut world = paid_and_returned(base).await;
    assert!(world.accurate.remove_receipt("INV-7/1") && world.accurate.remove_invoice("INV-7"));
    world.accurate.add_invoice("SI-2024-7", "8277", "order 7, entered again", 150_000.into());
    let day = Some(date(2024, 1, 31));
    world.accurate.edit_invoice("SI-2024-7", &Edit { day, ..Edit::default() }).expect("it is there");
    reconcile(&world).await;
    assert_eq!(act(&world, "7", Action::Adopt).await, Acted::Done);
    world.run_until_settled().await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    let receipts = world.accurate.receipts();
    assert_eq!((receipts.len(), receipts[0].number.as_str()), (1, "SI-2024-7/1"));
    assert_eq!(world.accurate.owed("SI-2024-7"), Some(0.into()));
}
