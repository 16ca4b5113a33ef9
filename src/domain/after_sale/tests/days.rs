//! On which day a return is booked.

use super::*;
use crate::domain::{
    mapping::{OnStatus, ReturnMode, WaitFor},
    reason::Language,
};

#[test]
fn a_return_that_is_said_to_be_before_its_invoice_waits_for_its_right_day() {
    for mode in [ReturnMode::Auto, ReturnMode::Approve, ReturnMode::List] {
        let mut sale = Sale::plain();
        sale.mapping.returns.mode = mode;
        let record = sale.returns(Goods::Returned, None, &[]);
        (record.record.received_at, record.approved) = (Some(date(2026, 10, 26)), true);
        let (reason, of) = sale.why_record(1);
        assert_eq!(reason, Reason::ReturnNeedsPerson);
        let about = About::AfterSale { of };
        assert_eq!(
            about.in_words(Language::English),
            "the return would be dated 26/10/2026, its invoice is dated 27/10/2026; correct the day in the return \
             record"
        );
        assert_eq!(
            about.in_words(Language::Indonesian),
            "retur akan bertanggal 26/10/2026, sedangkan fakturnya bertanggal 27/10/2026; perbaiki tanggal pada data \
             returnya"
        );
        assert_eq!(sale.decide().returns, []);
    }
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[]).record.received_at = Some(date(2026, 10, 27));
    assert_eq!(sale.decide().returns.len(), 1, "a return on the invoice's own day is right");
}

#[test]
fn a_record_of_the_service_is_dated_at_the_earliest_on_the_day_of_the_invoice() {
    let invoice = date(2026, 10, 27);
    // The status is older than the invoice, which a person dated later in Accurate.
    let mut sale = Sale::plain();
    sale.mapping.returns.on_status = OnStatus::Full;
    sale.came_back = Some(CameBack { day: date(2026, 10, 20), has_arrived: true });
    status::take_in(&mut sale);
    assert_eq!(sale.decide().returns[0].draft.body.trans_date, invoice);

    let mut sale = Sale::plain();
    sale.mapping.returns.wait_for = WaitFor::Accepted;
    sale.cancelled = Some(Cancelled { day: date(2026, 10, 20), after_shipping: true, arrived: None });
    status::take_in(&mut sale);
    assert_eq!(sale.decide().returns[0].draft.body.trans_date, invoice);
    // The arrival of its goods is what a person says.
    sale.records[0].record.received_at = Some(date(2026, 10, 21));
    sale.mapping.returns.wait_for = WaitFor::Received;
    assert_eq!(sale.why_record(1).0, Reason::ReturnNeedsPerson);

    // Nobody says a day: that of the arrival of the record counts.
    let mut sale = Sale::plain();
    sale.mapping.returns.wait_for = WaitFor::Accepted;
    let record = sale.returns(Goods::Returned, None, &[]);
    (record.record.accepted_at, record.record.received_at, record.arrived) = (None, None, date(2026, 10, 20));
    assert_eq!(sale.decide().returns[0].draft.body.trans_date, invoice);
}
