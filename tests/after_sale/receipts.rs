//! Payouts become receipts: approved by a person, exact, and once.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, payout::RowState},
    storage::{RowContent, RowRecorded},
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World};

on_both! {
    a_payout_becomes_a_receipt_once_a_person_approves_it;
    a_payout_that_comes_before_its_order_waits_for_it;
    a_correction_needs_a_new_approval_and_one_of_a_booked_payout_a_person;
    two_parts_of_a_payout_become_two_receipts_and_nothing_is_owed;
    payouts_of_one_order_that_arrive_together_are_decided_and_approved_together;
    a_fee_that_nobody_mapped_blocks_until_it_is_mapped;
    two_payouts_of_one_order_can_be_approved_at_once;
    a_fee_is_listed_for_each_marketplace_since_it_was_first_seen_even_after_a_correction_removed_it;
}

async fn a_payout_becomes_a_receipt_once_a_person_approves_it(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let amounts = json!({"subtotal": 150_000, "platform_rebate": 5_000, "shipping_difference": -2_000,
                         "fulfillment_fee": -3_000, "commission": -12_000});
    assert_eq!(world.paid("7", "a", 138_000, amounts.clone()).await, RowRecorded::Accepted);
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    assert_eq!(world.accurate.receipts().len(), 0, "nobody has approved it");
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    let receipts = world.accurate.receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!((receipts[0].number.as_str(), receipts[0].cheque_amount), ("INV-7/1", 138_000.into()));
    let discounts: Vec<_> =
        receipts[0].invoices[0].discounts.iter().map(|one| (&*one.account_no, one.amount)).collect();
    let expected =
        [("700102", (-5_000).into()), ("600102", 2_000.into()), ("600103", 3_000.into()), ("600104", 12_000.into())];
    assert_eq!(discounts, expected);
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    assert_eq!(world.paid("7", "a", 138_000, amounts).await, RowRecorded::Repeat);
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn a_payout_that_comes_before_its_order_waits_for_it(base: Base) {
    let mut world = world(base).await;
    world.paid("7", "a", 150_000, json!({})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Unmatched, ""));
    world.invoiced("7").await;
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.documents("7").await, [("INV-7".to_owned(), "exists"), ("INV-7/1".to_owned(), "exists")]);
}

async fn a_correction_needs_a_new_approval_and_one_of_a_booked_payout_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    assert_eq!(world.paid("7", "a", 139_000, json!({"commission": -11_000})).await, RowRecorded::Corrected);
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.accurate.receipts()[0].cheque_amount, 139_000.into());
    world.paid("7", "a", 138_000, json!({"commission": -12_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "payout_corrected"));
    assert_eq!(world.accurate.receipts().len(), 1);
}

async fn two_parts_of_a_payout_become_two_receipts_and_nothing_is_owed(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 120_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.accurate.owed("INV-7"), Some(30_000.into()));
    world.paid("7", "b", 18_000, json!({"service_fee": -12_000})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    assert_eq!(world.accurate.receipts().len(), 2);
    world.paid("7", "c", 5_000, json!({})).await;
    assert_eq!(world.payout_state("c").await, (RowState::Blocked, "payout_late"));
}

async fn payouts_of_one_order_that_arrive_together_are_decided_and_approved_together(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let payout = |id: &str| {
        let payout = json!({"source": "shopee", "id": id, "store_id": "8277", "channel_order_id": "INV-7",
                            "paid_at": "2024-01-31", "net": 75_000, "amounts": {}});
        RowContent::Payout(serde_json::from_value(payout).expect("a payout"))
    };
    world.storage.record_rows(&[payout("a"), payout("b")], world.clock.now()).await.expect("recorded");
    world.run_until_settled().await;
    assert_eq!(world.approves_all(Kind::Receipt).await, 2);
    for id in ["a", "b"] {
        assert_eq!(world.payout_state(id).await, (RowState::Settled, ""), "{id}");
    }
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn a_fee_that_nobody_mapped_blocks_until_it_is_mapped(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 140_000, json!({"biaya baru": -10_000})).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "fee_kind_unmapped"));
    let kinds = world.storage.fee_kinds().await.expect("readable");
    assert_eq!((kinds[0].name.as_str(), kinds[0].count, kinds[0].hundredths), ("biaya baru", 1, -1_000_000));
    world.mapping_changes("\"commission\" =", "\"biaya baru\" = \"service_fee\"\n\"commission\" =").await;
    world.run_until_settled().await;
    assert_eq!(world.payout_state("a").await, (RowState::Waiting, ""));
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
}

async fn two_payouts_of_one_order_can_be_approved_at_once(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 120_000, json!({})).await;
    world.paid("7", "b", 30_000, json!({})).await;
    assert_eq!(world.approves_all(Kind::Receipt).await, 2);
    for row in ["a", "b"] {
        assert_eq!(world.payout_state(row).await, (RowState::Settled, ""));
    }
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
}

async fn a_fee_is_listed_for_each_marketplace_since_it_was_first_seen_even_after_a_correction_removed_it(base: Base) {
    let mut world = world(base).await;
    let first = world.clock.now();
    world.paid("7", "a", 140_000, json!({"commission": -10_000})).await;
    world.advance(3600);
    let at_lazada = json!({"source": "lazada", "id": "l", "store_id": "", "channel_order_id": "INV-9",
                           "paid_at": "2024-01-31", "net": 60_000, "amounts": {"commission": -4_000}});
    let second = world.clock.now();
    world.recorded(RowContent::Payout(serde_json::from_value(at_lazada).expect("a payout"))).await;
    world.advance(3600);
    world.paid("8", "b", 90_000, json!({"commission": -3_000})).await;
    let listed = async |world: &World| {
        let kinds = world.storage.fee_kinds().await.expect("readable");
        kinds
            .into_iter()
            .map(|kind| (kind.source, kind.name, kind.count, kind.hundredths, kind.first_at))
            .collect::<Vec<_>>()
    };
    let fee = |source: &str, count, hundredths, at| (source.to_owned(), "commission".to_owned(), count, hundredths, at);
    assert_eq!(listed(&world).await, [fee("lazada", 1, -400_000, second), fee("shopee", 2, -1_300_000, first)]);
    world.paid("7", "a", 150_000, json!({})).await;
    world.paid("8", "b", 93_000, json!({})).await;
    assert_eq!(listed(&world).await, [fee("lazada", 1, -400_000, second), fee("shopee", 0, 0, first)]);
}
