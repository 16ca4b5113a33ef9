//! Compares waiting and blocked orders with the mapping: stores, warehouses, SKUs and accounts that the mapping lacks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Words};
use crate::{
    domain::{
        ids::BookName,
        lines::lines_of,
        mapping::{Mapping, Store, UnknownStores},
        order::{OrderId, Snapshot},
        reason::{Language, Reason},
    },
    forstok::payload,
};

/// Number of waiting orders that are checked, the newest first.
pub const MOST_ORDERS: i64 = 1000;

/// Converts bodies of webhooks to orders.
pub fn read_orders(bodies: &[Vec<u8>]) -> Vec<Snapshot> {
    bodies.iter().filter_map(|body| payload::read(body).ok()).map(|payload| payload.order).collect()
}

/// Items of waiting orders, by book.
pub fn items_of<'a>(
    orders: impl IntoIterator<Item = &'a Snapshot>,
    mapping: &Mapping,
) -> BTreeMap<BookName, BTreeSet<String>> {
    let mut items: BTreeMap<BookName, BTreeSet<String>> = BTreeMap::new();
    for order in orders {
        let lines = lines_of(order, mapping, &mut Vec::new());
        let book = mapping.book_of(&order.store_id).to_owned();
        items.entry(book).or_default().extend(lines.into_iter().map(|line| line.item_no));
    }
    items
}

/// What the mapping lacks, with the orders that need it.
#[derive(Debug)]
struct Lack {
    remedy: String,
    indonesian: Words,
    orders: usize,
    example: OrderId,
}

/// One error for each thing that the mapping lacks for these orders.
pub fn check_orders<'a>(orders: impl IntoIterator<Item = &'a Snapshot>, mapping: &Mapping) -> Vec<Finding> {
    let mut lacks = BTreeMap::new();
    for order in orders {
        for Missing { part, found, remedy, indonesian } in lacks_of(order, mapping) {
            let new = Lack { remedy, indonesian, orders: 0, example: order.id.clone() };
            let lack = lacks.entry((part, found)).or_insert(new);
            lack.orders += 1;
        }
    }
    let finding = |((part, found), lack): ((String, String), Lack)| {
        let (orders, in_indonesian) = match lack.orders {
            1 => (format!("order {} shows it", lack.example), format!("terlihat pada pesanan {}", lack.example)),
            more => (
                format!("{more} orders show it, for example {}", lack.example),
                format!("terlihat pada {more} pesanan, misalnya {}", lack.example),
            ),
        };
        let words = lack.indonesian;
        Finding::error(part, format!("{found} ({orders})"), lack.remedy)
            .indonesian(format!("{} ({in_indonesian})", words.found), words.remedy)
    };
    lacks.into_iter().map(finding).collect()
}

/// The key in the mapping, what is missing, and what to do.
struct Missing {
    part: String,
    found: String,
    remedy: String,
    indonesian: Words,
}

impl Missing {
    fn new(part: &str, [found, remedy]: [String; 2], indonesian: [String; 2]) -> Self {
        let [found_in_indonesian, remedy_in_indonesian] = indonesian;
        let indonesian = Words { found: found_in_indonesian, remedy: remedy_in_indonesian };
        Self { part: part.to_owned(), found, remedy, indonesian }
    }
}

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
        let in_words = |what: &str, language| {
            let found = format!("{what}: {}", finding.about.in_words(language));
            [found, Reason::SkuEmpty.remedy(language).to_owned()]
        };
        let english = in_words("product without SKU", Language::English);
        lacks.push(Missing::new("skus", english, in_words("produk tanpa SKU", Language::Indonesian)));
    }
    if order.sellers_shipping().is_positive() && mapping.account(store, "shipping").is_none() {
        let english = ["the buyer pays the seller for shipping, which has no account", "add shipping to [accounts]"];
        let indonesian = [
            "pembeli membayar ongkos kirim kepada penjual, tetapi ongkos kirim belum dipetakan ke akun perkiraan",
            "pilih akun untuk ongkos kirim di pemetaan",
        ];
        lacks.push(Missing::new("accounts.shipping", english.map(str::to_owned), indonesian.map(str::to_owned)));
    }
    lacks
}

fn lacks_store(order: &Snapshot, mapping: &Mapping) -> Option<Missing> {
    let (id, name) = (&order.store_id, order.store_name_or_channel());
    if id.is_empty() {
        let remedy = "see in Forstok which store the order belongs to".to_owned();
        return Some(Missing::new(
            "stores",
            [format!("an order of {name} names no store"), remedy],
            [
                format!("pesanan dari {name} tidak menyebut toko"),
                "periksa di Forstok pesanan ini milik toko mana".to_owned(),
            ],
        ));
    }
    let part = format!("stores.\"{id}\"");
    let english = [format!("store {name} is not mapped"), format!("add a table [{part}]")];
    let indonesian = [format!("toko {name} belum dipetakan"), "tambahkan toko ini di pemetaan".to_owned()];
    (mapping.unknown_stores == UnknownStores::Block).then(|| Missing::new(&part, english, indonesian))
}

fn lacks_warehouse(order: &Snapshot, mapping: &Mapping, store: &Store) -> Option<Missing> {
    if !mapping.sends_warehouses(store) {
        return None;
    }
    let Some(id) = &order.warehouse_id else {
        let english = ["an order names no warehouse", "see in Forstok which warehouse the order leaves from"];
        let indonesian =
            ["ada pesanan yang tidak menyebut gudang", "periksa di Forstok dari gudang mana pesanan ini dikirim"];
        return Some(Missing::new("warehouses", english.map(str::to_owned), indonesian.map(str::to_owned)));
    };
    mapping.warehouse(store, id).is_none().then(|| {
        let remedy = format!("add \"{id}\" = \"<name in Accurate>\" to [warehouses]");
        Missing::new(
            &format!("warehouses.\"{id}\""),
            [format!("Forstok's warehouse {id} is not mapped"), remedy],
            [format!("gudang Forstok {id} belum dipetakan"), "petakan gudang ini ke gudang di Accurate".to_owned()],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::samples::SAMPLES;

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
