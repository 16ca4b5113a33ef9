//! Payouts that are corrected to name another order.

use forstok_accurate::{
    domain::{document::Kind, payout::RowState},
    storage::RowRecorded,
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, order_id};

on_both! {
    a_payout_that_names_another_order_is_booked_there_alone;
    a_booked_payout_that_names_another_order_is_for_a_person;
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

async fn a_booked_payout_that_names_another_order_is_for_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.paid("8", "a", 140_000, json!({"commission": -10_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
    assert_eq!(world.documents("8").await, [("INV-8".to_owned(), "exists")]);
    assert_eq!(world.accurate.receipts().len(), 1);
}
