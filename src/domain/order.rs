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

/// How far ahead of its arrival a time may be: clocks differ, and some senders write local time as UTC.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Forstok's order id: digits, unique over all sellers (forstok.md §3). Everything is idempotent per this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(String);

impl OrderId {
    /// Reads digits; leading zeros go, so that `138` and `"0138"` are one order.
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

    /// Whether a text holds this id as a whole word: `138` is neither in `1387` nor in `A138`.
    pub fn is_named_in(&self, text: &str) -> bool {
        text.split(|character: char| !character.is_alphanumeric()).any(|word| word == self.0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One webhook's view of an order: a full snapshot, not a change (forstok.md §2).
///
/// What Forstok left out or sent as null is `None`; nothing is guessed here.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Forstok's order id.
    pub id: OrderId,
    /// The status as it was written; kept even when it is not a documented one.
    pub status_text: String,
    /// The documented status, if it is one.
    pub status: Option<Status>,
    /// Marketplace, for example `shopee`; case varies.
    pub channel: String,
    /// The store: an integration in Forstok. Empty when it was missing.
    pub store_id: String,
    /// Its name; `None` for manual orders.
    pub store_name: Option<String>,
    /// The marketplace's order id; not unique over stores.
    pub local_id: Option<String>,
    /// The number the buyer sees.
    pub local_name: Option<String>,
    /// When the buyer ordered.
    pub ordered_at: Option<Timestamp>,
    /// When this snapshot was taken: the only event time there is.
    pub updated_at: Option<Timestamp>,
    /// Pieces and pseudo lines.
    pub lines: Vec<OrderLine>,
    /// Price of shipping.
    pub shipping_price: Rupiah,
    /// True when the marketplace pays the courier, so that shipping is not the seller's money.
    pub cashless: Option<bool>,
    /// Discount on the order.
    pub discount_amount: Rupiah,
    /// Voucher on the order; can be absent.
    pub voucher_amount: Rupiah,
    /// The seller's part of the voucher.
    pub voucher_seller: Rupiah,
    /// The order total as Forstok gives it; compared with the invoice's sum.
    pub total_price: Option<Rupiah>,
    /// Forstok's warehouse id: one for the whole order.
    pub warehouse_id: Option<String>,
    /// What of the order could not be read; lines and parts keep their own.
    pub unread: Vec<Unread>,
}

/// One line of an order: one piece, unless a quantity is given (forstok.md §3).
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// Seller's stock keeping unit; can be empty.
    pub sku: String,
    /// Product name.
    pub name: String,
    /// Colour, size and the like.
    pub variant_name: String,
    /// Forstok's id of the variant, by which an empty sku can be mapped.
    pub variant_id: Option<String>,
    /// Forstok's id of the line; `rebate` marks a pseudo line.
    pub line_id: Option<String>,
    /// List price.
    pub price: Option<Rupiah>,
    /// Price asked; a real 0 is a price, null is not.
    pub sale_price: Option<Rupiah>,
    /// The seller's voucher on this line.
    pub voucher_seller: Rupiah,
    /// Pieces: 1 unless Forstok says otherwise.
    pub quantity: Decimal,
    /// The parts of a bundle; empty when it is not a bundle.
    pub bundle: Vec<BundlePart>,
    /// What of the line could not be read.
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
    /// What these pieces would cost alone; the weight by which a bundle's price is spread.
    pub subtotal: Rupiah,
    /// What of the part could not be read.
    pub unread: Vec<Unread>,
}

impl Snapshot {
    /// The number people know the order by: `local_name`, else `local_id`, else Forstok's id.
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

    /// The snapshot with every time that is more than a day ahead of its arrival replaced by its arrival: a year 9999
    /// would outrank all later snapshots for ever (design.md §4).
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

    /// What `updated_at` says when that is not a time.
    pub fn unread_update_time(&self) -> Option<&Problem> {
        let is_it = |unread: &&Unread| unread.field == Field::UpdatedAt && unread.problem.why == Why::NotATime;
        self.unread.iter().find(is_it).map(|unread| &unread.problem)
    }

    /// Shipping is the seller's money only when the marketplace does not pay the courier (forstok.md §3).
    pub fn sellers_shipping(&self) -> Rupiah {
        let is_sellers = self.cashless == Some(false) && self.shipping_price.is_positive();
        if is_sellers { self.shipping_price } else { Rupiah::ZERO }
    }

    /// Every SKU of the order, those inside bundles too.
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
    /// A product, and not the pseudo line `Rebate` (forstok.md §3).
    pub fn is_product(&self) -> bool {
        let is_rebate = |text: &str| text.trim().eq_ignore_ascii_case("rebate");
        !is_rebate(&self.sku) && !is_rebate(&self.name) && !self.line_id.as_deref().is_some_and(is_rebate)
    }

    /// `sale_price` if it is not null, else `price` (design.md §6).
    pub fn unit_price(&self) -> Option<Rupiah> {
        self.sale_price.or(self.price)
    }

    /// Name and variant, as a person would say it.
    pub fn full_name(&self) -> String {
        join_words(&self.name, &self.variant_name)
    }
}

/// Two texts with one space between, or the one that is not empty.
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
