//! What waiting and blocked orders have shown, against the mapping: stores, warehouses, SKUs and accounts that it lacks.

use std::collections::BTreeMap;

use super::Finding;
use crate::domain::{
    lines::lines_of,
    mapping::{Mapping, Store, UnknownStores},
    order::{OrderId, Snapshot},
    reason::{Language, Reason},
};

/// What the mapping lacks, and the orders that show it.
#[derive(Debug)]
struct Lack {
    remedy: String,
    orders: usize,
    example: OrderId,
}

/// One error for each thing that the mapping lacks for these orders.
pub fn check_orders<'a>(orders: impl IntoIterator<Item = &'a Snapshot>, mapping: &Mapping) -> Vec<Finding> {
    let mut lacks = BTreeMap::new();
    for order in orders {
        for (part, found, remedy) in lacks_of(order, mapping) {
            let new = Lack { remedy, orders: 0, example: order.id.clone() };
            let lack = lacks.entry((part, found)).or_insert(new);
            lack.orders += 1;
        }
    }
    let finding = |((part, found), lack): ((String, String), Lack)| {
        let orders = match lack.orders {
            1 => format!("order {} shows it", lack.example),
            more => format!("{more} orders show it, for example {}", lack.example),
        };
        Finding::error(part, format!("{found} ({orders})"), lack.remedy)
    };
    lacks.into_iter().map(finding).collect()
}

/// Where something is missing, what, and what to do.
type Missing = (String, String, String);

fn lacks_of(order: &Snapshot, mapping: &Mapping) -> Vec<Missing> {
    let mut lacks = Vec::new();
    let unknown = Store::unknown();
    let store = match mapping.stores.get(&order.store_id) {
        Some(store) if !store.enabled => return lacks,
        Some(store) => store,
        None => {
            lacks.extend(lacks_store(order, mapping));
            &unknown
        }
    };
    lacks.extend(lacks_warehouse(order, mapping, store));
    let mut findings = Vec::new();
    lines_of(order, mapping, &mut findings);
    for finding in findings.into_iter().filter(|finding| finding.reason == Reason::SkuEmpty) {
        let found = format!("product without SKU: {}", finding.about.in_words(Language::English));
        let remedy = Reason::SkuEmpty.remedy(Language::English).to_owned();
        lacks.push(("skus".to_owned(), found, remedy));
    }
    if order.sellers_shipping().is_positive() && mapping.account(store, "shipping").is_none() {
        let found = "the buyer pays the seller for shipping, which has no account".to_owned();
        lacks.push(("accounts.shipping".to_owned(), found, "add shipping to [accounts]".to_owned()));
    }
    lacks
}

fn lacks_store(order: &Snapshot, mapping: &Mapping) -> Option<Missing> {
    let (id, name) = (&order.store_id, order.store_name_or_channel());
    if id.is_empty() {
        let remedy = "see in Forstok which store the order belongs to".to_owned();
        return Some(("stores".to_owned(), format!("an order of {name} names no store"), remedy));
    }
    let part = format!("stores.\"{id}\"");
    let remedy = format!("add a table [{part}]");
    (mapping.unknown_stores == UnknownStores::Block).then(|| (part, format!("store {name} is not mapped"), remedy))
}

fn lacks_warehouse(order: &Snapshot, mapping: &Mapping, store: &Store) -> Option<Missing> {
    if !mapping.sends_warehouses(store) {
        return None;
    }
    let Some(id) = &order.warehouse_id else {
        let remedy = "see in Forstok which warehouse the order leaves from".to_owned();
        return Some(("warehouses".to_owned(), "an order names no warehouse".to_owned(), remedy));
    };
    mapping.warehouse(store, id).is_none().then(|| {
        let remedy = format!("add \"{id}\" = \"<name in Accurate>\" to [warehouses]");
        (format!("warehouses.\"{id}\""), format!("Forstok's warehouse {id} is not mapped"), remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{forstok::payload, sandbox::samples::SAMPLES};

    fn shown(document: &str) -> String {
        let mapping = Mapping::parse("m", document).expect("valid");
        let orders: Vec<_> =
            SAMPLES.iter().filter_map(|sample| Some(payload::read(sample.body.as_bytes()).ok()?.order)).collect();
        let findings = check_orders(&orders, &mapping);
        findings.iter().map(|f| format!("{}: {} → {}", f.part, f.found, f.remedy)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_orders_show_and_the_mapping_lacks_is_named_once() {
        insta::assert_snapshot!(shown("[warehouses]\n\"835\" = \"Gudang B\"\n[stores.\"8277\"]"));
    }

    #[test]
    fn a_store_that_is_off_or_accepted_lacks_nothing() {
        let accepting = shown("unknown_stores = \"accept\"\n[accounts]\nshipping = \"1\"");
        assert!(!accepting.contains("stores."), "{accepting}");
        let off = "[stores.\"8277\"]\nenabled = false\n";
        assert!(!shown(off).contains("Topi tanpa kode"), "{}", shown(off));
    }
}
