//! The unreadable values of an order's snapshot, which are reported instead of lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    mapping::Bundles,
    money::Rupiah,
    order::{OrderLine, Snapshot},
    reason::Language,
};

/// A field of a snapshot, of one of its lines or of a bundle part that is unreadable or implausible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The field's purpose.
    pub field: Field,
    /// Which field it is, its value, and why the value cannot be used.
    pub problem: Problem,
}

/// The purpose of an unreadable field. It determines whether a decision depends on the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the order's fields")]
pub enum Field {
    /// The list of lines, or one entry of it.
    Lines,
    /// The list of a bundle's parts, or one entry of it.
    Parts,
    Price,
    SalePrice,
    Quantity,
    Subtotal,
    /// `discount_amount` or `voucher_amount`.
    Discount,
    VoucherSeller,
    Shipping,
    /// Whether the marketplace pays the courier. If it does not, the seller receives the shipping price.
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
    /// It is not a number such as `24500` or `24500.50`.
    NotANumber,
    /// It is above a trillion rupiah, or below minus a trillion.
    TooLarge,
    /// A text with one dot followed by three digits: 10 rupiah or 10,000?
    Ambiguous,
    /// It is negative, or more pieces than one line can have.
    NotPieces,
    /// It is not a whole number of pieces of a bundle part.
    NotWhole,
    /// It is negative where a negative value makes no sense.
    BelowZero,
    /// It should be a list.
    NotAList,
    /// It should be an object.
    NotAnObject,
    /// It is neither true nor false.
    NotAFlag,
    /// It has none of the known formats of times.
    NotATime,
    /// It is more than a day later than its arrival.
    InFuture,
}

impl Why {
    fn in_words(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::NotANumber => {
                ("is not a number such as 24500 or 24500.50", "bukan angka seperti 24500 atau 24500.50")
            }
            Self::TooLarge => ("is beyond Rp1.000.000.000.000", "melebihi Rp1.000.000.000.000"),
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
    /// The problem, for people.
    pub fn in_words(&self, language: Language) -> String {
        format!("{}: {} {}", self.path, self.value, self.why.in_words(language))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

/// The unreadable amounts and quantities of an order.
#[derive(Debug, Default)]
pub struct UnreadAmounts<'a> {
    /// Those that its invoice depends on.
    pub needed: Vec<&'a Problem>,
    /// The others.
    pub not_needed: Vec<&'a Problem>,
}

/// The sources of the seller's discount: the first one that has a discount counts, and the others are ignored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DiscountFrom {
    Order,
    OrderVoucher,
    Lines,
}

impl DiscountFrom {
    fn of(order: &Snapshot) -> Self {
        if order.discount_amount + order.voucher_amount != Rupiah::ZERO {
            Self::Order
        } else if order.voucher_seller != Rupiah::ZERO {
            Self::OrderVoucher
        } else {
            Self::Lines
        }
    }
}

impl<'a> UnreadAmounts<'a> {
    /// Sorts an order's unreadable amounts by whether an invoice with this treatment of bundles depends on them
    /// (design.md §6).
    pub fn of(order: &'a Snapshot, bundles: Bundles) -> Self {
        let discount = DiscountFrom::of(order);
        let own = order.unread.iter().filter(|unread| !matches!(unread.field, Field::UpdatedAt | Field::OrderedAt));
        let own = own.map(|unread| (unread, is_needed(order, unread, discount)));
        let of_lines = order.lines.iter().flat_map(|line| of_line(line, bundles, discount));
        let (needed, not_needed): (Vec<_>, Vec<_>) = own.chain(of_lines).partition(|(_, is_needed)| *is_needed);
        let problems =
            |unread: Vec<(&'a Unread, bool)>| unread.into_iter().map(|(unread, _)| &unread.problem).collect();
        Self { needed: problems(needed), not_needed: problems(not_needed) }
    }
}

fn is_needed(order: &Snapshot, unread: &Unread, discount: DiscountFrom) -> bool {
    match unread.field {
        Field::VoucherSeller => discount > DiscountFrom::Order,
        Field::Shipping => order.cashless == Some(false),
        Field::Cashless => {
            order.shipping_price.is_positive() || order.unread.iter().any(|unread| unread.field == Field::Shipping)
        }
        _ => true,
    }
}

/// The unreadable values of a line and of its parts, each with whether the invoice depends on it.
fn of_line(line: &OrderLine, bundles: Bundles, discount: DiscountFrom) -> impl Iterator<Item = (&Unread, bool)> {
    let is_product = line.is_product() && !line.quantity.is_zero();
    let own = line.unread.iter().map(move |unread| {
        let is_needed = match unread.field {
            Field::VoucherSeller => line.is_product() && discount == DiscountFrom::Lines,
            Field::Parts => is_product && bundles != Bundles::Parent,
            Field::Price => is_product && line.sale_price.is_none(),
            _ => is_product,
        };
        (unread, is_needed)
    });
    let of_parts = line.bundle.iter().flat_map(|part| &part.unread).map(move |unread| {
        let is_needed = match bundles {
            Bundles::Parent => false,
            Bundles::ParentAndChildren => unread.field == Field::Quantity,
            Bundles::Children => true,
        };
        (unread, is_product && is_needed)
    });
    own.chain(of_parts)
}
