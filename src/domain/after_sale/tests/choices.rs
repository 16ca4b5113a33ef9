//! The settings that are there because nobody knows how an Accurate database behaves (payout.md §6, returns.md §7).

use serde_json::json;

use super::*;
use crate::domain::{
    about::OnAccount,
    mapping::{BeforeInvoiceDate, ClosedMonth, Credit, OnOverpay, PayoutDate, ZeroLines},
    reason::Finding,
};

/// A whole order that came back on 07/11/2026, whose return Accurate refused because its month is closed.
fn refused_for_its_month() -> Sale {
    let mut sale = Sale::plain();
    sale.mapping.returns.closed_month = ClosedMonth::NextOpen;
    sale.returns(Goods::Returned, None, &[]);
    sale.book();
    sale.today = date(2027, 1, 15);
    close_its_month(&mut sale);
    sale
}

fn close_its_month(sale: &mut Sale) {
    let finding = Finding { reason: Reason::PeriodClosed, about: About::BodyCleared };
    let document = sale.records[0].document.as_mut().expect("it was sent");
    document.stage = Stage::Blocked(finding);
}

/// The day of the only return, and the outcome of its record.
fn day_and_outcome(sale: &Sale) -> (Date, Outcome) {
    let settlement = sale.decide();
    (settlement.returns[0].draft.body.trans_date, settlement.records[0].outcome.clone())
}

#[test]
fn a_return_of_a_closed_month_goes_to_the_first_day_of_the_next_month_that_is_open() {
    let mut sale = refused_for_its_month();
    let settlement = sale.book();
    assert_eq!(
        returns(&settlement),
        [json!({
            "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "231127PECAFY4J",
            "transDate": "01/12/2026", "number": "231127PECAFY4J/R1", "returnStatusType": "RETURNED",
            "taxable": false, "detailExpense": [],
            "detailItem": [{"itemNo": "AAA2002", "quantity": 2, "unitPrice": 75000, "warehouseName": "Gudang Utama",
                "returnDetailStatusType": "RETURNED"}],
        })]
    );
    assert_eq!(settlement.records[0].outcome, Outcome::Due);
    assert_eq!(day_and_outcome(&sale), (date(2026, 12, 1), Outcome::Settled), "it stays where it was booked");

    close_its_month(&mut sale);
    assert_eq!(day_and_outcome(&sale), (date(2027, 1, 1), Outcome::Due), "December is closed too");
    sale.book();
    close_its_month(&mut sale);
    let (day, outcome) = day_and_outcome(&sale);
    assert_eq!((day, outcome.state()), (date(2027, 1, 1), RowState::Blocked), "no return is dated in the future");
}

#[test]
fn a_return_that_was_moved_and_not_sent_yet_stays_moved_until_its_record_changes() {
    let mut sale = refused_for_its_month();
    sale.book();
    sale.records[0].document.as_mut().expect("it is planned").stage = Stage::Planned;
    assert_eq!(day_and_outcome(&sale), (date(2026, 12, 1), Outcome::Due));
    sale.records[0].record.received_at = Some(date(2026, 12, 24));
    assert_eq!(day_and_outcome(&sale), (date(2026, 12, 24), Outcome::Due));
}

#[test]
fn a_return_of_a_closed_month_waits_for_a_person_unless_the_mapping_says_otherwise() {
    let mut sale = refused_for_its_month();
    sale.mapping.returns.closed_month = ClosedMonth::Block;
    let (day, outcome) = day_and_outcome(&sale);
    assert_eq!((day, outcome.state()), (date(2026, 11, 7), RowState::Blocked));
}

#[test]
fn the_tax_date_of_a_return_moves_with_it() {
    let mut sale = refused_for_its_month();
    sale.draft.body.taxable = true;
    sale.records[0].document = None;
    sale.book();
    close_its_month(&mut sale);
    assert_eq!(returns(&sale.decide())[0]["taxDate"], json!("01/12/2026"));
}

