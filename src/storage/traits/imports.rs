//! [`Imports`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::{import::columns::Choice, order::OrderId},
    storage::{
        BackfillEnd, BackfillRun, BackfillState, KnownOrder, Result, imports,
        sql::{Base, Sql, read, write},
    },
};

/// What imports compare with and remember.
#[async_trait::async_trait]
pub trait Imports: Send + Sync {
    /// What is known of these orders, in any order; unknown ones are left out. Deliveries count once they are folded.
    async fn known_by_id(&self, ids: &[OrderId]) -> Result<Vec<KnownOrder>>;

    /// What is known of orders with these marketplace numbers.
    async fn known_by_number(&self, numbers: &[String]) -> Result<Vec<KnownOrder>>;

    /// The columns that a person chose for exports with these headings, which are named by a digest.
    async fn import_columns(&self, headings: &str) -> Result<Option<Choice>>;

    /// Stores the columns that a person chose.
    async fn remember_import_columns(&self, headings: &str, chosen: &Choice, who: &str, now: Timestamp) -> Result<()>;

    /// How far Forstok's order API was read.
    async fn backfill(&self) -> Result<BackfillState>;

    /// Begins a reading of Forstok's order API; `None` if another one is under way. It counts as given up at `until`.
    async fn begin_backfill(&self, now: Timestamp, until: Timestamp) -> Result<Option<BackfillState>>;

    /// Prolongs a reading. False if another one has begun.
    async fn keep_backfill(&self, run: BackfillRun, until: Timestamp) -> Result<bool>;

    /// Ends a reading. The watermark moves only forward, and not at all without one. False if another reading has
    /// begun.
    async fn end_backfill(&self, run: BackfillRun, end: &BackfillEnd<'_>, now: Timestamp) -> Result<bool>;

    /// Ends a reading without recording it; the record of the latest one stays. False if another reading has begun.
    async fn release_backfill(&self, run: BackfillRun) -> Result<bool>;
}

#[async_trait::async_trait]
impl<B: Base> Imports for Sql<B> {
    async fn known_by_id(&self, ids: &[OrderId]) -> Result<Vec<KnownOrder>> {
        read!(self, db => imports::known_by_id(db, ids))
    }

    async fn known_by_number(&self, numbers: &[String]) -> Result<Vec<KnownOrder>> {
        read!(self, db => imports::known_by_number(db, numbers))
    }

    async fn import_columns(&self, headings: &str) -> Result<Option<Choice>> {
        read!(self, db => imports::columns(db, headings))
    }

    async fn remember_import_columns(&self, headings: &str, chosen: &Choice, who: &str, now: Timestamp) -> Result<()> {
        write!(self, Small, db => imports::remember_columns(db, headings, chosen, who, now))
    }

    async fn backfill(&self) -> Result<BackfillState> {
        read!(self, db => imports::backfill(db))
    }

    async fn begin_backfill(&self, now: Timestamp, until: Timestamp) -> Result<Option<BackfillState>> {
        write!(self, Small, db => imports::begin_backfill(db, now, until))
    }

    async fn keep_backfill(&self, run: BackfillRun, until: Timestamp) -> Result<bool> {
        write!(self, Small, db => imports::keep_backfill(db, run, until))
    }

    async fn end_backfill(&self, run: BackfillRun, end: &BackfillEnd<'_>, now: Timestamp) -> Result<bool> {
        write!(self, Small, db => imports::end_backfill(db, run, end, now))
    }

    async fn release_backfill(&self, run: BackfillRun) -> Result<bool> {
        write!(self, Small, db => imports::release_backfill(db, run))
    }
}
