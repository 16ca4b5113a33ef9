//! Lost replies, refusals and crashes while receipts and returns are booked.

use forstok_accurate::{
    domain::{document::Kind, manual::Manual, payout::RowState, reconciliation},
    sandbox::{Action, Fault, Numbering, On},
    storage::{Acted, Approving, ManualChange, RowFilter},
};
use serde_json::json;

use super::{on_both, world};
use crate::{
    reconciliation::acting::act,
    world::{Base, World, order_id},
};

on_both! {
    a_receipt_whose_reply_was_lost_exists_once;
    any_fault_of_a_receipts_save_leads_to_one_receipt;
    any_fault_of_a_returns_save_leads_to_one_return;
    a_process_that_dies_with_a_receipt_under_way_leaves_one_receipt;
    a_receipt_that_accurate_refuses_is_blocked_and_retried_automatically;
    many_receipts_share_their_saves;
    no_receipt_is_saved_on_an_invoice_that_took_over_the_number_of_ours;
    a_bulk_that_reports_a_receipt_as_saved_without_saving_it_is_noticed;
    a_bulk_that_saves_another_amount_than_it_reports_is_noticed;
    a_return_of_pieces_that_went_back_in_accurate_is_for_a_person_with_the_figures;
    a_receipt_that_was_refused_in_unknown_words_keeps_its_reason_when_it_is_looked_up;
    a_receipt_that_stays_refused_is_tried_ever_more_rarely;
    a_receipt_that_accurate_saved_with_another_amount_is_for_a_person;
    where_accurate_gives_out_numbers_a_receipt_is_never_saved_twice_without_a_person;
    where_accurate_gives_out_numbers_bulks_that_do_not_save_cost_a_person_one_retry;
    a_receipt_in_doubt_is_looked_up_although_its_invoice_is_gone;
    a_receipt_that_accurate_does_not_delete_is_shown_to_a_person;
}

async fn ready(base: Base) -> World {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world
}

async fn one_receipt(world: &World) {
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts().len(), 1);
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn a_receipt_whose_reply_was_lost_exists_once(base: Base) {
    let mut world = ready(base).await;
    world.accurate.lose_next_reply_after_saving_a(Kind::Receipt);
    world.approves_all(Kind::Receipt).await;
    world.run_until_recovered().await;
    one_receipt(&world).await;
}

async fn any_fault_of_a_receipts_save_leads_to_one_receipt(base: Base) {
    for fault in Fault::ORDINARY {
        let mut world = ready(base).await;
        let fault = Fault::named(fault, std::time::Duration::from_secs(2)).expect("it is its name");
        world.accurate.next(On::ReceiptSaves, fault, 1);
        world.approves_all(Kind::Receipt).await;
        world.run_until_recovered().await;
        one_receipt(&world).await;
    }
}

async fn any_fault_of_a_returns_save_leads_to_one_return(base: Base) {
    for name in Fault::ORDINARY {
        let mut world = world(base).await;
        world.mapping_changes("[payout]", "[returns]\nmode = \"approve\"\n[payout]").await;
        world.invoiced("7").await;
        world.went_back("7", "r", json!({})).await;
        let fault = Fault::named(name, std::time::Duration::from_secs(2)).expect("it is its name");
        world.accurate.next(Action::ReturnSave, fault, 1);
        world.approves_all(Kind::Return).await;
        world.run_until_recovered().await;
        assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "{name}");
        assert_eq!((world.accurate.returns().len(), world.accurate.owed("INV-7")), (1, Some(0.into())), "{name}");
    }
}

async fn a_process_that_dies_with_a_receipt_under_way_leaves_one_receipt(base: Base) {
    let world = ready(base).await;
    let now = world.clock_now();
    let all = forstok_accurate::storage::RowFilter::default();
    let which = forstok_accurate::storage::Approving::Shown(&all);
    world.storage.approve_rows(Kind::Receipt, which, "sari", now).await.expect("written");
    world.decide_all().await;
    let claims = world.claims().await;
    assert_eq!(claims.iter().map(|claim| claim.kind).collect::<Vec<_>>(), [Kind::Receipt]);
    let mut world = world.dies_and_starts_again().await;
    world.run_until_recovered().await;
    one_receipt(&world).await;
}

async fn a_receipt_that_accurate_refuses_is_blocked_and_retried_automatically(base: Base) {
    let mut world = ready(base).await;
    // Somebody has booked the money by hand.
    world.accurate.add_receipt("RCP-1", "INV-7", 150_000.into()).expect("booked");
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await.0, RowState::Blocked);
    assert_eq!(world.state("7").await, "invoiced", "the invoice is not concerned");
    assert!(world.accurate.remove_receipt("RCP-1"));
    world.run_for(2 * 3600).await;
    one_receipt(&world).await;
}

