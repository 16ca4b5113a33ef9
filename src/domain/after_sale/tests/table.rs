//! The decision table of returns.md §4, and which pieces a return record means.

use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::domain::{
    mapping::{RefundOnly, ReturnMode, WaitFor},
    order::BundlePart,
    sales_return::ReturnStatus,
};

#[test]
fn a_full_refund_with_goods_back_is_a_whole_return_on_the_day_they_arrived() {
    let mut sale = Sale::of(vec![line("AAA2002", 75_000, 2)], 10_000, 20_000);
    sale.returns(Goods::Returned, None, &[]);
    let settlement = sale.book();
    let body = &settlement.returns[0].draft.body;
    assert_eq!(body.trans_date, date(2026, 11, 7));
    assert_eq!(body.return_status_type, Some(ReturnStatus::Returned));
    assert_eq!(body.cash_discount, rupiah(10_000));
    assert_eq!(returns(&settlement)[0]["detailExpense"][0]["expenseAmount"], json!(20_000), "shipping goes back too");
    assert_eq!(sale.sums(), sums(0, 0, 160_000, 0));
}

#[test]
fn a_full_refund_while_the_buyer_keeps_the_goods_puts_nothing_back_into_stock() {
    for refund in [Some(150_000), None] {
        let mut sale = Sale::plain();
        sale.returns(Goods::Kept, refund, &[]);
        sale.pays(0, &[("subtotal", 150_000), ("refund", -150_000)]);
        let settlement = sale.book();
        let body = &settlement.returns[0].draft.body;
        assert_eq!((body.trans_date, body.return_status_type), (date(2026, 11, 6), Some(ReturnStatus::NotReturned)));
        assert_eq!(settlement.receipts, []);
        assert_eq!(settlement.rows[0].outcome, Outcome::Settled);
        assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
    }
}

#[test]
fn a_part_with_goods_back_leaves_the_rest_to_the_receipt() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(69_000, &[("service_fee", -6_000)]);
    let settlement = sale.book();
    assert_eq!(booked(&settlement), [receipt(75_000, &[("600104", 6_000)], 69_000)]);
    assert_eq!(sale.sums(), sums(0, 75_000, 75_000, 0));
}

#[test]
fn a_refund_that_a_return_explains_does_not_settle_the_money_that_went_back_besides() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.returns(Goods::Kept, Some(20_000), &[]);
    sale.pays(75_000, &[("subtotal", 150_000), ("refund", -75_000)]);
    assert_eq!(booked(&sale.book()), [receipt(75_000, &[], 75_000)]);
    let outcome = sale.decide().records[1].outcome.clone();
    assert_eq!(outcome, Outcome::Waiting(WaitsFor::Payout), "no receipt has booked its 20,000");
}

#[test]
fn money_without_goods_can_be_a_return_instead_of_a_discount() {
    let mut sale = Sale::plain();
    sale.mapping.returns.refund_only = RefundOnly::NotReturned;
    sale.returns(Goods::Kept, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(75_000, &[("subtotal", 150_000), ("refund", -75_000)]);
    let settlement = sale.book();
    assert_eq!(settlement.returns[0].draft.body.return_status_type, Some(ReturnStatus::NotReturned));
    assert_eq!(booked(&settlement), [receipt(75_000, &[], 75_000)]);
    // 20.000 are the price of no piece: the receipt deducts them.
    for pieces in [&[("AAA2002", 1)][..], &[]] {
        let mut sale = Sale::plain();
        sale.mapping.returns.refund_only = RefundOnly::NotReturned;
        sale.returns(Goods::Kept, Some(20_000), pieces);
        sale.pays(130_000, &[("subtotal", 150_000), ("refund", -20_000)]);
        let settlement = sale.book();
        assert_eq!(
            (settlement.returns.len(), booked(&settlement)),
            (0, vec![receipt(150_000, &[("400102", 20_000)], 130_000)])
        );
        assert_eq!(sale.decide().records[0].outcome, Outcome::Settled);
    }
}

#[test]
fn a_refund_after_the_payout_leaves_the_old_receipt() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[("subtotal", 150_000), ("service_fee", -12_000)]);
    let before = sale.book();
    sale.returns(Goods::Returned, None, &[]);
    let after = sale.book();
    assert_eq!(after.receipts, before.receipts);
    assert_eq!(sale.sums(), sums(0, 150_000, 150_000, 150_000), "the customer's credit");
}

