//! The implementation of the traits in `traits`: the statements are the same for both databases, and [`Base`] runs
//! them.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Delivery, Leadership, Receipt, Result, dialect::Dialect};

/// How much a piece of writing may touch, which says how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A batch.
    Small,
    /// A batch that is derived from what is on the disk. It may be lost in a power cut, for then it is derived again;
    /// whatever is written later is never on the disk without it.
    Derived,
    /// As many orders as there are.
    Large,
}

/// Statements that belong together: takes something to run them with, and gives it back with what came of them.
pub(super) type Work<'a, C, T> = Box<dyn FnOnce(C) -> BoxFuture<'a, (C, Result<T>)> + Send + 'a>;

/// A database that the store is kept in.
#[async_trait::async_trait]
pub trait Base: Send + Sync + 'static {
    /// What reads; what it sees need not be of one moment.
    type Reading: Dialect;
    /// What writes, in a transaction beside which nobody else folds, decides, claims or settles.
    type Writing: Dialect;

    /// Reads.
    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Self::Reading, T>) -> Result<T>;

    /// Writes, and commits what went well; of what did not nothing remains.
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

    /// [`Storage::close`](super::Storage::close).
    async fn close(&self);
}

/// The store in a database.
#[derive(Debug)]
pub struct Sql<B>(pub(super) B);

/// Statements as [`Work`]: `db` is the connection that runs them.
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

/// Runs statements that read.
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
