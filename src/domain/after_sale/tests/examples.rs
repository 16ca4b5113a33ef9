//! The worked examples P1–P6 of payout.md §4 and R1–R6 of returns.md §5, with the numbers of design.md §7.

use serde_json::json;

use super::*;
use crate::domain::about::OnAccount;

/// The whole body of the receipt of this part: what it pays, its discounts in their order, and its money.
fn receipt_body(part: i64, payment: i64, discounts: &[(&str, i64)], money: i64) -> Value {
    let discounts: Vec<_> =
        discounts.iter().map(|(account, amount)| json!({"accountNo": account, "amount": amount})).collect();
    let mut paid = json!({"invoiceNo": "231127PECAFY4J", "paymentAmount": payment});
    if !discounts.is_empty() {
        paid["detailDiscount"] = json!(discounts);
    }
    json!({
        "customerNo": "8277", "bankNo": "110102", "transDate": "05/11/2026",
        "number": format!("231127PECAFY4J/{part}"), "chequeAmount": money, "detailInvoice": [paid],
    })
}

/// The whole body of the nth return: so many pieces at this price, with their share of the discount.
fn return_body(nth: usize, pieces: i64, price: i64, discount: i64) -> Value {
    let mut body = json!({
        "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "231127PECAFY4J",
        "transDate": "07/11/2026", "number": format!("231127PECAFY4J/R{nth}"), "returnStatusType": "RETURNED",
        "taxable": false, "detailExpense": [],
        "detailItem": [{"itemNo": "AAA2002", "quantity": pieces, "unitPrice": price, "warehouseName": "Gudang Utama",
            "returnDetailStatusType": "RETURNED"}],
    });
    if discount != 0 {
        body["cashDiscount"] = json!(discount);
    }
    body
}

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
        assert_eq!(receipts(&sale.book()), [receipt_body(1, 150_000, discounts, net)]);
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
    let settlement = sale.book();
    assert_eq!(receipts(&settlement), [receipt_body(1, 150_000, &[("600104", 12_000)], 138_000)]);
    assert_eq!(settlement.returns, []);
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn p6_a_payout_below_zero_has_no_receipt_and_names_what_to_book() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(150_000), &[]);
    sale.pays(-10_000, &[("subtotal", 150_000), ("refund", -150_000), ("shipping_difference", -10_000)]);
    let settlement = sale.book();
    assert_eq!(settlement.receipts, []);
    assert_eq!(returns(&settlement), [return_body(1, 2, 75_000, 0)]);
    assert_eq!(sale.why(1), (Reason::PayoutUnmatched, return_shipping()));
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
}

/// 10.000 of return shipping left the wallet: a person books it on the account of shipping differences.
fn return_shipping() -> AfterSale {
    let (category, account) = ("shipping_difference".to_owned(), "600102".to_owned());
    let amounts = vec![OnAccount { category, account, amount: rupiah(-10_000) }];
    AfterSale::ToBook { net: rupiah(-10_000), bank: "110102".to_owned(), amounts }
}

#[test]
fn r1_one_of_two_back_before_the_payout() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    assert_eq!(returns(&sale.book()), [return_body(1, 1, 75_000, 0)]);
    assert_eq!(sale.sums(), sums(75_000, 0, 75_000, 0));
    sale.pays(69_000, &[("subtotal", 150_000), ("refund", -75_000), ("service_fee", -6_000)]);
    assert_eq!(receipts(&sale.book()), [receipt_body(1, 75_000, &[("600104", 6_000)], 69_000)]);
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
}

#[test]
fn r2_money_only_is_a_discount_on_the_refund_account() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(118_000, &[("subtotal", 150_000), ("refund", -20_000), ("service_fee", -12_000)]);
    let settlement = sale.book();
    let discounts = [("600104", 12_000), ("400102", 20_000)];
    assert_eq!(receipts(&settlement), [receipt_body(1, 150_000, &discounts, 118_000)]);
    assert_eq!(settlement.returns, []);
    let settled = sale.decide();
    assert_eq!((&settled.records[0].outcome, settled.sums), (&Outcome::Settled, sums(0, 150_000, 0, 0)));
}

#[test]
fn r3_all_back_and_nothing_paid_needs_no_receipt() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(150_000), &[]);
    sale.pays(0, &[("subtotal", 150_000), ("refund", -150_000)]);
    sale.pays(-10_000, &[("shipping_difference", -10_000)]);
    let settlement = sale.book();
    assert_eq!(settlement.receipts, []);
    assert_eq!(returns(&settlement), [return_body(1, 2, 75_000, 0)]);
    assert_eq!(settlement.rows[0].outcome, Outcome::Settled);
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, return_shipping()));
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
}

#[test]
fn r4_each_return_takes_its_share_of_the_discount_and_the_last_one_the_rest() {
    let mut sale = Sale::of(vec![line("AAA2002", 80_000, 2)], 10_000, 0);
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(returns(&sale.book()), [return_body(1, 1, 80_000, 5_000)]);
    assert_eq!(sale.sums(), sums(75_000, 0, 75_000, 0));

    for (discount, shares) in [(10_000, [3_333, 3_333, 3_334]), (9_000, [3_000, 3_000, 3_000])] {
        let mut sale = Sale::of(vec![line("AAA2002", 50_000, 3)], discount, 0);
        for (part, share) in (1..).zip(shares) {
            sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
            let body = returns(&sale.book()).remove(part - 1);
            assert_eq!(body, return_body(part, 1, 50_000, share));
        }
        assert_eq!(sale.sums(), sums(0, 0, 150_000 - discount, 0));
    }
}

#[test]
fn r5_a_return_after_the_payout_leaves_a_credit_and_the_money_to_a_person() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    sale.book();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(-75_000, &[("refund", -75_000)]);
    let settlement = sale.book();
    assert_eq!(receipts(&settlement), [receipt_body(1, 150_000, &[("600104", 12_000)], 138_000)]);
    assert_eq!(returns(&settlement), [return_body(1, 1, 75_000, 0)]);
    assert_eq!(sale.sums(), sums(0, 150_000, 75_000, 75_000));
    let about = AfterSale::ToBook { net: rupiah(-75_000), bank: "110102".to_owned(), amounts: Vec::new() };
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, about));
}

#[test]
fn r6_a_persons_undo_wants_nothing_of_the_order_any_more() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.pays(75_000, &[]);
    let booked = sale.book();
    assert_eq!(receipts(&booked), [receipt_body(1, 75_000, &[], 75_000)]);
    assert_eq!(returns(&booked), [return_body(1, 1, 75_000, 0)]);
    let settlement = sale.settle_with(Invoice::Leaving);
    assert_eq!((settlement.receipts.as_slice(), settlement.returns.as_slice()), (&[][..], &[][..]));
    assert_eq!(settlement.invoice, Fate::Void);
    assert_eq!(settlement.rows[0].outcome, Outcome::Waiting(WaitsFor::Invoice));
}