#[test]
fn a_lost_parcel_that_was_never_paid_is_settled_by_its_compensation() {
    let mut sale = Sale::plain();
    sale.pays(155_000, &[("subtotal", 150_000), ("platform_rebate", 5_000)]);
    let settlement = sale.book();
    assert_eq!((settlement.receipts.len(), settlement.returns.len()), (1, 0));
    assert_eq!(sale.sums(), sums(0, 150_000, 0, 0));
}

#[test]
fn a_compensation_for_a_paid_order_is_late_with_a_return_and_without() {
    for returned in [true, false] {
        let mut sale = Sale::plain();
        sale.pays(150_000, &[]);
        sale.book();
        if returned {
            sale.returns(Goods::Returned, None, &[]);
            sale.book();
        }
        sale.pays(94_500, &[]);
        assert_eq!(sale.why(2).0, Reason::PayoutLate);
        assert_eq!(sale.book().returns.len(), usize::from(returned), "the return stays");
    }
}

#[test]
fn a_return_waits_for_its_goods_and_then_for_a_person() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]).record.received_at = None;
    let until = date(2026, 12, 6);
    let settlement = sale.decide();
    assert_eq!(settlement.records[0].outcome, Outcome::Waiting(WaitsFor::Goods(until)));
    assert_eq!(settlement.again_on, Some(until));
    sale.today = until;
    assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, AfterSale::GoodsMissing { since: date(2026, 11, 6) }));
    sale.mapping.returns.wait_for = WaitFor::Accepted;
    assert_eq!(sale.decide().returns[0].draft.body.trans_date, date(2026, 11, 6));
}

#[test]
fn a_return_goes_out_as_the_mode_says() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, Some(75_000), &[("AAA2002", 1)]);
    sale.pays(69_000, &[("subtotal", 150_000), ("refund", -75_000), ("service_fee", -6_000)]);
    for (mode, waits) in [(ReturnMode::List, WaitsFor::Person), (ReturnMode::Approve, WaitsFor::Approval)] {
        sale.mapping.returns.mode = mode;
        let settlement = sale.decide();
        assert_eq!(settlement.records[0].outcome, Outcome::Waiting(waits));
        assert_eq!(settlement.returns, []);
        assert_eq!(booked(&settlement), [receipt(75_000, &[("600104", 6_000)], 69_000)], "the refund is explained");
    }
    sale.records[0].approved = true;
    assert_eq!(sale.decide().records[0].outcome, Outcome::Due);
    sale.mapping.returns.send_status = false;
    let body = returns(&sale.decide()).remove(0);
    assert_eq!((body.get("returnStatusType"), body["detailItem"][0].get("returnDetailStatusType")), (None, None));
}

#[test]
fn a_sku_at_several_prices_is_the_choice_that_equals_the_refund() {
    let sold = || vec![line("KAOS", 50_000, 2), line("KAOS", 45_000, 1), line("TAS", 90_000, 1)];
    for (refund, prices) in [(95_000, Some(vec![45_000, 50_000])), (100_000, Some(vec![50_000])), (99_000, None)] {
        let mut sale = Sale::of(sold(), 0, 0);
        sale.returns(Goods::Returned, Some(refund), &[("KAOS", 2)]);
        if let Some(mut prices) = prices {
            let settlement = sale.decide();
            let items = &settlement.returns[0].draft.body.detail_item;
            let mut found: Vec<_> = items.iter().map(|item| item.unit_price).collect();
            found.sort();
            prices.sort_unstable();
            assert_eq!(found, prices.into_iter().map(rupiah).collect::<Vec<_>>());
            assert_eq!(settlement.returns[0].draft.total, rupiah(refund));
        } else {
            let about = AfterSale::WhichPieces { refund: Some("99000".to_owned()) };
            assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, about));
        }
    }
    let mut sale = Sale::of(sold(), 0, 0);
    sale.returns(Goods::Returned, None, &[("KAOS", 3)]);
    assert_eq!(sale.decide().returns[0].draft.total, rupiah(145_000), "all of them: there is nothing to choose");
}

