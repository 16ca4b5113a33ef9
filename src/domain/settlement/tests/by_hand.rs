//! What people have booked in Accurate themselves, and settings that change what is sent.

use super::*;
use crate::domain::mapping::{Restock, ReturnMode};

#[test]
fn what_a_person_booked_is_neither_created_nor_owed() {
    for mode in [ReturnMode::List, ReturnMode::Approve, ReturnMode::Auto] {
        let mut sale = Sale::plain();
        sale.mapping.returns.mode = mode;
        sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]).by_hand = Some(by_hand("RJN-1", None));
        sale.pays(69_000, &[("subtotal", 150_000), ("refund", -75_000), ("service_fee", -6_000)]);
        let settlement = sale.decide();
        assert_eq!(settlement.records[0].outcome, Outcome::ByHand(rupiah(75_000)));
        assert_eq!(settlement.returns, []);
        assert_eq!(settlement.sums, sums(75_000, 0, 75_000, 0));
        // The refund is explained, and no more than the rest is paid.
        let [receipt] = settlement.receipts.as_slice() else { panic!("one receipt: {:?}", settlement.receipts) };
        assert_eq!((receipt.draft.body.paid(), receipt.draft.body.cheque_amount), (rupiah(75_000), rupiah(69_000)));
        // The piece is gone: the same piece does not come back twice.
        sale.returns(Goods::Returned, Some(150_000), &[("AAA2002", 2)]);
        assert_eq!(sale.why_record(2).0, Reason::ReturnNeedsPerson);
    }
}

#[test]
fn what_a_person_says_that_they_booked_counts_whatever_the_record_says() {
    // Pieces that are not clear, pieces at their price, a refund: the person's document says something else.
    let pieces: [&[(&str, i64)]; 3] = [&[("another product", 1)], &[("AAA2002", 1)], &[]];
    for (pieces, refund) in pieces.into_iter().zip([None, Some(75_000), Some(150_000)]) {
        let mut sale = Sale::plain();
        sale.returns(Goods::Returned, refund, pieces).by_hand = Some(by_hand("RJN-1", Some(90_000)));
        sale.pays(54_000, &[("subtotal", 60_000), ("service_fee", -6_000)]);
        let settlement = sale.decide();
        assert_eq!(settlement.records[0].outcome, Outcome::ByHand(rupiah(90_000)), "{pieces:?}");
        assert_eq!(settlement.records[0].amount, Some(rupiah(90_000)));
        assert_eq!(settlement.sums, sums(60_000, 0, 90_000, 0));
        assert_eq!(booked(&settlement), [receipt(60_000, &[("600104", 6_000)], 54_000)], "the money has its place");
    }
}

#[test]
fn without_an_amount_a_return_that_a_person_booked_counts_at_most_what_is_left() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.book();
    sale.returns(Goods::Returned, Some(100_000), &[("another product", 1)]).by_hand = Some(by_hand("RJN-1", None));
    assert_eq!(sale.decide().records[1].outcome, Outcome::ByHand(rupiah(75_000)));
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
    // What is not known counts nothing, and a person is asked for it.
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("another product", 1)]).by_hand = Some(by_hand("RJN-1", None));
    let settlement = sale.decide();
    assert_eq!((&settlement.records[0].outcome, settlement.records[0].amount), (&Outcome::ByHand(none()), None));
}

#[test]
fn a_payout_that_a_person_booked_pays_what_its_receipt_would_have_paid() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]).by_hand = Some(by_hand("RCP-1", None));
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::ByHand(rupiah(150_000)));
    assert_eq!(settlement.receipts, []);
    assert_eq!(settlement.sums, sums(0, 150_000, 0, 0));
    // With a fee that nobody mapped, no receipt is possible: its products count, but never more than is owed.
    for (subtotal, paid) in [(150_000, 150_000), (90_000, 90_000), (160_000, 150_000)] {
        let mut sale = Sale::plain();
        sale.pays(80_000, &[("subtotal", subtotal), ("odd fee", -10_000)]).by_hand = Some(by_hand("RCP-1", None));
        assert_eq!(sale.decide().rows[0].outcome, Outcome::ByHand(rupiah(paid)));
    }
}

#[test]
fn what_was_sent_comes_before_a_mark() {
    let mut sale = Sale::plain();
    sale.pays(150_000, &[]);
    sale.book();
    sale.rows[0].by_hand = Some(by_hand("RCP-1", None));
    assert_eq!(sale.state(1), RowState::Settled);
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn withheld_tax_is_part_of_the_service_fee_unless_it_has_an_account() {
    let pays = |mapping: &str| {
        let mut sale = Sale::mapped(mapping, vec![line("AAA2002", 75_000, 2)], 0, 0);
        sale.pays(137_000, &[("subtotal", 150_000), ("service_fee", -12_000), ("tax_withheld", -1_000)]);
        booked(&sale.decide())
    };
    assert_eq!(pays(MAPPING), [receipt(150_000, &[("600104", 13_000)], 137_000)]);
    let mapped = MAPPING.replace("[payout.kinds]", "tax_withheld = \"600105\"\n[payout.kinds]");
    assert_eq!(pays(&mapped), [receipt(150_000, &[("600104", 12_000), ("600105", 1_000)], 137_000)]);
}

#[test]
fn goods_that_forstok_restocks_do_not_come_back_a_second_time() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(returns(&sale.decide())[0]["returnStatusType"], "RETURNED");
    sale.mapping.returns.restock = Restock::Forstok;
    let body = returns(&sale.decide()).remove(0);
    assert_eq!(body["returnStatusType"], "NOT_RETURNED");
    assert_eq!(body["detailItem"][0]["returnDetailStatusType"], "NOT_RETURNED");
}

#[test]
fn a_return_of_a_taxed_invoice_carries_the_tax_number_of_the_mapping() {
    let mut sale = Sale::plain();
    sale.draft.body.taxable = true;
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(returns(&sale.decide())[0]["taxNumber"], "");
    sale.mapping.returns.tax_number = "RET-1".to_owned();
    assert_eq!(returns(&sale.decide())[0]["taxNumber"], "RET-1");
}