async fn no_receipt_is_saved_on_an_invoice_that_took_over_the_number_of_ours(base: Base) {
    let mut world = ready(base).await;
    assert!(world.accurate.remove_invoice("INV-7"));
    world.accurate.add_invoice("INV-7", "8277", "cash sale at the counter", 400_000.into());
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "number_conflict"));
    assert_eq!((world.accurate.receipts().len(), world.accurate.owed("INV-7")), (0, Some(400_000.into())));
    let timeline = world.timeline("7").await;
    assert!(timeline.contains("invoice INV-7 (id 2) is not this order's"), "{timeline}");
}

async fn many_receipts_share_their_saves(base: Base) {
    let mut world = world(base).await;
    for id in 100..130 {
        world.forstok_sends(crate::world::order(&id.to_string()).price(150_000).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    for id in 100..130 {
        world.paid(&id.to_string(), &id.to_string(), 150_000, json!({})).await;
    }
    let before = world.accurate.call_counts();
    assert_eq!(world.approves_all(Kind::Receipt).await, 30);
    let calls = world.accurate.call_counts();
    assert_eq!(world.accurate.receipts().len(), 30);
    let count = |name: &str| calls.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
    assert_eq!((count("sales-receipt/bulk-save"), count("sales-receipt/save")), (1, 0), "{calls:?}");
}

/// Receipts of thirty orders are approved at once.
async fn thirty_are_approved(base: Base, fault: Fault) -> World {
    let mut world = world(base).await;
    for id in 100..130 {
        world.forstok_sends(crate::world::order(&id.to_string()).price(150_000).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    for id in 100..130 {
        world.paid(&id.to_string(), &id.to_string(), 150_000, json!({})).await;
    }
    world.accurate.next(Action::ReceiptBulkSave, fault, 1);
    assert_eq!(world.approves_all(Kind::Receipt).await, 30);
    world
}

async fn a_bulk_that_reports_a_receipt_as_saved_without_saving_it_is_noticed(base: Base) {
    let mut world = thirty_are_approved(base, Fault::NotSaved).await;
    world.run_until_recovered().await;
    assert_eq!(world.accurate.receipts().len(), 30);
    for id in 100..130 {
        assert_eq!(world.payout_state(&id.to_string()).await, (RowState::Settled, ""));
        assert_eq!(world.accurate.owed(&format!("INV-{id}")), Some(0.into()), "{id}");
    }
}

async fn a_bulk_that_saves_another_amount_than_it_reports_is_noticed(base: Base) {
    let world = thirty_are_approved(base, Fault::TotalOff).await;
    let mut blocked = 0;
    for id in 100..130 {
        let (state, reason) = world.payout_state(&id.to_string()).await;
        if state == RowState::Blocked {
            assert_eq!(reason, "number_conflict");
            blocked += 1;
        }
    }
    assert_eq!(blocked, 1, "one receipt has another amount than was sent");
    let calls = world.accurate.call_counts();
    let detail = calls.get("sales-receipt/detail").copied().unwrap_or_default();
    assert!(detail <= 2, "only what the list does not show as sent is looked up individually: {calls:?}");
}

async fn a_return_of_pieces_that_went_back_in_accurate_is_for_a_person_with_the_figures(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]", "[returns]\nmode = \"approve\"\n[payout]").await;
    world.invoiced("7").await;
    world.went_back("7", "r", json!({})).await;
    // Somebody takes all of it back in Accurate, under a number of their own.
    let line = world.accurate.invoices_numbered("INV-7")[0].lines[0].clone();
    let (item, pieces) = (line.item_no, line.quantity);
    world.accurate.add_return("RJN-1", "INV-7", &item, pieces).expect("it was sold");
    world.approves_all(Kind::Return).await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    let finding = world.row(Kind::Return, "r").await.finding.expect("it says why");
    let words = finding.about.in_words(forstok_accurate::domain::reason::Language::English);
    assert!(words.contains("as returned"), "{words}");
    assert_eq!(world.accurate.returns().len(), 1, "nothing was sent");
    assert!(world.accurate.remove_return("RJN-1"));
    world.run_for(2 * 3600).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "retried automatically");
}

async fn a_receipt_that_was_refused_in_unknown_words_keeps_its_reason_when_it_is_looked_up(base: Base) {
    let mut world = ready(base).await;
    world.accurate.next(On::ReceiptSaves, Fault::UnknownTextBefore, 1);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "refused_by_accurate"));
    // Its save may still arrive: it is looked up after five minutes.
    let looked_up = |world: &World| *world.accurate.call_counts().get("sales-receipt/detail").unwrap_or(&0);
    let before = looked_up(&world);
    world.run_for(600).await;
    assert!(looked_up(&world) > before);
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "refused_by_accurate"));
    world.run_for(2 * 3600).await;
    one_receipt(&world).await;
}

