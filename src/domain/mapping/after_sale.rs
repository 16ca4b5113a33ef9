//! The rules for payouts: `[payout]` (design.md §5).

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{CATEGORIES, PAYOUT_REST, Store};
use crate::domain::{money::Rupiah, toml_text::Section};

/// The longest wait that a mapping may set, in days.
const LONGEST_WAIT: i32 = 366;

/// Largest `rest_limit`, in rupiah.
const LARGEST_REST: i64 = 1_000_000;

/// The price of the products, in a payout row: it is compared with the money and not booked.
pub const SUBTOTAL: &str = "subtotal";

/// What went back to the buyer, in a payout row: returns explain it.
pub const REFUND: &str = "refund";

/// When and how a payout row becomes a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRules {
    /// Who decides that a receipt is created.
    pub post: PayoutPost,
    /// With [`PayoutPost::Auto`]: how many days after its arrival; 0 = at once.
    pub auto_after_days: i32,
    /// A receipt is created no earlier than this many days after `paid_at`.
    pub delay_days: i32,
    /// Which day is the receipt's date.
    pub date: PayoutDate,
    /// Whether a receipt may be dated before its invoice.
    pub before_invoice_date: BeforeInvoiceDate,
    /// What happens to a payout with more money than is owed on its invoice.
    pub on_overpay: OnOverpay,
    /// What happens to amounts of 0 that a row names.
    pub zero_lines: ZeroLines,
    /// Up to this, in rupiah, money that the row does not explain is booked on `accounts.payout_rest`.
    pub rest_limit: Rupiah,
    /// Where payouts come from, beside the API.
    pub source: PayoutSource,
    /// Name of a field of Forstok's payload of payouts, as payout.md §1 has it → its name in this payload.
    pub fields: BTreeMap<String, String>,
    /// Name of a fee as the marketplace writes it → category of [`payout_categories`].
    pub kinds: BTreeMap<String, String>,
}

/// Whether a receipt waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutPost {
    /// It is created once a person has approved its payout.
    Approve,
    /// It is created automatically after some days.
    Auto,
}

/// Where payouts come from, beside the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutSource {
    /// From files only.
    File,
    /// Also from Forstok's own payload, at the address of its webhooks.
    Webhook,
}

/// The fields of Forstok's payload of payouts that are read. `store_id` is not known to exist.
const FIELDS: [&str; 19] = [
    "amount_receive",
    "reference",
    "paid_at",
    "order_id",
    "invoices",
    "order",
    "id",
    "local_name",
    "local_id",
    "store_id",
    "platform_rebate",
    "shipping_price",
    "voucher_seller",
    "cashless_shipping_difference",
    "fulfillment_fee",
    "platform_fulfilment_fee",
    "service_fee",
    "balance_due",
    "total",
];

/// The receipt's date: the day on which the money arrived, or on which its row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the mapping")]
pub enum PayoutDate {
    PaidAt,
    Recorded,
}

/// What happens with a receipt whose day is before that of its invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeInvoiceDate {
    /// It is not sent, and a person acts.
    Block,
    /// Accurate is asked to accept it.
    Pass,
}

/// What happens to a payout with more money than is owed on its invoice, for example with a compensation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOverpay {
    /// The receipt pays what is owed; what was paid beyond that is a negative discount.
    NegativeDiscount,
    /// A person acts.
    Block,
}

/// What happens to amounts of 0 that a row names: nobody knows if a discount of 0 is good or harmful in Accurate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroLines {
    /// They are left out of the receipt.
    Omit,
    /// Each is a discount of 0 on the account of its category.
    Send,
}

/// What a fee name can be mapped to: everything that a row can name, which excludes the rest.
pub fn payout_categories() -> impl Iterator<Item = &'static str> {
    CATEGORIES.into_iter().filter(|category| *category != PAYOUT_REST).chain([SUBTOTAL])
}

impl Default for PayoutRules {
    fn default() -> Self {
        Self {
            post: PayoutPost::Approve,
            auto_after_days: 3,
            delay_days: 1,
            date: PayoutDate::PaidAt,
            before_invoice_date: BeforeInvoiceDate::Block,
            on_overpay: OnOverpay::NegativeDiscount,
            zero_lines: ZeroLines::Omit,
            rest_limit: Rupiah::ZERO,
            source: PayoutSource::File,
            fields: BTreeMap::new(),
            kinds: BTreeMap::new(),
        }
    }
}

