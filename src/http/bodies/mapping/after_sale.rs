//! The tables of the mapping for what follows the sale.

use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Schema, Type},
};

use super::{one_of, or_null};
use crate::domain::mapping::after_sale::payout_categories;

/// How payouts become receipts.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct MappingPayout {
    /// `approve`: a person lets each receipt go out; `auto`: it goes out `auto_after_days` after its payout arrived.
    #[schema(example = "approve", schema_with = payout_post)]
    post: Option<String>,
    /// Days after arrival; 0: immediately.
    #[schema(example = 3, minimum = 0, maximum = 366)]
    auto_after_days: Option<i64>,
    /// Days after the marketplace paid.
    #[schema(example = 1, minimum = 0, maximum = 366)]
    delay_days: Option<i64>,
    /// The receipt's date: `paid_at` or `recorded`.
    #[schema(example = "paid_at", schema_with = payout_date)]
    date: Option<String>,
    /// A receipt that would be dated before its invoice: `block` does not send it, `pass` tells Accurate to accept it.
    #[schema(example = "block", schema_with = before_invoice_date)]
    before_invoice_date: Option<String>,
    /// A payout with more money than is owed on its invoice: `negative_discount`, or `block`.
    #[schema(example = "negative_discount", schema_with = on_overpay)]
    on_overpay: Option<String>,
    /// Amounts of 0 that a payout names: `omit`, or `send` as discounts of 0.
    #[schema(example = "omit", schema_with = zero_lines)]
    zero_lines: Option<String>,
    /// Up to this, in rupiah, an unexplained difference is booked on the account of `payout_rest`.
    #[schema(example = 0, minimum = 0, maximum = 1_000_000)]
    rest_limit: Option<i64>,
    /// Name of a fee as the marketplace writes it → category.
    #[schema(example = json!({"commission_fee": "service_fee"}), schema_with = kinds)]
    kinds: Option<BTreeMap<String, String>>,
}

/// How return records become returns.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct MappingReturns {
    /// `status`: orders that are `Returned` or `Failed Delivery` get a return record; `off`: they do not.
    #[schema(example = "off", schema_with = returns_source)]
    source: Option<String>,
    /// Such an order without details of its return: `block`, or `full` for the whole order.
    #[schema(example = "block", schema_with = on_status)]
    on_status: Option<String>,
    /// `list`, `approve` or `auto`.
    #[schema(example = "list", schema_with = returns_mode)]
    mode: Option<String>,
    /// `received` or `accepted`.
    #[schema(example = "received", schema_with = wait_for)]
    wait_for: Option<String>,
    /// `discount` or `not_returned`.
    #[schema(example = "discount", schema_with = refund_only)]
    refund_only: Option<String>,
    /// Days without goods, or without a return record, until a person is asked.
    #[schema(example = 30, minimum = 1, maximum = 366)]
    wait_days: Option<i64>,
    /// Whether sales returns are sent with the fields that say whether the goods came back; some Accurate databases do
    /// not have these fields.
    send_status: Option<bool>,
    /// Who puts goods back into stock: `accurate` or `forstok`.
    #[schema(example = "accurate", schema_with = restock)]
    restock: Option<String>,
    /// Whether returns without expenses contain an empty `detailExpense`.
    send_empty_expense: Option<bool>,
    /// The tax number of returns of taxed invoices; empty: Accurate gives it.
    tax_number: Option<String>,
    /// A return whose month is closed in Accurate: `block`, or `next_open` to date it in the next open month.
    #[schema(example = "block", schema_with = closed_month)]
    closed_month: Option<String>,
    /// The credit after a return of a paid invoice: `leave`, or `journal` to be shown the voucher that closes it.
    #[schema(example = "leave", schema_with = credit)]
    credit: Option<String>,
}

fn payout_post() -> Object {
    one_of(["approve", "auto"])
}

fn payout_date() -> Object {
    one_of(["paid_at", "recorded"])
}

fn returns_source() -> Object {
    one_of(["off", "status"])
}

fn on_status() -> Object {
    one_of(["block", "full"])
}

fn returns_mode() -> Object {
    one_of(["list", "approve", "auto"])
}

fn wait_for() -> Object {
    one_of(["received", "accepted"])
}

fn restock() -> Object {
    one_of(["accurate", "forstok"])
}

fn before_invoice_date() -> Object {
    one_of(["block", "pass"])
}

fn on_overpay() -> Object {
    one_of(["negative_discount", "block"])
}

fn zero_lines() -> Object {
    one_of(["omit", "send"])
}

fn closed_month() -> Object {
    one_of(["block", "next_open"])
}

fn credit() -> Object {
    one_of(["leave", "journal"])
}

fn refund_only() -> Object {
    one_of(["discount", "not_returned"])
}

/// A table of fee names with a category each.
fn kinds() -> Object {
    let category = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(payout_categories()));
    or_null(Type::Object).additional_properties(Some(Schema::Object(category.build()))).build()
}
