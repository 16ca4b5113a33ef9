//! Each trouble after the sale has a way out that leaves the books right.

use forstok_accurate::{
    clock::Clock,
    domain::{
        document::Kind,
        manual::Manual,
        payout::{Payout, RowState},
        reason::Language,
        reconciliation::Action,
    },
    sandbox::Edit,
    storage::{Acted, ByHand, Marked, RowContent},
};
use rust_decimal::Decimal;
use serde_json::json;

use super::{on_both, payout, world};
use crate::{
    reconciliation::{acting::act, reconcile},
    world::{Base, order, order_id},
};

on_both! {
    a_row_that_is_there_twice_is_set_aside_and_counts_nothing;
    a_delivery_that_failed_and_then_succeeded_returns_nothing;
    after_an_adopted_total_a_person_books_the_return;
    a_booked_payout_that_is_another_orders_has_a_way_there;
    what_was_booked_nowhere_pays_no_order_that_comes_later;
    the_mark_of_a_receipt_that_was_taken_over_can_be_taken_back;
    a_receipt_that_was_taken_over_counts_before_anything_is_decided;
    shipping_on_the_invoice_counts_in_a_payout_that_a_person_booked;
    parts_of_an_invoice_with_tax_on_top_go_back_as_accurate_counts_them;
    a_return_after_a_payment_by_hand_leaves_a_credit;
    a_row_that_names_another_store_later_is_for_a_person;
}

async fn a_row_that_is_there_twice_is_set_aside_and_counts_nothing(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    // The wallet and the income report tell of the same money.
    world.paid("7", "wallet", 138_000, json!({})).await;
    world.paid("7", "income", 138_000, json!({"subtotal": 150_000, "commission": -12_000})).await;
    assert_eq!(world.payout_state("income").await, (RowState::Blocked, "payout_rest"));
    assert_eq!(world.books_by_hand(Kind::Receipt, "wallet", Some("")).await, Marked::Done);
    assert_eq!(world.payout_state("wallet").await, (RowState::Ignored, "excluded"));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("income").await, (RowState::Settled, ""));
    assert_eq!((world.accurate.owed("INV-7"), world.still_owed().await), (Some(0.into()), 0));
    let timeline = world.timeline("7").await;
    assert!(
        timeline.contains("\"ani\" decided that nothing is booked for payout shopee wallet: booked it myself"),
        "{timeline}"
    );
    let booked = world.books_by_hand(Kind::Receipt, "income", Some("")).await;
    assert_eq!(booked, Marked::BookedHere("INV-7/1".into()), "what is booked is undone first");
    world.books_by_hand(Kind::Receipt, "wallet", None).await;
    assert_eq!(world.payout_state("wallet").await, (RowState::Blocked, "payout_late"));
}

async fn a_delivery_that_failed_and_then_succeeded_returns_nothing(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nsource = \"status\"\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(150_000).shipped()).await;
    world.run_until_settled().await;
    let status = |status: &str, day: &str| {
        order("7").price(150_000).status(status).updated_at(&format!("2024-01-{day}T10:00:00+07:00"))
    };
    world.forstok_sends(status("Failed Delivery", "29")).await;
    world.run_until_settled().await;
    let record = "status/8277/INV-7";
    assert_ne!(world.return_state(record).await.0, RowState::Ignored);
    world.forstok_sends(status("Delivered", "30")).await;
    world.run_until_settled().await;
    assert_eq!(world.return_state(record).await, (RowState::Ignored, ""));
    // A refund is not taken for a part of that return.
    world.paid("7", "a", 118_000, json!({"subtotal": 150_000, "refund": -20_000, "commission": -12_000})).await;
    assert_eq!(world.payout_state("a").await.0, RowState::Waiting);
    assert_eq!(world.row(Kind::Receipt, "a").await.waits_for.map(|waits| waits.what().as_str()), Some("return_record"));
}

async fn after_an_adopted_total_a_person_books_the_return(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let edit = Edit { total: Some(145_000.into()), ..Edit::default() };
    world.accurate.edit_invoice("INV-7", &edit).expect("it is there");
    reconcile(&world).await;
    assert_eq!(act(&world, "7", Action::Adopt).await, Acted::Done);
    world.run_until_settled().await;
    world.went_back("7", "r", json!({})).await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    let finding = world.row(Kind::Return, "r").await.finding.expect("it says why");
    let words = finding.about.in_words(Language::English);
    assert!(words.contains("from Rp150.000 to Rp145.000"), "{words}");
    let total = Some(145_000);
    let marked = world.books_amount_by_hand(Kind::Return, ("shopee", "r"), Some("RJ-1"), total).await;
    assert_eq!((marked, world.still_owed().await), (Marked::Done, 0));
}

async fn a_booked_payout_that_is_another_orders_has_a_way_there(base: Base) {
    let another = async || {
        let mut world = world(base).await;
        world.invoiced("7").await;
        world.invoiced("8").await;
        world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
        world.approves_all(Kind::Receipt).await;
        world.recorded(payout("8", "a", 138_000, &json!({"commission": -12_000}))).await;
        assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
        world
    };
    // A person moves the receipt to the other invoice in Accurate, and says so.
    let mut world = another().await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("INV-7/1")).await, Marked::Done);
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!((row.order_id, row.settles, row.state), (Some(order_id("8")), 15_000_000, RowState::Ignored));
    assert_eq!(world.still_owed().await, 15_000_000, "order 7 is unpaid again");
    // Or they delete everything of the first order: the payout goes where it belongs.
    let mut world = another().await;
    world.a_person_decides("7", Manual::Undo).await;
    assert_eq!(world.state("7").await, "voided");
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!((row.order_id, row.state), (Some(order_id("8")), RowState::Waiting));
    world.a_person_decides("7", Manual::Again).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!((world.accurate.owed("INV-7"), world.accurate.owed("INV-8")), (Some(150_000.into()), Some(0.into())));
}

