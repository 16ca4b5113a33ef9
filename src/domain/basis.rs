//! The parts of an order that its invoice is based on: pieces, prices, discount, shipping, store and warehouse.
//!
//! The basis is stored with the draft, so that a later snapshot can be compared with what was invoiced, even if the
//! mapping has changed since.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    about::{Change, Changed},
    money::Rupiah,
    order::Snapshot,
};

/// Largest number of differences that are listed. Nobody reads more, and an order may have thousands of lines.
const MOST_LISTED: usize = 50;

/// The amounts and places of one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Pieces by product and price: `Kaos Polos Merah (KAOS-M) @ 45000` → `2`.
    pieces: BTreeMap<String, String>,
    /// The seller's discount.
    discount: Rupiah,
    /// Shipping that is the seller's money.
    shipping: Rupiah,
    /// Sum of the pieces − discount + shipping.
    total: Rupiah,
    /// Forstok's store id; empty if it is not known: in drafts of older versions, or if Forstok omitted it.
    #[serde(default)]
    store: String,
    /// Forstok's warehouse id; empty if it is not known.
    #[serde(default)]
    warehouse: String,
}

impl Basis {
    /// The basis of an invoice for this snapshot.
    pub fn of(order: &Snapshot) -> Self {
        let mut pieces: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut products = Rupiah::ZERO;
        for product in order.products() {
            let price = product.unit_price();
            let shown = price.map_or_else(|| "–".to_owned(), |price| price.to_string());
            let parts = product.bundle.iter().map(|part| format!("{} × {}", part.quantity, part.sku.trim()));
            let parts = parts.collect::<Vec<_>>().join(" + ");
            let of = if parts.is_empty() { parts } else { format!(" [{parts}]") };
            let key = format!("{} ({}) @ {shown}{of}", product.full_name(), product.sku.trim());
            *pieces.entry(key).or_default() += product.quantity;
            products = products + price.unwrap_or_default() * product.quantity;
        }
        let (discount, shipping) = (order.sellers_discount(), order.sellers_shipping());
        Self {
            pieces: pieces.into_iter().map(|(key, quantity)| (key, quantity.normalize().to_string())).collect(),
            discount,
            shipping,
            total: products - discount + shipping,
            store: order.store_id.clone(),
            warehouse: order.warehouse_id.clone().unwrap_or_default(),
        }
    }

    /// Whether the pieces and their prices are the same.
    pub fn has_same_pieces(&self, other: &Self) -> bool {
        self.pieces == other.pieces
    }

    /// The changes in a later snapshot; empty if there are none.
    pub fn changes_to(&self, later: &Self) -> Vec<Change> {
        let amounts = [
            (Changed::Total, self.total, later.total),
            (Changed::Discount, self.discount, later.discount),
            (Changed::Shipping, self.shipping, later.shipping),
        ];
        let mut changes: Vec<_> = amounts
            .into_iter()
            .filter(|(_, before, after)| before != after)
            .map(|(what, before, after)| Change { what, before: before.to_string(), after: after.to_string() })
            .collect();
        let places =
            [(Changed::Store, &self.store, &later.store), (Changed::Warehouse, &self.warehouse, &later.warehouse)];
        let moved =
            places.into_iter().filter(|(_, before, after)| before != after && !before.is_empty() && !after.is_empty());
        changes.extend(moved.map(|(what, before, after)| Change {
            what,
            before: before.clone(),
            after: after.clone(),
        }));
        let pieces = |product: &str, before: &str, after: &str| Change {
            what: Changed::Pieces(product.to_owned()),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        for (product, before) in &self.pieces {
            let after = later.pieces.get(product).map_or("", String::as_str);
            if after != before {
                changes.push(pieces(product, before, after));
            }
        }
        let new = later.pieces.iter().filter(|(product, _)| !self.pieces.contains_key(*product));
        changes.extend(new.map(|(product, after)| pieces(product, "", after)));
        changes.truncate(MOST_LISTED);
        changes
    }
}
