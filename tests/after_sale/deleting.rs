//! Everything about an order is deleted, whatever happens to the calls: receipt, return, invoice, each verified before
//! the next.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, money::Rupiah, payout::RowState, reason::Language},
    sandbox::{Action, Fault, SettlingEdit},
    storage::{ByHand, ManualChange, Marked},
};
use serde_json::json;

use super::{cancelling::two_shipped_pieces, on_both};
use crate::world::{Base, World, order, order_id};

on_both! {
    any_fault_of_each_deletion_leaves_nothing_behind;
    a_deletion_that_is_reported_but_not_carried_out_is_noticed_and_repeated;
    a_receipt_that_is_not_deleted_keeps_the_return_and_the_invoice;
    an_undo_that_is_taken_back_deletes_nothing_more;
    a_receipt_that_a_person_changed_is_named_on_the_order_that_waits_for_it;
    a_return_that_a_person_renumbered_is_named_on_the_order_that_waits_for_it;
    a_return_that_a_person_has_taken_over_is_named_where_the_invoice_cannot_be_deleted;
    a_return_that_is_not_deleted_keeps_the_invoice;
    a_deletion_that_was_carried_out_although_its_reply_is_not_understood_needs_no_person;
    without_the_right_to_delete_returns_an_undo_waits_until_it_is_granted;
    a_process_that_dies_while_it_deletes_a_receipt_goes_on_where_it_was;
}

const DELETIONS: [Action; 3] = [Action::ReceiptDelete, Action::ReturnDelete, Action::InvoiceDelete];

/// Order 7 with its invoice, a receipt and a return.
async fn everything_is_booked(base: Base) -> World {
    let mut world = two_shipped_pieces(base).await;
    world.one_piece_went_back("r").await;
    world.paid("7", "a", 69_000, json!({"subtotal": 150_000, "refund": -75_000, "commission": -6_000})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(what_exists(&world), (1, 1, 1));
    world
}

/// Receipts, returns and invoices in Accurate.
fn what_exists(world: &World) -> (usize, usize, usize) {
    (world.accurate.receipts().len(), world.accurate.returns().len(), world.accurate.invoice_count())
}

fn fault(name: &str) -> Fault {
    Fault::named(name, Duration::from_secs(2)).expect("it is its name")
}

impl World {
    /// Minutes pass. The invoice is due and waits for what must go first, so a test cannot run until nothing is due.
    async fn lives_on(&mut self, minutes: u32) {
        for _ in 0..minutes {
            self.run_at_once_until_idle().await;
            self.advance(60);
        }
        self.run_at_once_until_idle().await;
    }
}

/// Everything is gone, and nothing was deleted before a look-up has shown that what must go first was gone.
async fn all_is_gone_one_after_the_other(world: &World, before: usize, what: &str) {
    assert_eq!(world.state("7").await, "voided", "{what}: {}", world.timeline("7").await);
    assert_eq!(what_exists(world), (0, 0, 0), "{what}");
    let calls: Vec<_> = world.accurate.calls()[before..].iter().filter_map(|call| call.action).collect();
    let first = |action| calls.iter().position(|call| *call == action);
    let last = |action| calls.iter().rposition(|call| *call == action);
    let order = [
        last(Action::ReceiptDelete),
        last(Action::ReceiptDetail),
        first(Action::ReturnDelete),
        last(Action::ReturnDelete),
        last(Action::ReturnDetail),
        first(Action::InvoiceDelete),
        last(Action::InvoiceDelete),
        last(Action::InvoiceDetail),
    ];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{what}: {calls:?}");
}

async fn any_fault_of_each_deletion_leaves_nothing_behind(base: Base) {
    for name in Fault::ORDINARY.iter().chain(&["denied_before", "denied_after"]) {
        let mut world = everything_is_booked(base).await;
        for action in DELETIONS {
            world.accurate.next(action, fault(name), 1);
        }
        let before = world.accurate.calls().len();
        world.decides_to_undo("7").await;
        world.lives_on(30).await;
        all_is_gone_one_after_the_other(&world, before, name).await;
        let met = DELETIONS.iter().filter(|action| world.accurate.call_count(**action) > 0).count();
        assert_eq!((met, world.accurate.fault_counts().get(*name)), (3, Some(&3)), "{name}");
    }
}

async fn a_deletion_that_is_reported_but_not_carried_out_is_noticed_and_repeated(base: Base) {
    let mut world = everything_is_booked(base).await;
    for action in DELETIONS {
        world.accurate.next(action, Fault::NotDeleted, 2);
    }
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(30).await;
    all_is_gone_one_after_the_other(&world, before, "not deleted").await;
    for action in DELETIONS {
        assert_eq!(world.accurate.call_count(action), 3, "{action:?}");
    }
}

async fn a_receipt_that_is_not_deleted_keeps_the_return_and_the_invoice(base: Base) {
    let mut world = everything_is_booked(base).await;
    world.accurate.next(Action::ReceiptDelete, Fault::UnknownTextBefore, 1);
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    assert!(finding(&world).await.starts_with("INV-7/1 could not be deleted in Accurate"));
    assert_eq!(what_exists(&world), (1, 1, 1));
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "refused_by_accurate"));
    world.lives_on(120).await;
    all_is_gone_one_after_the_other(&world, before, "tried again automatically").await;
}

async fn an_undo_that_is_taken_back_deletes_nothing_more(base: Base) {
    let mut world = everything_is_booked(base).await;
    world.accurate.next(Action::ReceiptDelete, Fault::UnknownTextBefore, 1);
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    let back = ManualChange { decision: None, reason: None, document: None, actor: "sari".to_owned() };
    world.storage.decide_manually(&order_id("7"), &back, world.clock.now()).await.expect("written");
    world.lives_on(120).await;
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!((what_exists(&world), world.accurate.call_count(Action::ReceiptDelete)), ((1, 1, 1), 1));
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    // A second undo starts from the beginning.
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(30).await;
    all_is_gone_one_after_the_other(&world, before, "a second time").await;
}

