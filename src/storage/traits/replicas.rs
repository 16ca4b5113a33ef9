//! [`Replicas`] and its implementation.

use std::time::Duration;

use crate::storage::{
    Leadership, Result,
    sql::{Base, Sql},
};

/// Leadership and notifications among replicas on one database.
#[async_trait::async_trait]
pub trait Replicas: Send + Sync {
    /// Takes or renews the leadership of a book for `lease` from now on. Other replicas read `pause`, the state of the
    /// book, and the name of the holder.
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership>;

    /// Releases all leaderships of this holder.
    async fn resign(&self, holder: &str) -> Result<()>;

    /// Waits for a notification from another replica; forever if there can be none. May also return without one, after
    /// a time in which a notification would have been missed.
    async fn notified(&self);

    /// Notifies the other replicas.
    async fn notify_others(&self) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Replicas for Sql<B> {
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership> {
        self.0.lead(book, holder, lease, pause).await
    }

    async fn resign(&self, holder: &str) -> Result<()> {
        self.0.resign(holder).await
    }

    async fn notified(&self) {
        self.0.notified().await;
    }

    async fn notify_others(&self) -> Result<()> {
        self.0.notify_others().await
    }
}
