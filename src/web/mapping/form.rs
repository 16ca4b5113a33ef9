//! The form of the mapping page: the names of its fields, and the mapping that they describe.
//!
//! A field is named like the path of its key, with slashes: `bundles`, `accounts/shipping`, `stores/8277/branch`. What
//! the form does not show, such as the SKUs, stays as it is.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::domain::mapping::{CATEGORIES, Mapping, merge::Conflict};

/// Texts that apply to all orders; an empty one has its default.
pub(super) const TEXTS: [&str; 7] =
    ["auto_create_at", "orders_from", "invoice_date", "invoice_number", "description", "on_cancel", "bundles"];

/// The same, without a text field.
pub(super) const CHOICES: [&str; 3] = [POSTING, "on_total_difference", "unknown_stores"];

/// Whether anything is sent to Accurate: `on` or `shadow`.
pub(super) const POSTING: &str = "posting";

/// Whether missing customers are created: `true` or `false`.
pub(super) const CREATE_CUSTOMERS: &str = "create_missing_customers";

/// Tax of all stores.
pub(super) const TAX: &str = "tax";

/// Accounts by category.
pub(super) const ACCOUNTS: &str = "accounts";

/// Whether warehouses are put on invoices: `on` or `off`.
pub(super) const WAREHOUSES: &str = "warehouses";

/// What happens with a store's orders: `on` (invoices), `off` (ignored), or nothing (the store is not mapped).
pub(super) const INVOICING: &str = "invoicing";

/// Tables of rules with the keys that the form shows; an empty one has its default, except that an empty time of the
/// nightly reconciliation means never.
pub(super) const RULES: [(&str, &[&str]); 3] = [
    (
        "payout",
        &[
            "post",
            "auto_after_days",
            "delay_days",
            "date",
            "before_invoice_date",
            "on_overpay",
            "zero_lines",
            "rest_limit",
        ],
    ),
    (
        "returns",
        &[
            "source",
            "on_status",
            "mode",
            "wait_for",
            "refund_only",
            "wait_days",
            "send_status",
            "restock",
            "send_empty_expense",
            "tax_number",
            "closed_month",
            "credit",
        ],
    ),
    ("reconcile", &["at", "days"]),
];

/// Texts of a store.
pub(super) const STORE_TEXTS: [&str; 5] = ["book", "customer_no", "branch", "bank_account", "payment_term"];

/// Tables of a store whose entries replace those of all stores; each entry is a text.
pub(super) const OWN: [&str; 2] = [ACCOUNTS, WAREHOUSES];

