//! [`Housekeeping`] and its implementation.

use jiff::Timestamp;

use crate::storage::{
    Cleared, Result, old_bodies,
    sql::{Base, Sql, read, write},
};

/// What keeps the database small and fast.
#[async_trait::async_trait]
pub trait Housekeeping: Send + Sync {
    /// Examines deliveries that arrived before `older_than`, `step` of them at most, and clears the bodies that no
    /// decision needs any more. A body that is still needed is examined again a day later.
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared>;

    /// Updates the statistics of tables that have grown much, so that the plans of statements fit their size. SQLite
    /// needs none: its plans do not depend on the size of a table.
    async fn refresh_statistics(&self) -> Result<()>;

    /// When `deploy/backup-postgres` recorded its last backup; `None` if it never did, and for an SQLite file, beside
    /// which `store backup` records it.
    async fn last_backup(&self) -> Result<Option<Timestamp>>;
}

#[async_trait::async_trait]
impl<B: Base> Housekeeping for Sql<B> {
    async fn clear_bodies(&self, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Cleared> {
        let old = read!(self, db => old_bodies::find(db, older_than, now, step))?;
        if old.count() == 0 {
            return Ok(Cleared { bodies: 0, examined: 0 });
        }
        let old = &old;
        write!(self, Small, db => old_bodies::clear(db, old, now))
    }

    async fn refresh_statistics(&self) -> Result<()> {
        self.0.refresh_statistics().await
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>> {
        self.0.last_backup().await
    }
}
