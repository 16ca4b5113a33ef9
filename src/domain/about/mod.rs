//! What exactly a finding or a warning is about. It is stored as data, so that every reader can read it in their own
//! language.

mod after_sale;
mod correction;
#[cfg(test)]
mod tests;
mod words;

pub use after_sale::{AfterSale, OnAccount};
pub use correction::Correction;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
pub use words::UNREADABLE;

use super::{
    document::Kind, ids::DocumentNumber, matching::spelling::written_out, money::Rupiah, recheck::Subject, shadow,
    unread::Problem,
};

/// The product, store, amounts or invoice that a finding or a warning is about.
///
/// Names, numbers and SKUs are the seller's text and are the same in every language.
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
    /// The body is no longer stored, because it is older than `database.keep_bodies_days`.
    BodyCleared,
    /// The body is unreadable.
    Unreadable {
        /// What was not understood: the field and its value.
        problem: String,
    },
    /// A product.
    Product {
        /// The product.
        product: Product,
    },
    /// A product that is part of a bundle.
    Part {
        /// The part.
        part: Product,
        /// The bundle.
        bundle: Box<Product>,
    },
    /// A value in the body that is unreadable or cannot be used.
    Unread {
        /// Which field it is, its value, and why the value cannot be used.
        problem: Problem,
    },
    /// A status as Forstok wrote it.
    Status {
        /// The status.
        text: String,
    },
    /// The day on which the order was cancelled.
    CancelledOn {
        /// The day, in WIB.
        day: Date,
    },
    /// The day on which an order's snapshot arrived that does not say when the order changed.
    ArrivedOn {
        /// The day, in WIB.
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
        /// The product.
        product: Product,
    },
    /// A product whose price is below zero.
    PriceNegative {
        /// The product.
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
        /// Sum of the products.
        #[serde(with = "as_text")]
        subtotal: Rupiah,
    },
    /// A shipping price that has no account.
    Shipping {
        /// The price.
        #[serde(with = "as_text")]
        amount: Rupiah,
    },
    /// The invoice's total differs from the order's.
    OrderTotal {
        /// The invoice total.
        #[serde(with = "as_text")]
        invoice: Rupiah,
        /// The total that Forstok reports.
        #[serde(with = "as_text")]
        order: Rupiah,
    },
    /// Accurate's total differs from the one that was sent.
    AccurateTotal {
        /// The total that Accurate reports.
        #[serde(with = "as_text")]
        accurate: Rupiah,
        /// The total that was sent.
        #[serde(with = "as_text")]
        invoice: Rupiah,
    },
    /// A product's name that was cut.
    Name {
        /// The name on the invoice.
        name: String,
    },
    /// An invoice in Accurate.
    Invoice {
        /// Its number.
        number: DocumentNumber,
        /// Accurate's id, when it is known.
        id: Option<i64>,
    },
    /// An invoice in Accurate that does not belong to this order.
    OtherInvoice {
        /// What sort of document it is.
        #[serde(default)]
        document: Kind,
        /// Its number.
        number: DocumentNumber,
        /// Accurate's id.
        id: i64,
        /// How it differs from this order's invoice.
        differences: Vec<Difference>,
    },
    /// An invoice in Accurate that another integration, or a person, has created for this order and that differs from
    /// the draft.
    DiffersFromDraft {
        /// Its number.
        number: DocumentNumber,
        /// Accurate's id.
        id: i64,
        /// In what they differ; never empty.
        differences: Vec<shadow::Difference>,
    },
    /// An invoice in Accurate that belongs to another order.
    InvoiceOfOrder {
        /// Its number.
        number: DocumentNumber,
        /// Accurate's id.
        id: i64,
        /// The other order.
        order_id: String,
    },
    /// A document that this service created differs in Accurate from what was sent, so it was not deleted.
    ChangedThere {
        /// What sort of document it is.
        document: Kind,
        /// Its number.
        number: DocumentNumber,
        /// Accurate's id.
        id: i64,
        /// What was changed; never empty.
        differences: Vec<Difference>,
    },
    /// A document that this service created has another number in Accurate than it was created with.
    Renumbered {
        /// What sort of document it is.
        #[serde(default)]
        document: Kind,
        /// Accurate's id.
        id: i64,
        /// The number that it was created with.
        from: DocumentNumber,
        /// The number that it has now.
        to: DocumentNumber,
    },
    /// A reply to a save was lost, and the invoices of that day cannot be listed to search for the order's invoice.
    NotSearchable {
        /// Forstok's order id, with which a person can find the invoice.
        order_id: String,
    },
    /// The invoice's description would not contain the order id.
    DescriptionWithoutOrder {
        /// The description that the invoice would have.
        description: String,
    },
    /// An invoice that cannot be deleted because a receipt exists for it.
    Receipt {
        /// The invoice's number.
        number: DocumentNumber,
    },
    /// An invoice that Accurate does not delete, with a return that a person created or changed there.
    ReturnOfPerson {
        /// The invoice's number.
        number: DocumentNumber,
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
    /// Something about a payout or a return.
    AfterSale {
        /// What it is.
        of: AfterSale,
    },
    /// Accurate's message, unchanged.
    Accurate {
        /// What the message is about in Accurate, if known.
        subject: Option<Subject>,
        /// The message.
        words: String,
    },
}

/// A product, with what a person needs to find it in Forstok.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Product {
    /// Name and variant; may be empty.
    pub name: String,
    /// Its SKU; may be empty.
    pub sku: String,
    /// Forstok's variant id.
    pub variant_id: Option<String>,
}

/// How an invoice in Accurate differs from the invoice that was to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which field.
    pub field: Field,
    /// The value in Accurate.
    pub there: String,
    /// The value of this order's invoice.
    pub ours: String,
}

/// A field in which two invoices are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Customer number.
    Customer,
    /// Description, which contains Forstok's order id.
    Description,
    /// Total in rupiah.
    Total,
    /// Number.
    Number,
    /// Day.
    Day,
    /// What a receipt pays on the invoice, in rupiah.
    Paid,
    /// The invoice that a return names.
    Invoice,
}

/// One thing that changed in an order after its invoice was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which part of the order.
    pub what: Changed,
    /// The value that was invoiced; empty if there was none.
    pub before: String,
    /// The value now; empty if there is none.
    pub after: String,
}

/// The parts of an order that can change.
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
    /// Number of pieces of this product.
    Pieces(String),
}

/// Amounts as texts, because a number inside a tagged JSON object would be parsed as a float.
pub(super) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Rupiah;

    pub(in crate::domain) fn serialize<S: Serializer>(amount: &Rupiah, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rupiah, D::Error> {
        Rupiah::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
impl About {
    /// Accurate's own message, if there is one.
    pub fn words_of_accurate(&self) -> Option<&str> {
        match self {
            Self::Accurate { words, .. } => Some(words),
            _ => None,
        }
    }

    /// Whether a payout or a return was corrected after it was booked.
    pub fn is_correction(&self) -> bool {
        matches!(self, Self::AfterSale { of: AfterSale::Corrected { .. } })
    }

    /// The part that many orders can have in common as their cause, without what is specific to one of them: one item
    /// number, one warehouse, one store. Empty if there is no such part.
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
            Self::AfterSale { of: AfterSale::FeeNames { names } } => {
                names.first().map(|name| written_out(name)).unwrap_or_default()
            }
            Self::AfterSale { of: AfterSale::Category { category, .. } } => category.clone(),
            Self::AfterSale { of: AfterSale::BankAccount { store } } => store.clone(),
            Self::Accurate { subject: Some(subject), .. } => subject.name(),
            _ => String::new(),
        }
    }
}
