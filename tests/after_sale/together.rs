//! Several bulks of receipts at the same time.

use forstok_accurate::{
    clock::Clock,
    domain::document::Kind,
    sandbox::{Action, Fault},
};
use serde_json::json;

use super::{on_both, payout, world};
use crate::world::{Base, World, order};

on_both! {
    bulks_of_receipts_that_are_approved_together_share_one_count;
    a_receipt_that_one_of_several_bulks_did_not_save_is_noticed;
}

/// Three bulks: so many that the last does not go out one by one.
const MANY: usize = 230;

/// So many payouts wait for approval.
async fn many_payouts(base: Base) -> World {
    let mut world = world(base).await;
    for id in 0..MANY {
        world.forstok_sends(order(&(id + 100).to_string()).price(150_000).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    let rows: Vec<_> = (0..MANY)
        .map(|id| (id + 100).to_string())
        .map(|id| payout(&id, &id, 138_000, &json!({"commission": -12_000})))
        .collect();
    world.storage.record_rows(&rows, world.clock.now()).await.expect("recorded");
    world.run_until_settled().await;
    world
}

/// How often so far: bulks, lists, single receipts looked up.
fn calls(world: &World) -> [u64; 3] {
    [Action::ReceiptBulkSave, Action::ReceiptList, Action::ReceiptDetail].map(|call| world.accurate.call_count(call))
}

async fn bulks_of_receipts_that_are_approved_together_share_one_count(base: Base) {
    let mut world = many_payouts(base).await;
    assert_eq!(world.approves_all(Kind::Receipt).await, MANY as u64);
    assert_eq!(world.accurate.receipts().len(), MANY);
    // One count of all bulks, and once the count that shows that counts can be trusted.
    assert_eq!(calls(&world), [3, 2, 0]);
}

async fn a_receipt_that_one_of_several_bulks_did_not_save_is_noticed(base: Base) {
    let mut world = many_payouts(base).await;
    world.accurate.next(Action::ReceiptBulkSave, Fault::NotSaved, 1);
    world.approves_all(Kind::Receipt).await;
    world.run_until_recovered().await;
    assert_eq!(world.accurate.receipts().len(), MANY);
    for id in 0..MANY {
        assert_eq!(world.accurate.owed(&format!("INV-{}", id + 100)), Some(0.into()), "{id}");
    }
}
