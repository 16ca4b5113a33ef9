//! What of an order its invoice rests on: pieces, prices, discount, shipping.
//!
//! Kept with the draft, so that a later snapshot can be compared with what was invoiced whatever the mapping
//! says by then.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{money::Rupiah, order::Snapshot};

/// The amounts of one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Pieces by product and price: `Kaos Polos Merah (KAOS-M) @ 45000` → `2`.
    pieces: BTreeMap<String, String>,
    /// The seller's discount.
    discount: Rupiah,
    /// Shipping that is the seller's money.
    shipping: Rupiah,
    /// Σ pieces − discount + shipping.
    total: Rupiah,
}

impl Basis {
    /// What an invoice for this snapshot rests on.
    pub fn of(order: &Snapshot) -> Self {
        let mut pieces: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut products = Rupiah::ZERO;
        for product in order.products() {
            let price = product.unit_price();
            let shown = price.map_or_else(|| "no price".to_owned(), |price| price.to_string());
            let parts = product.bundle.iter().map(|part| format!("{} × {}", part.quantity, part.sku.trim()));
            let parts = parts.collect::<Vec<_>>().join(" + ");
            let of = if parts.is_empty() { parts } else { format!(" of {parts}") };
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
        }
    }

    /// How a later snapshot differs from this one, in words; `None` when it does not.
    pub fn difference_to(&self, later: &Self) -> Option<String> {
        let amounts = [
            ("total", self.total, later.total),
            ("discount", self.discount, later.discount),
            ("shipping", self.shipping, later.shipping),
        ];
        let mut differences: Vec<_> = amounts
            .into_iter()
            .filter(|(_, before, after)| before != after)
            .map(|(what, before, after)| format!("{what} {before} → {after}"))
            .collect();
        for (piece, quantity) in &self.pieces {
            match later.pieces.get(piece) {
                None => differences.push(format!("no longer {quantity} × {piece}")),
                Some(now) if now != quantity => differences.push(format!("{quantity} → {now} × {piece}")),
                Some(_) => {}
            }
        }
        let new = later.pieces.iter().filter(|(piece, _)| !self.pieces.contains_key(*piece));
        differences.extend(new.map(|(piece, quantity)| format!("now {quantity} × {piece}")));
        (!differences.is_empty()).then(|| differences.join("; "))
    }
}