async fn what_was_booked_nowhere_pays_no_order_that_comes_later(base: Base) {
    let mut world = world(base).await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await, Marked::Done);
    world.invoiced("7").await;
    world.run_until_settled().await;
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!((row.order_id, row.settles), (Some(order_id("7")), 0), "OD-1 is not on the invoice");
    assert_eq!((world.still_owed().await, world.accurate.owed("INV-7")), (15_000_000, Some(150_000.into())));
    // Moved there in Accurate, it is marked again.
    world.books_by_hand(Kind::Receipt, "a", Some("OD-1")).await;
    assert_eq!(world.still_owed().await, 0);
}

async fn the_mark_of_a_receipt_that_was_taken_over_can_be_taken_back(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.paid("7", "a", 137_000, json!({"commission": -13_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("INV-7/1")).await, Marked::Done);
    // The person deletes the receipt instead, and leaves the booking to this service.
    assert!(world.accurate.remove_receipt("INV-7/1"));
    world.books_by_hand(Kind::Receipt, "a", None).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn a_receipt_that_was_taken_over_counts_before_anything_is_decided(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    world.paid("7", "a", 137_000, json!({"commission": -13_000})).await;
    // The service is not running when the person marks the payout, and then finds a cancellation too.
    let by_hand = ByHand {
        document: Some("INV-7/1".to_owned()),
        amount: None,
        reason: "corrected".to_owned(),
        actor: "ani".to_owned(),
        at: world.clock.now(),
    };
    let key = ("shopee", "a");
    let marked = world.storage.mark_by_hand(Kind::Receipt, key, Some(&by_hand), "ani", world.clock.now()).await;
    assert_eq!(marked.expect("written"), Marked::Done);
    world.forstok_sends(order("7").price(150_000).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("7").await, "blocked: invoice_paid");
    let timeline = world.timeline("7").await;
    assert!(!timeline.contains("will be deleted"), "{timeline}");
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn shipping_on_the_invoice_counts_in_a_payout_that_a_person_booked(base: Base) {
    let mut world = world(base).await;
    let sold = order("7").price(150_000).with("cashless", false.into()).with("shipping_price", 9_000.into());
    world.forstok_sends(sold.ready_to_ship()).await;
    world.run_until_settled().await;
    // No receipt is possible here: nobody has said where this fee belongs.
    world.paid("7", "a", 147_000, json!({"subtotal": 150_000, "shipping": 9_000, "unknown": -12_000})).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    assert_eq!(world.row(Kind::Receipt, "a").await.settles, 15_900_000, "{}", world.timeline("7").await);
}

async fn parts_of_an_invoice_with_tax_on_top_go_back_as_accurate_counts_them(base: Base) {
    for (price, pieces, discount, shipping) in
        [(33_333, 3, 0, 0), (33_333, 3, 7_000, 0), (50_000, 3, 0, 15_000), (12_345, 7, 1_000, 9_999)]
    {
        let mut world = world(base).await;
        world.mapping_changes("[tax]\nmode = \"off\"", "[tax]\nmode = \"exclusive\"").await;
        world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
        let sold = order("7").price(price).pieces(pieces).with("shipping_price", shipping.into());
        world.forstok_sends(sold.with("voucher_seller", discount.into()).ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state("7").await, "invoiced");
        for part in 1..pieces {
            let id = format!("r{part}");
            world.went_back("7", &id, json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
            assert_eq!(world.return_state(&id).await, (RowState::Settled, ""), "{}", world.timeline("7").await);
            let owed = world.accurate.owed("INV-7").expect("it is there");
            let sen = (owed * Decimal::ONE_HUNDRED - Decimal::from(world.still_owed_of("7").await)).abs();
            assert!(sen <= Decimal::from(part), "{price} {discount} {shipping}: {owed}, {sen} sen off");
        }
        // What is left is paid: Accurate's rounding is no reason to stop.
        let owed = world.accurate.owed("INV-7").expect("it is there").trunc();
        world.recorded(payout("7", "a", i64::try_from(owed).expect("a whole number"), &json!({}))).await;
        world.approves_all(Kind::Receipt).await;
        assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    }
}

async fn a_return_after_a_payment_by_hand_leaves_a_credit(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.run_until_settled().await;
    world.paid("7", "a", 138_000, json!({"subtotal": 150_000, "unknown": -12_000})).await;
    world.accurate.add_receipt("RCP-1", "INV-7", 150_000.into()).expect("it is owed");
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "{}", world.timeline("7").await);
    let row = world.row(Kind::Receipt, "a").await;
    assert_eq!(row.settles, 15_000_000, "the receipt paid all of it, and still does");
}

async fn a_row_that_names_another_store_later_is_for_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let of_store = |store: &str| {
        let RowContent::Payout(row) = payout("7", "a", 138_000, &json!({})) else { panic!("a payout") };
        RowContent::Payout(Payout { store_id: store.to_owned(), ..row })
    };
    world.recorded(of_store("")).await;
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    world.recorded(of_store("8277")).await;
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"), "it is this order's store");
    world.recorded(of_store("7600")).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
}
