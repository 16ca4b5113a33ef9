//! Receipts and returns that Accurate refused continue automatically once the cause is gone.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState, reason::Reason},
    sandbox::Action,
    storage::{Approving, Filter, RowFilter, State},
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order};

on_both! {
    a_receipt_waits_for_its_account_and_is_created_once_the_account_is_active;
    a_return_waits_for_its_item_and_is_created_once_the_item_is_active;
    everything_that_waits_for_one_account_continues_after_one_recheck;
    retry_all_retries_receipts_too_also_only_those_with_one_reason;
    another_mapping_retries_receipts_at_once;
    a_missing_right_to_save_receipts_is_no_pause_of_invoices;
}

/// A payout of each of these orders is approved while the account of one of its fees is inactive.
async fn inactive_account(base: Base, ids: &[&str]) -> World {
    let mut world = world(base).await;
    world.accurate.suspend_account("600103");
    for id in ids {
        world.invoiced(id).await;
        world.paid(id, id, 147_000, json!({"fulfillment_fee": -3_000})).await;
    }
    assert_eq!(world.approves_all(Kind::Receipt).await, ids.len() as u64);
    for id in ids {
        assert_eq!(world.payout_state(id).await, (RowState::Blocked, "account_inactive"));
    }
    world
}

async fn a_receipt_waits_for_its_account_and_is_created_once_the_account_is_active(base: Base) {
    let mut world = inactive_account(base, &["7"]).await;
    world.run_for(300).await;
    assert_eq!(world.accurate.receipts().len(), 0);
    world.accurate.resume_account("600103");
    world.run_for(300).await;
    assert_eq!(world.payout_state("7").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_return_waits_for_its_item_and_is_created_once_the_item_is_active(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    let item = world.accurate.invoices_numbered("INV-7")[0].lines[0].item_no.clone();
    world.went_back("7", "r", json!({})).await;
    world.accurate.suspend_item(&item);
    world.approves_all(Kind::Return).await;
    assert_eq!(world.return_state("r").await.0, RowState::Blocked);
    world.accurate.resume_item(&item);
    world.run_for(120).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
}

async fn everything_that_waits_for_one_account_continues_after_one_recheck(base: Base) {
    let mut world = inactive_account(base, &["7", "8", "9"]).await;
    world.accurate.resume_account("600103");
    let lists = |world: &World| world.accurate.call_counts().get("glaccount/list").copied().unwrap_or_default();
    let before = lists(&world);
    world.run_for(120).await;
    assert_eq!(world.accurate.receipts().len(), 3);
    assert_eq!(lists(&world), before + 1, "{:?}", world.accurate.call_counts());
}

async fn retry_all_retries_receipts_too_also_only_those_with_one_reason(base: Base) {
    let mut world = inactive_account(base, &["7", "8"]).await;
    world.accurate.resume_account("600103");
    let storage = world.storage.clone();
    let retry = async |filter: Filter, now| storage.rearm(&filter, "sari", now).await.expect("written");
    let other = Filter { reason: Some(Reason::PeriodClosed), ..Filter::default() };
    assert_eq!(retry(other, world.clock.now()).await, 0);
    let elsewhere = Filter { state: Some(State::Blocked), ..Filter::default() };
    assert_eq!(retry(elsewhere, world.clock.now()).await, 0, "these orders are invoiced");
    let only = Filter { reason: Some(Reason::AccountInactive), text: Some("INV-7".to_owned()), ..Filter::default() };
    assert_eq!(retry(only, world.clock.now()).await, 1);
    world.run_until_settled().await;
    assert_eq!(world.payout_state("7").await, (RowState::Settled, ""));
    assert_eq!(world.payout_state("8").await, (RowState::Settled, ""), "it waited for the same account");
    let mut world = inactive_account(base, &["7", "8"]).await;
    world.accurate.resume_account("600103");
    let rearmed = world.storage.rearm(&Filter::default(), "sari", world.clock.now()).await.expect("written");
    assert_eq!(rearmed, 2);
    world.run_until_settled().await;
    assert_eq!(world.accurate.receipts().len(), 2);
}

async fn another_mapping_retries_receipts_at_once(base: Base) {
    let mut world = inactive_account(base, &["7"]).await;
    world.accurate.resume_account("600103");
    world.mapping_changes("\"commission\" = \"service_fee\"", "\"komisi\" = \"service_fee\"").await;
    world.run_until_settled().await;
    assert_eq!(world.payout_state("7").await, (RowState::Settled, ""));
}

async fn a_missing_right_to_save_receipts_is_no_pause_of_invoices(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "7", 150_000, json!({})).await;
    for action in [Action::ReceiptSave, Action::ReceiptBulkSave] {
        world.accurate.withhold_right(action);
    }
    let (all, now) = (RowFilter::default(), world.clock.now());
    world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
    world.run_for(60).await;
    let pause = world.engine.books().into_iter().find_map(|book| book.pause).expect("a right is missing");
    assert_eq!((pause.code, pause.documents), ("right_missing", Some(Kind::Receipt)));
    assert!(!pause.stops_invoices());
    world.forstok_sends(order("8").ready_to_ship()).await;
    world.decide_all().await;
    assert!(world.engine.queue().await.expect("readable").seconds.is_some(), "its invoice does not wait");
    world.run_for(60).await;
    assert_eq!(world.state("8").await, "invoiced");
    for action in [Action::ReceiptSave, Action::ReceiptBulkSave] {
        world.accurate.grant_right(action);
    }
    world.run_for(60).await;
    assert_eq!(world.payout_state("7").await, (RowState::Settled, ""));
    assert_eq!(world.pause(), None);
}