/// What the order's page says first.
async fn finding(world: &World) -> String {
    world.order("7").await.findings[0].about.in_words(Language::English)
}

async fn a_receipt_that_a_person_changed_is_named_on_the_order_that_waits_for_it(base: Base) {
    let mut world = everything_is_booked(base).await;
    let edit = SettlingEdit { amount: Some(5_000.into()), ..SettlingEdit::default() };
    world.accurate.edit_receipt("INV-7/1", &edit).expect("it exists");
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    assert!(finding(&world).await.starts_with("INV-7/1 could not be deleted in Accurate"), "{}", finding(&world).await);
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "number_conflict"));
    let timeline = world.timeline("7").await;
    assert!(timeline.contains("INV-7/1 (id 1) was changed in Accurate, so it was not deleted"), "{timeline}");
    // After another webhook and a retry the order still names the receipt, and nothing is deleted.
    world.forstok_sends(order("7").price(75_000).pieces(2).status("Shipped").with("note", json!("later"))).await;
    world.lives_on(1).await;
    world.operator_retries("7").await;
    world.lives_on(1).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("blocked: invoice_paid", (1, 1, 1)));
    assert!(world.accurate.remove_receipt("INV-7/1"), "as the remedy says");
    world.operator_retries("7").await;
    world.lives_on(30).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("voided", (0, 0, 0)));
}

async fn a_return_that_a_person_renumbered_is_named_on_the_order_that_waits_for_it(base: Base) {
    let mut world = everything_is_booked(base).await;
    let edit = SettlingEdit { number: Some("RETUR-1".to_owned()), ..SettlingEdit::default() };
    world.accurate.edit_return("INV-7/R1", &edit).expect("it exists");
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("blocked: invoice_paid", (0, 1, 1)));
    let timeline = world.timeline("7").await;
    assert!(timeline.contains("INV-7/R1 (id 1) was renumbered to RETUR-1 in Accurate"), "{timeline}");
    assert!(world.accurate.remove_return("RETUR-1"), "as the remedy says");
    world.operator_retries("7").await;
    world.lives_on(30).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("voided", (0, 0, 0)));
}

async fn a_return_that_a_person_has_taken_over_is_named_where_the_invoice_cannot_be_deleted(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.one_piece_went_back("r").await;
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 2}]})).await;
    let at = world.clock.now();
    let by_hand = ByHand {
        document: Some("INV-7/R1".to_owned()),
        amount: Some(Rupiah::whole(150_000)),
        reason: "both came back".to_owned(),
        actor: "ani".to_owned(),
        at,
    };
    let marked = world.storage.mark_by_hand(Kind::Return, ("shopee", "r"), Some(&by_hand), "ani", at).await;
    assert_eq!(marked.expect("written"), Marked::Done);
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("blocked: invoice_paid", (0, 1, 1)));
    let finding = finding(&world).await;
    assert!(finding.starts_with("Accurate does not delete invoice INV-7 because of a sales return that a person"));
    assert!(finding.ends_with("delete the return in Accurate, then retry"), "{finding}");
    assert!(world.accurate.remove_return("INV-7/R1"), "as it says");
    world.operator_retries("7").await;
    world.lives_on(30).await;
    assert_eq!((world.state("7").await.as_str(), what_exists(&world)), ("voided", (0, 0, 0)));
}

async fn a_return_that_is_not_deleted_keeps_the_invoice(base: Base) {
    let mut world = everything_is_booked(base).await;
    world.accurate.next(Action::ReturnDelete, Fault::UnknownTextBefore, 1);
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    assert_eq!(what_exists(&world), (0, 1, 1));
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "refused_by_accurate"));
    world.lives_on(120).await;
    all_is_gone_one_after_the_other(&world, before, "tried again automatically").await;
}

async fn a_deletion_that_was_carried_out_although_its_reply_is_not_understood_needs_no_person(base: Base) {
    let mut world = everything_is_booked(base).await;
    for action in DELETIONS {
        world.accurate.next(action, Fault::UnknownTextAfter, 1);
    }
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(0).await;
    all_is_gone_one_after_the_other(&world, before, "an unknown text").await;
    for action in DELETIONS {
        assert_eq!(world.accurate.call_count(action), 1, "{action:?}");
    }
}

async fn without_the_right_to_delete_returns_an_undo_waits_until_it_is_granted(base: Base) {
    let mut world = everything_is_booked(base).await;
    world.accurate.withhold_right(Action::ReturnDelete);
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.lives_on(60).await;
    assert_eq!(world.state("7").await, "void_due");
    assert_eq!(what_exists(&world), (0, 1, 1));
    world.accurate.grant_right(Action::ReturnDelete);
    world.lives_on(30).await;
    all_is_gone_one_after_the_other(&world, before, "a missing right").await;
}

async fn a_process_that_dies_while_it_deletes_a_receipt_goes_on_where_it_was(base: Base) {
    let world = everything_is_booked(base).await;
    let before = world.accurate.calls().len();
    world.decides_to_undo("7").await;
    world.decide_all().await;
    let claims = world.claims().await;
    assert_eq!(claims.iter().map(|claim| claim.kind).collect::<Vec<_>>(), [Kind::Receipt], "the others wait");
    let mut world = world.dies_and_starts_again().await;
    world.lives_on(30).await;
    all_is_gone_one_after_the_other(&world, before, "a restart").await;
}