#[test]
fn a_refund_less_the_discount_decides_too() {
    let mut sale = Sale::of(vec![line("KAOS", 60_000, 1), line("KAOS", 40_000, 1)], 10_000, 0);
    sale.returns(Goods::Returned, Some(54_000), &[("KAOS", 1)]);
    let body = sale.decide().returns.remove(0).draft.body;
    assert_eq!((body.detail_item[0].unit_price, body.cash_discount), (rupiah(60_000), rupiah(6_000)));
}

#[test]
fn the_last_pieces_that_have_a_price_take_the_rest_of_the_discount() {
    let sold = vec![line("KAOS", 50_000, 2), line("KAOS", 45_000, 1), line("TAS", 33_333, 2), line("GIFT", 0, 1)];
    let mut sale = Sale::of(sold, 10_000, 20_000);
    sale.returns(Goods::Returned, None, &[("TAS", 2)]);
    sale.returns(Goods::Returned, None, &[("KAOS", 3)]);
    sale.returns(Goods::Returned, None, &[]);
    let returns = sale.decide().returns;
    let discounts: Vec<_> = returns.iter().map(|one| one.draft.body.cash_discount).collect();
    assert_eq!(discounts, [rupiah(3_149), rupiah(6_851), none()]);
    assert_eq!(returns.iter().map(|one| one.draft.total).sum::<Rupiah>(), sale.total);
}

#[test]
fn a_return_whose_refund_contradicts_its_pieces_is_not_booked_without_a_person() {
    let cases: [(i64, &[(&str, i64)]); 4] = [(75_000, &[]), (0, &[]), (1, &[("AAA2002", 1)]), (150_001, &[])];
    for (refund, pieces) in cases {
        let mut sale = Sale::plain();
        sale.returns(Goods::Returned, Some(refund), pieces);
        let settlement = sale.decide();
        let Outcome::Waiting(waits_for) = settlement.records[0].outcome else { panic!("{settlement:?}") };
        assert_eq!(waits_for.what(), Waits::Approval, "{refund}: a blocked record could not be approved");
        assert_eq!(settlement.returns, []);
        sale.records[0].approved = true;
        assert_eq!(sale.decide().records[0].outcome, Outcome::Due, "a person has approved exactly this");
    }
    for refund in [110_000, 120_000, 90_000, 100_000] {
        let mut sale = Sale::of(vec![line("AAA2002", 100_000, 1)], 10_000, 20_000);
        sale.returns(Goods::Returned, Some(refund), &[]);
        let outcome = sale.decide().records[0].outcome.clone();
        assert_eq!(outcome, Outcome::Due, "{refund}: with or without discount and shipping");
    }
}

#[test]
fn a_bundles_parts_go_with_their_bundle() {
    let part = |sku: &str, quantity| BundlePart {
        sku: sku.to_owned(),
        name: sku.to_owned(),
        quantity,
        subtotal: rupiah(10_000),
        unread: Vec::new(),
    };
    let bundle = || OrderLine { bundle: vec![part("GEO-A", 2), part("GEO-B", 1)], ..line("SET-GEO", 90_000, 2) };
    for (mode, expected) in [
        ("parent", vec![("SETGEO-01", 1, 90_000)]),
        ("parent_and_children", vec![("SETGEO-01", 1, 90_000), ("GEO-A", 2, 0), ("GEO-B", 1, 0)]),
        ("children", vec![("GEO-A", 2, 22_500), ("GEO-B", 1, 45_000)]),
    ] {
        let mapping = format!("bundles = \"{mode}\"\n{MAPPING}[skus]\n\"SET-GEO\" = \"SETGEO-01\"\n");
        for pieces in [&[("SET-GEO", 1)][..], &[("SET-GEO", 1), ("GEO-A", 2), ("GEO-B", 1)]] {
            let mut sale = Sale::mapped(&mapping, vec![bundle()], 0, 0);
            sale.returns(Goods::Returned, None, pieces);
            let settlement = sale.decide();
            let items = settlement.returns[0].draft.body.detail_item.iter();
            let found: Vec<_> = items.map(|item| (item.item_no.as_str(), item.quantity, item.unit_price)).collect();
            let expected = expected.iter().map(|(item, pieces, price)| (*item, Decimal::from(*pieces), rupiah(*price)));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{mode}");
        }
    }
    let mut sale = Sale::of(vec![bundle()], 0, 0);
    sale.returns(Goods::Returned, None, &[("GEO-A", 1)]);
    assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, AfterSale::NotSold { sku: "GEO-A".to_owned() }));
}