impl PayoutRules {
    /// The category of an amount in a payout row: a category itself, or the marketplace's name of a fee. White space
    /// around a name does not count: marketplaces write some names with it.
    pub fn category<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let name = name.trim();
        let mapped = self.kinds.get(name).map(String::as_str);
        mapped.or_else(|| payout_categories().find(|category| *category == name))
    }

    /// What a field of Forstok's payload of payouts is called there.
    pub fn field<'a>(&'a self, name: &'a str) -> &'a str {
        self.fields.get(name).map_or(name, String::as_str)
    }

    pub(super) fn read(root: &Section<'_>) -> Self {
        let default = Self::default();
        let Some(section) = root.section("payout") else { return default };
        let before_invoice_date = [("block", BeforeInvoiceDate::Block), ("pass", BeforeInvoiceDate::Pass)];
        let on_overpay = [("negative_discount", OnOverpay::NegativeDiscount), ("block", OnOverpay::Block)];
        let rules = Self {
            post: section.choice("post", &[("approve", PayoutPost::Approve), ("auto", PayoutPost::Auto)]),
            auto_after_days: days(&section, "auto_after_days", 0, default.auto_after_days),
            delay_days: days(&section, "delay_days", 0, default.delay_days),
            date: section.choice("date", &[("paid_at", PayoutDate::PaidAt), ("recorded", PayoutDate::Recorded)]),
            before_invoice_date: section.choice("before_invoice_date", &before_invoice_date),
            on_overpay: section.choice("on_overpay", &on_overpay),
            zero_lines: section.choice("zero_lines", &[("omit", ZeroLines::Omit), ("send", ZeroLines::Send)]),
            rest_limit: section.whole("rest_limit", 0..=LARGEST_REST).map_or(default.rest_limit, Rupiah::whole),
            source: section.choice("source", &[("file", PayoutSource::File), ("webhook", PayoutSource::Webhook)]),
            fields: section.texts("fields").unwrap_or_default(),
            kinds: section.texts("kinds").unwrap_or_default(),
        };
        for (name, called) in rules.fields.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str())) {
            let value = Value::String(called.clone());
            let remedy = format!("is not a field that is read; there are {}", FIELDS.join(", "));
            section.problem(&format!("fields.{name}"), Some(&value), remedy);
        }
        for (name, category) in &rules.kinds {
            if !payout_categories().any(|known| known == category) {
                let known = payout_categories().collect::<Vec<_>>().join(", ");
                let value = Value::String(category.clone());
                let key = format!("kinds.{name}");
                section.problem(&key, Some(&value), format!("must be one of {known}"));
            }
        }
        section.finish();
        rules
    }

    pub(super) fn to_table(&self) -> Table {
        let post = match self.post {
            PayoutPost::Approve => "approve",
            PayoutPost::Auto => "auto",
        };
        let date = match self.date {
            PayoutDate::PaidAt => "paid_at",
            PayoutDate::Recorded => "recorded",
        };
        let before_invoice_date = match self.before_invoice_date {
            BeforeInvoiceDate::Block => "block",
            BeforeInvoiceDate::Pass => "pass",
        };
        let on_overpay = match self.on_overpay {
            OnOverpay::NegativeDiscount => "negative_discount",
            OnOverpay::Block => "block",
        };
        let zero_lines = match self.zero_lines {
            ZeroLines::Omit => "omit",
            ZeroLines::Send => "send",
        };
        let source = match self.source {
            PayoutSource::File => "file",
            PayoutSource::Webhook => "webhook",
        };
        let texts = |texts: &BTreeMap<String, String>| {
            let pairs = texts.iter().map(|(name, text)| (name.clone(), Value::String(text.clone())));
            Value::Table(pairs.collect())
        };
        let limit = i64::try_from(self.rest_limit.decimal()).unwrap_or_default();
        Table::from_iter([
            ("post".to_owned(), post.into()),
            ("auto_after_days".to_owned(), i64::from(self.auto_after_days).into()),
            ("delay_days".to_owned(), i64::from(self.delay_days).into()),
            ("date".to_owned(), date.into()),
            ("before_invoice_date".to_owned(), before_invoice_date.into()),
            ("on_overpay".to_owned(), on_overpay.into()),
            ("zero_lines".to_owned(), zero_lines.into()),
            ("rest_limit".to_owned(), limit.into()),
            ("source".to_owned(), source.into()),
            ("fields".to_owned(), texts(&self.fields)),
            ("kinds".to_owned(), texts(&self.kinds)),
        ])
    }
}

