//! What exactly a finding or a warning is about, kept as data so that every reader reads it in their own language.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{money::Rupiah, reason::Language, recheck::Subject, unread::Problem};

/// The product, store, amounts or invoice that a finding or a warning is about.
///
/// Names, numbers and SKUs are the seller's text and stay as they are in every language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// A store as Forstok names it; `id` is empty when the order names none.
    Store {
        /// Forstok's store id.
        id: String,
        /// Its name, or the channel.
        name: String,
    },
    /// A warehouse in Forstok.
    Warehouse {
        /// Forstok's warehouse id; `None` when the order names none.
        id: Option<String>,
    },
    /// The whole order.
    Order {
        /// Forstok's order id.
        id: String,
    },
    /// What Forstok sent is no longer kept: it is older than `database.keep_bodies_days`.
    BodyCleared,
    /// What Forstok sent cannot be read.
    Unreadable {
        /// What was not understood, naming the field and its value.
        problem: String,
    },
    /// A product.
    Product {
        /// Which one.
        product: Product,
    },
    /// A product that is part of a bundle.
    Part {
        /// Which one.
        part: Product,
        /// The bundle.
        bundle: Box<Product>,
    },
    /// A value in what Forstok sent that cannot be read or used.
    Unread {
        /// Where it is, what it says, and why it cannot be used.
        problem: Problem,
    },
    /// A status as Forstok wrote it.
    Status {
        /// The status.
        text: String,
    },
    /// The day on which the order was cancelled.
    CancelledOn {
        /// In WIB.
        day: Date,
    },
    /// A discount below zero.
    DiscountNegative {
        /// The discount.
        #[serde(with = "as_text")]
        discount: Rupiah,
    },
    /// A product without a price.
    PriceMissing {
        /// Which one.
        product: Product,
    },
    /// A product whose price is below zero.
    PriceNegative {
        /// Which one.
        product: Product,
        /// The price.
        #[serde(with = "as_text")]
        price: Rupiah,
    },
    /// A discount above the products' subtotal.
    Discount {
        /// The discount.
        #[serde(with = "as_text")]
        discount: Rupiah,
        /// Σ of the products.
        #[serde(with = "as_text")]
        subtotal: Rupiah,
    },
    /// A shipping price that has no account.
    Shipping {
        /// The price.
        #[serde(with = "as_text")]
        amount: Rupiah,
    },
    /// The invoice's total beside the order's.
    OrderTotal {
        /// The invoice total.
        #[serde(with = "as_text")]
        invoice: Rupiah,
        /// What Forstok says.
        #[serde(with = "as_text")]
        order: Rupiah,
    },
    /// Accurate's total beside the one that was sent.
    AccurateTotal {
        /// What Accurate says.
        #[serde(with = "as_text")]
        accurate: Rupiah,
        /// What was sent.
        #[serde(with = "as_text")]
        invoice: Rupiah,
    },
    /// A product's name after it was cut.
    Name {
        /// As it is on the invoice.
        name: String,
    },
    /// An invoice in Accurate.
    Invoice {
        /// Its number.
        number: String,
        /// Accurate's id, when it is known.
        id: Option<i64>,
    },
    /// An invoice in Accurate that is not this order's.
    OtherInvoice {
        /// Its number.
        number: String,
        /// Accurate's id.
        id: i64,
        /// In what it differs from this order's.
        differences: Vec<Difference>,
    },
    /// An invoice in Accurate that belongs to another order.
    InvoiceOfOrder {
        /// Its number.
        number: String,
        /// Accurate's id.
        id: i64,
        /// The other order.
        order_id: String,
    },
    /// This order's invoice has another number in Accurate than it was created with.
    Renumbered {
        /// Accurate's id.
        id: i64,
        /// The number that it was created with.
        from: String,
        /// The number that it has now.
        to: String,
    },
    /// An invoice that Accurate reports as deleted but still shows.
    StillThere {
        /// Its number.
        number: String,
    },
    /// A reply to a save was lost, and the invoices of that day cannot be listed to look for this order's.
    NotSearchable {
        /// Forstok's order id, by which a person finds the invoice.
        order_id: String,
    },
    /// The invoice would not say which order it is for.
    DescriptionWithoutOrder {
        /// What its description would be.
        description: String,
    },
    /// An invoice that cannot be deleted because a receipt exists for it.
    Receipt {
        /// The invoice's number.
        number: String,
    },
    /// A customer in Accurate.
    Customer {
        /// Its number.
        no: String,
        /// Its name.
        name: String,
    },
    /// What changed in Forstok since the invoice was created.
    Changes {
        /// In the order in which a person would compare them; never empty.
        changes: Vec<Change>,
    },
    /// Accurate's own words, as they came.
    Accurate {
        /// What outside of us it is about, when that is known.
        subject: Option<Subject>,
        /// The message.
        words: String,
    },
}

