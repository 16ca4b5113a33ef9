//! Return records: what a marketplace or a person says about goods or money that went back (design.md §7).

mod read;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    invoice::{read_number, write_number},
    money::Rupiah,
};

/// What identifies a return record. Neither date nor number is part of it, because both may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReturnKey {
    /// Where it comes from, for example `shopee`.
    pub source: String,
    /// The return's id there.
    pub id: String,
}

/// One return of an order: an order can have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRecord {
    /// What it is known by.
    #[serde(flatten)]
    pub key: ReturnKey,
    /// Forstok's store id; empty if the source does not name it.
    pub store_id: String,
    /// The marketplace's order number.
    pub channel_order_id: String,
    /// The day on which the request was accepted.
    #[serde(default)]
    pub accepted_at: Option<Date>,
    /// The day on which the goods arrived.
    #[serde(default)]
    pub received_at: Option<Date>,
    /// Whether the goods come back.
    pub goods: Goods,
    /// What the buyer got back, in rupiah and positive, if it is known.
    #[serde(default)]
    pub refund: Option<Rupiah>,
    /// What was sent back; empty: the whole order, with the shipping on the invoice.
    #[serde(default)]
    pub pieces: Vec<Piece>,
}

/// Whether the goods come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goods {
    /// They do.
    Returned,
    /// The buyer keeps them.
    Kept,
}

/// Pieces of one product that were sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The product's SKU in Forstok.
    pub sku: String,
    /// How many.
    #[serde(serialize_with = "write_number", deserialize_with = "read_number")]
    pub quantity: Decimal,
}
