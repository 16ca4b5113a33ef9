//! Writes a mapping as a document, and describes the differences between two mappings in words.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Bundles, InvoiceDate, Mapping, OnCancel, OnTotalDifference, Store, TaxMode, UnknownStores, status_word};

impl Mapping {
    /// The document that is read as this mapping, with every setting written out.
    pub fn to_table(&self) -> Table {
        let mut table = Table::new();
        let mut set = |key: &str, value: Value| table.insert(key.to_owned(), value);
        set("posting", text(self.posting.as_str()));
        set("auto_create_at", text(self.auto_create_at.map_or("never", status_word)));
        set(
            "on_cancel",
            text(match self.on_cancel {
                OnCancel::Void => "void",
                OnCancel::Keep => "keep",
            }),
        );
        if let Some(day) = self.orders_from {
            set("orders_from", text(day.to_string()));
        }
        set(
            "invoice_date",
            text(match self.invoice_date {
                InvoiceDate::Trigger => "trigger",
                InvoiceDate::Ordered => "ordered",
            }),
        );
        set("invoice_number", text(self.invoice_number.as_str()));
        set("description", text(self.description.as_str()));
        set(
            "bundles",
            text(match self.bundles {
                Bundles::Parent => "parent",
                Bundles::ParentAndChildren => "parent_and_children",
                Bundles::Children => "children",
            }),
        );
        set(
            "on_total_difference",
            text(match self.on_total_difference {
                OnTotalDifference::Warn => "warn",
                OnTotalDifference::Block => "block",
            }),
        );
        set(
            "unknown_stores",
            text(match self.unknown_stores {
                UnknownStores::Block => "block",
                UnknownStores::Accept => "accept",
            }),
        );
        set("create_missing_customers", Value::Boolean(self.create_missing_customers));
        set("tax", tax(self.tax));
        set("accounts", texts(&self.accounts));
        if let Some(warehouses) = &self.warehouses {
            set("warehouses", texts(warehouses));
        }
        set("skus", texts(&self.skus));
        let stores = self.stores.iter().map(|(id, store)| (id.clone(), Value::Table(store_table(store))));
        set("stores", Value::Table(stores.collect()));
        let at = self.reconcile.at.map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default();
        let by = self.reconcile.by.as_str().to_owned();
        let reconcile = [("at", text(at)), ("days", Value::Integer(self.reconcile.days.into())), ("by", text(by))];
        set("reconcile", Value::Table(reconcile.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()));
        set("payout", Value::Table(self.payout.to_table()));
        set("returns", Value::Table(self.returns.to_table()));
        table
    }

    /// The differences from an earlier mapping, one line per setting.
    pub fn changes_since(&self, earlier: &Self) -> Vec<String> {
        let (before, after) = (flat(earlier), flat(self));
        let mut changes = Vec::new();
        for (key, value) in &after {
            match before.get(key) {
                None => changes.push(format!("{key} = {value} (new)")),
                Some(old) if old != value => changes.push(format!("{key}: {old} → {value}")),
                Some(_) => {}
            }
        }
        changes.extend(
            before
                .iter()
                .filter(|(key, _)| !after.contains_key(*key))
                .map(|(key, old)| format!("{key} = {old}{REMOVED}")),
        );
        changes
    }
}

/// The end of a line about a removed value.
const REMOVED: &str = " (removed)";

/// Whether a line of [`Mapping::changes_since`] removes something that orders may need.
pub fn removes_something(change: &str) -> bool {
    change.ends_with(REMOVED)
}

fn store_table(store: &Store) -> Table {
    let mut table = Table::new();
    table.insert("book".to_owned(), text(store.book.as_str()));
    let optional = [
        ("customer_no", &store.customer_no),
        ("branch", &store.branch),
        ("bank_account", &store.bank_account),
        ("payment_term", &store.payment_term),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            table.insert(key.to_owned(), text(value.as_str()));
        }
    }
    table.insert("enabled".to_owned(), Value::Boolean(store.enabled));
    if let Some(mode) = store.tax {
        table.insert("tax".to_owned(), tax(mode));
    }
    if !store.accounts.is_empty() {
        table.insert("accounts".to_owned(), texts(&store.accounts));
    }
    if let Some(warehouses) = &store.warehouses {
        table.insert("warehouses".to_owned(), texts(warehouses));
    }
    table
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn texts(texts: &BTreeMap<String, String>) -> Value {
    Value::Table(texts.iter().map(|(key, value)| (key.clone(), text(value.as_str()))).collect())
}

