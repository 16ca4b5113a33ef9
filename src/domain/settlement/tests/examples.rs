//! The worked examples P1–P6 of payout.md §4 and R1–R6 of returns.md §5, with the numbers of design.md §7.

use serde_json::json;

use super::*;

#[test]
fn p1_a_plain_payout_becomes_one_receipt_with_its_fees_as_discounts() {
    let mut sale = Sale::plain();
    let fees = [("platform_rebate", 5_000), ("shipping_difference", -2_000), ("fulfillment_fee", -3_000)];
    sale.pays(138_000, &[&fees[..], &[("service_fee", -12_000), ("subtotal", 150_000)]].concat());
    let settlement = sale.book();
    assert_eq!(
        receipts(&settlement),
        [json!({
            "customerNo": "8277", "bankNo": "110102", "transDate": "05/11/2026", "number": "231127PECAFY4J/1",
            "chequeAmount": 138_000,
            "detailInvoice": [{"invoiceNo": "231127PECAFY4J", "paymentAmount": 150_000, "detailDiscount": [
                {"accountNo": "700102", "amount": -5000}, {"accountNo": "600102", "amount": 2000},
                {"accountNo": "600103", "amount": 3000}, {"accountNo": "600104", "amount": 12000},
            ]}],
        })]
    );
    assert_eq!(settlement.rows[0].outcome, Outcome::Due);
    assert_eq!(sale.state(1), RowState::Settled);
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn p2_a_voucher_on_the_invoice_is_not_booked_twice() {
    for (voucher, net, discounts) in [
        (-10_000, 138_000, &[("600104", 12_000)][..]),
        (-11_000, 137_000, &[("600101", 1_000), ("600104", 12_000)][..]),
    ] {
        let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
        sale.pays(net, &[("subtotal", 160_000), ("voucher_seller", voucher), ("service_fee", -12_000)]);
        assert_eq!(booked(&sale.book()), [receipt(150_000, discounts, net)]);
        assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
    }
}

#[test]
fn p3_a_compensation_above_the_invoice_is_a_negative_discount() {
    let mut sale = Sale::plain();
    sale.pays(155_000, &[("subtotal", 150_000), ("platform_rebate", 5_000)]);
    assert_eq!(
        receipts(&sale.book()),
        [json!({
            "customerNo": "8277", "bankNo": "110102", "transDate": "05/11/2026", "number": "231127PECAFY4J/1",
            "chequeAmount": 155_000,
            "detailInvoice": [{"invoiceNo": "231127PECAFY4J", "paymentAmount": 150_000,
                "detailDiscount": [{"accountNo": "700102", "amount": -5000}]}],
        })]
    );
}

#[test]
fn p4_money_in_two_parts_becomes_two_receipts() {
    let mut sale = Sale::plain();
    sale.pays(120_000, &[]);
    let first = sale.book();
    assert_eq!(
        receipts(&first),
        [json!({
            "customerNo": "8277", "bankNo": "110102", "transDate": "05/11/2026", "number": "231127PECAFY4J/1",
            "chequeAmount": 120_000,
            "detailInvoice": [{"invoiceNo": "231127PECAFY4J", "paymentAmount": 120_000}],
        })]
    );
    assert_eq!(sale.sums(), sums(30_000, 120_000, 0, 0));
    sale.pays(18_000, &[("service_fee", -12_000)]);
    let second = sale.book();
    assert_eq!(receipts(&second)[0], receipts(&first)[0], "a receipt that exists stays as it is");
    assert_eq!(
        receipts(&second)[1],
        json!({
            "customerNo": "8277", "bankNo": "110102", "transDate": "05/11/2026", "number": "231127PECAFY4J/2",
            "chequeAmount": 18_000,
            "detailInvoice": [{"invoiceNo": "231127PECAFY4J", "paymentAmount": 30_000,
                "detailDiscount": [{"accountNo": "600104", "amount": 12000}]}],
        })
    );
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn p5_money_for_a_paid_invoice_is_left_to_a_person_with_account_and_amount() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    sale.book();
    sale.pays(94_500, &[]);
    let about = AfterSale::ToBook { net: rupiah(94_500), bank: "110102".to_owned(), amounts: Vec::new() };
    assert_eq!(sale.why(2), (Reason::PayoutLate, about));
    assert_eq!(sale.book().receipts.len(), 1);
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn p6_a_payout_below_zero_has_no_receipt_and_names_what_to_book() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(150_000), &[]);
    sale.pays(-10_000, &[("subtotal", 150_000), ("refund", -150_000), ("shipping_difference", -10_000)]);
    let settlement = sale.book();
    assert_eq!((settlement.receipts.len(), settlement.returns.len()), (0, 1));
    let (reason, about) = sale.why(1);
    assert_eq!(reason, Reason::PayoutUnmatched);
    let AfterSale::ToBook { net, bank, amounts } = about else { panic!("{about:?}") };
    assert_eq!((net, bank.as_str()), (rupiah(-10_000), "110102"));
    assert_eq!((amounts[0].account.as_str(), amounts[0].amount, amounts.len()), ("600102", rupiah(-10_000), 1));
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
}

