//! Cancellations and undoing beside receipts and returns.

use forstok_accurate::{
    clock::Clock,
    domain::{
        after_sale::{Waits, WaitsFor},
        document::Kind,
        manual::Manual,
        payout::RowState,
        reason::{Language, OrderWarning, Reason, Warning},
    },
    sandbox::{Action, Edit},
    storage::{ByHand, ManualChange, Marked, RowRecorded},
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order, order_id};

on_both! {
    an_order_that_is_cancelled_although_it_was_paid_is_for_a_person;
    an_undo_deletes_the_return_then_the_invoice;
    an_undo_deletes_the_receipt_then_the_return_then_the_invoice_and_verifies_each;
    a_cancellation_after_shipping_becomes_a_return_and_keeps_the_invoice;
    the_goods_of_a_cancelled_order_have_arrived_once_it_is_returned;
    the_goods_of_a_cancelled_order_have_arrived_once_its_own_return_says_so;
    a_cancelled_orders_return_waits_again_once_the_mapping_no_longer_keeps_its_invoice;
    an_order_that_goes_on_after_it_was_cancelled_does_not_come_back;
    a_parcel_that_had_left_keeps_its_invoice_although_that_is_known_only_after_the_cancellation;
    an_order_that_becomes_returned_is_returned_as_a_whole_if_the_mapping_says_so;
    a_cancellation_takes_back_a_receipt_that_was_never_sent;
    an_undo_that_cannot_delete_the_invoice_books_nothing_again;
    money_of_an_order_that_a_rule_ignored_needs_a_person_once_the_order_is_cancelled;
    an_order_that_is_cancelled_after_a_part_of_it_went_back_is_for_a_person;
    a_paid_order_that_is_cancelled_after_shipping_is_settled_once_everything_went_back;
    a_paid_order_that_is_cancelled_after_shipping_is_settled_by_a_return_that_a_person_books;
    a_part_that_goes_back_of_an_order_that_was_cancelled_after_shipping_is_for_a_person;
}

impl World {
    async fn undoes(&mut self, id: &str) {
        self.decides_to_undo(id).await;
        self.run_until_settled().await;
    }

    /// A person has everything about an order deleted; nothing has happened yet.
    pub(super) async fn decides_to_undo(&self, id: &str) {
        let change = ManualChange {
            decision: Some(Manual::Undo),
            reason: Some("a mistake".to_owned()),
            document: None,
            actor: "sari".to_owned(),
        };
        self.storage.decide_manually(&order_id(id), &change, self.clock.now()).await.expect("written");
    }
}

async fn an_order_that_is_cancelled_although_it_was_paid_is_for_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 150_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    let known = world.order("7").await;
    assert_eq!((known.state.as_str(), known.reason.map(Reason::code)), ("blocked", Some("invoice_paid")));
    assert_eq!((world.accurate.invoice_count(), world.accurate.receipts().len()), (1, 1));
    world.undoes("7").await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.accurate.receipts().len()), (0, 0));
}

async fn an_undo_deletes_the_return_then_the_invoice(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    world.went_back("7", "r", json!({})).await;
    world.approves_all(Kind::Return).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.returns().len(), 1);
    world.undoes("7").await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.accurate.returns().len()), (0, 0));
    let timeline = world.timeline("7").await;
    let place = |text: &str| timeline.find(text).unwrap_or_else(|| panic!("{text} is not in {timeline}"));
    assert!(place("return INV-7/R1 was deleted") < place("invoice INV-7 was deleted"), "{timeline}");
}

