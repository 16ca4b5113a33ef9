//! Imports, which no simulated service makes.

use forstok_accurate::{
    domain::{import::columns::Choice, order::OrderId},
    storage::{BackfillEnd, BackfillRun, BackfillState, Imports, KnownOrder, Result},
};
use jiff::Timestamp;

use super::SimStore;

#[async_trait::async_trait]
impl Imports for SimStore {
    async fn known_by_id(&self, ids: &[OrderId]) -> Result<Vec<KnownOrder>> {
        self.inner.known_by_id(ids).await
    }

    async fn known_by_number(&self, numbers: &[String]) -> Result<Vec<KnownOrder>> {
        self.inner.known_by_number(numbers).await
    }

    async fn import_columns(&self, headings: &str) -> Result<Option<Choice>> {
        self.inner.import_columns(headings).await
    }

    async fn remember_import_columns(&self, headings: &str, chosen: &Choice, who: &str, now: Timestamp) -> Result<()> {
        self.inner.remember_import_columns(headings, chosen, who, now).await
    }

    async fn backfill(&self) -> Result<BackfillState> {
        self.inner.backfill().await
    }

    async fn begin_backfill(&self, now: Timestamp, until: Timestamp) -> Result<Option<BackfillState>> {
        self.inner.begin_backfill(now, until).await
    }

    async fn keep_backfill(&self, run: BackfillRun, until: Timestamp) -> Result<bool> {
        self.inner.keep_backfill(run, until).await
    }

    async fn end_backfill(&self, run: BackfillRun, end: &BackfillEnd<'_>, now: Timestamp) -> Result<bool> {
        self.inner.end_backfill(run, end, now).await
    }

    async fn release_backfill(&self, run: BackfillRun) -> Result<bool> {
        self.inner.release_backfill(run).await
    }
}
