//! Stored data about payouts and returns that cannot be read: their order is blocked, and no other.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, manual::Manual, payout::RowState},
    storage::{ManualChange, RowFilter, Written},
};
use serde_json::json;

use super::{on_both, world};
use crate::{
    storage::unreadable::is_damaged,
    world::{Base, World, order, order_id},
};

on_both! {
    payouts_and_returns_that_cannot_be_read_are_blocked_until_they_can_be_read;
    nothing_is_booked_for_an_order_whose_rows_cannot_be_read;
    what_must_be_deleted_is_deleted_although_a_row_cannot_be_read;
    money_whose_receipt_cannot_be_read_is_not_booked_again;
    an_order_that_cannot_be_read_keeps_no_other_from_being_tried_again;
    a_receipt_that_was_never_saved_and_cannot_be_read_is_replaced_and_holds_up_nothing;
}

const UNREADABLE: (RowState, &str) = (RowState::Blocked, "stored_data_unreadable");

/// Orders 7 and 8 with two payouts each and a return, all of which wait.
async fn waiting(base: Base) -> World {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    for id in ["7", "8"] {
        world.forstok_sends(order(id).price(150_000).ready_to_ship()).await;
        world.run_until_settled().await;
        world.paid(id, &format!("{id}-a"), 100_000, json!({})).await;
        world.went_back(id, &format!("{id}-r"), json!({"refund": 150_000})).await;
    }
    world
}

async fn states(world: &World, id: &str) -> [(RowState, &'static str); 3] {
    let [a, b, r] = ["a", "b", "r"].map(|row| format!("{id}-{row}"));
    [world.payout_state(&a).await, world.payout_state(&b).await, world.return_state(&r).await]
}

async fn payouts_and_returns_that_cannot_be_read_are_blocked_until_they_can_be_read(base: Base) {
    for (damage, repair) in [
        (
            "ALTER TABLE settlement_rows ADD COLUMN kept TEXT; UPDATE settlement_rows SET kept = content;
             UPDATE settlement_rows SET content = '{' WHERE row_id = '7-a'",
            "UPDATE settlement_rows SET content = kept WHERE row_id = '7-a'",
        ),
        (
            "UPDATE orders SET invoice_total = 'much' WHERE order_id = '7'",
            "UPDATE orders SET invoice_total = '150000' WHERE order_id = '7'",
        ),
    ] {
        let mut world = waiting(base).await;
        is_damaged(&world, damage).await;
        for id in ["7", "8"] {
            world.paid(id, &format!("{id}-b"), 20_000, json!({})).await;
        }
        assert_eq!(states(&world, "7").await, [UNREADABLE; 3], "{damage}");
        assert_eq!(states(&world, "8").await, [(RowState::Waiting, ""); 3], "{damage}: it is readable");
        let finding = world.row(Kind::Receipt, "7-b").await.finding.expect("it says why");
        let words = finding.about.in_words(forstok_accurate::domain::reason::Language::English);
        assert!(!words.is_empty(), "{damage}");
        let timeline = world.timeline("7").await;
        assert_eq!(timeline.matches("cannot read").count(), 3, "{damage}: {timeline}");

        // Once it can be read again, a person's retry is enough.
        is_damaged(&world, repair).await;
        world.operator_retries("7").await;
        world.run_until_settled().await;
        assert_eq!(states(&world, "7").await, [(RowState::Waiting, ""); 3], "{damage}");
    }
}

async fn nothing_is_booked_for_an_order_whose_rows_cannot_be_read(base: Base) {
    let mut world = waiting(base).await;
    world.accurate.revoke_token();
    let (all, now) = (RowFilter::default(), world.clock.now());
    let which = forstok_accurate::storage::Approving::Shown(&all);
    world.storage.approve_rows(Kind::Receipt, which, "sari", now).await.expect("written");
    world.run_for(30).await;
    assert_eq!(world.payout_state("7-a").await, (RowState::Due, ""));
    is_damaged(&world, "UPDATE settlement_rows SET content = '{' WHERE row_id = '7-r'").await;
    let rows = ["7", "8"].map(|id| super::payout(id, &format!("{id}-b"), 20_000, &json!({})));
    world.storage.record_rows(&rows, world.clock.now()).await.expect("recorded");
    world.run_for(30).await;
    world.accurate.restore_token();
    world.run_for(900).await;
    assert_eq!(states(&world, "7").await, [UNREADABLE; 3]);
    let receipts: Vec<_> = world.accurate.receipts().into_iter().map(|receipt| receipt.number).collect();
    assert_eq!(receipts, ["INV-8/1"], "nobody knows what the other one should contain");
}

async fn what_must_be_deleted_is_deleted_although_a_row_cannot_be_read(base: Base) {
    let mut world = waiting(base).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.accurate.receipts().len(), 2);
    let undo = ManualChange {
        decision: Some(Manual::Undo),
        reason: Some("sold twice".to_owned()),
        document: None,
        actor: "sari".to_owned(),
    };
    let written = world.storage.decide_manually(&order_id("7"), &undo, world.clock.now()).await.expect("written");
    assert_eq!(written, Written::Changed);
    world.decide_all().await;
    is_damaged(&world, "UPDATE settlement_rows SET content = '{' WHERE row_id = '7-r'").await;
    let row = super::payout("7", "7-b", 20_000, &json!({}));
    world.storage.record_rows(&[row], world.clock.now()).await.expect("recorded");
    world.run_for(900).await;
    assert_eq!(world.state("7").await, "voided", "{}", world.timeline("7").await);
    assert_eq!(world.accurate.receipts().len(), 1, "that of order 8");
}

