//! What an order shows of the seller's products and warehouses, so that they can be mapped before orders wait for them.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    mapping::Bundles,
    order::{OrderLine, Snapshot},
};

/// Most products of one order that are noted; longer orders show the rest in others.
const MOST_PRODUCTS: usize = 200;

/// Longest SKU that is noted, in characters. No item number in Accurate is as long.
const LONGEST_SKU: usize = 200;

/// Longest name that is noted, in characters.
const LONGEST_NAME: usize = 200;

/// A product that an order contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProduct {
    /// Its key in the mapping's table `skus`: the SKU, or `variant:` and Forstok's variant id if the SKU is empty.
    pub sku: String,
    /// Product and variant name.
    pub name: String,
    /// How the order uses it.
    pub uses: Uses,
}

/// A warehouse that an order names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenWarehouse {
    /// Forstok's id.
    pub id: String,
    /// The seller's code; empty if Forstok sends none.
    pub code: String,
}

/// How orders use a SKU. A SKU may be sold both alone and in bundles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses(u8);

impl Uses {
    /// Sold alone.
    pub const PRODUCT: Self = Self(1);
    /// Sold as a bundle of other products.
    pub const BUNDLE: Self = Self(2);
    /// Contained in a bundle.
    pub const PART: Self = Self(4);

    /// From the number in the database.
    pub fn from_number(number: i64) -> Self {
        Self((number & 7) as u8)
    }

    /// The number in the database, in which each use has its bit.
    pub fn number(self) -> i64 {
        self.0.into()
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether invoices have lines for it. Which products of a bundle have lines is a setting of the mapping.
    pub fn are_invoiced(self, bundles: Bundles) -> bool {
        let without_line = match bundles {
            Bundles::Parent => Self::PART,
            Bundles::ParentAndChildren => Self(0),
            Bundles::Children => Self::BUNDLE,
        };
        self.0 & !without_line.0 != 0
    }
}

/// The products of an order, each once. Products that no mapping can name are left out.
pub fn products_of(order: &Snapshot) -> Vec<SeenProduct> {
    let mut found: BTreeMap<String, SeenProduct> = BTreeMap::new();
    for line in order.products().filter(|line| !line.quantity.is_zero()) {
        let parts = line.bundle.iter().filter(|part| part.quantity > 0);
        let uses = if parts.clone().next().is_some() { Uses::BUNDLE } else { Uses::PRODUCT };
        add(&mut found, key_of(line), &line.full_name(), uses);
        for part in parts {
            add(&mut found, key_of_sku(&part.sku), part.name.trim(), Uses::PART);
        }
    }
    found.into_values().collect()
}

/// The warehouse of an order.
pub fn warehouse_of(order: &Snapshot) -> Option<SeenWarehouse> {
    let id = order.warehouse_id.clone().filter(|id| id.chars().count() <= LONGEST_SKU)?;
    Some(SeenWarehouse { id, code: shortened(order.warehouse_code.as_deref().unwrap_or_default().trim()) })
}

fn add(found: &mut BTreeMap<String, SeenProduct>, sku: Option<String>, name: &str, uses: Uses) {
    let Some(sku) = sku.filter(|sku| sku.chars().count() <= LONGEST_SKU) else { return };
    let room = found.len() < MOST_PRODUCTS;
    match found.entry(sku) {
        Entry::Occupied(mut known) => known.get_mut().uses.add(uses),
        Entry::Vacant(new) if room => {
            let sku = new.key().clone();
            new.insert(SeenProduct { sku, name: shortened(name), uses });
        }
        Entry::Vacant(_) => {}
    }
}

fn key_of(line: &OrderLine) -> Option<String> {
    key_of_sku(&line.sku).or_else(|| Some(format!("variant:{}", line.variant_id.as_deref()?)))
}

/// Spaces around a SKU never matter, to the mapping either.
fn key_of_sku(sku: &str) -> Option<String> {
    let sku = sku.trim();
    (!sku.is_empty()).then(|| sku.to_owned())
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        forstok::payload,
        sandbox::samples::{SAMPLES, Sample},
    };

