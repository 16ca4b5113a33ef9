//! Corrections and cancellations that arrive while a receipt or a return is tried and not saved yet.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState},
    sandbox::{Action, Edit, Fault, On},
    storage::{Approving, RowContent, RowFilter},
};
use serde_json::json;

use super::{on_both, payout, return_record, world};
use crate::world::{Base, World, order};

on_both! {
    a_payout_that_is_corrected_before_its_receipt_exists_is_booked_as_corrected;
    a_return_that_is_corrected_before_it_exists_is_not_booked_as_it_was;
    whatever_happens_to_a_save_a_correction_is_booked_or_shown_to_a_person;
    a_correction_of_a_receipt_that_was_refused_in_unknown_words_waits_for_the_look_up;
    an_order_that_is_cancelled_while_its_receipt_is_refused_loses_its_invoice;
    an_order_that_is_cancelled_while_its_return_is_refused_loses_its_invoice;
    a_refused_return_that_moves_to_another_order_is_given_up_although_a_receipt_exists;
    two_receipts_that_take_turns_to_hold_their_order_are_tried_ever_more_rarely;
}

impl World {
    /// A person approves everything while Accurate may refuse it.
    async fn approves_meanwhile(&mut self, kind: Kind) {
        let (all, now) = (RowFilter::default(), self.clock.now());
        let approved = self.storage.approve_rows(kind, Approving::Shown(&all), "sari", now).await.expect("written");
        assert_eq!(approved, 1);
        self.run_for(30).await;
    }

    async fn recorded_meanwhile(&mut self, row: RowContent) {
        self.storage.record_rows(&[row], self.clock.now()).await.expect("recorded");
        self.run_for(30).await;
    }

    /// Accurate accepts the token again, and every save that could still arrive is over.
    async fn token_is_restored(&mut self) {
        self.accurate.restore_token();
        self.run_for(900).await;
    }
}

/// Order 7 with a payout of 138,000 that is approved while Accurate refuses the token.
async fn refused_receipt(base: Base) -> World {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.accurate.revoke_token();
    world.approves_meanwhile(Kind::Receipt).await;
    world
}

/// Order 7 with a return that is approved while Accurate refuses the token.
async fn refused_return(base: Base) -> World {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    world.went_back("7", "r", json!({})).await;
    world.accurate.revoke_token();
    world.approves_meanwhile(Kind::Return).await;
    world
}

async fn a_payout_that_is_corrected_before_its_receipt_exists_is_booked_as_corrected(base: Base) {
    let mut world = refused_receipt(base).await;
    world.recorded_meanwhile(payout("7", "a", 137_000, &json!({"commission": -13_000}))).await;
    world.token_is_restored().await;
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""), "the correction took the approval away");
    assert_eq!(world.accurate.receipts().len(), 0);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    let receipts = world.accurate.receipts();
    assert_eq!((receipts.len(), receipts[0].cheque_amount), (1, 137_000.into()));
    assert_eq!(receipts[0].number, "INV-7/1");
}

async fn a_return_that_is_corrected_before_it_exists_is_not_booked_as_it_was(base: Base) {
    let mut world = refused_return(base).await;
    let corrected = return_record("7", "r", &json!({"pieces": [{"sku": "NOT-SOLD", "quantity": 1}]}));
    world.recorded_meanwhile(corrected).await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    world.token_is_restored().await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    assert_eq!(world.accurate.returns().len(), 0);
}

async fn whatever_happens_to_a_save_a_correction_is_booked_or_shown_to_a_person(base: Base) {
    for name in Fault::ORDINARY {
        let mut world = world(base).await;
        world.invoiced("7").await;
        world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
        let fault = Fault::named(name, std::time::Duration::from_secs(2)).expect("it is its name");
        world.accurate.next(On::ReceiptSaves, fault, 1);
        let all = RowFilter::default();
        let now = world.clock.now();
        world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
        world.run_until_idle().await;
        let corrected = payout("7", "a", 137_000, &json!({"commission": -13_000}));
        world.storage.record_rows(&[corrected], world.clock.now()).await.expect("recorded");
        world.run_for(900).await;
        let receipts = world.accurate.receipts();
        if let [receipt] = &receipts[..] {
            assert_eq!(receipt.cheque_amount, 138_000.into(), "{name}");
            assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"), "{name}");
            continue;
        }
        assert_eq!(receipts.len(), 0, "{name}");
        assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""), "{name}");
        world.approves_all(Kind::Receipt).await;
        let receipts = world.accurate.receipts();
        assert_eq!((receipts.len(), receipts[0].cheque_amount), (1, 137_000.into()), "{name}");
    }
}

