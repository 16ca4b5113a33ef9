//! The seller's rules: when an invoice is created, and which names and accounts it has in Accurate.
//!
//! [`after_sale`] holds the rules for payouts, [`returns`] those for returns; `read` parses a document and reports
//! every error; [`text`] writes a mapping as a document; [`merge`] merges the changes of two people.

pub mod after_sale;
mod category_words;
pub mod merge;
mod read;
pub mod returns;
pub mod text;

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

pub use after_sale::{BeforeInvoiceDate, OnOverpay, PayoutDate, PayoutPost, PayoutRules, PayoutSource, ZeroLines};
pub use category_words::category_in_words;
pub use returns::{ClosedMonth, Credit, OnStatus, RefundOnly, Restock, ReturnMode, ReturnRules, ReturnSource, WaitFor};

use super::{
    ids::BookName,
    order::Snapshot,
    status::{Rank, Status},
};

/// The book of stores without one.
pub const DEFAULT_BOOK: &BookName = &BookName::of("main");

/// A complete, validated mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Whether anything is sent to Accurate.
    pub posting: PostingMode,
    /// Status from which on an invoice must exist; `None` = never.
    pub auto_create_at: Option<Status>,
    /// What happens to the invoice of an order that is cancelled afterwards.
    pub on_cancel: OnCancel,
    /// Orders of earlier days (WIB, by `ordered_at`) are ignored.
    pub orders_from: Option<Date>,
    /// Which day is the invoice's date.
    pub invoice_date: InvoiceDate,
    /// Template of the invoice's number, which is unique per order.
    pub invoice_number: Template,
    /// Template of the invoice's description.
    pub description: Template,
    /// How bundles are converted to lines.
    pub bundles: Bundles,
    /// What happens if the invoice's total differs from the order's.
    pub on_total_difference: OnTotalDifference,
    /// What happens to an order of a store without a table.
    pub unknown_stores: UnknownStores,
    /// Whether a missing customer is created for a store automatically.
    pub create_missing_customers: bool,
    /// Whether prices include tax.
    pub tax: TaxMode,
    /// Amount category → account number.
    pub accounts: BTreeMap<String, String>,
    /// Forstok warehouse id → warehouse name; `None`: no warehouse is sent.
    pub warehouses: Option<BTreeMap<String, String>>,
    /// Forstok sku → item number, where they differ.
    pub skus: BTreeMap<String, String>,
    /// Per store id.
    pub stores: BTreeMap<String, Store>,
    /// The nightly reconciliation.
    pub reconcile: Reconcile,
    /// How payout rows become receipts.
    pub payout: PayoutRules,
    /// How return records become returns.
    pub returns: ReturnRules,
}

/// When the books are reconciled every night, and for which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// From which time on, in WIB; `None`: never.
    pub at: Option<Time>,
    /// How many days back.
    pub days: i32,
    /// Which invoices are read.
    pub by: ReconcileBy,
}

/// Which invoices a reconciliation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileBy {
    /// Those of its days.
    TransDate,
    /// Those of its days, and of other days those that were changed since the last run.
    LastUpdate,
}

impl ReconcileBy {
    /// The word in the mapping.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransDate => "trans_date",
            Self::LastUpdate => "last_update",
        }
    }
}

impl Default for Reconcile {
    fn default() -> Self {
        Self { at: Some(jiff::civil::time(2, 30, 0, 0)), days: 45, by: ReconcileBy::TransDate }
    }
}

/// The settings of one store.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// Name of the book (Accurate database) for the store's invoices.
    pub book: BookName,
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
    /// Overrides the mapping's tax mode.
    pub tax: Option<TaxMode>,
    /// Override the mapping's accounts, per category.
    pub accounts: BTreeMap<String, String>,
    /// Override the mapping's warehouses, per id.
    pub warehouses: Option<BTreeMap<String, String>>,
}

/// Whether documents are sent to Accurate, or only drafted and compared with what another integration has created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostingMode {
    /// They are sent.
    #[default]
    On,
    /// Nothing is created, changed or deleted in Accurate.
    Shadow,
}

impl PostingMode {
    /// The mapping's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Shadow => "shadow",
        }
    }
}

/// `void` deletes the invoice; `keep` keeps it and adds a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum OnCancel {
    Void,
    Keep,
}

/// The invoice's date: the day on which the chosen status was reached, or on which the buyer ordered; both in WIB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum InvoiceDate {
    Trigger,
    Ordered,
}

/// How a bundle is converted to lines (design.md §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundles {
    /// Only the parent line.
    Parent,
    /// The parent at its price, the children at 0, as Forstok's help desk recommends.
    ParentAndChildren,
    /// The parent's price spread over the children.
    Children,
}