/// A product as a person finds it again in Forstok.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Product {
    /// Name and variant; may be empty.
    pub name: String,
    /// Its SKU; may be empty.
    pub sku: String,
    /// Forstok's variant id.
    pub variant_id: Option<String>,
}

/// In what an invoice in Accurate differs from the one that was to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which field.
    pub field: Field,
    /// What Accurate has.
    pub there: String,
    /// What this order's invoice has.
    pub ours: String,
}

/// A field in which two invoices are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Customer number.
    Customer,
    /// Description, which holds Forstok's order id.
    Description,
    /// Total in rupiah.
    Total,
    /// Number.
    Number,
    /// Day.
    Day,
}

/// One thing that changed in an order after its invoice was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What.
    pub what: Changed,
    /// Before, as it was invoiced; empty: it was not there.
    pub before: String,
    /// Now; empty: it is gone.
    pub after: String,
}

/// What of an order can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// Total in rupiah.
    Total,
    /// The seller's discount in rupiah.
    Discount,
    /// Shipping in rupiah.
    Shipping,
    /// The store's id.
    Store,
    /// The warehouse's id.
    Warehouse,
    /// Pieces of this product.
    Pieces(String),
}

/// Amounts as texts: a number inside a tagged JSON object would pass through a float on its way back.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Rupiah;

    pub(super) fn serialize<S: Serializer>(amount: &Rupiah, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rupiah, D::Error> {
        Rupiah::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl About {
    /// In words for a person.
    pub fn in_words(&self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::Store { id, name } if id.is_empty() => say(
                format!("the order does not name its store ({name})"),
                format!("pesanan tidak menyebutkan tokonya ({name})"),
            ),
            Self::Store { id, name } => say(format!("store {id} ({name})"), format!("toko {id} ({name})")),
            Self::Warehouse { id: Some(id) } => say(format!("warehouse {id}"), format!("gudang {id}")),
            Self::Warehouse { id: None } => {
                say("the order does not name its warehouse".into(), "pesanan tidak menyebutkan gudangnya".into())
            }
            Self::Order { id } => say(format!("order {id}"), format!("pesanan {id}")),
            Self::BodyCleared => say(
                "the data Forstok sent is no longer stored (older than database.keep_bodies_days)".into(),
                "data dari Forstok sudah tidak disimpan karena melewati masa simpannya".into(),
            ),
            Self::Unreadable { problem } | Self::Accurate { subject: None, words: problem } => problem.clone(),
            Self::Product { product } => product.in_words(language),
            Self::Part { part, bundle } => {
                let (part, bundle) = (part.in_words(language), bundle.in_words(language));
                say(format!("{part} in the bundle {bundle}"), format!("{part} dalam bundel {bundle}"))
            }
            Self::Unread { problem } => problem.in_words(language),
            Self::Status { text } if text.is_empty() => say("no status".into(), "tanpa status".into()),
            Self::Status { text } => format!("\"{text}\""),
            Self::CancelledOn { day } => {
                let day = day.strftime("%d/%m/%Y");
                say(format!("cancelled on {day}"), format!("dibatalkan pada {day}"))
            }
            Self::DiscountNegative { discount } => {
                let discount = discount.in_words();
                say(format!("the discount is below zero: {discount}"), format!("diskonnya minus: {discount}"))
            }
            Self::PriceMissing { product } => {
                let product = product.in_words(language);
                say(format!("{product} has no price"), format!("{product} tidak memiliki harga"))
            }
            Self::PriceNegative { product, price } => {
                let (product, price) = (product.in_words(language), price.in_words());
                say(format!("{product} has a price below zero: {price}"), format!("{product} berharga minus: {price}"))
            }
            Self::Discount { discount, subtotal } => {
                let (discount, subtotal) = (discount.in_words(), subtotal.in_words());
                say(
                    format!("discount {discount}, products {subtotal}"),
                    format!("diskon {discount}, produk {subtotal}"),
                )
            }
            Self::Shipping { amount } => {
                let amount = amount.in_words();
                say(
                    format!("shipping {amount} has no account"),
                    format!("ongkos kirim {amount} belum memiliki akun perkiraan"),
                )
            }
            Self::OrderTotal { invoice, order } => {
                let (invoice, order) = (invoice.in_words(), order.in_words());
                say(format!("invoice {invoice}, order {order}"), format!("faktur {invoice}, pesanan {order}"))
            }
            Self::AccurateTotal { accurate, invoice } => {
                let (accurate, invoice) = (accurate.in_words(), invoice.in_words());
                say(
                    format!("{accurate} in Accurate, {invoice} was sent"),
                    format!("{accurate} di Accurate, {invoice} yang dikirim"),
                )
            }
            Self::Name { name } => name.clone(),
            Self::Invoice { number, id } => {
                let id = id.map(|id| format!(" (id {id})")).unwrap_or_default();
                say(format!("invoice {number}{id}"), format!("faktur {number}{id}"))
            }
            Self::OtherInvoice { .. }
            | Self::InvoiceOfOrder { .. }
            | Self::Renumbered { .. }
            | Self::StillThere { .. }
            | Self::NotSearchable { .. }
            | Self::DescriptionWithoutOrder { .. }
            | Self::Receipt { .. } => self.conflict_in_words(language),
            Self::Customer { no, name } => say(format!("customer {no} ({name})"), format!("pelanggan {no} ({name})")),
            Self::Changes { changes } => {
                changes.iter().map(|change| change.in_words(language)).collect::<Vec<_>>().join("; ")
            }
            Self::Accurate { subject: Some(subject), words } => format!("{} — {words}", subject.in_words(language)),
        }
    }

    /// Accurate's own words, where it spoke.
    pub fn words_of_accurate(&self) -> Option<&str> {
        match self {
            Self::Accurate { words, .. } => Some(words),
            _ => None,
        }
    }

    /// What stands between an order and its invoice in Accurate.
    fn conflict_in_words(&self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::OtherInvoice { number, id, differences } => {
                let listed = differences.iter().map(|one| one.in_words(language)).collect::<Vec<_>>().join(", ");
                let listed = if listed.is_empty() { listed } else { format!(": {listed}") };
                say(
                    format!("invoice {number} (id {id}) is not this order's{listed}"),
                    format!("faktur {number} (id {id}) bukan milik pesanan ini{listed}"),
                )
            }
            Self::InvoiceOfOrder { number, id, order_id } => say(
                format!("invoice {number} (id {id}) belongs to order {order_id}"),
                format!("faktur {number} (id {id}) adalah milik pesanan {order_id}"),
            ),
            Self::Renumbered { id, from, to } => say(
                format!(
                    "invoice {from} (id {id}) was renumbered to {to} in Accurate, so it was not deleted; delete it \
                     there, then retry"
                ),
                format!(
                    "nomor faktur {from} (id {id}) telah diubah menjadi {to} di Accurate sehingga tidak dihapus; \
                     hapus faktur itu di Accurate, lalu coba lagi"
                ),
            ),
            Self::StillThere { number } => say(
                format!("Accurate reports invoice {number} as deleted but still shows it"),
                format!("Accurate melaporkan faktur {number} terhapus tetapi masih menampilkannya"),
            ),
            Self::NotSearchable { order_id } => say(
                format!(
                    "Accurate may have created the invoice under another number; search Accurate for an invoice with \
                     {order_id} in its description, and retry if there is none"
                ),
                format!(
                    "Accurate mungkin sudah membuat faktur dengan nomor lain; cari faktur dengan {order_id} pada \
                     keterangannya di Accurate, dan coba lagi bila tidak ada"
                ),
            ),
            Self::DescriptionWithoutOrder { description } => say(
                format!(
                    "the description {description:?} does not contain the order id: add {{order_id}} to it in the mapping"
                ),
                format!("keterangan {description:?} tidak memuat ID pesanan: tambahkan {{order_id}} di pemetaan"),
            ),
            Self::Receipt { number } => say(
                format!("a receipt exists for invoice {number}; delete the receipt and the invoice in Accurate"),
                format!(
                    "faktur {number} sudah memiliki penerimaan penjualan; hapus penerimaan lalu fakturnya di Accurate"
                ),
            ),
            _ => String::new(),
        }
    }

    /// What many orders can have in common as their cause, without what is particular to one of them: one item
    /// number, one warehouse, one store. Empty where there is nothing to name.
    pub fn cause(&self) -> String {
        match self {
            Self::Store { id, .. } => id.clone(),
            Self::Warehouse { id } => id.clone().unwrap_or_default(),
            Self::Product { product } | Self::PriceMissing { product } | Self::PriceNegative { product, .. } => {
                product.variant_id.clone().filter(|_| product.sku.is_empty()).unwrap_or_else(|| product.sku.clone())
            }
            Self::Part { part, .. } => part.name.clone(),
            Self::Status { text } => text.clone(),
            Self::Customer { no, .. } => no.clone(),
            Self::Accurate { subject: Some(subject), .. } => subject.name(),
            _ => String::new(),
        }
    }
}

