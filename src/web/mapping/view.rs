//! The mapping in words and tables, for those who may not change it.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;

use super::{who, words};
use crate::{
    domain::mapping::{Mapping as Rules, Store},
    http::{App, problem::Problem},
    storage::StoreName,
    web::{
        format,
        page::{Page, html},
    },
};

#[derive(Template)]
#[template(path = "mapping.html")]
struct Mapping {
    page: Page,
    revision: i64,
    changed: Option<String>,
    rules: Vec<(&'static str, String)>,
    /// The same for payouts, returns and the nightly comparison.
    later_rules: Vec<(&'static str, String)>,
    stores: Vec<StoreRow>,
    accounts: Vec<Pair>,
    warehouses: Vec<Pair>,
    /// No warehouse is sent at all.
    without_warehouses: bool,
    items: Vec<Pair>,
}

/// One store.
struct StoreRow {
    id: String,
    name: String,
    customer: String,
    database: String,
    branch: String,
    term: String,
    tax: String,
    enabled: bool,
}

/// A value in Forstok, and the one that it is mapped to in Accurate.
struct Pair {
    from: String,
    to: String,
    /// The store that it applies to, if not to all.
    store: Option<String>,
}

/// The page.
pub(super) async fn show(app: &App, page: Page) -> Result<Response, Problem> {
    let store = app.engine.storage();
    let active = app.engine.mapping();
    let rules = &active.mapping;
    let names: BTreeMap<_, _> = store.stores().await?.into_iter().map(|store| (store.id.clone(), store)).collect();
    let newest = store.mapping_history(1).await?;
    let changed = newest.first().map(|newest| format!("{} · {}", format::moment(newest.at), who(newest, &page)));
    let accounts = |category: &String| words::category(category, &page);
    html(&Mapping {
        revision: active.revision,
        changed,
        rules: words::rules(rules, &page),
        later_rules: words::later_rules(rules, &page),
        stores: rules.stores.iter().map(|(id, store)| StoreRow::new(id, store, &names, &page)).collect(),
        accounts: pairs(&rules.accounts, rules, |store| Some(&store.accounts), accounts),
        warehouses: pairs(
            rules.warehouses.as_ref().unwrap_or(&BTreeMap::new()),
            rules,
            |store| store.warehouses.as_ref(),
            String::clone,
        ),
        without_warehouses: rules.warehouses.is_none(),
        items: rules
            .skus
            .iter()
            .map(|(from, to)| Pair { from: sku(from, &page), to: to.clone(), store: None })
            .collect(),
        page,
    })
}

/// Pairs that apply to all stores, then those of single stores.
fn pairs<'a>(
    of_all: &BTreeMap<String, String>,
    rules: &'a Rules,
    of_store: impl Fn(&'a Store) -> Option<&'a BTreeMap<String, String>>,
    name: impl Fn(&String) -> String,
) -> Vec<Pair> {
    let pair = |from: &String, to: &String, store| Pair { from: name(from), to: to.clone(), store };
    let all = of_all.iter().map(|(from, to)| pair(from, to, None));
    let single = rules
        .stores
        .iter()
        .flat_map(|(id, store)| of_store(store).into_iter().flatten().map(move |(from, to)| (from, to, id)));
    all.chain(single.map(|(from, to, id)| pair(from, to, Some(id.clone())))).collect()
}

fn sku(from: &str, page: &Page) -> String {
    from.strip_prefix("variant:")
        .map_or_else(|| from.to_owned(), |id| format!("{} {id}", page.t("variant without SKU:", "varian tanpa SKU:")))
}

impl StoreRow {
    fn new(id: &str, store: &Store, names: &BTreeMap<String, StoreName>, page: &Page) -> Self {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_default();
        let name = names.get(id).map(|known| format!("{} · {}", known.name, known.channel)).unwrap_or_default();
        Self {
            id: id.to_owned(),
            name,
            customer: store.customer_no.clone().unwrap_or_else(|| id.to_owned()),
            database: store.book.to_string(),
            branch: or_dash(&store.branch),
            term: or_dash(&store.payment_term),
            tax: store.tax.map(|tax| words::tax(tax, page).to_owned()).unwrap_or_default(),
            enabled: store.enabled,
        }
    }
}
