//! The sample orders of the specification, their mapping, and the expected results.

use serde_json::{Value, json};

use super::Invoice;
use crate::domain::{invoice::ACCURATE_DAY, mapping::Mapping};

/// A mapping for all sample orders, in TOML.
pub const MAPPING: &str = include_str!("orders/mapping.toml");

const EXPECTED: &str = include_str!("orders/expected.json");

/// A sample webhook.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Its name in the specification.
    pub name: &'static str,
    /// The body as Forstok sends it.
    pub body: &'static str,
}

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        /// All sample webhooks.
        pub const SAMPLES: &[Sample] =
            &[$(Sample { name: $name, body: include_str!(concat!("orders/", $name, ".json")) }),*];
    };
}

samples!(
    "01-shopee-simple",
    "02-three-pieces-two-prices",
    "03-after-midnight-wib",
    "04-bundle",
    "05-seller-voucher",
    "06-not-cashless-shipping",
    "07-tokopedia-number-and-strings",
    "08-empty-sku",
    "09-rebate-line",
    "10-manual-order-null-address",
    "11-first-seen-cancelled",
    "12-still-open",
    "13-first-seen-completed",
    "14-unknown-store",
    "15-unknown-warehouse",
);

/// The sample mapping, parsed.
pub fn mapping() -> Mapping {
    Mapping::parse("mapping.toml", MAPPING).expect("the sample mapping is valid")
}

impl Sample {
    /// The body, parsed as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.body).expect("samples are JSON")
    }

    /// The expected state, with the reason or the invoice.
    pub fn expected(&self) -> Value {
        let mut all: Value = serde_json::from_str(EXPECTED).expect("expected.json is JSON");
        all[self.name].take()
    }
}

/// An invoice of the sandbox in the form of `expected.json`.
pub fn as_expected(invoice: &Invoice) -> Value {
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| {
            let mut shown = json!({
                "itemNo": line.item_no, "unitPrice": line.unit_price.normalize().to_string(),
                "detailName": line.detail_name, "quantity": line.quantity.normalize().to_string(),
                "useTax1": line.use_tax1,
            });
            if let Some(warehouse) = &line.warehouse_name {
                shown["warehouseName"] = json!(warehouse);
            }
            shown
        })
        .collect();
    let mut shown = json!({
        "lines": lines, "cashDiscount": invoice.cash_discount.normalize().to_string(), "taxable": invoice.taxable,
        "inclusiveTax": invoice.inclusive_tax, "customerNo": invoice.customer_no, "number": invoice.number,
        "description": invoice.description, "transDate": invoice.trans_date.strftime(ACCURATE_DAY).to_string(),
        "total": invoice.total_amount.normalize().to_string(),
    });
    if let Some(branch) = &invoice.branch_name {
        shown["branchName"] = json!(branch);
    }
    if let Some(term) = &invoice.payment_term_name {
        shown["paymentTermName"] = json!(term);
    }
    if let [expense] = invoice.expenses.as_slice() {
        shown["expense"] =
            json!({"accountNo": expense.account_no, "expenseAmount": expense.amount.normalize().to_string()});
    }
    shown
}