pub(super) fn days(section: &Section<'_>, key: &'static str, least: i64, default: i32) -> i32 {
    section.whole(key, least..=LONGEST_WAIT.into()).and_then(|days| i32::try_from(days).ok()).unwrap_or(default)
}

/// Refuses a rest account that is also the account of a named amount: unexplained differences would look like named
/// fees, and nobody would notice them (payout.md §3, B).
pub(super) fn check_rest_account(
    root: &Section<'_>,
    accounts: &BTreeMap<String, String>,
    stores: &BTreeMap<String, Store>,
) {
    let none = BTreeMap::new();
    let of_all = shares_rest_account(accounts, &none);
    if let Some((category, account)) = of_all {
        refuse(root, "accounts.payout_rest", category, account);
    }
    for (id, store) in stores {
        let shared = shares_rest_account(&store.accounts, accounts);
        if let Some((category, account)) = shared.filter(|_| of_all.is_none() || shared != of_all) {
            refuse(root, &format!("stores.\"{id}\".accounts.payout_rest"), category, account);
        }
    }
}

/// The named category that has the same account as the rest, where the first accounts override the second.
fn shares_rest_account<'a>(
    first: &'a BTreeMap<String, String>,
    second: &'a BTreeMap<String, String>,
) -> Option<(&'static str, &'a str)> {
    let account = |category: &str| first.get(category).or_else(|| second.get(category)).map(String::as_str);
    let rest = account(PAYOUT_REST)?;
    let category = CATEGORIES.into_iter().find(|one| *one != PAYOUT_REST && account(one) == Some(rest))?;
    Some((category, rest))
}

fn refuse(root: &Section<'_>, path: &str, category: &str, account: &str) {
    let remedy = format!(
        "is also the account of {category}; give payout_rest an account of its own, so that money nobody can explain \
         is not mistaken for a named amount"
    );
    root.problem_at(path, account, remedy);
}

#[cfg(test)]
mod tests {
    use crate::domain::mapping::Mapping;

    fn problems(text: &str) -> Vec<String> {
        let problems = Mapping::parse("mapping.toml", text).expect_err("must be refused");
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_rest_account_is_none_of_the_named_accounts() {
        let accounts = "[accounts]\nservice_fee = \"600104\"\npayout_rest = \"600104\"\n[stores.7]\n[stores.8]\n";
        let said = problems(accounts);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("accounts.payout_rest = \"600104\": is also the account of service_fee"),
            "{said:?}"
        );
        let of_store = accounts.replace("payout_rest = \"600104\"", "payout_rest = \"699999\"");
        assert!(Mapping::parse("m", &of_store).is_ok());
        let said = problems(&format!("{of_store}accounts = {{ refund = \"699999\" }}"));
        assert!(said[0].starts_with("stores.\"8\".accounts.payout_rest = \"699999\": is also"), "{said:?}");
    }

    #[test]
    fn a_fee_goes_to_a_category_that_exists_and_never_to_the_rest() {
        let said = problems("[payout.kinds]\n\"ads\" = \"advertising\"\n\"odd\" = \"payout_rest\"");
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("advertising") && said[0].contains("must be one of shipping, "), "{said:?}");
        let mapping = Mapping::parse("m", "[payout.kinds]\n\"Commission \" = \"service_fee\"").expect("valid");
        assert_eq!(mapping.payout.category(" Commission"), Some("service_fee"));
        assert_eq!(mapping.payout.category("subtotal"), Some("subtotal"));
        assert_eq!(mapping.payout.category("payout_rest"), None, "no row may name the rest");
    }
}
