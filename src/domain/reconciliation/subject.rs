//! What a finding is about.

use jiff::civil::Date;

use crate::domain::order::OrderId;

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The invoice of an order.
    Order(OrderId),
    /// An invoice in Accurate, by Accurate's id.
    Invoice(i64),
    /// An order as Forstok lists it.
    Listed(OrderId),
    /// The money for the invoice of an order.
    Money(OrderId),
    /// The receipts and returns of an order's invoice.
    Settling(OrderId),
    /// What remains of a day after all other findings.
    Day(Date),
}

impl Subject {
    /// The text that is stored; there is one finding for each.
    pub fn key(&self) -> String {
        match self {
            Self::Order(id) => format!("order:{id}"),
            Self::Invoice(id) => format!("invoice:{id}"),
            Self::Listed(id) => format!("forstok:{id}"),
            Self::Money(id) => format!("money:{id}"),
            Self::Settling(id) => format!("settling:{id}"),
            Self::Day(day) => format!("day:{day}"),
        }
    }
}
