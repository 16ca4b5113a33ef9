//! Several bulks of receipts at the same time.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState},
    sandbox::{Action, BulkRule, Edit, Fault},
    storage::{Approving, RowFilter},
};
use serde_json::json;

use super::{on_both, payout, return_record, world};
use crate::world::{BOOK, Base, World, order};

on_both! {
    bulks_of_receipts_that_are_approved_together_share_one_count;
    a_receipt_that_one_of_several_bulks_did_not_save_is_noticed;
    one_bad_entry_keeps_no_other_of_its_bulk_from_being_saved;
    a_process_that_dies_during_a_long_series_of_look_ups_keeps_the_first_of_them;
}

/// Three bulks: so many that the last does not go out one by one.
const MANY: usize = 230;

/// So many orders are invoiced.
async fn invoices(base: Base, count: usize) -> World {
    let mut world = world(base).await;
    for id in 0..count {
        world.forstok_sends(order(&(id + 100).to_string()).price(150_000).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world
}

/// Many payouts wait for approval.
async fn many_payouts(base: Base, count: usize) -> World {
    let mut world = invoices(base, count).await;
    let rows: Vec<_> = (0..count)
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
    let mut world = many_payouts(base, MANY).await;
    assert_eq!(world.approves_all(Kind::Receipt).await, MANY as u64);
    assert_eq!(world.accurate.receipts().len(), MANY);
    // One count of all bulks, and once the count that shows that counts can be trusted.
    assert_eq!(calls(&world), [3, 2, 0]);
}

async fn a_receipt_that_one_of_several_bulks_did_not_save_is_noticed(base: Base) {
    let mut world = many_payouts(base, MANY).await;
    world.accurate.next(Action::ReceiptBulkSave, Fault::NotSaved, 1);
    world.approves_all(Kind::Receipt).await;
    world.run_until_recovered().await;
    assert_eq!(world.accurate.receipts().len(), MANY);
    for id in 0..MANY {
        assert_eq!(world.accurate.owed(&format!("INV-{}", id + 100)), Some(0.into()), "{id}");
    }
}

/// Seed 1615 of the simulator: where one bad entry keeps a whole bulk from being saved, the others were blocked, tried
/// together again and refused again, for as long as the bad one stayed.
async fn one_bad_entry_keeps_no_other_of_its_bulk_from_being_saved(base: Base) {
    const BULK: usize = 40;
    for bulk in [BulkRule::EachByItself, BulkRule::AllOrNothing, BulkRule::RefusedWhole] {
        for kind in [Kind::Receipt, Kind::Return] {
            let mut world = invoices(base, BULK).await;
            world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
            world.accurate.change_settings(|settings| settings.bulk = bulk);
            // A person has given one of the invoices to another customer: Accurate refuses what is booked on it.
            let customer_no = Some("TOKPED-JKT".to_owned());
            world.accurate.edit_invoice("INV-107", &Edit { customer_no, ..Edit::default() }).expect("it exists");
            let row = |id: &str| match kind {
                Kind::Return => return_record(id, id, &json!({})),
                _ => payout(id, id, 150_000, &json!({})),
            };
            let rows: Vec<_> = (0..BULK).map(|id| row(&(id + 100).to_string())).collect();
            world.storage.record_rows(&rows, world.clock.now()).await.expect("recorded");
            world.run_until_settled().await;

            world.approves_all(kind).await;

            let saved =
                if kind == Kind::Return { world.accurate.returns().len() } else { world.accurate.receipts().len() };
            assert_eq!(saved, BULK - 1, "{kind:?}, {bulk:?}");
            assert_eq!(world.row(kind, "107").await.state, RowState::Blocked, "{kind:?}, {bulk:?}");
        }
    }
}

/// In the soak test, a process that was killed after twenty seconds again and again never came to the end of its
/// receipts, each of which it had to look up, and stored none of them.
async fn a_process_that_dies_during_a_long_series_of_look_ups_keeps_the_first_of_them(base: Base) {
    const BULK: usize = 40;
    let world = many_payouts(base, BULK).await;
    let all = Approving::Shown(&RowFilter::default());
    world.storage.approve_rows(Kind::Receipt, all, "sari", world.clock.now()).await.expect("written");
    world.decide_all().await;
    assert_eq!(world.claims().await.len(), BULK, "they may have been sent");
    let world = world.dies_and_starts_again().await;
    let (engine, works) = (world.engine.clone(), world.next_works().await);
    let working = tokio::spawn(async move {
        for work in works {
            engine.work(BOOK, work).await.expect("settled");
        }
    });
    let looked_up = || world.accurate.call_count(Action::ReceiptDetail);
    while looked_up() < 30 && !working.is_finished() {
        tokio::task::yield_now().await;
    }
    working.abort();
    assert!(working.await.is_err_and(|ended| ended.is_cancelled()), "it dies in the middle");

    world.decide_all().await;
    let rows = world.storage.settlement_rows(Kind::Receipt, &RowFilter::default(), None, 100).await.expect("readable");
    let booked = rows.iter().filter(|row| row.state == RowState::Settled).count();
    assert!(booked >= 24, "{booked} after {} look-ups", looked_up());
}