fn tax(mode: TaxMode) -> Value {
    Value::Table(Table::from_iter([("mode".to_owned(), text(mode.as_str()))]))
}

/// Every setting by its full path.
fn flat(mapping: &Mapping) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    flatten("", &mapping.to_table(), &mut settings);
    settings
}

fn flatten(path: &str, table: &Table, settings: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            // An empty list of warehouses differs from a missing one: it blocks every order because of its warehouse.
            Value::Table(inner) if inner.is_empty() && key == "warehouses" => {
                settings.insert(path, "{}".to_owned());
            }
            Value::Table(inner) => flatten(&path, inner, settings),
            value => {
                settings.insert(path, value.to_string());
            }
        }
    }
}

/// Converts a JSON document to TOML; `null` counts as absent.
pub fn table_of_json(json: &serde_json::Value) -> Result<Table, &'static str> {
    match value_of_json(json) {
        Some(Value::Table(table)) => Ok(table),
        _ => Err("must be a JSON object with the settings of a mapping"),
    }
}

fn value_of_json(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(flag) => Value::Boolean(*flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64()?),
        },
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(values) => Value::Array(values.iter().filter_map(value_of_json).collect()),
        serde_json::Value::Object(map) => {
            Value::Table(map.iter().filter_map(|(key, value)| Some((key.clone(), value_of_json(value)?))).collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
        posting = "shadow"
        auto_create_at = "Shipped"
        on_cancel = "keep"
        orders_from = 2026-11-01
        invoice_number = "{store_id}-{order_id}"
        bundles = "children"
        [tax]
        mode = "exclusive"
        [accounts]
        shipping = "700101"
        refund = "400102"
        payout_rest = "699999"
        [payout]
        post = "auto"
        auto_after_days = 0
        delay_days = 2
        date = "recorded"
        before_invoice_date = "pass"
        on_overpay = "block"
        zero_lines = "send"
        rest_limit = 500
        source = "webhook"
        [payout.fields]
        reference = "payout_no"
        [payout.kinds]
        "Biaya Komisi (%)" = "service_fee"
        "Harga Asli" = "subtotal"
        [returns]
        source = "status"
        on_status = "full"
        mode = "approve"
        wait_for = "accepted"
        refund_only = "not_returned"
        wait_days = 45
        send_status = true
        restock = "forstok"
        send_empty_expense = false
        tax_number = "RET-1"
        closed_month = "next_open"
        credit = "journal"
        [warehouses]
        "834" = "Utama"
        [skus]
        "variant:16000012" = "TOPI-01"
        [stores."8277"]
        branch = "Kantor \"Pusat\""
        enabled = false
        tax = { mode = "inclusive" }
        accounts = { shipping = "2" }
        warehouses = {}
    "#;

    #[test]
    fn what_is_printed_reads_as_the_same_mapping() {
        let mapping = Mapping::parse("m", FULL).expect("valid");
        let printed = toml::to_string(&mapping.to_table()).expect("TOML");
        assert_eq!(Mapping::parse("m", &printed).expect("valid"), mapping);
        let json = serde_json::to_value(mapping.to_table()).expect("JSON");
        assert_eq!(Mapping::read(&table_of_json(&json).expect("an object")).expect("valid"), mapping);
    }

    #[test]
    fn changes_are_told_setting_by_setting() {
        let before = Mapping::parse("m", FULL).expect("valid");
        let after = FULL.replace("Shipped", "Delivered").replace("\"834\" = \"Utama\"", "\"835\" = \"B\"");
        let after = Mapping::parse("m", &after).expect("valid");
        assert_eq!(
            after.changes_since(&before),
            [
                "auto_create_at: \"Shipped\" → \"Delivered\"",
                "warehouses.835 = \"B\" (new)",
                "warehouses.834 = \"Utama\" (removed)",
            ]
        );
        assert!(before.changes_since(&before).is_empty());
    }
}
