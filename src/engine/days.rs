//! The figures of the last days, for the page and the API. They come from counters, so their cost does not depend on
//! the number of orders.

use jiff::{ToSpan, civil::Date};

use super::Engine;
use crate::{
    domain::day_in_wib,
    storage::{DayOf, DaySum, Result},
};

/// Number of days, including today.
pub const DAYS: i64 = 30;

/// One day in Jakarta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub day: Date,
    /// Orders whose first webhook arrived.
    pub received: i64,
    /// Invoices that were created and still exist.
    pub invoiced: i64,
    /// Total of these invoices, in hundredths of a rupiah.
    pub invoiced_hundredths: i64,
}

impl Engine {
    /// The last [`DAYS`] days, the oldest first and today last, including days without orders.
    pub async fn last_days(&self) -> Result<Vec<Day>> {
        let first = day_in_wib(self.now()).saturating_sub((DAYS - 1).days());
        let received = self.storage.days(DayOf::Received, first).await?;
        let invoiced = self.storage.days(DayOf::Invoiced, first).await?;
        let sum = |sums: &[DaySum], day: Date| sums.iter().find(|sum| sum.day == day).copied();
        let day = |place: i64| {
            let day = first.saturating_add(place.days());
            let invoiced = sum(&invoiced, day);
            Day {
                day,
                received: sum(&received, day).map_or(0, |sum| sum.orders),
                invoiced: invoiced.map_or(0, |sum| sum.orders),
                invoiced_hundredths: invoiced.map_or(0, |sum| sum.hundredths),
            }
        };
        Ok((0..DAYS).map(day).collect())
    }
}