async fn a_correction_of_a_receipt_that_was_refused_in_unknown_words_waits_for_the_look_up(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.accurate.next(On::ReceiptSaves, Fault::UnknownTextBefore, 1);
    world.approves_meanwhile(Kind::Receipt).await;
    world.recorded_meanwhile(payout("7", "a", 137_000, &json!({"commission": -13_000}))).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "refused_by_accurate"), "it may still arrive");
    world.run_for(900).await;
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    world.approves_all(Kind::Receipt).await;
    let receipts = world.accurate.receipts();
    assert_eq!((receipts.len(), receipts[0].cheque_amount), (1, 137_000.into()));
}

/// The order is cancelled before its parcel left, and nothing was ever booked on its invoice.
async fn loses_its_invoice(mut world: World) {
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.run_for(30).await;
    world.token_is_restored().await;
    assert_eq!(world.state("7").await, "voided");
    assert_eq!((world.accurate.invoice_count(), world.accurate.receipts().len()), (0, 0));
    assert_eq!(world.accurate.returns().len(), 0);
}

async fn an_order_that_is_cancelled_while_its_receipt_is_refused_loses_its_invoice(base: Base) {
    loses_its_invoice(refused_receipt(base).await).await;
}

async fn an_order_that_is_cancelled_while_its_return_is_refused_loses_its_invoice(base: Base) {
    loses_its_invoice(refused_return(base).await).await;
}

/// A refusal in unknown words leaves a doubt; meanwhile a cancelled order is held, and its other receipt is given up.
async fn two_receipts_that_take_turns_to_hold_their_order_are_tried_ever_more_rarely(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.forstok_sends(order("7").price(150_000).shipped()).await;
    world.paid("7", "a", 60_000, json!({})).await;
    world.paid("7", "b", 50_000, json!({})).await;
    let customer_no = Some("TOKPED-JKT".to_owned());
    world.accurate.edit_invoice("INV-7", &Edit { customer_no, ..Edit::default() }).expect("it exists");
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    let saves = |world: &World| {
        [Action::ReceiptSave, Action::ReceiptBulkSave].map(|save| world.accurate.call_count(save)).iter().sum::<u64>()
    };
    let (all, now) = (RowFilter::default(), world.clock.now());
    let approved =
        world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
    assert_eq!(approved, 2);
    world.run_for(2 * 24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 0);
    let tries = saves(&world);
    assert!((4..30).contains(&tries), "after 1, 2, 4, 8 and 16 hours, then once a day: {tries}");
    world.run_for(4 * 24 * 3600).await;
    let later = saves(&world) - tries;
    assert!((1..20).contains(&later), "each about once a day: {later}");
}

async fn a_refused_return_that_moves_to_another_order_is_given_up_although_a_receipt_exists(base: Base) {
    let mut world = refused_return(base).await;
    world.recorded_meanwhile(return_record("8", "r", &json!({}))).await;
    world.recorded_meanwhile(payout("7", "a", 138_000, &json!({"commission": -12_000}))).await;
    world.approves_meanwhile(Kind::Receipt).await;
    world.token_is_restored().await;
    let mut documents = world.documents("7").await;
    documents.sort();
    let expected = [("INV-7", "exists"), ("INV-7/1", "exists"), ("INV-7/R1", "gone")];
    assert_eq!(documents, expected.map(|(number, state)| (number.to_owned(), state)));
    assert!(world.accurate.returns().is_empty());
}
