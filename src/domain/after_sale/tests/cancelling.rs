//! What a cancellation does to an order's invoice, receipts and returns.

use jiff::civil::date;

use super::*;

fn cancelled(after_shipping: bool) -> Cancelled {
    Cancelled { day: date(2026, 11, 8), after_shipping, arrived: None }
}

#[test]
fn an_order_cancelled_before_shipping_loses_its_invoice_and_gets_nothing_else() {
    let mut sale = Sale::plain();
    sale.pays(138_000, &[]);
    sale.cancelled = Some(cancelled(false));
    let settlement = sale.decide();
    assert_eq!(settlement.invoice, Fate::Void);
    assert_eq!((settlement.receipts.len(), settlement.add), (0, None));
    assert_eq!(settlement.rows[0].outcome, Outcome::Waiting(WaitsFor::Invoice));
}

#[test]
fn an_order_cancelled_while_something_is_booked_on_its_invoice_is_a_persons() {
    for after_shipping in [false, true] {
        let mut sale = Sale::plain();
        sale.pays(100_000, &[]);
        sale.book();
        sale.pays(20_000, &[]);
        sale.cancelled = Some(cancelled(after_shipping));
        let settlement = sale.decide();
        let Fate::Blocked(finding) = &settlement.invoice else { panic!("{settlement:?}") };
        assert_eq!(finding.reason, Reason::InvoicePaid);
        let numbers = AfterSale::Booked { numbers: vec!["231127PECAFY4J/1".into()] };
        assert_eq!(finding.about, About::AfterSale { of: numbers });
        assert_eq!(settlement.receipts.len(), 1, "what exists stays, and nothing is added");
        assert_eq!(settlement.rows[1].outcome, Outcome::Waiting(WaitsFor::Decision));
    }
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    sale.book();
    sale.cancelled = Some(cancelled(false));
    assert!(matches!(sale.decide().invoice, Fate::Blocked(_)), "a return is booked too");
}

#[test]
fn an_order_cancelled_after_shipping_is_returned_as_a_whole_once_its_goods_arrive() {
    let mut sale = Sale::plain();
    sale.cancelled = Some(cancelled(true));
    let settlement = sale.decide();
    assert_eq!(settlement.invoice, Fate::Kept);
    let record = settlement.add.expect("the record of the cancellation");
    assert_eq!((record.key.source.as_str(), record.accepted_at), ("forstok", Some(date(2026, 11, 8))));
    sale.records.push(Record { record, arrived: date(2026, 11, 8), approved: false, by_hand: None, document: None });
    let settlement = sale.decide();
    assert_eq!(settlement.add, None, "it is there");
    assert_eq!(settlement.records[0].outcome, Outcome::Waiting(WaitsFor::Goods(date(2026, 12, 8))));
    sale.records[0].record.received_at = Some(date(2026, 11, 18));
    let settlement = sale.book();
    assert_eq!(settlement.returns[0].draft.body.trans_date, date(2026, 11, 18));
    assert_eq!(sale.decide().invoice, Fate::Kept, "its own return is no reason to ask a person");
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
}

#[test]
fn the_status_of_a_cancelled_order_says_when_its_goods_arrived() {
    let day = date(2026, 11, 18);
    let arrives = |sale: &mut Sale| {
        super::status::take_in(sale);
        let settlement = sale.book();
        assert_eq!(settlement.returns.len(), 1, "the order comes back once");
        assert_eq!((settlement.returns[0].draft.body.trans_date, sale.sums()), (day, sums(0, 0, 150_000, 0)));
        assert_eq!((sale.decide().add, sale.decide().invoice), (None, Fate::Kept));
    };
    // While the goods travel back.
    let mut sale = Sale::plain();
    sale.cancelled = Some(cancelled(true));
    super::status::take_in(&mut sale);
    sale.cancelled = Some(Cancelled { arrived: Some(day), ..cancelled(true) });
    arrives(&mut sale);
    // Before Forstok says that the order was cancelled.
    let mut sale = Sale::plain();
    sale.came_back = Some(CameBack { day, has_arrived: true });
    super::status::take_in(&mut sale);
    sale.came_back = None;
    sale.cancelled = Some(Cancelled { day: date(2026, 11, 19), ..cancelled(true) });
    arrives(&mut sale);
}

#[test]
fn what_the_marketplace_says_replaces_the_record_of_the_cancellation() {
    let mut sale = Sale::plain();
    sale.cancelled = Some(cancelled(true));
    let record = sale.decide().add.expect("the record of the cancellation");
    sale.records.push(Record { record, arrived: date(2026, 11, 8), approved: true, by_hand: None, document: None });
    sale.returns(Goods::Returned, None, &[]);
    let settlement = sale.book();
    assert_eq!(settlement.records[0].outcome, Outcome::Ignored(None));
    assert_eq!(settlement.returns.len(), 1);
    assert_eq!(sale.decide().invoice, Fate::Kept, "everything went back");
    sale.records[1].document = None;
    sale.records.pop();
    sale.cancelled = None;
    assert_eq!(sale.decide().records[0].outcome, Outcome::Ignored(None), "the order was not cancelled after all");
}

#[test]
fn a_mapping_that_keeps_cancelled_invoices_keeps_them() {
    let mut sale = Sale::plain();
    sale.cancelled = Some(cancelled(false));
    sale.mapping.on_cancel = OnCancel::Keep;
    sale.pays(150_000, &[]);
    let settlement = sale.decide();
    assert_eq!((settlement.invoice, settlement.receipts.len()), (Fate::Kept, 1));
}

#[test]
fn an_order_that_is_not_invoiced_yet_waits_and_one_that_never_is_gets_nothing() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]);
    assert_eq!(sale.settle_with(Invoice::Awaited).records[0].outcome, Outcome::Waiting(WaitsFor::Invoice));
    let never = sale.settle_with(Invoice::Absent(Some(Reason::BeforeStart)));
    assert_eq!(never.records[0].outcome, Outcome::Ignored(Some(Reason::BeforeStart)));
    assert_eq!(never.invoice, Fate::Kept);
}
