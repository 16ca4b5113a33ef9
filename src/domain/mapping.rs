//! The seller's rules: when an invoice is made and which names and accounts it carries in Accurate.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml::{Table, Value};

use super::{
    document::{Problem, Problems, Section},
    order::Snapshot,
    status::{Rank, Status},
};

/// The book of stores that name none.
pub const DEFAULT_BOOK: &str = "main";

/// A whole mapping, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Status from which an invoice must stand; `None` = never.
    pub auto_create_at: Option<Status>,
    /// What happens to the invoice of an order that is cancelled afterwards.
    pub on_cancel: OnCancel,
    /// Orders of earlier days (WIB, by `ordered_at`) are ignored.
    pub orders_from: Option<Date>,
    /// Which day the invoice carries.
    pub invoice_date: InvoiceDate,
    /// Makes the invoice's number; unique per order.
    pub invoice_number: Template,
    /// Makes its description.
    pub description: Template,
    /// How bundles become lines.
    pub bundles: Bundles,
    /// What a sum that differs from the order's leads to.
    pub on_total_difference: OnTotalDifference,
    /// What an order of a store without a table leads to.
    pub unknown_stores: UnknownStores,
    /// Whether a store that is no customer in Accurate yet becomes one by itself.
    pub create_missing_customers: bool,
    /// Whether prices carry tax.
    pub tax: TaxMode,
    /// Amount category → account number.
    pub accounts: BTreeMap<String, String>,
    /// Forstok warehouse id → warehouse name; `None`: no warehouse is sent.
    pub warehouses: Option<BTreeMap<String, String>>,
    /// Forstok sku → item number, where they differ.
    pub skus: BTreeMap<String, String>,
    /// Per store id.
    pub stores: BTreeMap<String, Store>,
}

/// What is particular to one store.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// Name of the book (Accurate database) that its invoices go to.
    pub book: String,
    /// Customer number in Accurate; default: the store id.
    pub customer_no: Option<String>,
    /// Branch name in Accurate.
    pub branch: Option<String>,
    /// Cash & Bank account for receipts.
    pub bank_account: Option<String>,
    /// Payment term name in Accurate.
    pub payment_term: Option<String>,
    /// False: orders of this store are ignored.
    pub enabled: bool,
    /// Instead of the mapping's tax mode.
    pub tax: Option<TaxMode>,
    /// Goes before the mapping's accounts, category by category.
    pub accounts: BTreeMap<String, String>,
    /// Goes before the mapping's warehouses, id by id.
    pub warehouses: Option<BTreeMap<String, String>>,
}

/// `void` deletes the invoice, `keep` only marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum OnCancel {
    Void,
    Keep,
}

/// Day of the invoice: when the chosen status was reached, or when the buyer ordered; both in WIB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum InvoiceDate {
    Trigger,
    Ordered,
}

/// How a bundle becomes lines (design.md §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundles {
    /// The parent line alone.
    Parent,
    /// The parent at its price, the children at 0 (the help desk's way).
    ParentAndChildren,
    /// The parent's price spread over the children.
    Children,
}

/// Whether a difference stops the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum OnTotalDifference {
    Warn,
    Block,
}

/// Whether stores without a table are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum UnknownStores {
    Block,
    Accept,
}

/// How prices carry tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxMode {
    /// No tax.
    Off,
    /// Prices already hold it.
    Inclusive,
    /// It comes on top.
    Exclusive,
}

/// Statuses at which an invoice can be made, in the mapping's words; the first is the default.
const AUTO_CREATE_AT: [(&str, Option<Status>); 6] = [
    ("Ready to Ship", Some(Status::ReadyToShip)),
    ("Open", Some(Status::Open)),
    ("Not Shipped", Some(Status::NotShipped)),
    ("Shipped", Some(Status::Shipped)),
    ("Delivered", Some(Status::Delivered)),
    ("never", None),
];

/// The mapping's word for a status at which an invoice can be made.
pub fn status_word(status: Status) -> &'static str {
    AUTO_CREATE_AT.iter().find(|(_, one)| *one == Some(status)).map_or("never", |(word, _)| word)
}

/// Amount categories that can be given an account (forstok.md §1).
pub const CATEGORIES: [&str; 6] =
    ["shipping", "platform_rebate", "voucher_seller", "shipping_difference", "fulfillment_fee", "service_fee"];

/// A text with `{channel_order_id}`, `{order_id}` and `{store_id}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

