//! [`Retention`] and its implementation.

use jiff::Timestamp;

use crate::storage::{
    Cleared, Result, old_bodies,
    sql::{Base, Sql, read, write},
};

/// Deletion of data that is no longer needed.
#[async_trait::async_trait]
pub trait Retention: Send + Sync {
    /// Examines deliveries that arrived before `older_than`, `step` of them at most, and clears the bodies that no
    /// decision needs any more. A body that is still needed is examined again a day later.
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared>;
}

#[async_trait::async_trait]
impl<B: Base> Retention for Sql<B> {
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        let old = read!(self, db => old_bodies::find(db, older_than, now, step))?;
        if old.count() == 0 {
            return Ok(Cleared { bodies: 0, examined: 0 });
        }
        let old = &old;
        write!(self, Small, db => old_bodies::clear(db, old, now))
    }
}
