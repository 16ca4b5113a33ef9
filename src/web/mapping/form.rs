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
pub(super) const CHOICES: [&str; 2] = ["on_total_difference", "unknown_stores"];

/// Whether missing customers are created: `true` or `false`.
pub(super) const CREATE_CUSTOMERS: &str = "create_missing_customers";

/// Tax of all stores.
pub(super) const TAX: &str = "tax";

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
        for (category, account) in inner(table, "accounts") {
            set(format!("accounts/{category}"), account);
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
            set(of_store(id, TAX), &Value::String(tax_of(store)));
        }
        Self(values)
    }

    /// The value of a field; empty if it has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Ids that fields are about: of stores, or of warehouses.
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
            self.put_text(&format!("accounts/{category}"), table_in(&mut table, "accounts"), category);
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
        self.put_tax(&of_store(id, TAX), store);
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

/// The field that shows a key in which something is wrong, for example `stores."8277".branch`.
pub(super) fn field_of_key(key: &str) -> String {
    let plain = key.replace('"', "");
    match plain.split_once('.') {
        Some(("stores", rest)) => match rest.split_once('.') {
            Some((id, key)) => of_store(id, if key == "enabled" { INVOICING } else { first_part(key) }),
            None => of_store(rest, INVOICING),
        },
        Some((of @ ("accounts" | WAREHOUSES | "payout" | "returns" | "reconcile"), id)) => format!("{of}/{id}"),
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

/// The id before the last slash.
fn id_in(rest: &str) -> &str {
    rest.rsplit_once('/').map_or(rest, |(id, _)| id)
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
mod tests {
    use super::*;
    use crate::{
        domain::{
            mapping::{ClosedMonth, PayoutPost, ReturnMode},
            money::Rupiah,
        },
        sandbox::samples::MAPPING,
    };

    fn sample() -> Mapping {
        Mapping::parse("sample", MAPPING).expect("valid")
    }

    fn saved(change: impl FnOnce(&mut BTreeMap<String, String>)) -> Mapping {
        let mut values = Values::of(&sample());
        change(&mut values.0);
        Mapping::read(&values.onto(&sample().to_table())).expect("valid")
    }

    #[test]
    fn a_form_that_was_not_touched_is_the_same_mapping() {
        assert_eq!(saved(|_| {}), sample());
    }

    #[test]
    fn what_was_entered_is_saved_and_what_was_emptied_is_removed() {
        let saved = saved(|values| {
            values.insert("accounts/shipping".to_owned(), "700199".to_owned());
            values.insert("accounts/service_fee".to_owned(), String::new());
            values.insert("stores/7475/payment_term".to_owned(), String::new());
            values.insert("stores/9001/invoicing".to_owned(), "off".to_owned());
            values.insert("stores/4711/invoicing".to_owned(), "on".to_owned());
            values.insert("stores/4711/branch".to_owned(), "Kantor Pusat".to_owned());
            values.insert("stores/4712/invoicing".to_owned(), String::new());
            values.insert("stores/4712/branch".to_owned(), "never saved".to_owned());
            values.insert("stores/5/invoicing".to_owned(), String::new());
            values.insert("warehouses/836".to_owned(), "Utama".to_owned());
        });
        assert_eq!(saved.accounts.get("shipping").map(String::as_str), Some("700199"));
        assert_eq!(saved.accounts.get("service_fee"), None);
        assert_eq!(saved.stores["7475"].payment_term, None);
        assert!(!saved.stores["9001"].enabled);
        assert_eq!(saved.stores["4711"].branch.as_deref(), Some("Kantor Pusat"));
        assert!(!saved.stores.contains_key("4712") && !saved.stores.contains_key("5"));
        assert_eq!(saved.warehouses.expect("they are sent").len(), 3);
        assert_eq!(saved.skus, sample().skus, "what the form does not show stays");
    }

    #[test]
    fn rules_for_payouts_returns_and_the_nightly_comparison_are_saved() {
        let set = |pairs: &[(&str, &str)]| {
            saved(|values| values.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))))
        };
        let changed = set(&[
            ("payout/post", "auto"),
            ("payout/auto_after_days", "0"),
            ("payout/rest_limit", "1000"),
            ("returns/mode", "approve"),
            ("returns/send_status", "false"),
            ("returns/closed_month", "next_open"),
            ("reconcile/at", ""),
            ("reconcile/days", "60"),
        ]);
        assert_eq!((changed.payout.post, changed.payout.auto_after_days), (PayoutPost::Auto, 0));
        assert_eq!(changed.payout.rest_limit, Rupiah::whole(1000));
        assert_eq!(changed.payout.kinds, sample().payout.kinds, "the page Payouts keeps the fees");
        assert_eq!((changed.returns.mode, changed.returns.send_status), (ReturnMode::Approve, false));
        assert_eq!(changed.returns.closed_month, ClosedMonth::NextOpen);
        assert_eq!((changed.reconcile.at, changed.reconcile.days), (None, 60));

        let emptied = set(&[("payout/rest_limit", ""), ("returns/wait_days", ""), ("reconcile/days", "")]);
        assert_eq!(emptied.payout.rest_limit, Rupiah::ZERO);
        assert_eq!((emptied.returns.wait_days, emptied.reconcile.days), (30, 45), "an empty field has its default");
    }

    #[test]
    fn without_warehouses_none_is_sent() {
        assert_eq!(saved(|values| _ = values.insert(WAREHOUSES.to_owned(), "off".to_owned())).warehouses, None);
    }

    #[test]
    fn a_mistake_is_shown_at_its_field() {
        for (key, field) in [
            ("invoice_number", "invoice_number"),
            ("tax.mode", "tax"),
            ("accounts.shipping", "accounts/shipping"),
            ("warehouses.\"834\"", "warehouses/834"),
            ("payout.rest_limit", "payout/rest_limit"),
            ("returns.mode", "returns/mode"),
            ("stores.\"8277\".branch", "stores/8277/branch"),
            ("stores.\"8277\".tax.mode", "stores/8277/tax"),
            ("stores.\"8277\".enabled", "stores/8277/invoicing"),
        ] {
            assert_eq!(field_of_key(key), field);
        }
    }
}