const PLACEHOLDERS: [&str; 3] = ["{channel_order_id}", "{order_id}", "{store_id}"];

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.to_owned();
        for placeholder in PLACEHOLDERS {
            rest = rest.replace(placeholder, "");
        }
        if rest.contains(['{', '}']) {
            return Err(format!("may hold {} and no other braces", PLACEHOLDERS.join(", ")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text for one order.
    pub fn fill(&self, order: &Snapshot) -> String {
        // Order ids are digits, so what is filled in last cannot hold a placeholder of its own.
        self.0
            .replace("{store_id}", &order.store_id)
            .replace("{order_id}", order.id.as_str())
            .replace("{channel_order_id}", order.channel_order_id())
    }

    /// Whether two orders can never get the same text from one store.
    fn tells_orders_apart(&self) -> bool {
        self.0.contains("{order_id}") || self.0.contains("{channel_order_id}")
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Mapping {
    /// What an empty file means: nothing is mapped yet, so every order waits with `store_unmapped`.
    fn default() -> Self {
        Self::read(&Table::new()).expect("an empty mapping is valid")
    }
}

impl Mapping {
    /// Reads a mapping document; every mistake is reported.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let table = text.parse::<Table>().map_err(|error| vec![super::document::syntax_problem(file, &error)])?;
        Self::read(&table)
    }

    /// Reads a mapping that has been parsed as TOML (or came as JSON of the same shape).
    pub fn read(table: &Table) -> Result<Self, Vec<Problem>> {
        let problems = Problems::default();
        let root = Section::root(table, &problems);
        let auto_create_at = root.choice("auto_create_at", &AUTO_CREATE_AT);
        let mapping = Self {
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
        };
        if !mapping.invoice_number.tells_orders_apart() {
            let value = root.value("invoice_number");
            root.problem(
                "invoice_number",
                value,
                "must hold {channel_order_id} or {order_id}: each order needs its own number",
            );
        }
        root.finish();
        let problems = problems.into_vec();
        if problems.is_empty() { Ok(mapping) } else { Err(problems) }
    }

    /// The rank at which an invoice must stand; `None` = never.
    pub fn trigger_rank(&self) -> Option<Rank> {
        self.auto_create_at.and_then(Status::rank)
    }

    /// The names of all books that stores send to.
    pub fn books(&self) -> impl Iterator<Item = (&str, &str)> {
        self.stores.iter().map(|(id, store)| (id.as_str(), store.book.as_str()))
    }

    /// Account of a category for a store.
    pub fn account<'a>(&'a self, store: &'a Store, category: &str) -> Option<&'a str> {
        store.accounts.get(category).or_else(|| self.accounts.get(category)).map(String::as_str)
    }

    /// Whether any warehouse must be sent for a store.
    pub fn sends_warehouses(&self, store: &Store) -> bool {
        self.warehouses.is_some() || store.warehouses.is_some()
    }

    /// Warehouse name for a store.
    pub fn warehouse<'a>(&'a self, store: &'a Store, id: &str) -> Option<&'a str> {
        [&store.warehouses, &self.warehouses].into_iter().flatten().find_map(|names| names.get(id)).map(String::as_str)
    }

    /// Item number of a product: `skus[sku]`, else the sku, else (for an empty sku) `skus["variant:…"]`.
    pub fn item_no<'a>(&'a self, sku: &'a str, variant_id: Option<&str>) -> Option<&'a str> {
        let sku = sku.trim();
        if !sku.is_empty() {
            return Some(self.skus.get(sku).map_or(sku, String::as_str));
        }
        self.skus.get(&format!("variant:{}", variant_id?)).map(String::as_str)
    }
}

impl Store {
    /// What a store without a table gets when unknown stores are accepted.
    pub fn unknown() -> Self {
        Self {
            book: DEFAULT_BOOK.to_owned(),
            customer_no: None,
            branch: None,
            bank_account: None,
            payment_term: None,
            enabled: true,
            tax: None,
            accounts: BTreeMap::new(),
            warehouses: None,
        }
    }
}

fn read_tax(section: &Section<'_>) -> Option<TaxMode> {
    let tax = section.section("tax")?;
    let mode = tax
        .choice("mode", &[("off", TaxMode::Off), ("inclusive", TaxMode::Inclusive), ("exclusive", TaxMode::Exclusive)]);
    tax.finish();
    Some(mode)
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
            book: table.text("book").unwrap_or_else(|| DEFAULT_BOOK.to_owned()),
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
                        format!("{path}: store {id} stands twice in different spellings; keep one"),
                    );
                }
            }
        }
    }
    stores
}

/// One spelling for an id that may come as number or text, with zeros or spaces around it.
pub fn canonical_id(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.trim_start_matches('0');
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let id = if all_digits && !digits.is_empty() { digits } else { text };
    (!id.is_empty()).then(|| id.to_owned())
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
