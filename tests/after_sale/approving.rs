//! What an approval covers: only what the person could see, and only as long as it is not undone.

use forstok_accurate::{
    clock::Clock,
    domain::{after_sale::Waits, document::Kind, manual::Manual, money::Rupiah, payout::RowState},
    storage::ManualChange,
};
use rust_decimal::Decimal;
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order, order_id};

on_both! {
    an_invoice_that_is_created_again_after_an_undo_needs_new_approvals;
    a_payout_that_waits_for_its_return_record_cannot_be_approved_yet;
    a_return_whose_refund_is_another_amount_is_booked_once_a_person_approves_it;
    the_sum_of_returns_that_wait_is_what_their_approval_books;
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

async fn the_sum_of_returns_that_wait_is_what_their_approval_books(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).price(75_000).pieces(2).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    // Nobody says what the buyer got back; then too little; then one record more than there are goods.
    world.went_back("1", "a", json!({})).await;
    world.went_back("2", "b", json!({"refund": 75_000})).await;
    world.went_back("3", "c", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    world.went_back("3", "d", json!({"pieces": [{"sku": "AAA2002", "quantity": 2}]})).await;
    let counts = world.storage.row_counts(Kind::Return).await.expect("readable");
    let [waiting] = counts.as_slice() else { panic!("all of them wait for an approval: {counts:?}") };
    assert_eq!((waiting.waits, waiting.count, waiting.unknown), (Some(Waits::Approval), 4, 1));
    assert_eq!(waiting.hundredths, 37_500_000);
    let amount = world.row(Kind::Return, "a").await.amount;
    assert_eq!(amount, Some(Rupiah::whole(150_000)), "each row says its own");
    assert_eq!(world.row(Kind::Return, "d").await.amount, None, "it depends on the return before it");
    assert_eq!(world.approves_all(Kind::Return).await, 4);
    let booked: Decimal = world.accurate.returns().iter().map(|one| one.total_amount).sum();
    assert_eq!(booked, 375_000.into());
}