#[test]
fn a_receipt_dated_before_its_invoice_is_sent_only_if_the_mapping_allows_it() {
    for (paid_at, is_earlier) in [(date(2026, 10, 26), true), (date(2026, 10, 27), false)] {
        let mut sale = Sale::plain();
        sale.mapping.payout.before_invoice_date = BeforeInvoiceDate::Pass;
        sale.pays(150_000, &[]).payout.paid_at = paid_at;
        let body = receipts(&sale.decide()).remove(0);
        assert_eq!(body.get("passValidateInvoiceDate"), is_earlier.then_some(&json!(true)), "{paid_at}");
        sale.mapping.payout.before_invoice_date = BeforeInvoiceDate::Block;
        assert_eq!(receipts(&sale.decide()).len(), usize::from(!is_earlier), "{paid_at}");
    }
}

#[test]
fn a_person_learns_before_approving_that_a_receipt_would_be_dated_before_its_invoice() {
    let mut sale = Sale::plain();
    let row = sale.pays(150_000, &[]);
    (row.payout.paid_at, row.approved) = (date(2026, 10, 26), false);
    let days = AfterSale::BeforeInvoice { receipt: date(2026, 10, 26), invoice: date(2026, 10, 27) };
    assert_eq!(sale.why(1), (Reason::ReceiptBeforeInvoice, days));
    // Dated on the day on which it arrived, it is right.
    sale.mapping.payout.date = PayoutDate::Recorded;
    assert_eq!(sale.decide().rows[0].outcome, Outcome::Waiting(WaitsFor::Approval));
}

#[test]
fn a_compensation_above_the_invoice_is_a_persons_if_the_mapping_says_so() {
    let mut sale = Sale::plain();
    sale.pays(155_000, &[("subtotal", 150_000), ("platform_rebate", 5_000)]);
    assert_eq!(booked(&sale.decide()), [receipt(150_000, &[("700102", -5_000)], 155_000)]);
    sale.mapping.payout.on_overpay = OnOverpay::Block;
    let rebate =
        OnAccount { category: "platform_rebate".to_owned(), account: "700102".to_owned(), amount: rupiah(5_000) };
    let to_book = AfterSale::ToBook { net: rupiah(155_000), bank: "110102".to_owned(), amounts: vec![rebate] };
    let above = AfterSale::AboveOwed { invoice: NUMBER.into(), owed: rupiah(150_000), to_book: Box::new(to_book) };
    assert_eq!(sale.why(1), (Reason::PayoutUnmatched, above));
    assert!(sale.decide().receipts.is_empty());
    // A rebate that stays within the invoice is no overpayment.
    sale.rows.clear();
    sale.pays(143_000, &[("subtotal", 150_000), ("platform_rebate", 5_000), ("service_fee", -12_000)]);
    assert_eq!(booked(&sale.decide()), [receipt(150_000, &[("700102", -5_000), ("600104", 12_000)], 143_000)]);
}

#[test]
fn the_same_payout_in_a_report_with_fees_says_which_receipt_lacks_them() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]);
    let with_fees = [("subtotal", 150_000), ("service_fee", -12_000)];
    sale.pays(138_000, &with_fees);
    let fee = OnAccount { category: "service_fee".to_owned(), account: "600104".to_owned(), amount: rupiah(-12_000) };
    let lacking = AfterSale::SameMoney {
        number: format!("{NUMBER}/1").into(),
        payout: Box::new(PayoutKey { source: "shopee".to_owned(), id: "row-1".to_owned() }),
        net: rupiah(138_000),
        fees: vec![fee],
    };
    assert_eq!(sale.why(2), (Reason::PayoutRest, lacking.clone()));
    sale.mapping.payout.on_overpay = OnOverpay::Block;
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, lacking.clone()));
    // It says so before a person approves it.
    sale.rows[1].approved = false;
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, lacking));
    // Other money is not the same, nor is what names no more than the receipt.
    for (net, amounts) in [(137_000, &with_fees[..]), (138_000, &[])] {
        sale.rows.truncate(1);
        sale.pays(net, amounts);
        assert!(!matches!(sale.why(2).1, AfterSale::SameMoney { .. }), "{net} {amounts:?}");
    }
}

#[test]
fn fees_of_zero_are_lines_only_if_the_mapping_says_so() {
    let mut sale = Sale::plain();
    let amounts = [("subtotal", 150_000), ("service_fee", -12_000), ("fulfillment_fee", 0), ("tax_withheld", 0)];
    sale.pays(138_000, &amounts);
    assert_eq!(booked(&sale.decide()), [receipt(150_000, &[("600104", 12_000)], 138_000)]);
    sale.mapping.payout.zero_lines = ZeroLines::Send;
    // Taxes have no account here, and without an amount they need none.
    let lines = [("600103", 0), ("600104", 12_000)];
    assert_eq!(booked(&sale.decide()), [receipt(150_000, &lines, 138_000)]);
}

