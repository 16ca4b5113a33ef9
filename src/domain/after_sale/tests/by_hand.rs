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
fn a_correction_of_what_a_person_booked_is_for_a_person_and_changes_no_sums() {
    let mut sale = Sale::plain();
    let was = sale.pays(69_000, &[("subtotal", 75_000), ("service_fee", -6_000)]).payout.clone();
    sale.rows[0].payout.net = rupiah(138_000);
    sale.rows[0].payout.amounts.insert("subtotal".to_owned(), rupiah(150_000));
    sale.rows[0].payout.amounts.insert("service_fee".to_owned(), rupiah(-12_000));
    sale.rows[0].by_hand = Some(ByHand { was: Some(was.clone()), ..by_hand("RCP-1", None) });
    let (reason, about) = sale.why(1);
    assert_eq!(reason, Reason::PayoutCorrected);
    let words = About::AfterSale { of: about }.in_words(crate::domain::reason::Language::English);
    assert_eq!(
        words,
        "net amount: Rp69.000 → Rp138.000; “service_fee”: -Rp6.000 → -Rp12.000; “subtotal”: Rp75.000 → Rp150.000"
    );
    assert_eq!(sale.sums(), sums(75_000, 75_000, 0, 0), "what was booked, not what is said now");
    sale.rows[0].payout = was;
    assert_eq!(sale.decide().rows[0].outcome, Outcome::ByHand(rupiah(75_000)), "sent again as it was booked");

    let mut sale = Sale::plain();
    let was = sale.returns(Goods::Returned, None, &[("AAA2002", 1)]).record.clone();
    sale.records[0].record.pieces.clear();
    sale.records[0].by_hand = Some(ByHand { was: Some(was), ..by_hand("RJN-1", None) });
    assert_eq!(sale.why_record(1).0, Reason::ReturnNeedsPerson);
    assert_eq!(sale.sums(), sums(75_000, 0, 75_000, 0));
    assert_eq!(sale.decide().records[0].amount, Some(rupiah(75_000)));
}

#[test]
fn a_corrected_refund_counts_where_nothing_else_says_what_a_person_booked() {
    let refunded = |now: i64, pieces: &[(&str, i64)]| {
        let mut sale = Sale::plain();
        let was = sale.returns(Goods::Returned, Some(60_000), pieces).record.clone();
        sale.records[0].record.refund = Some(rupiah(now));
        sale.records[0].by_hand = Some(ByHand { was: Some(was), ..by_hand("RJN-1", None) });
        (sale.decide().records[0].outcome.clone(), sale.sums())
    };
    let (outcome, sums_then) = refunded(90_000, &[("another product", 1)]);
    let words = outcome.finding().map(|finding| finding.about.in_words(crate::domain::reason::Language::English));
    assert_eq!(words.as_deref(), Some("“refund”: Rp60.000 → Rp90.000"));
    assert_eq!(sums_then, sums(90_000, 0, 60_000, 0));
    let (outcome, _) = refunded(90_000, &[("AAA2002", 1)]);
    assert_eq!(outcome, Outcome::ByHand(rupiah(75_000)), "its pieces say what it takes off");
}

#[test]
fn a_refund_without_goods_is_settled_when_a_person_has_booked_its_payout() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    sale.book();
    sale.returns(Goods::Kept, Some(20_000), &[]);
    assert_eq!(sale.decide().records[0].outcome, Outcome::Waiting(WaitsFor::Payout));
    sale.pays(-20_000, &[("refund", -20_000)]);
    assert_eq!(sale.decide().records[0].outcome, Outcome::Waiting(WaitsFor::Payout), "no receipt can book it");
    sale.rows[1].by_hand = Some(by_hand("OP-1", None));
    assert_eq!(sale.decide().records[0].outcome, Outcome::Settled);
}

#[test]
fn a_payout_of_goods_that_the_buyer_keeps_pays_what_its_receipt_would() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(118_000, &[("subtotal", 150_000), ("refund", -20_000), ("service_fee", -12_000)]).by_hand =
        Some(by_hand("RCP-1", None));
    assert_eq!(sale.decide().rows[0].outcome, Outcome::ByHand(rupiah(150_000)));
    assert_eq!(sale.decide().records[0].outcome, Outcome::Settled);
}

#[test]
fn fees_without_a_category_are_part_of_what_a_person_booked() {
    let mut sale = Sale::plain();
    sale.pays(96_900, &[("service_fee", -3_000), ("odd fee", -100)]).by_hand = Some(by_hand("RCP-1", None));
    assert_eq!(sale.decide().rows[0].outcome, Outcome::ByHand(rupiah(100_000)));
}

#[test]
fn nothing_is_booked_or_counted_for_what_a_person_excludes() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]).by_hand =
        Some(ByHand { number: None, amount: None, counted: None, was_ours: false, was: None });
    sale.returns(Goods::Returned, None, &[]).by_hand =
        Some(ByHand { number: None, amount: None, counted: None, was_ours: false, was: None });
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::Ignored(Some(Reason::Excluded)));
    assert_eq!(settlement.records[0].outcome, Outcome::Ignored(Some(Reason::Excluded)));
    assert_eq!((settlement.receipts, settlement.returns), (Vec::new(), Vec::new()));
    assert_eq!(settlement.sums, sums(150_000, 0, 0, 0));
    // A correction is news for the person.
    let was = sale.rows[0].payout.clone();
    sale.rows[0].payout.net = rupiah(137_000);
    sale.rows[0].by_hand = Some(ByHand { number: None, amount: None, counted: None, was_ours: false, was: Some(was) });
    assert_eq!(sale.why(1).0, Reason::PayoutCorrected);
    assert_eq!(sale.sums(), sums(150_000, 0, 0, 0));
}

#[test]
fn goods_that_arrive_tomorrow_wait_for_that_day() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]).record.received_at = Some(date(2026, 11, 21));
    let settlement = sale.decide();
    assert_eq!(settlement.records[0].outcome, Outcome::Waiting(WaitsFor::Day(date(2026, 11, 21))));
    assert_eq!(settlement.again_on, Some(date(2026, 11, 21)));
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
