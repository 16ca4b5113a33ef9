//! Both sides of a comparison: what our ledger holds of an order's invoice, and what Accurate shows.

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Amount, Class, Field, Finding, Period, Standing, Subject};
use crate::domain::{ids::DocumentNumber, order::OrderId};

/// What our ledger says about the invoice of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The order.
    pub order_id: OrderId,
    /// The order's store.
    pub store_id: String,
    /// What it says about the invoice.
    pub standing: Standing,
    /// Accurate's id, once it is known.
    pub accurate_id: Option<i64>,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The day on which it is booked.
    pub day: Date,
    /// Its total in hundredths of a rupiah: the one that Accurate gave back, or the draft's.
    pub total: i64,
    /// What is owed on it after our receipts and returns, in hundredths of a rupiah; below 0: a credit. What people
    /// marked as done by hand does not count, because Accurate may show it elsewhere. `None` while any document of the
    /// order is under way or in doubt.
    pub owed: Option<i64>,
    /// How many returns of it exist.
    pub returns: i64,
    /// When the order, or a receipt or return of it, last changed: what Accurate answered before proves nothing about it.
    pub changed_at: Timestamp,
    /// Whether the order is cancelled and needs no invoice.
    pub is_cancelled: bool,
}

/// The order that the description of an invoice names, although we have created no invoice for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The order.
    pub order_id: OrderId,
    /// Whether it is cancelled and needs no invoice.
    pub is_cancelled: bool,
}

/// An invoice that Accurate shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The day on which it is booked.
    pub day: Date,
    /// Its total in hundredths of a rupiah.
    pub total: i64,
    /// What is owed on it in hundredths of a rupiah, if Accurate shows it.
    pub owed: Option<i64>,
}

/// What Accurate shows for an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The invoices that belong to the order: by Accurate's id, or because their description names the order.
    pub shown: Vec<Shown>,
    /// When Accurate was last asked for them one by one.
    pub asked_at: Option<Timestamp>,
    /// The invoice that has the number of the order's invoice, but belongs to another sale.
    pub namesake: Option<Shown>,
}

/// An invoice that Accurate shows, with its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What is compared.
    pub shown: Shown,
    /// Its description, which names its order by default.
    pub description: String,
}

/// One side of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The invoice's number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The day on which it is booked.
    pub day: Date,
    /// Its total in hundredths of a rupiah.
    pub total: i64,
}

/// How long after a change Accurate may still show what was before (accurate.md §3, C).
const CERTAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

impl Held {
    /// From when on it means something that Accurate does not show the order's invoice, or still shows it.
    pub fn certain_from(&self) -> Timestamp {
        self.changed_at + CERTAIN_AFTER
    }

    pub(super) fn finding(&self, class: Class) -> Finding {
        Finding {
            class,
            subject: Subject::Order(self.order_id.clone()),
            order_id: Some(self.order_id.clone()),
            store_id: self.store_id.clone(),
            accurate_id: self.accurate_id,
            ledger: None,
            accurate: None,
            forstok: None,
            owed: None,
            namesake: None,
            unsettled: None,
            fields: Vec::new(),
            is_draft: self.standing == Standing::Draft,
        }
    }

    pub(super) fn side(&self) -> Side {
        let Self { number, customer_no, day, total, .. } = self.clone();
        Side { number, customer_no, day, total }
    }

    pub(super) fn fields_that_differ_from(&self, shown: &Shown) -> Vec<Field> {
        let fields = [
            (Field::Total, self.total == shown.total),
            (Field::Customer, self.customer_no == shown.customer_no),
            (Field::Day, self.day == shown.day),
            (Field::Number, self.number.is_same_as(&shown.number)),
        ];
        fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
    }
}

impl Shown {
    pub(super) fn side(&self) -> Side {
        let Self { number, customer_no, day, total, .. } = self.clone();
        Side { number, customer_no, day, total }
    }

    pub(super) fn counted(&self, period: Period) -> Option<Amount> {
        period.contains(self.day).then_some(Amount { day: self.day, total: self.total })
    }
}
