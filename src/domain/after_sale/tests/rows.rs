//! The sentences of design.md §7 about payout rows, and the odd cases.

use super::*;

#[test]
fn each_rupiah_of_the_invoices_own_voucher_is_taken_off_once_over_several_rows() {
    let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
    sale.pays(90_000, &[("voucher_seller", -4_000)]);
    sale.pays(45_000, &[("voucher_seller", -9_000)]);
    // The first takes 4.000 off, the second the remaining 6.000: 3.000 are new.
    assert_eq!(booked(&sale.book()), [receipt(90_000, &[], 90_000), receipt(48_000, &[("600101", 3_000)], 45_000)]);
}

#[test]
fn a_row_with_subtotal_takes_the_whole_holding_and_one_without_up_to_its_own_amount() {
    let with_shipping = || Sale::of(vec![line("AAA2002", 75_000, 2)], 0, 20_000);
    let mut sale = with_shipping();
    sale.pays(170_000, &[("subtotal", 150_000), ("shipping", 20_000)]);
    assert_eq!(booked(&sale.book()), [receipt(170_000, &[], 170_000)]);

    let mut sale = with_shipping();
    sale.pays(165_000, &[("subtotal", 150_000), ("shipping", 15_000)]);
    assert_eq!(booked(&sale.book()), [receipt(170_000, &[("700101", 5_000)], 165_000)], "5.000 less than invoiced");

    let mut sale = with_shipping();
    sale.pays(165_000, &[("shipping", 15_000)]);
    assert_eq!(booked(&sale.book()), [receipt(165_000, &[], 165_000)]);
    assert_eq!(sale.sums(), sums(5_000, 165_000, 0, 0));

    let mut sale = with_shipping();
    sale.pays(150_000, &[("subtotal", 150_000)]);
    assert_eq!(booked(&sale.book()), [receipt(150_000, &[], 150_000)], "a row that does not name shipping leaves it");
}

#[test]
fn a_rest_up_to_the_limit_is_booked_and_above_it_a_person_looks() {
    for (net, rest) in [(137_990, -10), (138_010, 10)] {
        let mut sale = Sale::plain();
        sale.pays(net, &[("subtotal", 150_000), ("service_fee", -12_000)]);
        let about = AfterSale::Rest { rest: rupiah(rest), limit: none() };
        assert_eq!(sale.why(1), (Reason::PayoutRest, about));
        sale.mapping.payout.rest_limit = rupiah(10);
        let discounts = [("600104", 12_000), ("699999", -rest)];
        assert_eq!(booked(&sale.book()), [receipt(150_000, &discounts, net)]);
    }
}

#[test]
fn a_payment_above_what_is_owed_is_a_rest() {
    let mut sale = Sale::plain();
    sale.pays(150_300, &[]);
    assert_eq!(sale.why(1), (Reason::PayoutRest, AfterSale::Rest { rest: rupiah(300), limit: none() }));
    sale.mapping.payout.rest_limit = rupiah(500);
    assert_eq!(booked(&sale.book()), [receipt(150_000, &[("699999", -300)], 150_300)]);
}

#[test]
fn what_is_still_owed_after_the_last_row_is_no_rest() {
    let mut sale = Sale::plain();
    sale.pays(100_000, &[("subtotal", 112_000), ("service_fee", -12_000)]);
    assert_eq!(booked(&sale.book()), [receipt(112_000, &[("600104", 12_000)], 100_000)]);
    assert_eq!(sale.sums(), sums(38_000, 112_000, 0, 0));
}

#[test]
fn a_fee_that_nobody_has_mapped_blocks_and_is_named_before_anything_else() {
    let mut sale = Sale::plain();
    sale.pays(100_000, &[("Iklan ", -1), ("Biaya Komisi ", -2), ("ads", -3), ("nothing", 0)]).approved = false;
    let about = AfterSale::FeeNames { names: vec!["Iklan".to_owned(), "ads".to_owned()] };
    assert_eq!(sale.why(1), (Reason::FeeKindUnmapped, about.clone()));
    let awaited = sale.settle_with(Invoice::Awaited);
    assert_eq!(why(&awaited.rows[0].outcome), (Reason::FeeKindUnmapped, about));
    sale.rows[0].payout.amounts.remove("Iklan ");
    sale.rows[0].payout.amounts.remove("ads");
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::Approval));
    assert_eq!(sale.settle_with(Invoice::Awaited).rows[0].outcome, Outcome::Waiting(WaitsFor::Invoice));
}

#[test]
fn two_names_of_one_category_are_one_discount() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("Biaya Komisi", -10_000), ("service_fee", -2_000)]);
    assert_eq!(booked(&sale.book()), [receipt(150_000, &[("600104", 12_000)], 138_000)]);
}