async fn money_whose_receipt_cannot_be_read_is_not_booked_again(base: Base) {
    let mut world = waiting(base).await;
    world.paid("7", "7-b", 20_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("7-b").await, (RowState::Settled, ""));
    is_damaged(&world, "UPDATE documents SET draft = '{' WHERE order_id = '7' AND kind = 'receipt' AND part = 1").await;
    world.paid("7", "7-c", 10_000, json!({})).await;
    let mut numbers: Vec<_> = world.accurate.receipts().into_iter().map(|receipt| receipt.number).collect();
    numbers.sort();
    assert_eq!(numbers, ["INV-7/1", "INV-7/2", "INV-8/1"], "the first receipt still exists");
    assert_eq!(states(&world, "7").await, [UNREADABLE; 3]);
}

async fn an_order_that_cannot_be_read_keeps_no_other_from_being_tried_again(base: Base) {
    let mut world = waiting(base).await;
    for id in ["7", "8"] {
        world.accurate.add_receipt(&format!("RCP-{id}"), &format!("INV-{id}"), 150_000.into()).expect("booked");
    }
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("8-a").await.0, RowState::Blocked);
    is_damaged(&world, "UPDATE orders SET findings = '[{' WHERE order_id = '7'").await;
    assert!(world.accurate.remove_receipt("RCP-8"));
    world.run_for(2 * 3600).await;
    assert_eq!(world.payout_state("8-a").await, (RowState::Settled, ""));
}

async fn a_receipt_that_was_never_saved_and_cannot_be_read_is_replaced_and_holds_up_nothing(base: Base) {
    let mut world = waiting(base).await;
    world.paid("7", "7-b", 20_000, json!({})).await;
    // Accurate refuses both receipts, because somebody has booked all of the money.
    world.accurate.add_receipt("RCP-7", "INV-7", 150_000.into()).expect("booked");
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("7-a").await.0, RowState::Blocked);
    is_damaged(&world, "UPDATE documents SET draft = '{' WHERE order_id = '7' AND kind = 'receipt' AND part = 1").await;
    assert!(world.accurate.remove_receipt("RCP-7"));
    world.paid("7", "7-c", 1_000, json!({})).await;
    world.run_for(3 * 3600).await;
    for row in ["7-a", "7-b"] {
        assert_eq!(world.payout_state(row).await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    }
    assert_eq!(world.accurate.owed("INV-7"), Some(30_000.into()), "each payout is booked once");
    world.a_person_decides("7", Manual::Undo).await;
    assert_eq!(world.state("7").await, "voided", "{}", world.timeline("7").await);
}
