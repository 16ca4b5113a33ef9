//! [`Comparisons`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::{ids::BookName, order::OrderId, shadow::Kind},
    storage::{
        Compared, Comparison, ComparisonResult, DifferenceRow, Result, ShadowSums, ToCompare, shadow,
        sql::{Base, Sql, read, write},
    },
};

/// Shadow mode: drafts that are not sent, compared with the invoices of another integration.
#[async_trait::async_trait]
pub trait Comparisons: Send + Sync {
    /// Drafts of a book whose time for a comparison has come, those that were never compared first.
    async fn drafts_to_compare(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<ToCompare>>;

    /// Writes results of comparisons. A result changes nothing if the draft has changed in the meantime, or is no
    /// longer in shadow mode.
    async fn write_comparisons(&self, compared: &[Compared], now: Timestamp) -> Result<()>;

    /// Has drafts without an equal invoice compared again now. Returns how many.
    async fn compare_again(&self) -> Result<u64>;

    /// How many drafts have which result and which kind of difference.
    async fn shadow_sums(&self) -> Result<ShadowSums>;

    /// The comparison of one order's draft; `None` if the order is not in shadow mode.
    async fn comparison(&self, order_id: &OrderId) -> Result<Option<Comparison>>;

    /// Differences, newest first, with ids below `before`; of one kind, or of all.
    async fn differences(&self, kind: Option<Kind>, before: Option<i64>, limit: i64) -> Result<Vec<DifferenceRow>>;

    /// Orders whose draft has this result with their marketplace numbers, by id, beginning behind `after`.
    async fn orders_compared(
        &self,
        result: ComparisonResult,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<Vec<(OrderId, String)>>;
}

#[async_trait::async_trait]
impl<B: Base> Comparisons for Sql<B> {
    async fn drafts_to_compare(&self, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<ToCompare>> {
        read!(self, db => shadow::due(db, book, now, limit))
    }

    async fn write_comparisons(&self, compared: &[Compared], now: Timestamp) -> Result<()> {
        write!(self, Small, db => shadow::write(db, compared, now))
    }

    async fn compare_again(&self) -> Result<u64> {
        write!(self, Large, db => shadow::again(db))
    }

    async fn shadow_sums(&self) -> Result<ShadowSums> {
        read!(self, db => shadow::sums(db))
    }

    async fn comparison(&self, order_id: &OrderId) -> Result<Option<Comparison>> {
        read!(self, db => shadow::of_order(db, order_id))
    }

    async fn differences(&self, kind: Option<Kind>, before: Option<i64>, limit: i64) -> Result<Vec<DifferenceRow>> {
        read!(self, db => shadow::differences(db, kind, before, limit))
    }

    async fn orders_compared(
        &self,
        result: ComparisonResult,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<Vec<(OrderId, String)>> {
        read!(self, db => shadow::with_result(db, result, after, limit))
    }
}