#[test]
fn a_missing_account_is_named_with_its_amount() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    sale.mapping.accounts.remove("service_fee");
    let about = AfterSale::Category { category: "service_fee".to_owned(), amount: rupiah(-12_000) };
    assert_eq!(sale.why(1), (Reason::AccountUnmapped, about));
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]);
    sale.mapping.stores.get_mut("8277").expect("mapped").bank_account = None;
    assert_eq!(sale.why(1), (Reason::AccountUnmapped, AfterSale::BankAccount { store: "8277".to_owned() }));
}

#[test]
fn a_row_that_a_person_must_approve_waits_and_follows_corrections_until_then() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]).approved = false;
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::Approval));
    assert_eq!(sale.book().receipts, []);
    sale.rows[0].payout.net = rupiah(137_000);
    sale.rows[0].approved = true;
    assert_eq!(booked(&sale.book()), [receipt(149_000, &[("600104", 12_000)], 137_000)]);
}

#[test]
fn a_receipt_waits_for_its_days_and_says_when_it_goes_out() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]);
    sale.today = date(2026, 11, 5);
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::Waiting(WaitsFor::Day(date(2026, 11, 6))), "one day after paid_at");
    assert_eq!(settlement.again_on, Some(date(2026, 11, 6)));
    sale.rows[0].approved = false;
    sale.mapping.payout.post = crate::domain::mapping::PayoutPost::Auto;
    assert_eq!(sale.decide().again_on, Some(date(2026, 11, 8)), "three days after it arrived");
    sale.today = date(2026, 11, 8);
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Due);
    assert_eq!(sale.decide().again_on, None);
    sale.today = date(2026, 11, 5);
    sale.mapping.payout.auto_after_days = 0;
    sale.mapping.payout.delay_days = 0;
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Due, "at once");
}

#[test]
fn a_receipt_can_be_dated_by_its_rows_arrival() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]).arrived = date(2026, 11, 9);
    sale.mapping.payout.date = crate::domain::mapping::PayoutDate::Recorded;
    assert_eq!(sale.decide().receipts[0].draft.body.trans_date, date(2026, 11, 9));
}

#[test]
fn a_correction_of_a_settled_row_shows_both_contents_and_changes_no_receipt() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    let before = sale.book();
    sale.rows[0].payout.net = rupiah(137_000);
    sale.rows[0].payout.amounts.insert("service_fee".to_owned(), rupiah(-13_000));
    let (reason, about) = sale.why(1);
    assert_eq!(reason, Reason::PayoutCorrected);
    let words = About::AfterSale { of: about }.in_words(crate::domain::reason::Language::English);
    assert_eq!(words, "net amount: Rp138.000 → Rp137.000; “service_fee”: -Rp12.000 → -Rp13.000");
    assert_eq!(sale.decide().receipts, before.receipts);
    sale.rows[0].payout.net = rupiah(138_000);
    sale.rows[0].payout.amounts.insert("service_fee".to_owned(), rupiah(-12_000));
    assert_eq!(sale.state(1), RowState::Settled, "sent again as it was booked");
    sale.rows[0].payout.store_id = "7600".to_owned();
    let (reason, about) = sale.why(1);
    assert_eq!(reason, Reason::PayoutCorrected);
    let words = About::AfterSale { of: about }.in_words(crate::domain::reason::Language::English);
    assert_eq!(words, "store: 8277 → 7600", "the money is on the order of another store");
    sale.rows[0].payout.store_id = String::new();
    assert_eq!(sale.state(1), RowState::Settled, "a store that is not named is no other one");
}

#[test]
fn a_receipt_that_may_exist_stays_as_it_was_sent() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    let before = sale.book();
    sale.rows[0].receipt.as_mut().expect("made").stage = Stage::Sent;
    sale.mapping.accounts.insert("service_fee".to_owned(), "600199".to_owned());
    sale.rows[0].approved = false;
    assert_eq!(sale.decide().receipts, before.receipts);
    assert_eq!(sale.state(1), RowState::Due);
    sale.rows[0].receipt.as_mut().expect("made").stage = Stage::Planned;
    assert_eq!(sale.decide().receipts, [], "nothing was sent yet, so the approval still counts");
}

#[test]
fn a_receipt_that_accurate_refused_is_due_again_once_its_content_changes() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]);
    sale.book();
    let inactive = crate::domain::reason::Finding {
        reason: Reason::AccountInactive,
        about: About::Status { text: String::new() },
    };
    sale.rows[0].receipt.as_mut().expect("made").stage = Stage::Blocked(inactive.clone());
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Blocked(inactive));
    sale.mapping.accounts.insert("service_fee".to_owned(), "600199".to_owned());
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::Due);
    assert_eq!(settlement.receipts[0].part.0, 1, "its number stays");
}

#[test]
fn a_part_is_never_given_to_another_row() {
    let mut sale = Sale::plain();
    sale.pays(50_000, &[]);
    sale.pays(60_000, &[]);
    sale.book();
    sale.rows[0].receipt.as_mut().expect("made").stage = Stage::Gone;
    sale.rows[0].approved = false;
    sale.pays(10_000, &[]);
    let numbers: Vec<_> = sale.book().receipts.iter().map(|one| one.draft.body.number.to_string()).collect();
    assert_eq!(numbers, ["231127PECAFY4J/2", "231127PECAFY4J/3"]);
    sale.rows[0].approved = true;
    assert_eq!(sale.book().receipts[0].draft.body.number.as_str(), "231127PECAFY4J/1");
}