impl Product {
    /// Name with SKU, or with the variant's id where there is no SKU.
    pub fn in_words(&self, language: Language) -> String {
        let name = match (self.name.as_str(), language) {
            ("", Language::English) => "(no name)",
            ("", Language::Indonesian) => "(tanpa nama)",
            (name, _) => name,
        };
        match (self.sku.trim(), &self.variant_id, language) {
            ("", None, _) => name.to_owned(),
            ("", Some(id), Language::English) => format!("{name} (variant {id})"),
            ("", Some(id), Language::Indonesian) => format!("{name} (varian {id})"),
            (sku, ..) => format!("{name} ({sku})"),
        }
    }
}

impl Difference {
    fn in_words(&self, language: Language) -> String {
        let Self { field, there, ours } = self;
        match language {
            Language::English => format!("{} {there} instead of {ours}", field.in_words(language)),
            Language::Indonesian => format!("{} {there}, seharusnya {ours}", field.in_words(language)),
        }
    }
}

impl Field {
    /// The field as a person calls it.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Customer, Language::English) => "customer",
            (Self::Customer, Language::Indonesian) => "pelanggan",
            (Self::Description, Language::English) => "description",
            (Self::Description, Language::Indonesian) => "keterangan",
            (Self::Total, _) => "total",
            (Self::Number, Language::English) => "number",
            (Self::Number, Language::Indonesian) => "nomor",
            (Self::Day, Language::English) => "date",
            (Self::Day, Language::Indonesian) => "tanggal",
        }
    }
}