/// Whether a difference prevents the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum OnTotalDifference {
    Warn,
    Block,
}

/// Whether orders of stores without a table are invoiced.
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
    /// Prices include tax.
    Inclusive,
    /// Tax is added to the prices.
    Exclusive,
}

impl TaxMode {
    /// The mapping's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Inclusive => "inclusive",
            Self::Exclusive => "exclusive",
        }
    }
}

/// Statuses at which an invoice can be created, in the mapping's words; the first is the default.
pub const AUTO_CREATE_AT: [(&str, Option<Status>); 6] = [
    ("Ready to Ship", Some(Status::ReadyToShip)),
    ("Open", Some(Status::Open)),
    ("Not Shipped", Some(Status::NotShipped)),
    ("Shipped", Some(Status::Shipped)),
    ("Delivered", Some(Status::Delivered)),
    ("never", None),
];

/// The mapping's word for a status at which an invoice can be created.
pub fn status_word(status: Status) -> &'static str {
    AUTO_CREATE_AT.iter().find(|(_, one)| *one == Some(status)).map_or("never", |(word, _)| word)
}

/// Amount categories that can be given an account: the six of Forstok (forstok.md §1), refunds, and what no payout
/// row explains.
pub const CATEGORIES: [&str; 9] = [
    "shipping",
    "platform_rebate",
    "voucher_seller",
    "shipping_difference",
    "fulfillment_fee",
    SERVICE_FEE,
    TAX_WITHHELD,
    after_sale::REFUND,
    PAYOUT_REST,
];

/// The category of commissions and other fees of the marketplace.
pub const SERVICE_FEE: &str = "service_fee";

/// The category of taxes that the marketplace keeps back; without an account, they are part of [`SERVICE_FEE`].
pub const TAX_WITHHELD: &str = "tax_withheld";

/// The category of money that a payout row does not explain.
pub const PAYOUT_REST: &str = "payout_rest";

/// A text that may contain `{channel_order_id}`, `{order_id}` and `{store_id}`.
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
            return Err(format!("may contain {} and no other braces", PLACEHOLDERS.join(", ")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text for one order.
    pub fn fill(&self, order: &Snapshot) -> String {
        // Order ids are digits, so a value that is inserted last cannot contain a placeholder.
        self.0
            .replace("{store_id}", &order.store_id)
            .replace("{order_id}", order.id.as_str())
            .replace("{channel_order_id}", order.channel_order_id())
    }

    /// Whether two orders of one store always get different texts.
    fn tells_orders_apart(&self) -> bool {
        self.0.contains("{order_id}") || self.0.contains("{channel_order_id}")
    }

    /// Whether the text contains Forstok's order id, which is unique.
    fn names_the_order(&self) -> bool {
        self.0.contains("{order_id}")
    }

    /// The template's source text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Mapping {
    /// The meaning of an empty file: nothing is mapped yet, so every order is blocked with `store_unmapped`.
    fn default() -> Self {
        Self::read(&toml::Table::new()).expect("an empty mapping is valid")
    }
}

impl Mapping {
    /// The rank from which on an invoice must exist; `None` = never.
    pub fn trigger_rank(&self) -> Option<Rank> {
        self.auto_create_at.and_then(Status::rank)
    }

    /// The book that the orders of a store go to.
    pub fn book_of(&self, store_id: &str) -> &BookName {
        self.stores.get(store_id).map_or(DEFAULT_BOOK, |store| &store.book)
    }

    /// The customer of a store's invoices: unless the mapping names one, its number is the store's id.
    pub fn customer_of<'a>(&'a self, store_id: &'a str) -> &'a str {
        let named = self.stores.get(store_id).and_then(|store| store.customer_no.as_deref());
        named.unwrap_or(store_id)
    }

    /// The names of all books that stores use.
    pub fn books(&self) -> impl Iterator<Item = (&str, &BookName)> {
        self.stores.iter().map(|(id, store)| (id.as_str(), &store.book))
    }

    /// Account of a category for a store.
    pub fn account<'a>(&'a self, store: &'a Store, category: &str) -> Option<&'a str> {
        store.accounts.get(category).or_else(|| self.accounts.get(category)).map(String::as_str)
    }

    /// Whether a store's orders need a warehouse.
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
    /// The settings of a store without a table, if unknown stores are accepted.
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

/// Normalises an id that may be a number or a text, with leading zeros or spaces.
pub fn canonical_id(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.trim_start_matches('0');
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let id = if all_digits && !digits.is_empty() { digits } else { text };
    (!id.is_empty()).then(|| id.to_owned())
}
