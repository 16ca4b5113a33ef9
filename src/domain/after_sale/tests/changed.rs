//! Orders that changed after their invoice was created.

use super::*;

#[test]
fn pieces_come_back_at_the_prices_of_the_invoice_although_forstok_reports_others_now() {
    let mut sale = Sale::plain();
    sale.snapshot.lines[0].price = Some(rupiah(74_000));
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    let draft = sale.decide().returns.remove(0).draft;
    assert_eq!((draft.body.detail_item[0].unit_price, draft.total), (rupiah(75_000), rupiah(75_000)));
}

/// How many pieces of a record come back, although the order has this many now.
fn comes_back(quantity_now: i64, pieces: i64) -> Result<Decimal, AfterSale> {
    let mut sale = Sale::of(vec![line("KAOS", 50_000, 3), line("TAS", 20_000, 1)], 0, 0);
    sale.snapshot.lines[0].quantity = Decimal::from(quantity_now);
    sale.returns(Goods::Returned, None, &[("KAOS", pieces)]);
    match sale.decide().returns.first() {
        Some(one) => Ok(one.draft.body.detail_item[0].quantity),
        None => Err(sale.why_record(1).1),
    }
}

#[test]
fn pieces_of_the_invoice_come_back_although_forstok_names_fewer_now() {
    for quantity_now in [3, 1, 0] {
        assert_eq!(comes_back(quantity_now, 2), Ok(Decimal::TWO), "{quantity_now}");
    }
    for quantity_now in [3, 5, 1] {
        let about = AfterSale::MoreThanSold { sku: "KAOS".to_owned(), pieces: "4".to_owned(), left: "3".to_owned() };
        assert_eq!(comes_back(quantity_now, 4), Err(about), "{quantity_now}: no more than the invoice has");
    }
}

#[test]
fn a_new_price_that_another_piece_had_on_the_invoice_is_for_a_person() {
    let mut sale = Sale::of(vec![line("KAOS", 50_000, 1), line("KAOS", 45_000, 1)], 0, 0);
    sale.snapshot.lines[0].price = Some(rupiah(45_000));
    sale.returns(Goods::Returned, Some(45_000), &[("KAOS", 1)]);
    let about = AfterSale::WhichPieces { refund: Some("45000".to_owned()) };
    assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, about));
}

#[test]
fn a_sku_that_means_another_item_since_the_invoice_is_for_a_person() {
    let mut sale = Sale::plain();
    sale.mapping = Mapping::parse("m", &format!("{MAPPING}\n[skus]\nAAA2002 = \"NEW-ITEM\"\n")).expect("valid");
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    let about = AfterSale::WhichPieces { refund: Some("75000".to_owned()) };
    assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, about), "not that more were returned than sold");
}

/// What a row waits for.
fn waits(sale: &Sale, row: usize) -> Option<Rupiah> {
    match sale.decide().rows[row - 1].outcome {
        Outcome::Waiting(WaitsFor::ReturnRecord(refund, _)) => Some(refund),
        _ => None,
    }
}

#[test]
fn goods_that_the_buyer_keeps_explain_no_more_than_their_refund() {
    let mut sale = Sale::plain();
    sale.today = date(2026, 11, 7);
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(43_000, &[("subtotal", 150_000), ("refund", -95_000), ("service_fee", -12_000)]);
    assert_eq!(waits(&sale, 1), Some(rupiah(75_000)), "a piece of 75.000 may be on its way back");
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    let settlement = sale.book();
    assert_eq!(booked(&settlement), [receipt(75_000, &[("600104", 12_000), ("400102", 20_000)], 43_000)]);
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
}

#[test]
fn a_refund_that_was_booked_as_a_discount_explains_no_later_one() {
    let mut sale = Sale::plain();
    sale.today = date(2026, 11, 7);
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(40_000, &[("refund", -20_000)]);
    assert_eq!(sale.book().receipts.len(), 1);
    sale.pays(-75_000, &[("refund", -75_000)]);
    assert_eq!(waits(&sale, 2), Some(rupiah(75_000)));
}

#[test]
fn goods_that_are_kept_stay_a_discount_once_a_part_of_their_refund_is_booked() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Kept, None, &[]);
    sale.pays(40_000, &[("refund", -20_000)]);
    assert_eq!(sale.book().receipts.len(), 1);
    sale.pays(-130_000, &[("refund", -130_000)]);
    assert_eq!(sale.decide().returns, [], "the whole order would be returned beside the discount");
}

#[test]
fn a_voucher_that_a_person_booked_with_fees_that_nobody_mapped_is_not_deducted_again() {
    let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
    let fees = [("subtotal", 80_000), ("voucher_seller", -10_000), ("odd fee", -100)];
    sale.pays(69_900, &fees).by_hand = Some(by_hand("RCP-1", None));
    sale.pays(70_000, &[("subtotal", 80_000), ("voucher_seller", -10_000)]);
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::ByHand(rupiah(70_000)), "the voucher is on the invoice");
    assert_eq!(booked(&settlement), [receipt(80_000, &[("600101", 10_000)], 70_000)], "this one is not");
}

