//! Payouts and returns that people have booked in Accurate themselves.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, money::Rupiah, payout::RowState},
    sandbox::SettlingEdit,
    storage::{ByHand, Marked, sums_of},
};
use serde_json::json;

use super::{on_both, payout, world};
use crate::world::{Base, World, order, order_id};

on_both! {
    a_listed_return_that_a_person_booked_is_never_booked_again;
    what_a_person_booked_is_no_longer_owed;
    money_that_came_when_nothing_was_owed_pays_nothing_although_its_payout_is_booked_later;
    what_a_person_booked_before_there_was_an_invoice_is_not_on_it;
    a_return_of_unknown_pieces_counts_what_the_person_says;
    a_mark_is_refused_where_the_document_exists_and_can_be_taken_back;
    a_mark_stops_a_receipt_that_was_only_planned;
    money_without_an_order_can_be_marked_too;
    a_cancelled_order_with_money_booked_by_hand_is_for_a_person;
    a_receipt_that_a_person_corrected_in_accurate_becomes_theirs;
    what_a_person_booked_stays_as_it_was_when_the_row_is_corrected;
    what_a_person_booked_stays_with_its_order_until_they_say_otherwise;
    money_without_an_order_that_a_person_booked_is_listed_again_when_it_is_corrected;
    money_that_moved_here_takes_nothing_off_what_an_own_receipt_had_paid;
}

impl World {
    /// An empty number says that nothing is to be booked.
    pub(super) async fn books_by_hand(&mut self, kind: Kind, id: &str, document: Option<&str>) -> Marked {
        self.books_amount_by_hand(kind, ("shopee", id), document, None).await
    }

    pub(super) async fn books_amount_by_hand(
        &mut self,
        kind: Kind,
        key: (&str, &str),
        document: Option<&str>,
        amount: Option<i64>,
    ) -> Marked {
        let at = self.clock.now();
        let by_hand = document.map(|document| ByHand {
            document: Some(document.to_owned()).filter(|document| !document.is_empty()),
            amount: amount.map(Rupiah::whole),
            reason: "booked it myself".to_owned(),
            actor: "ani".to_owned(),
            at,
        });
        let marked = self.storage.mark_by_hand(kind, key, by_hand.as_ref(), "ani", at).await;
        self.run_until_settled().await;
        marked.expect("written")
    }

    /// What is still owed on the invoice of an order, in hundredths of a rupiah.
    pub(super) async fn still_owed_of(&self, id: &str) -> i64 {
        let (_, documents) = self.storage.booked(&order_id(id)).await.expect("readable");
        let total = self.order(id).await.invoice.expect("invoiced").total;
        sums_of(Rupiah::from_decimal(total), &documents, &[]).owed.hundredths()
    }

    /// What is still owed to store 8277, in hundredths of a rupiah, as pages show it.
    pub(super) async fn still_owed(&self) -> i64 {
        let receivables = self.storage.receivables().await.expect("readable");
        receivables.iter().find(|one| one.store_id == "8277").map_or(0, |one| one.hundredths)
    }
}

async fn a_listed_return_that_a_person_booked_is_never_booked_again(base: Base) {
    let mut world = world(base).await;
    for id in ["7", "8"] {
        world.invoiced(id).await;
        world.went_back(id, id, json!({})).await;
    }
    assert_eq!(world.return_state("7").await, (RowState::Waiting, ""), "returns are listed for a person");
    assert_eq!(world.books_by_hand(Kind::Return, "7", Some("RJN-1")).await, Marked::Done);
    assert_eq!(world.return_state("7").await, (RowState::Ignored, "by_hand"));
    world.mapping_changes("[payout]", "[returns]\nmode = \"auto\"\n[payout]").await;
    world.run_until_settled().await;
    assert_eq!(world.return_state("7").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.documents("7").await, [("INV-7".to_owned(), "exists")]);
    assert_eq!(world.return_state("8").await, (RowState::Settled, ""), "nobody has marked this one");
    // A correction of the record does not undo what a person has said.
    world.went_back("7", "7", json!({"refund": 150_000})).await;
    assert_eq!(world.return_state("7").await, (RowState::Ignored, "by_hand"));
    let timeline = world.timeline("7").await;
    assert!(
        timeline.contains("\"ani\" marked return shopee 7 as booked by hand in Accurate, document RJN-1"),
        "{timeline}"
    );
}

async fn what_a_person_booked_is_no_longer_owed(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    world.paid("7", "a", 69_000, json!({"subtotal": 75_000, "commission": -6_000})).await;
    assert_eq!(world.still_owed().await, 15_000_000);
    let whole = world.row(Kind::Return, "r").await;
    assert_eq!(whole.settles, 0);
    world.books_by_hand(Kind::Return, "r", Some("RJN-1")).await;
    let returned = world.row(Kind::Return, "r").await.settles;
    assert!(returned > 0, "its pieces at the invoice's prices");
    assert_eq!(world.still_owed().await, 15_000_000 - returned);
    world.books_by_hand(Kind::Return, "r", None).await;
    assert_eq!(world.still_owed().await, 15_000_000);
}

