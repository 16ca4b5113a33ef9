//! One snapshot of an order, as Forstok sent it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    money::Rupiah,
    status::Status,
    unread::{Field, Problem, Unread, Why},
};

/// How far in the future a time may be when it arrives: clocks differ, and some senders write local time as UTC.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Forstok's order id: digits, unique across all sellers (forstok.md §3). Everything is idempotent per order id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(String);

impl OrderId {
    /// Parses digits; leading zeros are removed, so that `138` and `"0138"` are the same order.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.trim_start_matches('0');
        let readable = !digits.is_empty() && digits.len() <= 40 && digits.bytes().all(|b| b.is_ascii_digit());
        readable.then(|| Self(digits.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text contains this id as a whole word: `1387` and `A138` do not contain `138`.
    pub fn is_named_in(&self, text: &str) -> bool {
        words(text).any(|word| word == self.0)
    }
}

/// The words of a text, any of which may be the id of an order.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty())
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One webhook's view of an order: a full snapshot, not a change (forstok.md §2).
///
/// A value that Forstok omitted or sent as null is `None`; nothing is guessed here.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Forstok's order id.
    pub id: OrderId,
    /// The status as Forstok wrote it; stored even if it is not documented.
    pub status_text: String,
    /// The documented status, if it is one.
    pub status: Option<Status>,
    /// Marketplace, for example `shopee`; upper and lower case vary.
    pub channel: String,
    /// The store: an integration in Forstok. Empty when it was missing.
    pub store_id: String,
    /// Its name; `None` for manual orders.
    pub store_name: Option<String>,
    /// The marketplace's order id; not unique across stores.
    pub local_id: Option<String>,
    /// The order number that the buyer sees.
    pub local_name: Option<String>,
    /// When the buyer ordered.
    pub ordered_at: Option<Timestamp>,
    /// When this snapshot was taken: the only event time that Forstok sends.
    pub updated_at: Option<Timestamp>,
    /// Pieces and pseudo lines.
    pub lines: Vec<OrderLine>,
    /// Price of shipping.
    pub shipping_price: Rupiah,
    /// True when the marketplace pays the courier, so that shipping is not the seller's money.
    pub cashless: Option<bool>,
    /// Discount on the order.
    pub discount_amount: Rupiah,
    /// Voucher on the order; may be absent.
    pub voucher_amount: Rupiah,
    /// The seller's part of the voucher.
    pub voucher_seller: Rupiah,
    /// The order total that Forstok gives; compared with the invoice's total.
    pub total_price: Option<Rupiah>,
    /// Forstok's warehouse id: one for the whole order.
    pub warehouse_id: Option<String>,
    /// The seller's code of this warehouse.
    pub warehouse_code: Option<String>,
    /// The order's unreadable values; lines and parts have their own.
    pub unread: Vec<Unread>,
}

/// One line of an order: one piece, unless a quantity is given (forstok.md §3).
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// The seller's stock keeping unit; may be empty.
    pub sku: String,
    /// Product name.
    pub name: String,
    /// Colour, size and the like.
    pub variant_name: String,
    /// Forstok's id of the variant, by which a product without a sku can be mapped.
    pub variant_id: Option<String>,
    /// Forstok's id of the line; `rebate` marks a pseudo line.
    pub line_id: Option<String>,
    /// List price.
    pub price: Option<Rupiah>,
    /// Actual price; 0 is a price, null is not.
    pub sale_price: Option<Rupiah>,
    /// The seller's voucher on this line.
    pub voucher_seller: Rupiah,
    /// Pieces: 1 unless Forstok says otherwise.
    pub quantity: Decimal,
    /// The parts of a bundle; empty when it is not a bundle.
    pub bundle: Vec<BundlePart>,
    /// The line's unreadable values.
    pub unread: Vec<Unread>,
}

/// One product inside a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct BundlePart {
    /// Its own sku.
    pub sku: String,
    /// Its own name.
    pub name: String,
    /// Pieces in one bundle, a whole number.
    pub quantity: u32,
    /// What these pieces would cost separately; the weight by which a bundle's price is spread.
    pub subtotal: Rupiah,
    /// The part's unreadable values.
    pub unread: Vec<Unread>,
}