/// The values of the fields, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// The fields as they were sent.
    pub(super) fn sent(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect())
    }

    /// The fields that show a mapping.
    pub(super) fn of(mapping: &Mapping) -> Self {
        Self::of_table(&mapping.to_table())
    }

    /// The fields that show a mapping document, whatever its mistakes.
    pub(super) fn of_table(table: &Table) -> Self {
        let mut values = BTreeMap::new();
        let mut set = |name: String, value: &Value| values.insert(name, text_of(value));
        for key in TEXTS.iter().chain(&CHOICES).chain([&CREATE_CUSTOMERS]) {
            if let Some(value) = table.get(*key) {
                set((*key).to_owned(), value);
            }
        }
        set(TAX.to_owned(), &Value::String(tax_of(table)));
        for (of, keys) in RULES {
            for (key, value) in inner(table, of).filter(|(key, _)| keys.contains(&key.as_str())) {
                set(format!("{of}/{key}"), value);
            }
        }
        for (category, account) in inner(table, ACCOUNTS) {
            set(format!("{ACCOUNTS}/{category}"), account);
        }
        let sends_warehouses = if table.contains_key(WAREHOUSES) { "on" } else { "off" };
        set(WAREHOUSES.to_owned(), &Value::String(sends_warehouses.to_owned()));
        for (id, name) in inner(table, WAREHOUSES) {
            set(format!("{WAREHOUSES}/{id}"), name);
        }
        for (id, store) in inner(table, "stores") {
            let Some(store) = store.as_table() else { continue };
            let is_off = store.get("enabled") == Some(&Value::Boolean(false));
            set(of_store(id, INVOICING), &Value::String(if is_off { "off" } else { "on" }.to_owned()));
            for key in STORE_TEXTS {
                if let Some(value) = store.get(key) {
                    set(of_store(id, key), value);
                }
            }
            for (of, (key, value)) in OWN.into_iter().flat_map(|of| inner(store, of).map(move |entry| (of, entry))) {
                set(of_own(id, of, key), value);
            }
            set(of_store(id, TAX), &Value::String(tax_of(store)));
        }
        Self(values)
    }

    /// The value of a field; empty if it has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// What fields are about: ids of stores or of warehouses, or categories of accounts.
    pub(super) fn ids<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a str> {
        let rest = self.0.keys().filter_map(move |name| name.strip_prefix(of)?.strip_prefix('/'));
        let mut ids: Vec<_> = rest.map(|rest| if of == "stores" { id_in(rest) } else { rest }).collect();
        ids.dedup();
        ids.into_iter()
    }

    /// A mapping document with the values of these fields.
    pub(super) fn onto(&self, base: &Table) -> Table {
        let mut table = base.clone();
        for key in TEXTS.iter().chain(&CHOICES) {
            self.put_text(key, &mut table, key);
        }
        if let Some(value) = self.0.get(CREATE_CUSTOMERS) {
            table.insert(CREATE_CUSTOMERS.to_owned(), Value::Boolean(value == "true"));
        }
        self.put_tax(TAX, &mut table);
        for (of, key) in RULES.into_iter().flat_map(|(of, keys)| keys.iter().map(move |key| (of, *key))) {
            self.put_rule(of, key, &mut table);
        }
        for category in CATEGORIES {
            self.put_text(&format!("{ACCOUNTS}/{category}"), table_in(&mut table, ACCOUNTS), category);
        }
        match self.get(WAREHOUSES) {
            "off" => {
                table.remove(WAREHOUSES);
            }
            "on" => {
                let ids: Vec<_> = self.ids(WAREHOUSES).map(str::to_owned).collect();
                let warehouses = table_in(&mut table, WAREHOUSES);
                for id in &ids {
                    self.put_text(&format!("{WAREHOUSES}/{id}"), warehouses, id);
                }
            }
            _ => {}
        }
        let stores: Vec<_> = self.ids("stores").map(str::to_owned).collect();
        for id in &stores {
            self.put_store(id, table_in(&mut table, "stores"));
        }
        table
    }

    /// Fields of warehouses that were filled although warehouses are not put on invoices. What a mapping had before is
    /// dropped on purpose.
    pub(super) fn idle_warehouses(&self, base: &Table) -> Vec<String> {
        if self.get(WAREHOUSES) != "off" || base.contains_key(WAREHOUSES) {
            return Vec::new();
        }
        let names = self.ids(WAREHOUSES).map(|id| format!("{WAREHOUSES}/{id}"));
        names.filter(|name| !self.get(name).is_empty()).collect()
    }

    fn put_store(&self, id: &str, stores: &mut Table) {
        let Some(invoicing) = self.0.get(&of_store(id, INVOICING)) else { return };
        if invoicing.is_empty() {
            stores.remove(id);
            return;
        }
        let store = table_in(stores, id);
        store.insert("enabled".to_owned(), Value::Boolean(invoicing == "on"));
        for key in STORE_TEXTS {
            self.put_text(&of_store(id, key), store, key);
        }
        for of in OWN {
            self.put_own(id, of, store);
        }
        self.put_tax(&of_store(id, TAX), store);
    }

    /// A table with what only this store has. It goes with its last entry: an empty table of warehouses means that the
    /// store's orders need a warehouse.
    fn put_own(&self, id: &str, of: &str, store: &mut Table) {
        let fields = of_store(id, of);
        let is_known = |key: &&str| of != ACCOUNTS || CATEGORIES.contains(key);
        let keys: Vec<_> = self.ids(&fields).filter(is_known).map(str::to_owned).collect();
        let is_empty = |store: &Table| inner(store, of).next().is_none();
        let was_empty = store.contains_key(of) && is_empty(store);
        for key in &keys {
            self.put_text(&of_own(id, of, key), table_in(store, of), key);
        }
        if is_empty(store) && !was_empty {
            store.remove(of);
        }
    }

    fn put_text(&self, name: &str, table: &mut Table, key: &str) {
        match self.0.get(name).map(String::as_str) {
            None => {}
            Some("") => {
                table.remove(key);
            }
            Some(value) => {
                table.insert(key.to_owned(), Value::String(value.to_owned()));
            }
        }
    }

    fn put_rule(&self, of: &str, key: &str, table: &mut Table) {
        let name = format!("{of}/{key}");
        match (self.0.get(&name).map(String::as_str), name.as_str()) {
            (None, _) => {}
            (Some(flag @ ("true" | "false")), _) => {
                table_in(table, of).insert(key.to_owned(), Value::Boolean(flag == "true"));
            }
            (Some(""), "reconcile/at") => {
                table_in(table, of).insert(key.to_owned(), Value::String(String::new()));
            }
            _ => self.put_text(&name, table_in(table, of), key),
        }
    }

    fn put_tax(&self, name: &str, table: &mut Table) {
        match self.0.get(name).map(String::as_str) {
            None => {}
            Some("") => {
                table.remove("tax");
            }
            Some(mode) => {
                table_in(table, "tax").insert("mode".to_owned(), Value::String(mode.to_owned()));
            }
        }
    }
}

