//! No body makes the reader panic, and no order that can be read makes the decision panic, in any bundle mode.

#![no_main]

use std::sync::LazyLock;

use forstok_accurate::{
    domain::{
        decision::{Decision, decide, notices},
        history::{History, Sighting},
        ids::DeliveryId,
        mapping::Mapping,
        money::Rupiah,
        reason::Language,
    },
    forstok::payload,
    sandbox::samples,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// The sample mapping in each bundle mode; every store is taken.
static MAPPINGS: LazyLock<[Mapping; 3]> = LazyLock::new(|| {
    ["parent", "parent_and_children", "children"].map(|bundles| {
        let bundles = format!("bundles = \"{bundles}\"");
        let document = samples::MAPPING
            .replace("bundles = \"parent_and_children\"", &bundles)
            .replace("unknown_stores = \"block\"", "unknown_stores = \"accept\"");
        Mapping::parse("mapping.toml", &document).expect("a valid mapping")
    })
});

fuzz_target!(|body: &[u8]| {
    let Ok(payload) = payload::read(body) else { return };
    let arrived_at = payload.order.updated_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let order = payload.order.arrived(arrived_at);
    let history = History::begin(&Sighting::of(&order, arrived_at, DeliveryId(1)));
    for mapping in MAPPINGS.iter() {
        let decision = decide(&history, &order, mapping);
        for notice in notices(&history, Some(&order), mapping, &decision) {
            notice.about.in_words(Language::Indonesian);
        }
        if let Decision::Invoice(draft, _) = decision {
            assert!(draft.body.detail_item.iter().all(|line| line.unit_price >= Rupiah::ZERO));
            assert!(draft.total >= Rupiah::ZERO);
            draft.body.to_json();
        }
    }
});