async fn a_receipt_that_stays_refused_is_tried_ever_more_rarely(base: Base) {
    let mut world = ready(base).await;
    world.accurate.add_receipt("RCP-1", "INV-7", 150_000.into()).expect("booked");
    let before = world.accurate.call_count(Action::InvoiceDetail);
    world.approves_all(Kind::Receipt).await;
    world.run_for(7 * 24 * 3600).await;
    let tries = world.accurate.call_count(Action::InvoiceDetail) - before;
    assert!((8..16).contains(&tries), "after 1, 2, 4, 8 and 16 hours, then once a day: {tries}");
}

async fn a_receipt_that_accurate_saved_with_another_amount_is_for_a_person(base: Base) {
    let mut world = ready(base).await;
    world.accurate.next(On::ReceiptSaves, Fault::TotalOff, 1);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "number_conflict"));
    assert!(world.accurate.remove_receipt("INV-7/1"));
    world.operator_retries("7").await;
    world.run_until_recovered().await;
    world.run_for(600).await;
    one_receipt(&world).await;
}

async fn where_accurate_gives_out_numbers_a_receipt_is_never_saved_twice_without_a_person(base: Base) {
    let mut world = world(base).await;
    world.accurate.change_settings(|settings| settings.numbering = Numbering::Automatic);
    world.invoiced("7").await;
    world.paid("7", "a", 20_000, json!({})).await;
    world.accurate.lose_next_reply_after_saving_a(Kind::Receipt);
    world.approves_all(Kind::Receipt).await;
    world.run_for(24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 1);
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "number_conflict"));
    let number = world.accurate.receipts()[0].number.clone();
    assert!(world.accurate.remove_receipt(&number), "the person deletes what nobody else can find");
    world.operator_retries("7").await;
    world.run_until_recovered().await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn where_accurate_gives_out_numbers_bulks_that_do_not_save_cost_a_person_one_retry(base: Base) {
    let mut world = world(base).await;
    world.accurate.change_settings(|settings| settings.numbering = Numbering::Automatic);
    let ids: Vec<_> = (100..120).map(|id| id.to_string()).collect();
    for id in &ids {
        world.invoiced(id).await;
        world.paid(id, id, 20_000, json!({})).await;
    }
    world.accurate.next(Action::ReceiptBulkSave, Fault::DroppedBefore, 1);
    world.approves_all(Kind::Receipt).await;
    world.run_for(24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 0);
    assert_eq!(world.payout_state("100").await, (RowState::Blocked, "number_conflict"));
    world.accurate.next(Action::ReceiptBulkSave, Fault::NotSaved, 1_000);
    for id in &ids {
        world.operator_retries(id).await;
    }
    world.run_for(24 * 3600).await;
    for id in &ids {
        assert_eq!(world.payout_state(id).await, (RowState::Settled, ""), "{id}");
    }
    assert_eq!(world.accurate.receipts().len(), 20);
}

async fn a_receipt_in_doubt_is_looked_up_although_its_invoice_is_gone(base: Base) {
    use reconciliation::Action::{AcceptDeleted, CreateAgain};
    for (action, expected) in [(CreateAgain, "invoiced"), (AcceptDeleted, "voided")] {
        let mut world = ready(base).await;
        world.invoiced("8").await;
        // Somebody deletes the invoice in Accurate, and the nightly run finds that.
        assert!(world.accurate.remove_invoice("INV-7"));
        crate::reconciliation::reconcile(&world).await;
        // The reply to the receipt's save is lost.
        world.accurate.next(On::ReceiptSaves, Fault::DroppedBefore, 1);
        let (all, now) = (RowFilter::default(), world.clock_now());
        world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
        world.run_until_idle().await;
        assert_eq!(act(&world, "7", action).await, Acted::Done);
        world.run_until_recovered().await;
        assert_eq!(world.state("7").await, expected, "{action:?}: {}", world.timeline("7").await);
        if expected == "invoiced" {
            one_receipt(&world).await;
        } else {
            assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_unmatched"), "{action:?}");
            assert_eq!(world.accurate.receipts().len(), 0);
        }
    }
}

async fn a_receipt_that_accurate_does_not_delete_is_shown_to_a_person(base: Base) {
    let mut world = ready(base).await;
    world.approves_all(Kind::Receipt).await;
    one_receipt(&world).await;
    world.accurate.next(Action::ReceiptDelete, Fault::UnknownTextBefore, 1);
    let (decision, reason) = (Some(Manual::Undo), Some("sold twice".to_owned()));
    let undo = ManualChange { decision, reason, document: None, actor: "sari".to_owned() };
    world.storage.decide_manually(&order_id("7"), &undo, world.clock_now()).await.expect("written");
    world.run_until_idle().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid", "the invoice waits for its receipt");
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "refused_by_accurate"));
    world.advance(2 * 3600);
    world.run_until_idle().await;
    assert_eq!(world.state("7").await, "voided", "tried again by itself");
    assert_eq!(world.accurate.receipts().len(), 0);
}
