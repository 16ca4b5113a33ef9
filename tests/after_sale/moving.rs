//! Payouts that are corrected to name another order, or that several orders fit.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState},
    storage::{Approving, RowContent, RowRecorded},
};
use jiff::SignedDuration;
use serde_json::json;

use super::{on_both, payout, world};
use crate::world::{Base, World, order, order_id};

on_both! {
    a_payout_that_names_another_order_is_booked_there_alone;
    a_booked_payout_that_names_another_order_is_for_a_person;
    a_corrected_payout_goes_to_its_order_once_its_receipt_is_deleted;
    a_payout_that_fits_two_orders_is_not_taken_by_a_third;
    a_payout_without_a_store_waits_once_a_second_order_has_its_number;
    a_booked_payout_without_a_store_stays_with_its_order;
    a_correction_that_a_replica_with_a_slow_clock_records_moves_the_payout_too;
}

async fn a_payout_that_names_another_order_is_booked_there_alone(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    assert_eq!(world.paid("8", "a", 140_000, json!({"commission": -10_000})).await, RowRecorded::Corrected);
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("8")));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.documents("7").await, [("INV-7".to_owned(), "exists")]);
    assert_eq!(world.documents("8").await, [("INV-8".to_owned(), "exists"), ("INV-8/1".to_owned(), "exists")]);
}

/// A world with invoices for orders 7 and 8, and a receipt for 7 that books payout `a`.
async fn one_of_two_paid(base: Base) -> World {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    world.approves_all(Kind::Receipt).await;
    world
}

async fn a_booked_payout_that_names_another_order_is_for_a_person(base: Base) {
    let mut world = one_of_two_paid(base).await;
    world.paid("8", "a", 140_000, json!({"commission": -10_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
    assert_eq!(world.documents("8").await, [("INV-8".to_owned(), "exists")]);
    assert_eq!(world.accurate.receipts().len(), 1);
}

impl World {
    /// Another store has an order with the number of order 7.
    async fn another_store_has_it(&mut self, id: &str, store: i64) {
        let other = order(id).with("local_name", json!("INV-7")).store(store).price(150_000);
        self.forstok_sends(other.ready_to_ship()).await;
        self.run_until_settled().await;
    }

    /// A payout that names no store.
    async fn paid_somebody(&mut self, row: &str, store_id: &str) {
        let payout = json!({"source": "shopee", "id": row, "store_id": store_id, "channel_order_id": "INV-7",
                            "paid_at": "2024-01-31", "net": 150_000, "amounts": {}});
        self.recorded(RowContent::Payout(serde_json::from_value(payout).expect("a payout"))).await;
    }
}

async fn a_payout_that_fits_two_orders_is_not_taken_by_a_third(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.another_store_has_it("8", 8278).await;
    world.paid_somebody("a", "").await;
    assert_eq!(world.payout_state("a").await, (RowState::Unmatched, ""));
    world.another_store_has_it("9", 8279).await;
    assert_eq!(world.payout_state("a").await, (RowState::Unmatched, ""));
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, None);
    // Once a person names the store, it is booked there.
    world.paid_somebody("a", "8277").await;
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("7")));
}

async fn a_payout_without_a_store_waits_once_a_second_order_has_its_number(base: Base) {
    let mut world = world(base).await;
    world.paid_somebody("a", "").await;
    world.invoiced("7").await;
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("7")), "the only one with this number");
    let key = [("shopee".to_owned(), "a".to_owned())];
    let now = world.clock.now();
    world.storage.approve_rows(Kind::Receipt, Approving::Keys(&key), "sari", now).await.expect("written");
    world.decide_all().await;
    assert_eq!(world.documents("7").await[1], ("INV-7/1".to_owned(), "due"));
    // Before it is sent, an order of another store arrives with the same number.
    world.another_store_has_it("8", 8278).await;
    assert_eq!(world.payout_state("a").await, (RowState::Unmatched, ""));
    assert_eq!(world.accurate.receipts().len(), 0, "it is not known whose money it is");
    assert_eq!(world.documents("7").await, [("INV-7".to_owned(), "exists"), ("INV-7/1".to_owned(), "gone")]);
}

async fn a_booked_payout_without_a_store_stays_with_its_order(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid_somebody("a", "").await;
    world.approves_all(Kind::Receipt).await;
    world.another_store_has_it("8", 8278).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_corrected_payout_goes_to_its_order_once_its_receipt_is_deleted(base: Base) {
    let mut world = one_of_two_paid(base).await;
    world.paid("8", "a", 140_000, json!({"commission": -10_000})).await;
    world.decides_to_undo("7").await;
    // The invoice waits until its receipt is gone.
    for _ in 0..30 {
        world.run_at_once_until_idle().await;
        world.advance(60);
    }
    assert_eq!(world.state("7").await, "voided");
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("8")));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.documents("8").await, [("INV-8".to_owned(), "exists"), ("INV-8/1".to_owned(), "exists")]);
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_correction_that_a_replica_with_a_slow_clock_records_moves_the_payout_too(base: Base) {
    let mut world = one_of_two_paid(base).await;
    let corrected = payout("8", "a", 140_000, &json!({"commission": -10_000}));
    let slow = world.clock.now() - SignedDuration::from_mins(10);
    world.storage.record_rows(&[corrected], slow).await.expect("written");
    world.run_until_settled().await;
    // A person deletes everything of the first order, as docs/payouts.md says: the payout is the other order's then.
    world.decides_to_undo("7").await;
    world.run_until_settled().await;
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("8")));
}
