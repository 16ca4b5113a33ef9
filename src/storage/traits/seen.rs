//! [`Seen`] and its implementation.

use crate::{
    domain::reason::Reason,
    storage::{
        Result, SeenSku, SkuInStore, Sums, WarehouseInStore, seen,
        sql::{Base, Sql, read},
    },
};

/// What orders contain that can be mapped. Reads no order: it is noted when orders are folded.
#[async_trait::async_trait]
pub trait Seen: Send + Sync {
    /// Products by their key in the mapping, beginning behind `after`.
    async fn seen_skus(&self, after: &str, limit: i64) -> Result<Vec<SeenSku>>;

    /// Which stores sell which product, by product, beginning behind `after`.
    async fn seen_skus_in_stores(&self, after: &str, limit: i64) -> Result<Vec<SkuInStore>>;

    /// Warehouses by id and store.
    async fn seen_warehouses(&self, limit: i64) -> Result<Vec<WarehouseInStore>>;

    /// How many orders are blocked for this reason, and their value, by what the reason is about.
    async fn blocked_by_subject(&self, reason: Reason) -> Result<Vec<(String, Sums)>>;
}

#[async_trait::async_trait]
impl<B: Base> Seen for Sql<B> {
    async fn seen_skus(&self, after: &str, limit: i64) -> Result<Vec<SeenSku>> {
        read!(self, db => seen::skus(db, after, limit))
    }

    async fn seen_skus_in_stores(&self, after: &str, limit: i64) -> Result<Vec<SkuInStore>> {
        read!(self, db => seen::skus_in_stores(db, after, limit))
    }

    async fn seen_warehouses(&self, limit: i64) -> Result<Vec<WarehouseInStore>> {
        read!(self, db => seen::warehouses(db, limit))
    }

    async fn blocked_by_subject(&self, reason: Reason) -> Result<Vec<(String, Sums)>> {
        read!(self, db => seen::blocked_by_subject(db, reason))
    }
}
