//! Invoices whose money is not complete although it should have come by now.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Class, Finding, Side, Subject};
use crate::domain::{day_in_wib, history::History, order::OrderId, status::Status};

/// How many days after `payout.delay_days` money may still be on its way: marketplaces that pay once a week need that
/// long (payout.md §3, B).
const ON_ITS_WAY: i32 = 7;

/// An invoice on which money is owed, of a store whose payouts are booked here.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpaid {
    /// The order.
    pub order_id: OrderId,
    /// The order's store.
    pub store_id: String,
    /// What Forstok said about the order.
    pub history: History,
    /// Accurate's id of the invoice.
    pub accurate_id: i64,
    /// The invoice.
    pub invoice: Side,
    /// What is owed on it, in hundredths of a rupiah.
    pub owed: i64,
    /// The day of its last payout.
    pub last_payout: Option<Date>,
    /// Whether a payout or a return of the order is still to be booked: then the pages *Payouts* and *Returns* show it.
    pub has_more_to_book: bool,
}

/// What is owed on an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// In hundredths of a rupiah.
    pub hundredths: i64,
    /// The day of the last payout.
    pub last_payout: Option<Date>,
}

impl Unpaid {
    /// The finding, if the money should have come by this day: some days after the last payout or, if there is none,
    /// after the order was completed.
    pub fn finding(self, delay_days: i32, today: Date) -> Option<Finding> {
        let is_complete = Status::Completed.rank().and_then(|completed| self.history.reached_at(completed));
        let since = self.last_payout.or(is_complete.map(day_in_wib))?;
        let until = since.saturating_add(delay_days.saturating_add(ON_ITS_WAY).days());
        if self.has_more_to_book || self.owed <= 0 || today <= until {
            return None;
        }
        Some(Finding {
            class: Class::NotSettled,
            subject: Subject::Money(self.order_id.clone()),
            order_id: Some(self.order_id),
            store_id: self.store_id,
            accurate_id: Some(self.accurate_id),
            ledger: Some(self.invoice),
            accurate: None,
            forstok: None,
            namesake: None,
            unsettled: None,
            owed: Some(Owed { hundredths: self.owed, last_payout: self.last_payout }),
            fields: Vec::new(),
            is_draft: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        history::{Seen, Sighting},
        ids::DeliveryId,
    };

    fn unpaid(status: Status, last_payout: Option<Date>) -> Unpaid {
        let at = "2026-11-05T03:00:00Z".parse().expect("a time");
        let status = Seen::Known(status);
        let sighting = Sighting { status, at, is_undated: false, unread_time: None, delivery: DeliveryId(1) };
        let day = date(2026, 11, 1);
        Unpaid {
            order_id: OrderId::parse("7").expect("an id"),
            store_id: "8277".to_owned(),
            history: History::begin(&sighting),
            accurate_id: 1,
            invoice: Side { number: "INV-7".into(), customer_no: "8277".to_owned(), day, total: 15_000_000 },
            owed: 3_000_000,
            last_payout,
            has_more_to_book: false,
        }
    }

    #[test]
    fn money_is_missed_some_days_after_the_order_was_completed() {
        let found = |status, today| unpaid(status, None).finding(1, today).map(|finding| finding.class);
        assert_eq!(found(Status::Completed, date(2026, 11, 13)), None);
        assert_eq!(found(Status::Completed, date(2026, 11, 14)), Some(Class::NotSettled));
        assert_eq!(found(Status::Delivered, date(2026, 12, 31)), None, "nobody has to pay yet");
    }

    #[test]
    fn what_is_owed_after_the_last_payout_is_missed_whatever_the_status_is() {
        let last = Some(date(2026, 11, 8));
        let finding = unpaid(Status::Shipped, last).finding(1, date(2026, 11, 17)).expect("missed");
        assert_eq!(finding.owed, Some(Owed { hundredths: 3_000_000, last_payout: last }));
        assert_eq!(unpaid(Status::Completed, last).finding(1, date(2026, 11, 16)), None);
        let more = Unpaid { has_more_to_book: true, ..unpaid(Status::Completed, last) };
        assert_eq!(more.finding(1, date(2026, 12, 31)), None, "the page Payouts shows it");
        let paid = Unpaid { owed: 0, ..unpaid(Status::Completed, last) };
        assert_eq!(paid.finding(1, date(2026, 12, 31)), None);
    }
}
