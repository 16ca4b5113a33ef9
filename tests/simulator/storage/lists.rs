//! The lists of Accurate, which no simulated service reads.

use std::collections::BTreeSet;

use forstok_accurate::{
    domain::{
        ids::BookName,
        masters::{ListFailure, Master, MasterKind},
    },
    storage::{MasterList, MasterLists, MasterReading, MasterSearch, Result},
};
use jiff::Timestamp;

use super::SimStore;

#[async_trait::async_trait]
impl MasterLists for SimStore {
    async fn master_lists(&self, book: &BookName) -> Result<Vec<MasterList>> {
        self.inner.master_lists(book).await
    }

    async fn masters(&self, book: &BookName, kind: MasterKind, search: &MasterSearch) -> Result<Option<Vec<Master>>> {
        self.inner.masters(book, kind, search).await
    }

    async fn masters_named(&self, book: &BookName, kind: MasterKind, values: &BTreeSet<String>) -> Result<Vec<Master>> {
        self.inner.masters_named(book, kind, values).await
    }

    async fn request_master_list(&self, book: &BookName, kind: MasterKind, now: Timestamp) -> Result<()> {
        self.inner.request_master_list(book, kind, now).await
    }

    async fn begin_master_reading(
        &self,
        book: &BookName,
        kind: MasterKind,
        now: Timestamp,
        next_at: Timestamp,
    ) -> Result<MasterReading> {
        self.inner.begin_master_reading(book, kind, now, next_at).await
    }

    async fn clear_master_reading(&self, reading: &MasterReading, step: i64) -> Result<u64> {
        self.inner.clear_master_reading(reading, step).await
    }

    async fn add_masters(&self, reading: &MasterReading, rows: &[Master], of: i64) -> Result<bool> {
        self.inner.add_masters(reading, rows, of).await
    }

    async fn finish_master_reading(&self, reading: &MasterReading, now: Timestamp) -> Result<bool> {
        self.inner.finish_master_reading(reading, now).await
    }

    async fn fail_master_reading(
        &self,
        reading: &MasterReading,
        failure: &ListFailure,
        next_at: Timestamp,
    ) -> Result<bool> {
        self.inner.fail_master_reading(reading, failure, next_at).await
    }
}