#[test]
fn r1_one_of_two_back_before_the_payout() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    assert_eq!(
        returns(&sale.book()),
        [json!({
            "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "231127PECAFY4J",
            "transDate": "07/11/2026", "number": "231127PECAFY4J/R1", "returnStatusType": "RETURNED",
            "taxable": false, "detailExpense": [],
            "detailItem": [{"itemNo": "AAA2002", "quantity": 1, "unitPrice": 75000, "warehouseName": "Gudang Utama",
                "returnDetailStatusType": "RETURNED"}],
        })]
    );
    assert_eq!(sale.sums(), sums(75_000, 0, 75_000, 0));
    sale.pays(69_000, &[("subtotal", 150_000), ("refund", -75_000), ("service_fee", -6_000)]);
    assert_eq!(booked(&sale.book()), [receipt(75_000, &[("600104", 6_000)], 69_000)]);
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
}

#[test]
fn r2_money_only_is_a_discount_on_the_refund_account() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(118_000, &[("subtotal", 150_000), ("refund", -20_000), ("service_fee", -12_000)]);
    let settlement = sale.book();
    assert_eq!(booked(&settlement), [receipt(150_000, &[("600104", 12_000), ("400102", 20_000)], 118_000)]);
    assert_eq!(settlement.returns, []);
    let settled = sale.decide();
    assert_eq!((&settled.records[0].outcome, settled.sums), (&Outcome::Settled, sums(0, 150_000, 0, 0)));
}

#[test]
fn r3_all_back_and_nothing_paid_needs_no_receipt() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(150_000), &[]);
    sale.pays(0, &[("subtotal", 150_000), ("refund", -150_000)]);
    let settlement = sale.book();
    assert_eq!((settlement.receipts.len(), settlement.returns.len()), (0, 1));
    assert_eq!(settlement.rows[0].outcome, Outcome::Settled);
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
}

#[test]
fn r4_each_return_takes_its_share_of_the_discount_and_the_last_one_the_rest() {
    let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    let body = returns(&sale.book()).remove(0);
    assert_eq!((&body["cashDiscount"], &body["detailItem"][0]["unitPrice"]), (&json!(5000), &json!(80000)));
    assert_eq!(sale.sums(), sums(75_000, 0, 75_000, 0));

    let mut sale = Sale::of(vec![line("AAA2002", 50_000, 3)], 10_000, 0);
    for part in 1..=3 {
        sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
        let body = returns(&sale.book()).remove(part - 1);
        assert_eq!(body["cashDiscount"], json!([3_333, 3_333, 3_334][part - 1]));
        assert_eq!(body["number"], json!(format!("231127PECAFY4J/R{part}")));
    }
    assert_eq!(sale.sums(), sums(0, 0, 140_000, 0));
}

#[test]
fn r5_a_return_after_the_payout_leaves_a_credit_and_the_money_to_a_person() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    sale.book();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(-75_000, &[("refund", -75_000)]);
    let settlement = sale.book();
    assert_eq!((settlement.receipts.len(), settlement.returns.len()), (1, 1));
    assert_eq!(sale.sums(), sums(0, 150_000, 75_000, 75_000));
    let about = AfterSale::ToBook { net: rupiah(-75_000), bank: "110102".to_owned(), amounts: Vec::new() };
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, about));
}

#[test]
fn r6_a_persons_undo_wants_nothing_of_the_order_any_more() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.pays(75_000, &[]);
    assert_eq!(sale.book().receipts.len(), 1);
    let settlement = sale.settle_with(Invoice::Leaving);
    assert_eq!((settlement.receipts.len(), settlement.returns.len()), (0, 0));
    assert_eq!(settlement.invoice, Fate::Void);
    assert_eq!(settlement.rows[0].outcome, Outcome::Waiting(WaitsFor::Invoice));
}
