//! The implementation of the traits in `traits`: the statements are the same for both databases, and [`Base`] runs
//! them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Delivery, Leadership, Receipt, Result, dialect::Dialect};

/// How many rows a write may affect, which sets its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A batch.
    Small,
    /// A batch that is derived from data on the disk. A power cut may lose it, because it is then derived again; no
    /// later write is on the disk without it.
    Derived,
    /// Up to all orders.
    Large,
}

/// A unit of work: takes a connection, runs statements on it, and returns it with the result.
pub(super) type Work<'a, C, T> = Box<dyn FnOnce(C) -> BoxFuture<'a, (C, Result<T>)> + Send + 'a>;

/// Access to one kind of database: connections, time limits, and recording webhooks.
#[async_trait::async_trait]
pub trait Base: Send + Sync + 'static {
    /// A reading connection. Its statements need not see the same snapshot.
    type Reading: Dialect;
    /// A writing connection, in a transaction during which no other one folds, decides, claims or settles.
    type Writing: Dialect;

    /// Runs `work` on a reading connection.
    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Self::Reading, T>) -> Result<T>;

    /// Runs `work` in a transaction; commits it on success, otherwise rolls it back.
    async fn write<'a, T: Send + 'a>(&self, size: Size, work: Work<'a, Self::Writing, T>) -> Result<T>;

    /// [`Deliveries::record`](super::Deliveries::record).
    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>>;

    /// [`Storage::ping`](super::Storage::ping).
    async fn ping(&self) -> Result<()>;

    /// [`Replicas::lead`](super::Replicas::lead).
    async fn lead(&self, book: &str, holder: &str, lease: Duration, pause: Option<&str>) -> Result<Leadership>;

    /// [`Replicas::resign`](super::Replicas::resign).
    async fn resign(&self, holder: &str) -> Result<()>;

    /// [`Replicas::notified`](super::Replicas::notified).
    async fn notified(&self);

    /// [`Replicas::notify_others`](super::Replicas::notify_others).
    async fn notify_others(&self) -> Result<()>;

    /// [`Housekeeping::refresh_statistics`](super::Housekeeping::refresh_statistics).
    async fn refresh_statistics(&self) -> Result<()>;

    /// [`Housekeeping::last_backup`](super::Housekeeping::last_backup).
    async fn last_backup(&self) -> Result<Option<Timestamp>>;

    /// [`Storage::close`](super::Storage::close).
    async fn close(&self);
}

/// The storage, on either database.
#[derive(Debug)]
pub struct Sql<B>(pub(super) B);

/// Makes a [`Work`] of statements that run on the connection `db`.
macro_rules! work {
    ($db:ident => $work:expr) => {
        Box::new(move |mut connection| {
            Box::pin(async move {
                let $db = &mut connection;
                let result = $work.await;
                (connection, result)
            })
        })
    };
}

/// Runs statements on a reading connection.
macro_rules! read {
    ($storage:ident, $db:ident => $work:expr) => {
        $storage.0.read($crate::storage::sql::work!($db => $work)).await
    };
}

/// Runs statements in a transaction of this size.
macro_rules! write {
    ($storage:ident, $size:ident, $db:ident => $work:expr) => {
        $storage.0.write($crate::storage::sql::Size::$size, $crate::storage::sql::work!($db => $work)).await
    };
}

pub(super) use {read, work, write};