impl Snapshot {
    /// The order number that people use: `local_name`, else `local_id`, else Forstok's id.
    pub fn channel_order_id(&self) -> &str {
        [&self.local_name, &self.local_id]
            .into_iter()
            .flatten()
            .map(|text| text.trim())
            .find(|text| !text.is_empty())
            .unwrap_or(self.id.as_str())
    }

    /// The store's name, else its channel (forstok.md §3).
    pub fn store_name_or_channel(&self) -> &str {
        self.store_name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&self.channel)
    }

    /// The seller's discount: the first that is not 0; platform vouchers are not the seller's (design.md §6).
    pub fn sellers_discount(&self) -> Rupiah {
        let of_lines = self.products().map(|product| product.voucher_seller).sum();
        let candidates = [self.discount_amount + self.voucher_amount, self.voucher_seller, of_lines];
        candidates.into_iter().find(|amount| *amount != Rupiah::ZERO).unwrap_or_default()
    }

    /// The snapshot, with every time that is more than a day in the future replaced by the time of arrival: a year 9999
    /// would outrank all later snapshots forever (design.md §4).
    #[must_use]
    pub fn arrived(mut self, arrived_at: Timestamp) -> Self {
        let times = [
            (Field::UpdatedAt, "order.updated_at", &mut self.updated_at),
            (Field::OrderedAt, "order.ordered_at", &mut self.ordered_at),
        ];
        for (field, path, time) in times {
            if let Some(ahead) = time.filter(|time| time.duration_since(arrived_at) > FURTHEST_AHEAD) {
                let problem = Problem { path: path.to_owned(), value: ahead.to_string(), why: Why::InFuture };
                self.unread.push(Unread { field, problem });
                *time = Some(arrived_at);
            }
        }
        self
    }

    /// The text of an `updated_at` that is not a time.
    pub fn unread_update_time(&self) -> Option<&Problem> {
        let is_it = |unread: &&Unread| unread.field == Field::UpdatedAt && unread.problem.why == Why::NotATime;
        self.unread.iter().find(is_it).map(|unread| &unread.problem)
    }

    /// The seller receives the shipping price only if the marketplace does not pay the courier (forstok.md §3).
    pub fn sellers_shipping(&self) -> Rupiah {
        let is_sellers = self.cashless == Some(false) && self.shipping_price.is_positive();
        if is_sellers { self.shipping_price } else { Rupiah::ZERO }
    }

    /// Every SKU of the order, including those inside bundles.
    pub fn skus(&self) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .flat_map(|line| std::iter::once(line.sku.as_str()).chain(line.bundle.iter().map(|part| part.sku.as_str())))
    }

    /// Lines that are products.
    pub fn products(&self) -> impl Iterator<Item = &OrderLine> {
        self.lines.iter().filter(|line| line.is_product())
    }
}

impl OrderLine {
    /// Whether it is a product, not the pseudo line `Rebate` (forstok.md §3).
    pub fn is_product(&self) -> bool {
        let is_rebate = |text: &str| text.trim().eq_ignore_ascii_case("rebate");
        !is_rebate(&self.sku) && !is_rebate(&self.name) && !self.line_id.as_deref().is_some_and(is_rebate)
    }

    /// `sale_price` if it is not null, else `price` (design.md §6).
    pub fn unit_price(&self) -> Option<Rupiah> {
        self.sale_price.or(self.price)
    }

    /// Name and variant, for people.
    pub fn full_name(&self) -> String {
        join_words(&self.name, &self.variant_name)
    }
}

/// Two texts separated by a space, or the one that is not empty.
fn join_words(first: &str, second: &str) -> String {
    match (first.trim(), second.trim()) {
        (first, "") => first.to_owned(),
        ("", second) => second.to_owned(),
        (first, second) => format!("{first} {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_is_digits() {
        assert_eq!(OrderId::parse(" 138163394 ").expect("digits").as_str(), "138163394");
        assert_eq!(OrderId::parse("0138"), OrderId::parse("138"));
        for text in ["", "0", "-5", "12a", "１２"] {
            assert_eq!(OrderId::parse(text), None, "{text:?}");
        }
    }
}
