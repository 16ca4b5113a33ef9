//! Webhook bodies: sample 01 with the changes that a test needs.

use axum::body::Bytes;
use forstok_accurate::sandbox::samples::{SAMPLES, Sample};
use serde_json::{Value, json};

/// The body that Forstok sends about one order.
#[derive(Clone)]
pub(crate) struct Order(Value);

/// Sample 01 with this id, `Ready to Ship`. Sample 01's own id keeps its number; others have `INV-<id>`.
pub(crate) fn order(id: &str) -> Order {
    let mut body = SAMPLES[0].json();
    if body["order"]["id"].as_i64() != id.parse().ok() {
        body["order"]["id"] = json!(id);
        body["order"]["local_name"] = json!(format!("INV-{id}"));
    }
    Order(body)
}

impl Order {
    /// A sample order, unchanged.
    pub(crate) fn of(sample: &Sample) -> Self {
        Self(sample.json())
    }

    /// Opened at 09:12.
    pub(crate) fn open(self) -> Self {
        self.status("Open").updated_at("2023-11-27T09:12:00+07:00")
    }

    /// Ready to ship at 10:12.
    pub(crate) fn ready_to_ship(self) -> Self {
        self.status("Ready to Ship").updated_at("2023-11-27T10:12:00+07:00")
    }

    /// Shipped a day later.
    pub(crate) fn shipped(self) -> Self {
        self.status("Shipped").updated_at("2023-11-28T11:12:00+07:00")
    }

    /// Cancelled two days later.
    pub(crate) fn cancelled(self) -> Self {
        self.status("Cancelled").updated_at("2023-11-29T12:12:00+07:00")
    }

    pub(crate) fn status(self, status: &str) -> Self {
        self.with("status", json!(status))
    }

    pub(crate) fn updated_at(self, moment: &str) -> Self {
        self.with("updated_at", json!(moment))
    }

    pub(crate) fn store(self, id: i64) -> Self {
        self.with("store_id", json!(id))
    }

    pub(crate) fn sku(mut self, sku: &str) -> Self {
        self.0["order"]["item_lines"][0]["sku"] = json!(sku);
        self
    }

    /// Sets the name of its only product.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.0["order"]["item_lines"][0]["name"] = json!(name);
        self
    }

    /// Sets the price of its only piece, in rupiah.
    pub(crate) fn price(mut self, rupiah: i64) -> Self {
        self.0["order"]["item_lines"][0]["price"] = json!(rupiah);
        self.with("total_price", json!(rupiah)).with("subtotal", json!(rupiah))
    }

    /// Sells several pieces of its only product, each at its price.
    pub(crate) fn pieces(mut self, pieces: i64) -> Self {
        let line = &mut self.0["order"]["item_lines"][0];
        line["quantity"] = json!(pieces);
        let total = line["price"].as_i64().unwrap_or_default() * pieces;
        self.with("total_price", json!(total)).with("subtotal", json!(total))
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.0["order"][key] = value;
        self
    }

    /// Removes these fields of the order.
    pub(crate) fn without(mut self, keys: &[&str]) -> Self {
        let order = self.0["order"].as_object_mut().expect("an order is an object");
        order.retain(|key, _| !keys.contains(&key.as_str()));
        self
    }

    pub(crate) fn body_json(&self) -> Value {
        self.0.clone()
    }

    pub(crate) fn body(&self) -> Bytes {
        self.0.to_string().into()
    }
}
