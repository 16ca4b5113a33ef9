//! Invoices in every bundle mode and every tax mode: snapshots of the samples, properties of generated orders.

mod mappings;
mod properties;
mod snapshots;

use forstok_accurate::{deciding::mapping::ActiveMapping, domain::mapping::Mapping, sandbox::samples};

const BUNDLES: [&str; 3] = ["parent", "parent_and_children", "children"];
const TAXES: [&str; 3] = ["off", "inclusive", "exclusive"];

/// The sample mapping with these modes for all stores.
fn mapping(bundles: &str, tax: &str) -> Mapping {
    let document = [
        ("bundles = \"parent_and_children\"", format!("bundles = \"{bundles}\"")),
        ("mode = \"off\"", format!("mode = \"{tax}\"")),
        // The only store with a mode of its own.
        ("[stores.\"7600\".tax]\nmode = \"inclusive\"\n", String::new()),
    ]
    .iter()
    .fold(samples::MAPPING.to_owned(), |document, (from, to)| {
        assert!(document.contains(from), "{from:?} is not in the sample mapping");
        document.replace(from, to)
    });
    Mapping::parse("mapping.toml", &document).expect("a valid mapping")
}

fn active_mapping(bundles: &str, tax: &str) -> ActiveMapping {
    ActiveMapping { revision: 0, mapping: mapping(bundles, tax) }
}