async fn a_cancellation_after_shipping_becomes_a_return_and_keeps_the_invoice(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.forstok_sends(order("7").price(150_000).shipped()).await;
    world.forstok_sends(order("7").price(150_000).cancelled().updated_at("2024-01-31T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!(world.accurate.invoice_count(), 1);
    let (rows, _) = world.storage.booked(&order_id("7")).await.expect("readable");
    assert_eq!(rows.len(), 1, "the cancellation is a return");
    assert_eq!((rows[0].content.kind(), rows[0].state), (Kind::Return, RowState::Waiting));
    world.forstok_sends(order("8").price(150_000).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order("8").price(150_000).shipped()).await;
    world.forstok_sends(order("8").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    let (rows, _) = world.storage.booked(&order_id("8")).await.expect("readable");
    assert_eq!(rows.len(), 1, "each order has its own");
}

/// Order 7 is invoiced, shipped, and then cancelled; its goods travel back. Returns are booked by themselves.
async fn cancelled_on_its_way(base: Base) -> World {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    world.forstok_sends(order("7").price(150_000).shipped()).await;
    world.forstok_sends(order("7").price(150_000).cancelled().updated_at("2024-01-31T10:00:00+07:00")).await;
    world.run_until_settled().await;
    let row = world.row(Kind::Return, OF_CANCELLATION).await;
    assert_eq!(row.waits_for.map(WaitsFor::what), Some(Waits::Goods));
    world
}

const OF_CANCELLATION: &str = "cancelled/8277/INV-7";

async fn the_goods_of_a_cancelled_order_have_arrived_once_it_is_returned(base: Base) {
    let mut world = cancelled_on_its_way(base).await;
    let returned = order("7").price(150_000).status("Returned");
    world.forstok_sends(returned.updated_at("2024-01-31T12:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.return_state(OF_CANCELLATION).await, (RowState::Settled, ""));
    assert_eq!((world.accurate.returns().len(), world.accurate.owed("INV-7")), (1, Some(0.into())));
    let known = world.order("7").await;
    assert_eq!(known.state.as_str(), "invoiced");
    let contradicts = |notice: &OrderWarning| notice.warning == Warning::ProgressedAfterCancel;
    assert!(!known.warnings.iter().any(contradicts), "{:?}", known.warnings);
}

async fn the_goods_of_a_cancelled_order_have_arrived_once_its_own_return_says_so(base: Base) {
    let mut world = cancelled_on_its_way(base).await;
    let more = json!({"source": "forstok", "received_at": "2024-01-31"});
    assert_eq!(world.went_back("7", OF_CANCELLATION, more).await, RowRecorded::Corrected);
    assert_eq!(world.return_state(OF_CANCELLATION).await, (RowState::Settled, ""));
    assert_eq!((world.accurate.returns().len(), world.accurate.owed("INV-7")), (1, Some(0.into())));
}

async fn a_cancelled_orders_return_waits_again_once_the_mapping_no_longer_keeps_its_invoice(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    let cancelled = order("7").price(75_000).pieces(2).cancelled();
    world.forstok_sends(cancelled.updated_at("2024-01-31T10:00:00+07:00")).await;
    world.run_until_settled().await;
    let (rows, _) = world.storage.booked(&order_id("7")).await.expect("readable");
    let id = rows[0].content.key().1.to_owned();
    assert_eq!(world.return_state(&id).await, (RowState::Waiting, ""));
    world.mapping_changes("on_cancel = \"void\"", "on_cancel = \"keep\"").await;
    world.run_until_settled().await;
    assert_eq!(world.return_state(&id).await, (RowState::Ignored, ""));
    world.mapping_changes("on_cancel = \"keep\"", "on_cancel = \"void\"").await;
    world.run_until_settled().await;
    assert_eq!(world.return_state(&id).await, (RowState::Waiting, ""), "its goods still travel back");
}

async fn an_order_that_goes_on_after_it_was_cancelled_does_not_come_back(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\nwait_for = \"accepted\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    let seven = || order("7").price(150_000);
    world.forstok_sends(seven().shipped()).await;
    world.forstok_sends(seven().cancelled().updated_at("2024-01-31T10:00:00+07:00")).await;
    world.run_until_settled().await;
    let id = "cancelled/8277/INV-7";
    assert_eq!(world.row(Kind::Return, id).await.state, RowState::Waiting, "for a person's approval");
    world.forstok_sends(seven().status("Delivered").updated_at("2024-01-31T11:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.row(Kind::Return, id).await.state, RowState::Ignored);
    world.approves_all(Kind::Return).await;
    assert_eq!((world.accurate.returns().len(), world.accurate.owed("INV-7")), (0, Some(150_000.into())));
}

async fn a_parcel_that_had_left_keeps_its_invoice_although_that_is_known_only_after_the_cancellation(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let seven = || order("7").price(150_000);
    world.forstok_sends(seven().cancelled().updated_at("2024-01-31T10:05:00+07:00")).await;
    world.decide_all().await;
    assert_eq!(world.state("7").await, "void_due");
    world.forstok_sends(seven().shipped().updated_at("2024-01-31T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!((world.state("7").await.as_str(), world.accurate.invoice_count()), ("invoiced", 1));
    assert_eq!(world.row(Kind::Return, "cancelled/8277/INV-7").await.state, RowState::Waiting, "its goods travel back");
}

async fn an_order_that_becomes_returned_is_returned_as_a_whole_if_the_mapping_says_so(base: Base) {
    let mut world = world(base).await;
    let rules = "[returns]\nsource = \"status\"\non_status = \"full\"\nmode = \"auto\"\n\n[payout]\n";
    world.mapping_changes("[payout]\n", rules).await;
    world.invoiced("7").await;
    world.forstok_sends(order("7").price(150_000).shipped()).await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.returns().len(), 0);
    for moment in ["2024-01-30T10:00:00+07:00", "2024-01-30T11:00:00+07:00"] {
        world.forstok_sends(order("7").price(150_000).status("Returned").updated_at(moment)).await;
        world.run_until_settled().await;
    }
    assert_eq!(world.accurate.returns().len(), 1, "however often Forstok says so");
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    assert_eq!(world.state("7").await, "invoiced");
    // Also if nothing was heard of the order before.
    world.forstok_sends(order("8").price(150_000).status("Returned").updated_at("2024-01-30T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!((world.accurate.returns().len(), world.accurate.owed("INV-8")), (2, Some(0.into())));
}

async fn a_cancellation_takes_back_a_receipt_that_was_never_sent(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.wire.cut();
    world.paid("7", "a", 150_000, json!({})).await;
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.wire.recover();
    world.run_until_recovered().await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.accurate.receipts().len()), (0, 0));
}

async fn an_undo_that_cannot_delete_the_invoice_books_nothing_again(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 150_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    let edit = Edit { description: Some("titipan".to_owned()), ..Edit::default() };
    world.accurate.edit_invoice("INV-7", &edit).expect("it exists");
    world.undoes("7").await;
    assert_eq!(world.state("7").await, "blocked: number_conflict");
    assert_eq!(world.accurate.receipts().len(), 0);
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    world.run_for(24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 0, "everything was to be deleted");
}

async fn money_of_an_order_that_a_rule_ignored_needs_a_person_once_the_order_is_cancelled(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"never\"").await;
    world.forstok_sends(order("7").price(150_000).ready_to_ship()).await;
    world.paid("7", "a", 150_000, json!({})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "auto_create_never"));
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_unmatched"));
}

/// Order 7, two pieces of 75,000, is invoiced and shipped; its returns need an approval.
pub(super) async fn two_shipped_pieces(base: Base) -> World {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.forstok_sends(order("7").price(75_000).pieces(2).shipped()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "invoiced");
    world
}

impl World {
    pub(super) async fn one_piece_went_back(&mut self, row: &str) {
        self.went_back("7", row, json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
        self.approves_all(Kind::Return).await;
    }

    async fn is_cancelled_after_shipping(&mut self) {
        self.forstok_sends(order("7").price(75_000).pieces(2).cancelled()).await;
        self.run_until_settled().await;
    }
}

async fn an_undo_deletes_the_receipt_then_the_return_then_the_invoice_and_verifies_each(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.one_piece_went_back("r").await;
    world.paid("7", "a", 69_000, json!({"subtotal": 150_000, "refund": -75_000, "commission": -6_000})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (1, 1));
    let before = world.accurate.calls().len();
    world.undoes("7").await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (0, 0));
    assert_eq!(world.accurate.invoice_count(), 0);
    let calls: Vec<_> = world.accurate.calls()[before..].iter().filter_map(|call| call.action).collect();
    let expected = [
        [Action::ReceiptDetail, Action::ReceiptDelete, Action::ReceiptDetail],
        [Action::ReturnDetail, Action::ReturnDelete, Action::ReturnDetail],
        [Action::InvoiceDetail, Action::InvoiceDelete, Action::InvoiceDetail],
    ];
    assert_eq!(calls, expected.concat(), "each is looked up, deleted, and looked up again");
}

async fn a_paid_order_that_is_cancelled_after_shipping_is_settled_once_everything_went_back(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.is_cancelled_after_shipping().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    // "If the goods were really returned, book that as a return."
    world.one_piece_went_back("r1").await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid", "a part of it came back");
    world.one_piece_went_back("r2").await;
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!((world.accurate.receipts().len(), world.accurate.returns().len()), (1, 2));
    assert_eq!((world.accurate.owed("INV-7"), world.accurate.credit("INV-7")), (Some(0.into()), Some(150_000.into())));
    assert_eq!(world.return_state("r2").await, (RowState::Settled, ""));
}

async fn a_paid_order_that_is_cancelled_after_shipping_is_settled_by_a_return_that_a_person_books(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.is_cancelled_after_shipping().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    world.accurate.add_return("RJ-7", "INV-7", "AAA2002", 2.into()).expect("two were sold");
    let (document, reason, actor, at) = ("RJ-7", "it came back", "ani", world.clock.now());
    let by_hand = ByHand {
        document: Some(document.to_owned()),
        amount: None,
        reason: reason.to_owned(),
        actor: actor.to_owned(),
        at,
    };
    let key = ("forstok", "cancelled/8277/INV-7");
    let marked = world.storage.mark_by_hand(Kind::Return, key, Some(&by_hand), "ani", at).await;
    assert_eq!(marked.expect("written"), Marked::Done);
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "invoiced");
}

async fn an_order_that_is_cancelled_after_a_part_of_it_went_back_is_for_a_person(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.one_piece_went_back("r1").await;
    assert_eq!(world.return_state("r1").await, (RowState::Settled, ""));
    world.is_cancelled_after_shipping().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    let finding = world.order("7").await.findings[0].about.in_words(Language::English);
    assert_eq!(finding, "INV-7/R1", "it names what is booked");
    let told = |timeline: String| timeline.matches("invoice_paid").count() + timeline.matches("INV-7/R1").count();
    let before = told(world.timeline("7").await);
    world.operator_retries("7").await;
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid", "nothing has changed");
    assert_eq!(told(world.timeline("7").await), before, "and it is not reported again");
    // The rest goes back too: nothing is left to decide.
    world.one_piece_went_back("r2").await;
    assert_eq!(world.return_state("r2").await, (RowState::Settled, ""));
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    assert_eq!(world.accurate.returns().len(), 2);
}

async fn a_part_that_goes_back_of_an_order_that_was_cancelled_after_shipping_is_for_a_person(base: Base) {
    let mut world = two_shipped_pieces(base).await;
    world.is_cancelled_after_shipping().await;
    assert_eq!(world.state("7").await, "invoiced", "its goods travel back");
    world.one_piece_went_back("r1").await;
    assert_eq!(world.return_state("r1").await, (RowState::Settled, ""));
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    world.undoes("7").await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.accurate.returns().len()), (0, 0));
}
