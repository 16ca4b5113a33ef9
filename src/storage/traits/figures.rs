//! [`Figures`] and its implementation.

use jiff::{Timestamp, civil::Date};

use crate::{
    domain::{notice::Arrivals, reason::Warning},
    storage::{
        Cause, Count, DayOf, DaySum, Days, Grouping, OpenWarning, Result, Total, figures, pages, read,
        sql::{Base, Sql, read},
    },
};

/// Counts and sums over all orders.
#[async_trait::async_trait]
pub trait Figures: Send + Sync {
    /// How many orders there are in each state.
    async fn counts(&self) -> Result<Vec<Count>>;

    /// How many orders there are per store, day and state, and their value; `limit` rows at most.
    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>>;

    /// Orders per day, in Jakarta, from `from` on; days without orders are left out.
    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>>;

    /// How many invoices were created since this time; stops counting at some thousands.
    async fn invoiced_since(&self, since: Timestamp) -> Result<i64>;

    /// Blocked orders by cause, the most frequent cause first.
    async fn causes(&self, limit: i64) -> Result<Vec<Cause>>;

    /// How many orders have each warning.
    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>>;

    /// How many orders have each warning that nobody has acknowledged.
    async fn open_warnings(&self) -> Result<Vec<OpenWarning>>;

    /// Since when the order has been due that has waited longest.
    async fn oldest_due(&self) -> Result<Option<Timestamp>>;

    /// Since when the order has waited that has waited longest for its first decision.
    async fn oldest_received(&self) -> Result<Option<Timestamp>>;

    /// When the newest webhook arrived.
    async fn newest_webhook(&self) -> Result<Option<Timestamp>>;

    /// When new orders arrived between these times.
    async fn arrivals(&self, since: Timestamp, until: Timestamp) -> Result<Arrivals>;
}

#[async_trait::async_trait]
impl<B: Base> Figures for Sql<B> {
    async fn counts(&self) -> Result<Vec<Count>> {
        read!(self, db => read::counts(db))
    }

    async fn totals(&self, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
        read!(self, db => figures::totals(db, days, grouping, limit))
    }

    async fn days(&self, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
        read!(self, db => pages::days(db, by, from))
    }

    async fn invoiced_since(&self, since: Timestamp) -> Result<i64> {
        read!(self, db => figures::invoiced_since(db, since))
    }

    async fn causes(&self, limit: i64) -> Result<Vec<Cause>> {
        read!(self, db => read::causes(db, limit))
    }

    async fn warning_counts(&self) -> Result<Vec<(Warning, i64)>> {
        read!(self, db => read::warning_counts(db))
    }

    async fn open_warnings(&self) -> Result<Vec<OpenWarning>> {
        read!(self, db => read::open_warnings(db))
    }

    async fn oldest_due(&self) -> Result<Option<Timestamp>> {
        read!(self, db => read::oldest_due(db))
    }

    async fn oldest_received(&self) -> Result<Option<Timestamp>> {
        read!(self, db => read::oldest_received(db))
    }

    async fn newest_webhook(&self) -> Result<Option<Timestamp>> {
        read!(self, db => pages::newest_webhook(db))
    }

    async fn arrivals(&self, since: Timestamp, until: Timestamp) -> Result<Arrivals> {
        read!(self, db => figures::arrivals(db, since, until))
    }
}