impl Change {
    fn in_words(&self, language: Language) -> String {
        let what = match (&self.what, language) {
            (Changed::Total, _) => "total",
            (Changed::Discount, Language::English) => "discount",
            (Changed::Discount, Language::Indonesian) => "diskon",
            (Changed::Shipping, Language::English) => "shipping",
            (Changed::Shipping, Language::Indonesian) => "ongkos kirim",
            (Changed::Store, Language::English) => "store",
            (Changed::Store, Language::Indonesian) => "toko",
            (Changed::Warehouse, Language::English) => "warehouse",
            (Changed::Warehouse, Language::Indonesian) => "gudang",
            (Changed::Pieces(product), _) => product,
        };
        let none = match language {
            Language::English => "none",
            Language::Indonesian => "tidak ada",
        };
        let value = |text: &str| match &self.what {
            _ if text.is_empty() => none.to_owned(),
            Changed::Total | Changed::Discount | Changed::Shipping => text
                .parse::<Decimal>()
                .map_or_else(|_| text.to_owned(), |amount| Rupiah::from_decimal(amount).in_words()),
            Changed::Pieces(_) => format!("{text} pcs"),
            Changed::Store | Changed::Warehouse => text.to_owned(),
        };
        format!("{what}: {} → {}", value(&self.before), value(&self.after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_reads_the_detail_in_their_own_language() {
        let warehouse = About::Warehouse { id: Some("999".to_owned()) };
        assert_eq!(warehouse.in_words(Language::English), "warehouse 999");
        assert_eq!(warehouse.in_words(Language::Indonesian), "gudang 999");
        let total = About::OrderTotal { invoice: Rupiah::whole(150_000), order: Rupiah::whole(145_000) };
        assert_eq!(total.in_words(Language::Indonesian), "faktur Rp150.000, pesanan Rp145.000");
    }

    #[test]
    fn a_change_shows_both_sides_with_amounts_as_money() {
        let change = |what, before: &str, after: &str| Change { what, before: before.into(), after: after.into() };
        let changes = About::Changes {
            changes: vec![
                change(Changed::Total, "80000", "90000"),
                change(Changed::Warehouse, "23", ""),
                change(Changed::Pieces("Kaos (KAOS-M) @ 45000".into()), "1", "2"),
            ],
        };
        assert_eq!(
            changes.in_words(Language::English),
            "total: Rp80.000 → Rp90.000; warehouse: 23 → none; Kaos (KAOS-M) @ 45000: 1 pcs → 2 pcs"
        );
    }

    #[test]
    fn orders_that_wait_for_the_same_item_have_the_same_cause() {
        let said = |words: &str| About::Accurate {
            subject: Some(Subject::Item("KAOS-M".to_owned())),
            words: words.to_owned(),
        };
        assert_eq!(said("Barang & Jasa KAOS-M tidak ditemukan").cause(), said("another text").cause());
        assert_eq!(said("x").cause(), "KAOS-M");
    }

    #[test]
    fn what_is_stored_is_read_back_as_it_was() {
        let about = About::Accurate { subject: Some(Subject::Item("A:1".to_owned())), words: "x".to_owned() };
        let stored = serde_json::to_string(&about).expect("JSON");
        assert_eq!(serde_json::from_str::<About>(&stored).expect("our own JSON"), about);
    }
}