    fn seen(body: &Value) -> Vec<(String, String, i64)> {
        let order = payload::read(body.to_string().as_bytes()).expect("readable").order;
        products_of(&order).into_iter().map(|one| (one.sku, one.name, one.uses.number())).collect()
    }

    fn sample(name: &str) -> Value {
        SAMPLES.iter().find(|sample| sample.name == name).map(Sample::json).expect("a sample")
    }

    #[test]
    fn each_product_is_seen_once_and_the_rebate_line_is_not_a_product() {
        let mut order = sample("09-rebate-line");
        let line = order["order"]["item_lines"][0].clone();
        order["order"]["item_lines"].as_array_mut().expect("a list").push(line);
        let found = seen(&order);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].2, Uses::PRODUCT.number());
    }

    #[test]
    fn a_product_without_sku_is_seen_under_the_key_by_which_it_can_be_mapped() {
        let found = seen(&sample("08-empty-sku"));
        assert_eq!(found.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["variant:16000011"]);
    }

    #[test]
    fn what_a_bundle_is_used_as_says_whether_the_mapping_makes_lines_of_it() {
        let line = |sku: &str, parts: Value| json!({"sku": sku, "name": sku, "price": 1, "bundle_info": parts});
        let part = |sku: &str, pieces: u32| json!({"sku": sku, "name": sku, "qty": pieces});
        let lines = json!([
            line(" SET ", json!([part("A", 2), part("", 1), part("NONE", 0)])),
            line("A", json!([])),
            line("B", json!([])),
            line("C", json!([part("D", 1)])),
        ]);
        let order = json!({"event": "orders/update", "order": {"id": 1, "item_lines": lines}});
        let order = payload::read(order.to_string().as_bytes()).expect("readable").order;
        let products = products_of(&order);
        let invoiced = |bundles| {
            let is_invoiced = |one: &&SeenProduct| one.uses.are_invoiced(bundles);
            products.iter().filter(is_invoiced).map(|one| one.sku.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(invoiced(Bundles::ParentAndChildren), "A B C D SET");
        assert_eq!(invoiced(Bundles::Parent), "A B C SET");
        assert_eq!(invoiced(Bundles::Children), "A B D");
    }

    #[test]
    fn an_order_of_any_size_shows_a_limited_number_of_products_with_limited_texts() {
        let mut order = sample("01-shopee-simple");
        let mut line = order["order"]["item_lines"][0].clone();
        let mut lines = Vec::new();
        for number in 0..500 {
            line["sku"] = json!(format!("SKU-{number}"));
            line["name"] = json!("n".repeat(1_000));
            lines.push(line.clone());
        }
        line["sku"] = json!("S".repeat(1_000));
        lines.insert(0, line);
        order["order"]["item_lines"] = json!(lines);
        let found = seen(&order);
        assert_eq!(found.len(), MOST_PRODUCTS);
        assert!(found.iter().all(|(sku, name, _)| sku.len() <= LONGEST_SKU && name.len() <= LONGEST_NAME));
    }

    #[test]
    fn the_warehouse_is_seen_with_its_code_if_it_has_one() {
        let mut order = sample("01-shopee-simple");
        let warehouse =
            |order: &Value| warehouse_of(&payload::read(order.to_string().as_bytes()).expect("readable").order);
        assert_eq!(warehouse(&order), Some(SeenWarehouse { id: "834".to_owned(), code: String::new() }));
        order["order"]["warehouse_code"] = json!("JKT-1");
        assert_eq!(warehouse(&order).map(|one| one.code).as_deref(), Some("JKT-1"));
        order["order"]["warehouse_id"] = Value::Null;
        assert_eq!(warehouse(&order), None);
    }
}