#[test]
fn money_that_a_person_booked_elsewhere_uses_nothing_up() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    sale.pays(94_500, &[]).by_hand = Some(by_hand("OD-1", Some(0)));
    let settlement = sale.book();
    assert_eq!(settlement.rows[1].outcome, Outcome::ByHand(none()));
    assert_eq!(booked(&settlement), [receipt(150_000, &[("600104", 12_000)], 138_000)]);
}

#[test]
fn the_voucher_of_a_piece_that_came_back_is_not_deducted_from_the_payout_of_the_other() {
    let shipped_back = || {
        let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
        sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
        assert_eq!(sale.book().returns[0].draft.total, rupiah(75_000));
        sale
    };
    // The payout of the other piece names its own share, or all that was sold with what went back.
    for amounts in [
        vec![("subtotal", 80_000), ("voucher_seller", -5_000), ("service_fee", -6_000)],
        vec![("subtotal", 160_000), ("voucher_seller", -10_000), ("refund", -75_000), ("service_fee", -6_000)],
    ] {
        let mut sale = shipped_back();
        sale.pays(69_000, &amounts);
        assert_eq!(booked(&sale.book()), [receipt(75_000, &[("600104", 6_000)], 69_000)]);
        assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
    }
}

#[test]
fn what_the_marketplace_takes_back_for_a_returned_piece_names_no_voucher_that_the_return_took_back() {
    let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
    sale.pays(138_000, &[("subtotal", 160_000), ("voucher_seller", -10_000), ("service_fee", -12_000)]);
    sale.book();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.book();
    sale.pays(-69_000, &[("subtotal", -80_000), ("voucher_seller", 5_000), ("service_fee", 6_000)]);
    let (reason, about) = sale.why(2);
    let AfterSale::ToBook { amounts, .. } = about else { panic!("{about:?}") };
    let named: Vec<_> = amounts.iter().map(|one| (one.category.as_str(), one.amount)).collect();
    assert_eq!((reason, named), (Reason::PayoutUnmatched, vec![("service_fee", rupiah(6_000))]));
}

#[test]
fn a_receipt_that_a_person_took_over_after_everything_went_back_still_paid_what_it_had_paid() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(sale.book().returns.len(), 1);
    let mark = ByHand { was_ours: true, ..by_hand("231127PECAFY4J/1", None) };
    sale.pays(137_995, &[("service_fee", -12_005)]).by_hand = Some(mark);
    assert_eq!(sale.decide().rows[0].outcome, Outcome::ByHand(rupiah(150_000)));
    assert_eq!(sale.sums(), sums(0, 150_000, 150_000, 150_000));
}

/// Two records of goods that the buyer keeps, and whether each is settled once this refund was booked as a discount.
fn settled(refunds: [Option<i64>; 2], discounts: &[i64]) -> [bool; 2] {
    let mut sale = Sale::plain();
    for refund in refunds {
        sale.returns(Goods::Kept, refund, &[]);
    }
    for discount in discounts {
        sale.pays(10_000, &[("refund", -discount)]);
    }
    assert_eq!(sale.book().receipts.len(), discounts.len());
    let settlement = sale.decide();
    [0, 1].map(|record| match &settlement.records[record].outcome {
        Outcome::Settled => true,
        Outcome::Waiting(WaitsFor::Payout) => false,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_discount_settles_only_the_refunds_that_it_books() {
    let (one, other) = (Some(20_000), Some(30_000));
    assert_eq!(settled([one, other], &[20_000]), [true, false]);
    assert_eq!(settled([one, other], &[30_000]), [false, true], "the record of this refund");
    assert_eq!(settled([one, other], &[50_000]), [true, true], "one payout contains both");
    assert_eq!(settled([one, one], &[20_000]), [true, false]);
    assert_eq!(settled([one, one], &[20_000, 20_000]), [true, true]);
    assert_eq!(settled([one, other], &[18_000]), [true, false], "the marketplace bore a part of it");
    assert_eq!(settled([one, other], &[18_000, 27_000]), [true, true]);
    assert_eq!(settled([one, None], &[20_000]), [true, false]);
    assert_eq!(settled([one, None], &[25_000]), [true, true], "the second says no amount");
}

#[test]
fn a_return_without_goods_and_without_refund_waits_for_no_payout() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Kept, Some(0), &[]);
    sale.returns(Goods::Kept, Some(0), &[("AAA2002", 1)]);
    for record in sale.decide().records {
        assert_eq!(record.outcome, Outcome::Settled, "nothing is to be booked");
    }
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    sale.book();
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
    sale.records[0].record.refund = Some(rupiah(20_000));
    assert_eq!(sale.decide().records[0].outcome, Outcome::Waiting(WaitsFor::Payout), "a correction counts");
}