#[test]
fn goods_that_come_back_go_to_the_warehouse_for_returns() {
    let warehouses = "[warehouses]\n\"834\" = \"Gudang Utama\"\nreturned = \"Gudang Retur\"\n[returns]";
    let mut sale = Sale::mapped(&MAPPING.replace("[returns]", warehouses), vec![line("AAA2002", 75_000, 2)], 0, 0);
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(returns(&sale.book())[0]["detailItem"][0]["warehouseName"], json!("Gudang Retur"));
    // What stays with the buyer, or is restocked by Forstok, moves nowhere.
    sale.returns(Goods::Kept, Some(75_000), &[("AAA2002", 1)]);
    sale.mapping.returns.refund_only = crate::domain::mapping::RefundOnly::NotReturned;
    assert_eq!(returns(&sale.book())[1]["detailItem"][0]["warehouseName"], json!("Gudang Utama"));
}

#[test]
fn r5_the_journal_that_closes_a_credit_is_named_with_its_accounts() {
    let mut sale = Sale::plain();
    sale.mapping.returns.credit = Credit::Journal;
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    sale.book();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(-75_000, &[("refund", -75_000)]);
    sale.book();
    let about = AfterSale::CreditToClose {
        amount: rupiah(75_000),
        customer: "8277".to_owned(),
        bank: "110102".to_owned(),
        fees: Vec::new(),
    };
    assert_eq!(sale.why(2), (Reason::PayoutUnmatched, about));
    assert_eq!(sale.sums(), sums(0, 150_000, 75_000, 75_000), "the service posts no journal");
    // Once a person has booked it, the credit is gone, and the marketplace owes what it owed before.
    sale.rows[1].by_hand = Some(by_hand("JV-7", None));
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
    // The return explains one refund, not another one later.
    sale.pays(-75_000, &[("refund", -75_000)]);
    let again = sale.decide().rows[2].outcome.clone();
    assert!(matches!(again, Outcome::Waiting(_)), "{again:?}");
    sale.rows.pop();
    sale.rows[1].by_hand = None;
    // Money that is more than the credit is no credit.
    sale.rows[1].payout.net = rupiah(-75_001);
    assert!(matches!(sale.why(2).1, AfterSale::ToBook { .. }));
}

#[test]
fn the_journal_that_closes_a_credit_contains_the_fees_of_the_same_payout() {
    for (net, category, account, fee) in
        [(-69_000, "service_fee", "600104", 6_000), (-85_000, "shipping_difference", "600102", -10_000)]
    {
        let mut sale = Sale::plain();
        sale.mapping.returns.credit = Credit::Journal;
        sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
        sale.book();
        sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
        sale.pays(net, &[("refund", -75_000), (category, fee)]);
        sale.book();
        let (category, account, customer) = (category.to_owned(), account.to_owned(), "8277".to_owned());
        let fees = vec![OnAccount { category, account, amount: rupiah(fee) }];
        let about = AfterSale::CreditToClose { amount: rupiah(75_000), customer, bank: "110102".to_owned(), fees };
        assert_eq!(sale.why(2), (Reason::PayoutUnmatched, about));
        assert_eq!(sale.sums(), sums(0, 150_000, 75_000, 75_000));
        sale.rows[1].by_hand = Some(by_hand("JV-7", None));
        assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0), "the credit is gone once a person has booked it");
    }
}

#[test]
fn an_empty_expense_is_left_out_if_the_mapping_says_so() {
    let mut sale = Sale::of(vec![line("AAA2002", 75_000, 2)], 0, 10_000);
    sale.mapping.returns.send_empty_expense = false;
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(returns(&sale.book())[0].get("detailExpense"), None);
    // What is left goes back with its shipping.
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(returns(&sale.book())[1]["detailExpense"][0]["expenseAmount"], json!(10_000));
    assert_eq!(sale.sums(), sums(0, 0, 160_000, 0));
}
