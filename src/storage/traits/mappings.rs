//! [`Mappings`] and its implementation.

use jiff::Timestamp;

use crate::storage::{
    MappingRevision, NewMapping, Put, Result, mappings,
    sql::{Base, Sql, read, write},
};

/// Mappings and their revisions.
#[async_trait::async_trait]
pub trait Mappings: Send + Sync {
    /// The active mapping.
    async fn mapping(&self) -> Result<Option<MappingRevision>>;

    /// The revision of the active mapping; 0 if there is none yet.
    async fn mapping_revision(&self) -> Result<i64>;

    /// The newest mapping that came from the mapping file: its author is one of `MAPPING_FILE_AUTHORS`.
    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>>;

    /// Applies a mapping, and marks every order that it may affect as undecided. Changes nothing if another revision is
    /// active than the one that it replaces.
    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Put>;

    /// Mappings that were applied, newest first, with revisions below `below`.
    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>>;

    /// Mappings that were applied, newest first.
    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>>;
}

#[async_trait::async_trait]
impl<B: Base> Mappings for Sql<B> {
    async fn mapping(&self) -> Result<Option<MappingRevision>> {
        read!(self, db => mappings::active(db))
    }

    async fn mapping_revision(&self) -> Result<i64> {
        read!(self, db => mappings::newest_revision(db))
    }

    async fn mapping_of_file(&self) -> Result<Option<MappingRevision>> {
        read!(self, db => mappings::of_file(db))
    }

    async fn put_mapping(&self, new: &NewMapping, now: Timestamp) -> Result<Put> {
        write!(self, Large, db => mappings::put(db, new, now))
    }

    async fn mappings_below(&self, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, db => mappings::below(db, below, limit))
    }

    async fn mapping_history(&self, limit: i64) -> Result<Vec<MappingRevision>> {
        read!(self, db => mappings::history(db, limit))
    }
}