#[test]
fn more_than_was_sold_cannot_come_back() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.book();
    sale.returns(Goods::Returned, None, &[("AAA2002", 2)]);
    let about = AfterSale::MoreThanSold { sku: "AAA2002".to_owned(), pieces: "2".to_owned(), left: "1".to_owned() };
    assert_eq!(sale.why_record(2), (Reason::ReturnNeedsPerson, about));
    sale.records[1].record.pieces.clear();
    sale.book();
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0), "the whole order means what is left of it");
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(sale.why_record(3), (Reason::ReturnNeedsPerson, AfterSale::NothingLeft { shipping: none() }));
}

#[test]
fn shipping_that_returns_of_single_pieces_leave_on_the_invoice_is_named() {
    let mut sale = Sale::of(vec![line("AAA2002", 75_000, 2)], 0, 20_000);
    sale.returns(Goods::Returned, None, &[("AAA2002", 2)]);
    sale.book();
    assert_eq!(sale.sums(), sums(20_000, 0, 150_000, 0));
    sale.returns(Goods::Returned, None, &[]);
    let about = AfterSale::NothingLeft { shipping: rupiah(20_000) };
    assert_eq!(sale.why_record(2), (Reason::ReturnNeedsPerson, about));
}

#[test]
fn other_pieces_for_a_return_that_exists_are_a_persons() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    let before = sale.book();
    sale.records[0].record.accepted_at = Some(date(2026, 11, 2));
    assert_eq!(sale.decide().records[0].outcome, Outcome::Settled, "its return is dated by the goods' arrival");
    let (booked, words) = (sale.records[0].record.received_at, |sale: &Sale| {
        About::AfterSale { of: sale.why_record(1).1 }.in_words(crate::domain::reason::Language::English)
    });
    sale.records[0].record.received_at = Some(date(2026, 11, 9));
    assert_eq!(words(&sale), "day of arrival: 07/11/2026 → 09/11/2026");
    sale.records[0].record.received_at = booked;
    sale.records[0].record.pieces[0].quantity = Decimal::TWO;
    let (reason, about) = sale.why_record(1);
    assert_eq!(reason, Reason::ReturnNeedsPerson);
    let words = About::AfterSale { of: about }.in_words(crate::domain::reason::Language::English);
    assert_eq!(words, "pieces: 1 × AAA2002 → 2 × AAA2002");
    assert_eq!(sale.decide().returns, before.returns);
}

#[test]
fn without_the_orders_body_only_the_whole_order_can_be_returned() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    let standing = Standing { draft: &sale.draft, number: &sale.draft.body.number, total: sale.total };
    let mut order = Order {
        store_id: "8277",
        channel_order_id: NUMBER,
        invoice: Invoice::Exists(standing),
        cancelled: None,
        came_back: None,
        snapshot: None,
        rows: &[],
        records: &sale.records,
        last_parts: LastParts::default(),
    };
    let Outcome::Blocked(finding) = settle(&order, &sale.mapping, sale.today).records.remove(0).outcome else {
        panic!("a person must say which pieces")
    };
    assert_eq!((finding.reason, finding.about), (Reason::ReturnNeedsPerson, About::BodyCleared));
    let mut whole = sale.records.clone();
    whole[0].record.pieces.clear();
    order.records = &whole;
    assert_eq!(settle(&order, &sale.mapping, sale.today).returns.len(), 1);
}

#[test]
fn a_taxed_return_carries_its_tax_and_the_last_one_the_rest_of_the_total() {
    let mut sale = Sale::of(vec![line("AAA2002", 33_333, 3)], 0, 0);
    sale.draft.body.taxable = true;
    for item in &mut sale.draft.body.detail_item {
        item.use_tax1 = true;
    }
    sale.total = rupiah(110_999);
    for _ in 0..3 {
        sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
        sale.book();
    }
    assert_eq!(sale.sums(), sums(0, 0, 110_999, 0));
    let body = returns(&sale.decide()).remove(0);
    assert_eq!((&body["taxable"], &body["detailItem"][0]["useTax1"]), (&json!(true), &json!(true)));
    assert_eq!((&body["taxDate"], &body["taxNumber"]), (&json!("07/11/2026"), &json!("")));
}