#[test]
fn a_row_that_waits_does_not_keep_a_later_one_from_its_money() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("service_fee", -12_000)]).approved = false;
    sale.pays(150_000, &[]);
    let settlement = sale.decide();
    assert_eq!(booked(&settlement), [receipt(150_000, &[], 150_000)]);
    assert_eq!(sale.why(1).0, Reason::PayoutLate, "nothing would be left for the first");
    sale.rows[1].approved = false;
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::Approval));
    assert_eq!(sale.why(2).0, Reason::PayoutLate);
}

#[test]
fn a_refund_waits_for_its_return_and_then_for_a_person() {
    let mut sale = Sale::plain();
    sale.pays(69_000, &[("subtotal", 150_000), ("refund", -75_000), ("service_fee", -6_000)]).approved = false;
    let until = date(2026, 12, 5);
    let settlement = sale.decide();
    assert_eq!(settlement.rows[0].outcome, Outcome::Waiting(WaitsFor::ReturnRecord(rupiah(75_000), until)));
    assert_eq!(settlement.again_on, Some(until));
    sale.today = until;
    assert_eq!(sale.why(1), (Reason::ReturnNeedsPerson, AfterSale::Refund { amount: rupiah(75_000) }));
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::Approval));
}

#[test]
fn a_refund_that_returns_explain_only_in_part_waits_for_the_rest() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.pays(59_000, &[("subtotal", 150_000), ("refund", -80_000), ("service_fee", -11_000)]);
    let until = date(2026, 12, 5);
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::ReturnRecord(rupiah(5_000), until)));
    sale.returns(Goods::Kept, Some(5_000), &[]);
    let discounts = [("600104", 11_000), ("400102", 5_000)];
    assert_eq!(booked(&sale.book()), [receipt(75_000, &discounts, 59_000)]);
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
}

#[test]
fn a_return_explains_refunds_only_once() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.pays(30_000, &[("refund", -75_000)]);
    sale.pays(20_000, &[("refund", -1_000)]);
    let settlement = sale.book();
    assert_eq!(booked(&settlement), [receipt(30_000, &[], 30_000)]);
    let until = date(2026, 12, 5);
    assert_eq!(sale.decide().rows[1].outcome, Outcome::Waiting(WaitsFor::ReturnRecord(rupiah(1_000), until)));
}

#[test]
fn a_payment_of_nothing_or_less_has_no_receipt_and_its_amounts_are_named() {
    for (net, amounts) in
        [(5_000, ("platform_rebate", 5_000)), (5_000, ("platform_rebate", 9_000)), (0, ("service_fee", -1))]
    {
        let mut sale = Sale::plain();
        sale.pays(net, &[amounts]);
        let (reason, about) = sale.why(1);
        assert_eq!(reason, Reason::PayoutUnmatched);
        assert!(matches!(about, AfterSale::ToBook { amounts, .. } if amounts.len() == 1));
        assert_eq!(sale.decide().receipts, []);
    }
    let mut sale = Sale::plain();
    sale.pays(0, &[]).approved = false;
    assert_eq!(sale.state(1), RowState::Settled, "nothing is to be booked");
}

#[test]
fn money_for_an_order_without_invoice_is_a_persons_unless_a_rule_left_the_order_out() {
    let mut sale = Sale::plain();
    sale.pays(94_500, &[]);
    sale.pays(0, &[]);
    let voided = sale.settle_with(Invoice::Absent(None));
    let about = AfterSale::ToBook { net: rupiah(94_500), bank: "110102".to_owned(), amounts: Vec::new() };
    assert_eq!(why(&voided.rows[0].outcome), (Reason::PayoutUnmatched, about));
    assert_eq!(voided.rows[1].outcome, Outcome::Ignored(None));
    let mut with_fee = Sale::plain();
    with_fee.pays(94_500, &[("subtotal", 100_000), ("service_fee", -5_500)]);
    let (_, about) = why(&with_fee.settle_with(Invoice::Absent(None)).rows[0].outcome);
    let AfterSale::ToBook { amounts, .. } = about else { panic!("{about:?}") };
    let fee = OnAccount { category: "service_fee".to_owned(), account: "600104".to_owned(), amount: rupiah(-5_500) };
    assert_eq!(amounts, [fee], "with the accounts of its fees");
    let by_hand = sale.settle_with(Invoice::Absent(Some(Reason::ByHand)));
    assert_eq!(by_hand.rows[0].outcome, Outcome::Ignored(Some(Reason::ByHand)));
    let cancelled = sale.settle_with(Invoice::Absent(Some(Reason::Cancelled)));
    assert_eq!(cancelled.rows[0].outcome.state(), RowState::Blocked);
}
