//! The kinds of differences, in an accountant's words.

use serde::{Deserialize, Serialize};

use crate::domain::reason::Language;

/// A kind of difference between a draft and the invoice that another integration has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is explained in the table of words")]
pub enum Kind {
    DateEarlier,
    DateLater,
    DiscountMissing,
    DiscountDiffers,
    SecondPriceLost,
    FreeItemCharged,
    UnitPrice,
    Rounding,
    Quantity,
    LineMissing,
    LineExtra,
    ShippingMissing,
    ExpenseDiffers,
    ExpenseAccount,
    Tax,
    Customer,
    Branch,
    Warehouse,
    PaymentTerm,
    Total,
}

/// A kind: its code, its name and what it means, in English and Indonesian. "Here" is the invoice in Accurate.
struct Words {
    kind: Kind,
    code: &'static str,
    english: (&'static str, &'static str),
    indonesian: (&'static str, &'static str),
}

const fn words(
    kind: Kind,
    code: &'static str,
    english: (&'static str, &'static str),
    indonesian: (&'static str, &'static str),
) -> Words {
    Words { kind, code, english, indonesian }
}

const WORDS: [Words; 20] = [
    words(
        Kind::DateEarlier,
        "date_earlier",
        (
            "Date too early",
            "The invoice in Accurate has an earlier date than the draft. Orders between midnight and 7:00 WIB get the day before if the date is taken in UTC.",
        ),
        (
            "Tanggal terlalu awal",
            "Tanggal faktur di Accurate lebih awal daripada draf. Pesanan pukul 00.00–07.00 WIB mendapat tanggal sehari sebelumnya bila tanggalnya diambil dalam UTC.",
        ),
    ),
    words(
        Kind::DateLater,
        "date_later",
        ("Date too late", "The invoice in Accurate has a later date than the draft."),
        ("Tanggal terlalu lambat", "Tanggal faktur di Accurate lebih lambat daripada draf."),
    ),
    words(
        Kind::DiscountMissing,
        "discount_missing",
        (
            "Voucher or discount missing",
            "The seller's voucher or discount is not on the invoice in Accurate, so its total is too high.",
        ),
        (
            "Voucher atau diskon tidak ada",
            "Voucher atau diskon penjual tidak tercantum pada faktur di Accurate, sehingga totalnya terlalu tinggi.",
        ),
    ),
    words(
        Kind::DiscountDiffers,
        "discount_differs",
        ("Discount differs", "The invoice in Accurate has another discount than the draft."),
        ("Diskon berbeda", "Diskon pada faktur di Accurate berbeda dengan draf."),
    ),
    words(
        Kind::SecondPriceLost,
        "second_price_lost",
        (
            "Second price lost",
            "The same item was sold at several prices, but the invoice in Accurate has all pieces at one of them.",
        ),
        (
            "Harga kedua hilang",
            "Barang yang sama terjual dengan beberapa harga, tetapi faktur di Accurate memakai satu harga untuk semuanya.",
        ),
    ),
    words(
        Kind::FreeItemCharged,
        "free_item_charged",
        ("Free item charged", "An item that was given away has a price on the invoice in Accurate."),
        ("Barang gratis diberi harga", "Barang yang diberikan gratis memiliki harga pada faktur di Accurate."),
    ),
    words(
        Kind::UnitPrice,
        "unit_price",
        ("Unit price differs", "An item has another price on the invoice in Accurate."),
        ("Harga satuan berbeda", "Harga barang pada faktur di Accurate berbeda dengan draf."),
    ),
    words(
        Kind::Rounding,
        "rounding",
        (
            "Price rounded differently",
            "Prices differ by no more than one rupiah for each piece, for example where a bundle's price is divided.",
        ),
        (
            "Pembulatan harga berbeda",
            "Selisih harga paling banyak satu rupiah per barang, misalnya saat harga bundel dibagi.",
        ),
    ),
    words(
        Kind::Quantity,
        "quantity",
        ("Quantity differs", "The invoice in Accurate has another number of pieces."),
        ("Kuantitas berbeda", "Kuantitas barang pada faktur di Accurate berbeda dengan draf."),
    ),
    words(
        Kind::LineMissing,
        "line_missing",
        ("Item missing", "An item of the order is not on the invoice in Accurate."),
        ("Barang tidak ada", "Barang dari pesanan tidak tercantum pada faktur di Accurate."),
    ),
    words(
        Kind::LineExtra,
        "line_extra",
        ("Extra item", "The invoice in Accurate has an item that is not in the draft."),
        ("Barang berlebih", "Faktur di Accurate memuat barang yang tidak ada pada draf."),
    ),
    words(
        Kind::ShippingMissing,
        "shipping_missing",
        (
            "Shipping missing",
            "The buyer paid the seller for shipping, but the invoice in Accurate does not contain it.",
        ),
        (
            "Ongkos kirim tidak ada",
            "Pembeli membayar ongkos kirim kepada penjual, tetapi faktur di Accurate tidak memuatnya.",
        ),
    ),
    words(
        Kind::ExpenseDiffers,
        "expense_differs",
        ("Shipping or another charge differs", "The charges on the invoice in Accurate differ from the draft."),
        ("Ongkos kirim atau biaya lain berbeda", "Biaya pada faktur di Accurate berbeda dengan draf."),
    ),
    words(
        Kind::ExpenseAccount,
        "expense_account",
        ("Shipping on another account", "The amount is the same, but it is booked on another account."),
        ("Akun ongkos kirim berbeda", "Nominalnya sama, tetapi dibukukan pada akun perkiraan lain."),
    ),
    words(
        Kind::Tax,
        "tax",
        ("Tax differs", "Tax is applied differently than in the draft."),
        ("Pajak berbeda", "Perlakuan pajak pada faktur di Accurate berbeda dengan draf."),
    ),
    words(
        Kind::Customer,
        "customer",
        ("Customer differs", "The invoice in Accurate belongs to another customer. It may belong to another order."),
        ("Pelanggan berbeda", "Faktur di Accurate atas nama pelanggan lain. Mungkin itu faktur pesanan lain."),
    ),
    words(
        Kind::Branch,
        "branch",
        ("Branch differs", "The invoice in Accurate belongs to another branch, or to none."),
        ("Cabang berbeda", "Faktur di Accurate memakai cabang lain, atau tanpa cabang."),
    ),
    words(
        Kind::Warehouse,
        "warehouse",
        ("Warehouse differs", "The goods are taken from another warehouse, or from none."),
        ("Gudang berbeda", "Barang diambil dari gudang lain, atau tanpa gudang."),
    ),
    words(
        Kind::PaymentTerm,
        "payment_term",
        ("Payment term differs", "The invoice in Accurate has another payment term, or none."),
        (
            "Syarat pembayaran berbeda",
            "Faktur di Accurate memakai syarat pembayaran lain, atau tanpa syarat pembayaran.",
        ),
    ),
    words(
        Kind::Total,
        "total",
        (
            "Other difference in the total",
            "The part of the difference between the two totals that no other difference explains.",
        ),
        ("Total berbeda karena sebab lain", "Sisa selisih kedua total yang tidak dijelaskan oleh perbedaan lain."),
    ),
];

impl Kind {
    /// All of them, in the order in which pages list them.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|words| words.kind)
    }

    fn words(self) -> &'static Words {
        WORDS.iter().find(|words| words.kind == self).expect("every kind is in the table, as a test makes sure")
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.words().code
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        WORDS.iter().find(|words| words.code == code).map(|words| words.kind)
    }

    /// Its name.
    pub fn name(self, language: Language) -> &'static str {
        self.in_language(language).0
    }

    /// What it means.
    pub fn meaning(self, language: Language) -> &'static str {
        self.in_language(language).1
    }

    fn in_language(self, language: Language) -> (&'static str, &'static str) {
        match language {
            Language::English => self.words().english,
            Language::Indonesian => self.words().indonesian,
        }
    }
}
