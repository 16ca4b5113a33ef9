//! What orders contain that can be mapped.

use jiff::Timestamp;

use crate::domain::seen::Uses;

/// A product that orders contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSku {
    /// Its key in the mapping: the SKU, or `variant:` and Forstok's variant id if the SKU is empty.
    pub sku: String,
    /// Product and variant name in a recent order.
    pub name: String,
    /// How orders use it.
    pub uses: Uses,
    /// When the first of these orders arrived.
    pub first_at: Timestamp,
    /// When a recent one arrived; an hour may be missing.
    pub last_at: Timestamp,
}

/// A store that sells a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuInStore {
    /// As in [`SeenSku`].
    pub sku: String,
    /// Forstok's store id.
    pub store_id: String,
}

/// A warehouse that orders of a store name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseInStore {
    /// Forstok's warehouse id.
    pub id: String,
    /// Forstok's store id.
    pub store_id: String,
    /// The seller's code; empty if Forstok sends none.
    pub code: String,
    /// When the first of these orders arrived.
    pub first_at: Timestamp,
    /// When a recent one arrived; an hour may be missing.
    pub last_at: Timestamp,
}