/// The name of a store's field.
pub(super) fn of_store(id: &str, key: &str) -> String {
    format!("stores/{id}/{key}")
}

/// The name of the field for an account or a warehouse of one store alone.
pub(super) fn of_own(id: &str, of: &str, key: &str) -> String {
    format!("stores/{id}/{of}/{key}")
}

/// The field that shows a key in which something is wrong, for example `stores."8277".branch`.
pub(super) fn field_of_key(key: &str) -> String {
    let plain = key.replace('"', "");
    match plain.split_once('.') {
        Some(("stores", rest)) => match rest.split_once('.') {
            Some((id, key)) => match key.split_once('.').filter(|(of, _)| OWN.contains(of)) {
                Some((of, own)) => of_own(id, of, own),
                None => of_store(id, if key == "enabled" { INVOICING } else { first_part(key) }),
            },
            None => of_store(rest, INVOICING),
        },
        Some((of @ (ACCOUNTS | WAREHOUSES | "payout" | "returns" | "reconcile"), id)) => format!("{of}/{id}"),
        _ => first_part(&plain).to_owned(),
    }
}

/// The field that shows a setting which two people changed.
pub(super) fn field_of_conflict(conflict: &Conflict) -> String {
    field_of_key(&conflict.path.join("."))
}

fn first_part(key: &str) -> &str {
    key.split('.').next().unwrap_or_default()
}

/// The store's id before the key.
fn id_in(rest: &str) -> &str {
    let own = OWN.iter().find_map(|of| rest.split_once(&format!("/{of}/")));
    own.or_else(|| rest.rsplit_once('/')).map_or(rest, |(id, _)| id)
}

fn inner<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table.get(key).and_then(Value::as_table).into_iter().flatten()
}

fn table_in<'a>(table: &'a mut Table, key: &str) -> &'a mut Table {
    let value = table.entry(key.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    if !value.is_table() {
        *value = Value::Table(Table::new());
    }
    value.as_table_mut().expect("it is a table now")
}

fn tax_of(table: &Table) -> String {
    table.get("tax").and_then(|tax| tax.get("mode")).map(text_of).unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
