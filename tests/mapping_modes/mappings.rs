//! Properties of generated mappings.

use std::collections::BTreeMap;

use forstok_accurate::domain::mapping::{CATEGORIES, Mapping, canonical_id, text::table_of_json};
use proptest::prelude::*;
use serde_json::Value;
use toml::Table;

use super::{BUNDLES, TAXES};

/// Texts as people write them, and some unusual ones.
fn text() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[A-Za-z0-9 ._-]{1,12}",
        "\\PC{1,8}",
        Just("Kantor \"Pusat\"".to_owned()),
        Just("a\\b\n\tc = [d]".to_owned()),
        Just("'''".to_owned()),
    ];
    text.prop_map(|text| text.trim().to_owned()).prop_filter("not empty", |text| !text.is_empty())
}

fn texts() -> impl Strategy<Value = Table> {
    prop::collection::btree_map(text(), text(), 0..4)
        .prop_map(|texts| texts.into_iter().map(|(key, text)| (key, text.into())).collect())
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = toml::Value> {
    prop::sample::select(words).prop_map(toml::Value::from)
}

fn tax() -> impl Strategy<Value = toml::Value> {
    one_of(&TAXES).prop_map(|mode| Table::from_iter([("mode".to_owned(), mode)]).into())
}

fn accounts() -> impl Strategy<Value = toml::Value> {
    prop::collection::btree_map(prop::sample::select(&CATEGORIES), text(), 0..4).prop_map(|accounts| {
        // The account of the rest must be its own.
        let own = |key, text| if key == "payout_rest" { format!("rest of {text}") } else { text };
        accounts.into_iter().map(|(key, text)| (key.to_owned(), own(key, text).into())).collect::<Table>().into()
    })
}

fn warehouses() -> impl Strategy<Value = toml::Value> {
    texts().prop_map(Into::into)
}

/// Some of these settings.
fn some_of(settings: Vec<(&'static str, BoxedStrategy<toml::Value>)>) -> impl Strategy<Value = Table> {
    let settings: Vec<_> = settings
        .into_iter()
        .map(|(key, value)| prop::option::of(value).prop_map(move |value| value.map(|value| (key.to_owned(), value))))
        .collect();
    settings.prop_map(|settings| settings.into_iter().flatten().collect())
}

fn store() -> impl Strategy<Value = toml::Value> {
    let string = || text().prop_map(toml::Value::from).boxed();
    some_of(vec![
        ("book", string()),
        ("customer_no", string()),
        ("branch", string()),
        ("bank_account", string()),
        ("payment_term", string()),
        ("enabled", any::<bool>().prop_map(toml::Value::from).boxed()),
        ("tax", tax().boxed()),
        ("accounts", accounts().boxed()),
        ("warehouses", warehouses().boxed()),
    ])
    .prop_map(Into::into)
}

fn documents() -> impl Strategy<Value = Table> {
    let id = prop_oneof!["[1-9][0-9]{0,4}", text()].prop_filter_map("an id", |id| canonical_id(&id));
    let stores = prop::collection::btree_map(id, store(), 0..4)
        .prop_map(|stores: BTreeMap<_, _>| stores.into_iter().collect::<Table>().into());
    let numbers = &["{channel_order_id}", "{order_id}", "{store_id}-{order_id}", "INV {channel_order_id} \"x\""];
    some_of(vec![
        ("posting", one_of(&["on", "shadow"]).boxed()),
        ("auto_create_at", one_of(&["Open", "Not Shipped", "Ready to Ship", "Shipped", "Delivered", "never"]).boxed()),
        ("on_cancel", one_of(&["void", "keep"]).boxed()),
        ("orders_from", one_of(&["2026-11-01", "2024-02-29"]).boxed()),
        ("invoice_date", one_of(&["trigger", "ordered"]).boxed()),
        ("invoice_number", one_of(numbers).boxed()),
        ("description", one_of(&["{order_id}", "Forstok {order_id}", "{store_id} é {order_id}"]).boxed()),
        ("bundles", one_of(&BUNDLES).boxed()),
        ("on_total_difference", one_of(&["warn", "block"]).boxed()),
        ("unknown_stores", one_of(&["block", "accept"]).boxed()),
        ("create_missing_customers", any::<bool>().prop_map(toml::Value::from).boxed()),
        ("tax", tax().boxed()),
        ("accounts", accounts().boxed()),
        ("warehouses", warehouses().boxed()),
        ("skus", warehouses().boxed()),
        ("stores", stores.boxed()),
    ])
}

proptest! {
    #[test]
    fn what_is_printed_as_toml_or_json_reads_as_the_same_mapping(document in documents()) {
        let mapping = Mapping::read(&document).expect("valid");
        let printed = toml::to_string(&mapping.to_table()).expect("TOML");
        prop_assert_eq!(&Mapping::parse("m", &printed).expect("valid"), &mapping, "{}", printed);
        let json = serde_json::to_string(&mapping.to_table()).expect("JSON");
        let json: Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(&Mapping::read(&table_of_json(&json).expect("an object")).expect("valid"), &mapping, "{}", json);
    }

    #[test]
    fn mappings_that_differ_differ_in_words_and_others_do_not(document in documents(), left_out in any::<prop::sample::Index>()) {
        let mut other = document.clone();
        let keys: Vec<_> = document.keys().collect();
        if !keys.is_empty() {
            other.remove(left_out.get(&keys).as_str());
        }
        let (one, other) = (Mapping::read(&document).expect("valid"), Mapping::read(&other).expect("valid"));
        prop_assert!(one.changes_since(&one).is_empty());
        prop_assert_eq!(other.changes_since(&one).is_empty(), one == other);
        prop_assert_eq!(one.changes_since(&other).is_empty(), one == other);
    }

    #[test]
    fn no_text_makes_the_reader_of_mappings_panic(text in "\\PC{0,80}") {
        drop(Mapping::parse("m", &text));
    }
}