async fn money_that_came_when_nothing_was_owed_pays_nothing_although_its_payout_is_booked_later(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.paid("7", "b", 94_500, json!({})).await;
    assert_eq!(world.payout_state("b").await, (RowState::Blocked, "payout_late"), "as if the first one were booked");
    for _ in 0..2 {
        assert_eq!(world.books_by_hand(Kind::Receipt, "b", Some("OD-1")).await, Marked::Done);
        assert_eq!((world.row(Kind::Receipt, "b").await.settles, world.still_owed().await), (0, 15_000_000));
    }
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(0.into()), 0));
}

async fn what_a_person_booked_before_there_was_an_invoice_is_not_on_it(base: Base) {
    let mut world = world(base).await;
    world.forstok_sends(order("7").price(150_000).status("Open")).await;
    world.run_until_settled().await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await, Marked::Done);
    world.invoiced("7").await;
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(150_000.into()), 15_000_000));
    // Moved there in Accurate, it is marked again.
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await, Marked::Done);
    assert_eq!(world.still_owed().await, 0);
}

async fn a_return_of_unknown_pieces_counts_what_the_person_says(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nsource = \"status\"\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).shipped()).await;
    world.run_until_settled().await;
    world
        .forstok_sends(order("7").price(75_000).pieces(2).status("Returned").updated_at("2024-01-30T10:00:00+07:00"))
        .await;
    world.run_until_settled().await;
    let key = ("forstok", "status/8277/INV-7");
    assert_eq!(world.return_state(key.1).await, (RowState::Blocked, "return_needs_person"));
    assert_eq!(world.row(Kind::Return, key.1).await.amount, None, "Forstok does not say which pieces came back");
    // "Book the return in Accurate": one of the two pieces.
    world.accurate.add_return("RJ-1", "INV-7", "AAA2002", 1.into()).expect("two were sold");
    for (amount, refused) in
        [(None, Marked::AmountMissing), (Some(150_001), Marked::AmountAbove(Rupiah::whole(150_000)))]
    {
        assert_eq!(world.books_amount_by_hand(Kind::Return, key, Some("RJ-1"), amount).await, refused);
        assert_eq!(world.return_state(key.1).await, (RowState::Blocked, "return_needs_person"));
    }
    assert_eq!(world.books_amount_by_hand(Kind::Return, key, Some("RJ-1"), Some(75_000)).await, Marked::Done);
    let row = world.row(Kind::Return, key.1).await;
    assert_eq!((row.settles, row.amount), (7_500_000, Some(Rupiah::whole(75_000))));
    let timeline = world.timeline("7").await;
    assert!(timeline.contains("document RJ-1, Rp75.000: booked it myself"), "{timeline}");
    // The payout for the other piece pays the rest of the invoice.
    world.paid("7", "a", 69_000, json!({"subtotal": 75_000, "commission": -6_000})).await;
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(75_000.into()), 7_500_000));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(0.into()), 0));
}

async fn a_mark_is_refused_where_the_document_exists_and_can_be_taken_back(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    let refused = world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await;
    assert_eq!(refused, Marked::BookedHere("INV-7/1".into()));
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.books_by_hand(Kind::Receipt, "nothing", Some("RCP-1")).await, Marked::Unknown);

    world.paid("7", "late", 94_500, json!({})).await;
    assert_eq!(world.payout_state("late").await, (RowState::Blocked, "payout_late"));
    world.books_by_hand(Kind::Receipt, "late", Some("OD-1")).await;
    assert_eq!(world.payout_state("late").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.row(Kind::Receipt, "late").await.settles, 0, "nothing was owed any more");
    world.books_by_hand(Kind::Receipt, "late", None).await;
    assert_eq!(world.payout_state("late").await, (RowState::Blocked, "payout_late"));
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_mark_stops_a_receipt_that_was_only_planned(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    // Approved and decided, but nobody has begun to send it.
    let key = [("shopee".to_owned(), "a".to_owned())];
    let which = forstok_accurate::storage::Approving::Keys(&key);
    world.storage.approve_rows(Kind::Receipt, which, "sari", world.clock.now()).await.expect("written");
    world.decide_all().await;
    assert_eq!(world.documents("7").await[1], ("INV-7/1".to_owned(), "due"));
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.accurate.receipts().len(), 0);
    assert_eq!(world.still_owed().await, 0, "the person's receipt has paid it");
    world.books_by_hand(Kind::Receipt, "a", None).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.accurate.receipts().len(), 1, "it is not booked by hand after all");
}

async fn money_without_an_order_can_be_marked_too(base: Base) {
    let mut world = world(base).await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await;
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    // Its order comes after all: the mark stays.
    world.invoiced("7").await;
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.row(Kind::Receipt, "a").await.order_id, Some(order_id("7")));
    assert_eq!(world.approves_all(Kind::Receipt).await, 0);
    assert_eq!(world.accurate.receipts().len(), 0);
}

