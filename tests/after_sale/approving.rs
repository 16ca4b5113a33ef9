//! What an approval covers: only what the person could see, and only as long as it is not undone.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, manual::Manual, payout::RowState},
    storage::ManualChange,
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order, order_id};

on_both! {
    an_invoice_that_is_created_again_after_an_undo_needs_new_approvals;
    a_payout_that_waits_for_its_return_record_cannot_be_approved_yet;
    a_return_whose_refund_is_another_amount_is_booked_once_a_person_approves_it;
}

impl World {
    pub(super) async fn a_person_decides(&mut self, id: &str, decision: Manual) {
        let change = ManualChange {
            decision: Some(decision),
            reason: Some("sold twice".to_owned()),
            document: None,
            actor: "sari".to_owned(),
        };
        self.storage.decide_manually(&order_id(id), &change, self.clock.now()).await.expect("written");
        self.run_until_settled().await;
    }
}

async fn an_invoice_that_is_created_again_after_an_undo_needs_new_approvals(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.run_until_settled().await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    world.approves_all(Kind::Return).await;
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (1, 1));
    world.a_person_decides("7", Manual::Undo).await;
    assert_eq!(world.state("7").await, "voided");
    world.a_person_decides("7", Manual::Again).await;
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (0, 0), "nobody has approved them");
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    assert_eq!(world.return_state("r").await, (RowState::Waiting, ""));
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
}

async fn a_payout_that_waits_for_its_return_record_cannot_be_approved_yet(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.run_until_settled().await;
    let amounts = json!({"subtotal": 150_000, "refund": -75_000, "commission": -6_000});
    world.paid("7", "a", 69_000, amounts).await;
    assert_eq!(world.approves_all(Kind::Receipt).await, 0, "nobody knows yet what its receipt contains");
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts().len(), 0, "the earlier approval does not count");
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn a_return_whose_refund_is_another_amount_is_booked_once_a_person_approves_it(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.run_until_settled().await;
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}], "refund": 70_000})).await;
    assert_eq!(world.return_state("r").await, (RowState::Waiting, ""));
    let waits_for = world.row(Kind::Return, "r").await.waits_for.expect("it waits");
    let words = waits_for.in_words(forstok_accurate::domain::reason::Language::English);
    assert!(words.contains("Rp75.000"), "the person sees what the return takes off the invoice: {words}");
    assert_eq!(world.accurate.returns().len(), 0);
    assert_eq!(world.approves_all(Kind::Return).await, 1);
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.owed("INV-7"), Some(75_000.into()));
}
