//! Orders that are `Returned` or `Failed Delivery`, with `returns.source = "status"` (returns.md §7).

use super::*;
use crate::domain::mapping::OnStatus;

/// An order with this status since 09/11/2026, and the record that is added for it.
fn came_back(has_arrived: bool, on_status: OnStatus) -> Sale {
    let mut sale = Sale::plain();
    sale.mapping.returns.on_status = on_status;
    sale.came_back = Some(CameBack { day: date(2026, 11, 9), has_arrived });
    take_in(&mut sale);
    sale
}

/// Stores the record that the decision adds.
pub(super) fn take_in(sale: &mut Sale) {
    let record = sale.decide().add.expect("a record is added");
    if let Some(known) = sale.records.iter_mut().find(|known| known.record.key == record.key) {
        known.record = record;
    } else {
        let arrived = date(2026, 11, 9);
        sale.records.push(Record { record, arrived, approved: false, by_hand: None, document: None });
    }
}

#[test]
fn a_returned_order_without_details_is_a_persons() {
    let mut sale = came_back(true, OnStatus::Block);
    assert_eq!(sale.why_record(1), (Reason::ReturnNeedsPerson, AfterSale::StatusOnly));
    let settlement = sale.decide();
    assert_eq!((settlement.add, settlement.returns.len()), (None, 0));
    // Details end the question.
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    let settlement = sale.decide();
    assert_eq!(settlement.records[0].outcome, Outcome::Ignored(None));
    assert_eq!(settlement.returns[0].draft.total, rupiah(75_000));
}

#[test]
fn a_returned_order_that_a_person_booked_counts_only_what_is_known() {
    let mut sale = came_back(true, OnStatus::Block);
    sale.records[0].by_hand = Some(by_hand("RJ-1", None));
    assert_eq!(sale.sums(), sums(150_000, 0, 0, 0), "nobody said which pieces came back");
    // The person returned one of two pieces in Accurate: the money for the other one settles the invoice.
    sale.pays(69_000, &[("subtotal", 75_000), ("service_fee", -6_000)]);
    assert_eq!(booked(&sale.book()), [receipt(75_000, &[("600104", 6_000)], 69_000)]);
}

#[test]
fn a_returned_order_comes_back_as_a_whole_if_the_mapping_says_so() {
    let mut sale = came_back(true, OnStatus::Full);
    let settlement = sale.book();
    assert_eq!(settlement.returns[0].draft.body.trans_date, date(2026, 11, 9));
    assert_eq!(sale.sums(), sums(0, 0, 150_000, 0));
    assert_eq!(sale.decide().add, None, "it is there");
}

#[test]
fn a_failed_delivery_waits_for_its_goods_and_is_booked_on_their_day() {
    let mut sale = came_back(false, OnStatus::Full);
    assert_eq!(sale.decide().records[0].outcome, Outcome::Waiting(WaitsFor::Goods(date(2026, 12, 9))));
    sale.came_back = Some(CameBack { day: date(2026, 11, 15), has_arrived: true });
    take_in(&mut sale);
    assert_eq!(sale.records.len(), 1, "it is the same return");
    assert_eq!(sale.decide().returns[0].draft.body.trans_date, date(2026, 11, 15));
}

#[test]
fn what_is_known_about_a_return_takes_the_place_of_the_status() {
    let mut sale = Sale::plain();
    sale.came_back = Some(CameBack { day: date(2026, 11, 9), has_arrived: true });
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(sale.decide().add, None);
    let mut sale = came_back(true, OnStatus::Full);
    sale.cancelled = Some(Cancelled { day: date(2026, 11, 8), after_shipping: true, arrived: None });
    take_in(&mut sale);
    sale.records[1].record.received_at = Some(date(2026, 11, 9));
    let settlement = sale.book();
    assert_eq!(settlement.returns.len(), 1, "the order comes back once");
    assert_eq!(settlement.records[0].outcome, Outcome::Ignored(None));
}
