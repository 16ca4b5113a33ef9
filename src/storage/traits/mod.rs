//! What the database does, in one trait for each purpose.
//!
//! A file contains a trait and its only implementation, for [`Sql`]. A stage takes the trait that it needs, so that its
//! signature shows what it can change. [`Storage`] is all of them together; Rust converts it to each of them.

mod after_sale;
mod attempts;
mod comparisons;
mod decisions;
mod deliveries;
mod figures;
mod hints;
mod housekeeping;
mod imports;
mod mappings;
mod master_lists;
mod notices;
mod orders;
mod rechecks;
mod reconciliations;
mod replicas;
mod requests;
mod seen;
mod sessions;

pub use self::{
    after_sale::AfterSaleStorage, attempts::Attempts, comparisons::Comparisons, decisions::Decisions,
    deliveries::Deliveries, figures::Figures, hints::Hints, housekeeping::Housekeeping, imports::Imports,
    mappings::Mappings, master_lists::MasterLists, notices::Notices, orders::Orders, rechecks::Rechecks,
    reconciliations::Reconciliations, replicas::Replicas, requests::Requests, seen::Seen, sessions::Sessions,
};
use super::{
    Result,
    sql::{Base, Sql},
};

/// The whole database.
#[async_trait::async_trait]
pub trait Storage:
    InboxStorage
    + DecidingStorage
    + PostingStorage
    + ImportStorage
    + Comparisons
    + ReconcilingStorage
    + MasterLists
    + Requests
    + Figures
    + Seen
    + Sessions
    + Notices
    + Replicas
    + Housekeeping
    + 'static
{
    /// Checks that the database answers and can be written to.
    async fn ping(&self) -> Result<()>;

    /// Closes the database, which cannot be used afterwards.
    async fn close(&self);
}

/// What the inbox needs: before it reads an order, it folds the order's deliveries.
pub trait InboxStorage: Deliveries + Orders {}

impl<T: Deliveries + Orders> InboxStorage for T {}

/// What imports need: they record deliveries, and compare with what is known.
pub trait ImportStorage: Deliveries + Imports {}

impl<T: Deliveries + Imports> ImportStorage for T {}

/// What deciding needs: it follows mappings that other processes apply.
pub trait DecidingStorage: Decisions + Mappings + AfterSaleStorage {}

impl<T: Decisions + Mappings + AfterSaleStorage> DecidingStorage for T {}

/// What reconciling needs: hints end in findings, as runs do.
pub trait ReconcilingStorage: Reconciliations + Hints {}

impl<T: Reconciliations + Hints> ReconcilingStorage for T {}

/// What posting needs: it reads orders that are rechecked or that share a problem.
pub trait PostingStorage: Attempts + Rechecks + Orders {}

impl<T: Attempts + Rechecks + Orders> PostingStorage for T {}

#[async_trait::async_trait]
impl<B: Base> Storage for Sql<B> {
    async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
