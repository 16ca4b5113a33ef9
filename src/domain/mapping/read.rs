//! Converts a document to a mapping, strictly, and reports every error.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use toml::{Table, Value};

use super::{
    AUTO_CREATE_AT, Bundles, CATEGORIES, DEFAULT_BOOK, InvoiceDate, Mapping, OnCancel, OnTotalDifference, PayoutRules,
    PostingMode, Reconcile, ReconcileBy, ReturnRules, Store, TaxMode, Template, UnknownStores,
    after_sale::check_rest_account, canonical_id,
};
use crate::domain::{
    ids::BookName,
    toml_text::{Problem, Problems, Section, syntax_problem},
};

impl Mapping {
    /// Reads a mapping document and reports every error.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let table = text.parse::<Table>().map_err(|error| vec![syntax_problem(file, &error)])?;
        Self::read(&table)
    }

    /// Reads a mapping that has been parsed as TOML (or came as JSON of the same shape).
    pub fn read(table: &Table) -> Result<Self, Vec<Problem>> {
        let problems = Problems::default();
        let root = Section::root(table, &problems);
        let auto_create_at = root.choice("auto_create_at", &AUTO_CREATE_AT);
        let mapping = Self {
            posting: root.choice("posting", &[("on", PostingMode::On), ("shadow", PostingMode::Shadow)]),
            auto_create_at,
            on_cancel: root.choice("on_cancel", &[("void", OnCancel::Void), ("keep", OnCancel::Keep)]),
            orders_from: read_date(&root, "orders_from"),
            invoice_date: root
                .choice("invoice_date", &[("trigger", InvoiceDate::Trigger), ("ordered", InvoiceDate::Ordered)]),
            invoice_number: read_template(&root, "invoice_number", "{channel_order_id}"),
            description: read_template(&root, "description", "{order_id}"),
            bundles: root.choice(
                "bundles",
                &[
                    ("parent_and_children", Bundles::ParentAndChildren),
                    ("parent", Bundles::Parent),
                    ("children", Bundles::Children),
                ],
            ),
            on_total_difference: root.choice(
                "on_total_difference",
                &[("warn", OnTotalDifference::Warn), ("block", OnTotalDifference::Block)],
            ),
            unknown_stores: root
                .choice("unknown_stores", &[("block", UnknownStores::Block), ("accept", UnknownStores::Accept)]),
            create_missing_customers: root.flag("create_missing_customers", true),
            tax: read_tax(&root).unwrap_or(TaxMode::Off),
            accounts: read_accounts(&root),
            warehouses: root.texts("warehouses"),
            skus: root.texts("skus").unwrap_or_default(),
            stores: read_stores(&root),
            reconcile: read_reconcile(&root),
            payout: PayoutRules::read(&root),
            returns: ReturnRules::read(&root),
        };
        if !mapping.invoice_number.tells_orders_apart() {
            let value = root.value("invoice_number");
            root.problem(
                "invoice_number",
                value,
                "must contain {channel_order_id} or {order_id}: each order needs its own number",
            );
        }
        if !mapping.description.names_the_order() {
            root.problem(
                "description",
                root.value("description"),
                "must contain {order_id}: by it an invoice is recognised as its order's, for example before a \
                 cancellation deletes it",
            );
        }
        check_rest_account(&root, &mapping.accounts, &mapping.stores);
        root.finish();
        let problems = problems.into_vec();
        if problems.is_empty() { Ok(mapping) } else { Err(problems) }
    }
}

fn read_tax(section: &Section<'_>) -> Option<TaxMode> {
    let tax = section.section("tax")?;
    let mode = tax
        .choice("mode", &[("off", TaxMode::Off), ("inclusive", TaxMode::Inclusive), ("exclusive", TaxMode::Exclusive)]);
    tax.finish();
    Some(mode)
}

fn read_reconcile(root: &Section<'_>) -> Reconcile {
    let default = Reconcile::default();
    let Some(section) = root.section("reconcile") else { return default };
    let at = match section.value("at") {
        None => default.at,
        Some(value) => {
            let word = match value {
                Value::Datetime(time) => time.to_string(),
                Value::String(text) => text.trim().to_owned(),
                _ => "?".to_owned(),
            };
            let at = Time::strptime("%H:%M", &word).or_else(|_| word.parse::<Time>()).ok();
            if at.is_none() && !word.is_empty() {
                section.problem("at", Some(value), "must be a time in WIB such as \"02:30\", or \"\" for never");
            }
            at
        }
    };
    let days = section.whole("days", 1..=366).and_then(|days| i32::try_from(days).ok()).unwrap_or(default.days);
    let by = section.choice("by", &[ReconcileBy::TransDate, ReconcileBy::LastUpdate].map(|by| (by.as_str(), by)));
    section.finish();
    Reconcile { at, days, by }
}

