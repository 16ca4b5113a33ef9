//! What in an order's snapshot could not be read, so that it is reported instead of lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    mapping::Bundles,
    money::Rupiah,
    order::{OrderLine, Snapshot},
    reason::Language,
};

/// A field of a snapshot, of one of its lines or of a bundle part that could not be read or believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What the field is for.
    pub field: Field,
    /// Where it is, what it says and why that cannot be used.
    pub problem: Problem,
}

/// What an unread field is for; whether a decision needs it depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the order's fields")]
pub enum Field {
    /// The list of lines, or an entry of it.
    Lines,
    /// The list of a bundle's parts, or an entry of it.
    Parts,
    Price,
    SalePrice,
    Quantity,
    Subtotal,
    /// `discount_amount` or `voucher_amount`.
    Discount,
    VoucherSeller,
    Shipping,
    /// Whether the marketplace pays the courier: only then is the shipping price not the seller's.
    Cashless,
    Total,
    UpdatedAt,
    OrderedAt,
}

/// One value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For example `order.item_lines[0].price`.
    pub path: String,
    /// The value, quoted and cut.
    pub value: String,
    /// Why it cannot be used.
    pub why: Why,
}

/// Why a value cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Neither `24500` nor `24500.50`.
    NotANumber,
    /// Beyond a trillion rupiah either way.
    TooLarge,
    /// A text with one dot and three digits behind it: 10 rupiah or 10,000?
    Ambiguous,
    /// Below zero, or more pieces than one line can have.
    NotPieces,
    /// A bundle part of which there is a fraction.
    NotWhole,
    /// Below zero where that makes no sense.
    BelowZero,
    /// Should be a list.
    NotAList,
    /// Should be an object.
    NotAnObject,
    /// Neither true nor false.
    NotAFlag,
    /// In none of the forms in which times are written.
    NotATime,
    /// More than a day after it arrived.
    InFuture,
}

impl Why {
    fn in_words(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::NotANumber => {
                ("is not a number such as 24500 or 24500.50", "bukan angka seperti 24500 atau 24500.50")
            }
            Self::TooLarge => ("is beyond 1000000000000 rupiah", "melebihi 1000000000000 rupiah"),
            Self::Ambiguous => (
                "is ambiguous: the dot may separate thousands or decimals",
                "tidak jelas: titiknya dapat berarti ribuan atau desimal",
            ),
            Self::NotPieces => ("is not a number of pieces", "bukan jumlah barang"),
            Self::NotWhole => ("is not a whole number of pieces", "bukan jumlah barang yang bulat"),
            Self::BelowZero => ("is below zero", "kurang dari nol"),
            Self::NotAList => ("is not a list", "bukan daftar"),
            Self::NotAnObject => ("is not an object", "bukan objek"),
            Self::NotAFlag => ("is neither true nor false", "bukan true atau false"),
            Self::NotATime => {
                ("is not a time such as 2024-02-01T09:00:00+07:00", "bukan waktu seperti 2024-02-01T09:00:00+07:00")
            }
            Self::InFuture => ("is more than a day after it arrived", "lebih dari sehari setelah diterima"),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}

impl Problem {
    /// The problem in words for a person.
    pub fn in_words(&self, language: Language) -> String {
        format!("{}: {} {}", self.path, self.value, self.why.in_words(language))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

/// The amounts and quantities of an order that could not be read.
#[derive(Debug, Default)]
pub struct UnreadAmounts<'a> {
    /// Those that its invoice depends on.
    pub needed: Vec<&'a Problem>,
    /// The others.
    pub not_needed: Vec<&'a Problem>,
}

impl<'a> UnreadAmounts<'a> {
    /// Sorts an order's unread amounts by whether an invoice with bundles of this kind depends on them (design.md §6).
    pub fn of(order: &'a Snapshot, bundles: Bundles) -> Self {
        let mut amounts = Self::default();
        let discount = order.discount_amount + order.voucher_amount;
        // The first discount that is not 0 counts; the ones after it are ignored.
        let needs_voucher = discount == Rupiah::ZERO;
        let needs_voucher_of_lines = needs_voucher && order.voucher_seller == Rupiah::ZERO;
        let shipping_is_unread = order.unread.iter().any(|unread| unread.field == Field::Shipping);
        for unread in &order.unread {
            let is_needed = match unread.field {
                Field::VoucherSeller => needs_voucher,
                Field::Shipping => order.cashless == Some(false),
                Field::Cashless => order.shipping_price.is_positive() || shipping_is_unread,
                Field::UpdatedAt | Field::OrderedAt => continue,
                _ => true,
            };
            amounts.put(unread, is_needed);
        }
        for line in &order.lines {
            amounts.add_line(line, bundles, needs_voucher_of_lines);
        }
        amounts
    }

    fn add_line(&mut self, line: &'a OrderLine, bundles: Bundles, needs_voucher: bool) {
        let is_product = line.is_product() && !line.quantity.is_zero();
        for unread in &line.unread {
            let is_needed = match unread.field {
                Field::VoucherSeller => line.is_product() && needs_voucher,
                Field::Parts => is_product && bundles != Bundles::Parent,
                Field::Price => is_product && line.sale_price.is_none(),
                _ => is_product,
            };
            self.put(unread, is_needed);
        }
        for unread in line.bundle.iter().flat_map(|part| &part.unread) {
            let is_needed = match bundles {
                Bundles::Parent => false,
                Bundles::ParentAndChildren => unread.field == Field::Quantity,
                Bundles::Children => true,
            };
            self.put(unread, is_product && is_needed);
        }
    }

    fn put(&mut self, unread: &'a Unread, is_needed: bool) {
        let list = if is_needed { &mut self.needed } else { &mut self.not_needed };
        list.push(&unread.problem);
    }
}
