//! Before a receipt is saved, Accurate is asked what is still owed: people book payments and returns there too.

use forstok_accurate::{
    domain::{document::Kind, payout::RowState, reason::Language},
    sandbox::{FilterValues, Overpayment},
    storage::Marked,
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World};

on_both! {
    money_that_a_person_booked_in_accurate_is_never_booked_a_second_time;
    a_receipt_pays_no_more_than_a_persons_part_payment_or_return_left;
    a_receipt_is_booked_once_the_persons_receipt_is_deleted;
    among_many_receipts_only_those_that_people_booked_wait_for_a_person;
}

/// Order 7 of 150,000 with a payout that waits for approval, in an Accurate that saves any payment.
async fn paid_but_not_booked(base: Base) -> World {
    let mut world = world(base).await;
    world.accurate.change_settings(|settings| settings.overpayment = Overpayment::Accepted);
    world.invoiced("7").await;
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    world
}

impl World {
    async fn why_blocked(&self, row: &str) -> String {
        assert_eq!(self.payout_state(row).await, (RowState::Blocked, "invoice_paid"));
        let finding = self.row(Kind::Receipt, row).await.finding.expect("it says why");
        finding.about.in_words(Language::English)
    }
}

async fn money_that_a_person_booked_in_accurate_is_never_booked_a_second_time(base: Base) {
    let mut world = paid_but_not_booked(base).await;
    world.accurate.add_receipt("RCP-1", "INV-7", 150_000.into()).expect("booked");
    world.approves_all(Kind::Receipt).await;
    let words = world.why_blocked("a").await;
    assert!(words.contains("pay Rp150.000 on invoice INV-7") && words.contains("only Rp0 as owed"), "{words}");
    world.run_for(7 * 24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 1, "the person's");
    assert_eq!(world.state("7").await, "invoiced", "the invoice is not concerned");
    assert_eq!(world.books_by_hand(Kind::Receipt, "a", Some("RCP-1")).await, Marked::Done);
    assert_eq!(world.payout_state("a").await, (RowState::Ignored, "by_hand"));
    world.run_for(7 * 24 * 3600).await;
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_receipt_pays_no_more_than_a_persons_part_payment_or_return_left(base: Base) {
    let mut world = paid_but_not_booked(base).await;
    world.accurate.add_receipt("RCP-1", "INV-7", 50_000.into()).expect("booked");
    world.approves_all(Kind::Receipt).await;
    assert!(world.why_blocked("a").await.contains("only Rp100.000 as owed"));
    assert_eq!(world.accurate.receipts().len(), 1);

    let mut world = paid_but_not_booked(base).await;
    world.accurate.add_return("RJN-1", "INV-7", "AAA2002", 1.into()).expect("it was sold");
    world.approves_all(Kind::Receipt).await;
    assert!(world.why_blocked("a").await.contains("only Rp0 as owed"));
    assert_eq!(world.accurate.receipts().len(), 0);
}

async fn a_receipt_is_booked_once_the_persons_receipt_is_deleted(base: Base) {
    let mut world = paid_but_not_booked(base).await;
    world.accurate.add_receipt("RCP-1", "INV-7", 150_000.into()).expect("booked");
    world.approves_all(Kind::Receipt).await;
    world.why_blocked("a").await;
    assert!(world.accurate.remove_receipt("RCP-1"));
    world.run_for(2 * 3600).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "retried automatically");
    assert_eq!(world.accurate.receipts().len(), 1);
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn among_many_receipts_only_those_that_people_booked_wait_for_a_person(base: Base) {
    for (filter, reads) in [(FilterValues::All, 0), (FilterValues::FirstOnly, 19), (FilterValues::NotUnderstood, 0)] {
        let mut world = world(base).await;
        world.accurate.change_settings(|settings| {
            settings.overpayment = Overpayment::Accepted;
            settings.filter_values = filter;
        });
        let ids: Vec<_> = (100..120).map(|id| id.to_string()).collect();
        for id in &ids {
            world.forstok_sends(crate::world::order(id).price(150_000).ready_to_ship()).await;
        }
        world.run_until_settled().await;
        for id in &ids {
            world.paid(id, id, 150_000, json!({})).await;
        }
        for id in ["103", "111"] {
            world.accurate.add_receipt(&format!("RCP-{id}"), &format!("INV-{id}"), 150_000.into()).expect("booked");
        }
        let before = world.accurate.call_counts();
        assert_eq!(world.approves_all(Kind::Receipt).await, 20);
        let calls = world.accurate.call_counts();
        for id in &ids {
            let is_by_hand = ["103", "111"].contains(&id.as_str());
            let expected = if is_by_hand { (RowState::Blocked, "invoice_paid") } else { (RowState::Settled, "") };
            assert_eq!(world.payout_state(id).await, expected, "{id}, {filter:?}");
            assert_eq!(world.accurate.owed(&format!("INV-{id}")), Some(0.into()), "{id}, {filter:?}");
        }
        assert_eq!(world.accurate.receipts().len(), 20, "{filter:?}: 18 here, two by people");
        let count = |name: &str| calls.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
        assert_eq!((count("sales-receipt/bulk-save"), count("sales-receipt/save")), (1, 0), "{filter:?}: {calls:?}");
        assert_eq!((count("sales-invoice/list"), count("sales-invoice/detail")), (1, reads), "{filter:?}: {calls:?}");
    }
}