fn read_accounts(section: &Section<'_>) -> BTreeMap<String, String> {
    let Some(table) = section.section("accounts") else { return BTreeMap::new() };
    let accounts =
        CATEGORIES.into_iter().filter_map(|category| Some((category.to_owned(), table.text(category)?))).collect();
    table.finish();
    accounts
}

fn read_stores(root: &Section<'_>) -> BTreeMap<String, Store> {
    let mut stores = BTreeMap::new();
    for (written, table) in root.sections("stores") {
        let store = Store {
            book: table.text("book").map_or_else(|| DEFAULT_BOOK.clone(), BookName::from),
            customer_no: table.text("customer_no"),
            branch: table.text("branch"),
            bank_account: table.text("bank_account"),
            payment_term: table.text("payment_term"),
            enabled: table.flag("enabled", true),
            tax: read_tax(&table),
            accounts: read_accounts(&table),
            warehouses: table.texts("warehouses"),
        };
        let path = table.path().to_owned();
        table.finish();
        match canonical_id(&written) {
            None => root.problem("stores", None, format!("{path} has no store id; use the id that Forstok shows")),
            Some(id) => {
                if stores.insert(id.clone(), store).is_some() {
                    root.problem(
                        "stores",
                        None,
                        format!("{path}: store {id} appears twice in different spellings; keep one of the two"),
                    );
                }
            }
        }
    }
    stores
}

fn read_template(section: &Section<'_>, key: &'static str, default: &str) -> Template {
    let text = section.text(key).unwrap_or_else(|| default.to_owned());
    Template::parse(&text).unwrap_or_else(|remedy| {
        section.problem(key, Some(&Value::String(text)), remedy);
        Template(default.to_owned())
    })
}

fn read_date(section: &Section<'_>, key: &'static str) -> Option<Date> {
    let value = section.value(key)?;
    let text = match value {
        Value::Datetime(date) => date.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => String::new(),
    };
    let date = text.parse::<Date>().ok();
    if date.is_none() {
        section.problem(key, Some(value), "must be a day such as 2026-11-01");
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let problems = Mapping::parse("mapping.toml", text).expect_err("must be refused");
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_key_value_and_remedy() {
        insta::assert_snapshot!(
            problems(
                r#"
            auto_create_at = "Redy to Ship"
            bundle = "parent"
            create_missing_customers = "yes"
            invoice_number = "{store_id}"
            description = "{ordr_id}"
            orders_from = "soon"
            [tax]
            mode = "incl"
            [accounts]
            shiping = "700101"
            voucher_seller = 600101
            [stores.8277]
            branch = "Kantor Pusat"
            enabeld = false
            [stores."08277"]
            book = 5
            "#
            )
            .join("\n")
        );
    }

    #[test]
    fn a_description_names_the_order() {
        for (description, right) in [
            ("{order_id}", true),
            ("Pesanan {order_id} ({channel_order_id})", true),
            ("{channel_order_id}", false),
            ("Pesanan Shopee", false),
        ] {
            let document = format!("description = \"{description}\"");
            let read = Mapping::parse("mapping.toml", &document);
            assert_eq!(read.is_ok(), right, "{description}");
            if let Err(problems) = read {
                assert_eq!(problems.len(), 1);
                let said = problems[0].to_string();
                let expected = format!("description = \"{description}\": must contain {{order_id}}");
                assert!(said.starts_with(&expected), "{said}");
            }
        }
    }

    #[test]
    fn a_syntax_error_names_file_line_and_column() {
        insta::assert_snapshot!(problems("auto_create_at = Ready").join("\n"));
    }

    #[test]
    fn a_stores_own_accounts_and_warehouses_go_first() {
        let mapping = Mapping::parse(
            "m",
            r#"
            [accounts]
            shipping = "1"
            [warehouses]
            "834" = "Utama"
            "835" = "B"
            [stores.7]
            accounts = { shipping = "2" }
            warehouses = { "834" = "Toko" }
        "#,
        )
        .expect("valid");
        let store = &mapping.stores["7"];
        assert_eq!(mapping.account(store, "shipping"), Some("2"));
        assert_eq!(mapping.warehouse(store, "834"), Some("Toko"));
        assert_eq!(mapping.warehouse(store, "835"), Some("B"));
        assert_eq!(mapping.warehouse(store, "836"), None);
    }

    #[test]
    fn an_empty_sku_can_be_mapped_by_its_variant() {
        let mapping = Mapping::parse("m", "[skus]\n\"variant:16000012\" = \"TOPI-01\"\n\"A\" = \"B\"").expect("valid");
        assert_eq!(mapping.item_no(" ", Some("16000012")), Some("TOPI-01"));
        assert_eq!(mapping.item_no(" A ", None), Some("B"));
        assert_eq!(mapping.item_no("C", None), Some("C"));
        assert_eq!(mapping.item_no("", None), None);
    }
}