async fn a_cancelled_order_with_money_booked_by_hand_is_for_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await;
    world.forstok_sends(crate::world::order("7").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    assert_eq!(world.accurate.invoice_count(), 1);
}

async fn a_receipt_that_a_person_corrected_in_accurate_becomes_theirs(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 150_000, json!({"subtotal": 150_000})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    world.paid("7", "a", 138_000, json!({"subtotal": 138_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));

    // As the remedy says: the receipt is corrected in Accurate, and the payout is marked.
    let edit = SettlingEdit { amount: Some(138_000.into()), ..SettlingEdit::default() };
    world.accurate.edit_receipt("INV-7/1", &edit).expect("it is there");
    let refused = world.books_by_hand(Kind::Receipt, "a", Some("RCP-9")).await;
    assert_eq!(refused, Marked::CorrectedHere("INV-7/1".into()), "two receipts would book the money twice");
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("INV-7/1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.accurate.owed("INV-7"), Some(12_000.into()));
    assert_eq!(world.still_owed().await, 1_200_000, "as in Accurate");
    // The rest comes later.
    world.paid("7", "b", 12_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("b").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(0.into()), 0));
}

async fn what_a_person_booked_stays_as_it_was_when_the_row_is_corrected(base: Base) {
    let mut world = world(base).await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.forstok_sends(order("8").price(150_000).ready_to_ship()).await;
    world.run_until_settled().await;
    // One of two pieces came back, and part of the money of another order came; a person books both.
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    assert_eq!(world.books_by_hand(Kind::Return, "r", Some("RJ-1")).await, Marked::Done);
    world.paid("8", "a", 100_000, json!({"subtotal": 100_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    let owed = 7_500_000 + 5_000_000;
    assert_eq!(world.still_owed().await, owed);
    // Then their sources say more: what the person booked is still what it was, and they are asked.
    world.went_back("7", "r", json!({})).await;
    world.paid("8", "a", 150_000, json!({"subtotal": 150_000})).await;
    assert_eq!(world.still_owed().await, owed);
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
    world.paid("7", "b", 69_000, json!({"subtotal": 75_000, "commission": -6_000})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("b").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    // The person corrects their documents and says so.
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.row(Kind::Receipt, "a").await.settles, 15_000_000);
    assert_eq!(world.books_by_hand(Kind::Return, "r", Some("RJ-1")).await, Marked::AmountMissing);
    let total = Some(75_000);
    assert_eq!(world.books_amount_by_hand(Kind::Return, ("shopee", "r"), Some("RJ-1"), total).await, Marked::Done);
    assert_eq!(world.return_state("r").await, (RowState::Ignored, "by_hand"));
    assert_eq!(world.row(Kind::Return, "r").await.settles, 7_500_000);
}

async fn what_a_person_booked_stays_with_its_order_until_they_say_otherwise(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    // The marketplace corrects itself: the money is another order's.
    world.recorded(payout("8", "a", 138_000, &json!({"commission": -12_000}))).await;
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!((row.order_id, row.settles), (Some(order_id("7")), 15_000_000), "RCP-1 is on the invoice of order 7");
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
    // The person moves it to the other invoice in Accurate.
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!((row.order_id, row.settles, row.state), (Some(order_id("8")), 15_000_000, RowState::Ignored));
    assert_eq!(world.still_owed().await, 15_000_000, "order 7 is unpaid again");
    // Or deletes it, and takes the mark back: then this service books the money where it belongs.
    world.recorded(payout("7", "a", 138_000, &json!({"commission": -12_000}))).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", None).await, Marked::Done);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!((world.accurate.owed("INV-7"), world.accurate.owed("INV-8")), (Some(0.into()), Some(150_000.into())));
}

async fn money_without_an_order_that_a_person_booked_is_listed_again_when_it_is_corrected(base: Base) {
    let mut world = world(base).await;
    world.paid("nobody", "a", 50_000, json!({})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    world.paid("nobody", "a", 40_000, json!({})).await;
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!(row.state, RowState::Unmatched);
    assert!(row.by_hand.is_some() && row.was.is_some(), "{row:?}");
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
}

async fn money_that_moved_here_takes_nothing_off_what_an_own_receipt_had_paid(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    world.paid("8", "b", 140_000, json!({"commission": -10_000})).await;
    world.approves_all(Kind::Receipt).await;
    // The first payout was of the other order, which is paid already: a person books that money elsewhere.
    world.paid("8", "a", 140_000, json!({"commission": -10_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("INV-7/1")).await, Marked::Done);
    assert_eq!(world.row(Kind::Receipt, "a").await.settles, 0);
    // Later the other payout's fee is corrected, and its receipt with it: it still pays the invoice.
    world.paid("8", "b", 139_000, json!({"commission": -11_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "b", Some("INV-8/1")).await, Marked::Done);
    let settles = [world.row(Kind::Receipt, "a").await.settles, world.row(Kind::Receipt, "b").await.settles];
    assert_eq!(settles, [0, 15_000_000]);
}
