//! The invoice in the form that is sent to Accurate: `sales-invoice/save.do` (accurate.md §4).

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    basis::Basis,
    ids::{BookName, DocumentNumber},
    lines::Line,
    mapping::TaxMode,
    money::{Rupiah, exact_number},
};

/// Longest `detailName` that is sent, in characters (design.md §6).
const LONGEST_NAME: usize = 230;

/// Everything that posting needs. The decision creates the draft; it is stored, and sent unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Name of the Accurate database it goes to.
    pub book: BookName,
    /// The store's name, which a new customer gets.
    pub customer_name: String,
    /// Whether a missing customer may be created.
    pub create_customer: bool,
    /// The total that Accurate must calculate, in rupiah (before exclusive tax).
    pub total: Rupiah,
    /// The basis of the invoice, for comparison with later snapshots.
    pub basis: Basis,
    /// The body that is sent.
    pub body: InvoiceBody,
}

/// The JSON body of the save call; field names are Accurate's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in accurate.md §4")]
pub struct InvoiceBody {
    pub customer_no: String,
    /// `dd/MM/yyyy`, a plain local day.
    #[serde(serialize_with = "write_day", deserialize_with = "read_day")]
    pub trans_date: Date,
    pub number: DocumentNumber,
    pub description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_term_name: Option<String>,
    pub taxable: bool,
    pub inclusive_tax: bool,
    /// An amount in rupiah on the whole invoice.
    pub cash_discount: Rupiah,
    pub detail_item: Vec<DetailItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail_expense: Vec<DetailExpense>,
}

/// One product line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in accurate.md §4")]
pub struct DetailItem {
    pub item_no: String,
    /// Rupiah for one piece.
    pub unit_price: Rupiah,
    #[serde(serialize_with = "write_number", deserialize_with = "read_number")]
    pub quantity: Decimal,
    pub detail_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_name: Option<String>,
    pub use_tax1: bool,
}

/// One expense line: shipping that the seller receives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in accurate.md §4")]
pub struct DetailExpense {
    pub account_no: String,
    pub expense_amount: Rupiah,
    pub expense_name: String,
}

impl DetailItem {
    /// A line in Accurate's form, and whether the name had to be cut.
    pub fn new(line: Line, warehouse_name: Option<String>, tax: TaxMode) -> (Self, bool) {
        let name = if line.name.is_empty() { &line.item_no } else { &line.name };
        let detail_name = sent_name(name);
        let cut = detail_name.len() < name.trim_end().len();
        let item = Self {
            detail_name: detail_name.to_owned(),
            item_no: line.item_no,
            unit_price: line.unit_price,
            quantity: line.quantity.normalize(),
            warehouse_name,
            use_tax1: tax != TaxMode::Off,
        };
        (item, cut)
    }
}

/// The name that is sent.
pub(super) fn sent_name(name: &str) -> &str {
    cut_between_characters(name, LONGEST_NAME).trim_end()
}

/// The beginning of a name, of at most this length, that ends between two visible characters: a flag, a family or an
/// accented letter may consist of several code points. A name is cut inside a character only if its first character is
/// longer than the limit.
fn cut_between_characters(name: &str, longest: usize) -> &str {
    let Some((beyond, _)) = name.char_indices().nth(longest) else { return name };
    let ends = name.grapheme_indices(true).map(|(start, _)| start);
    match ends.take_while(|end| *end <= beyond).last() {
        Some(end) if end > 0 => &name[..end],
        _ => &name[..beyond],
    }
}

impl InvoiceBody {
    /// Sum of the lines, in rupiah.
    pub fn subtotal(&self) -> Rupiah {
        self.detail_item.iter().map(|item| item.unit_price * item.quantity).sum()
    }

    /// Sum of the lines − discount + shipping, in rupiah (design.md §6).
    pub fn total(&self) -> Rupiah {
        self.subtotal() - self.cash_discount + self.detail_expense.iter().map(|expense| expense.expense_amount).sum()
    }

    /// Whether Accurate's total matches this one. Exclusive tax is added to it.
    pub fn total_is_final(&self) -> bool {
        !self.taxable || self.inclusive_tax
    }

    /// The body that is sent.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("an invoice holds only texts, numbers and flags")
    }
}

/// Accurate's date format.
pub const ACCURATE_DAY: &str = "%d/%m/%Y";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(super) fn write_day<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&day.strftime(ACCURATE_DAY))
}

pub(super) fn read_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    Date::strptime(ACCURATE_DAY, &text).map_err(D::Error::custom)
}

pub(super) fn write_number<S: Serializer>(number: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    exact_number(*number).serialize(serializer)
}

pub(super) fn read_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    Rupiah::deserialize(deserializer).map(Rupiah::decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_cut_inside_a_character_as_a_reader_sees_it() {
        // A family of four people with the joiners between them, a flag, an accent of its own.
        for character in ["👨‍👩‍👧‍👦", "🇮🇩", "e\u{301}"] {
            let long = format!("{}{character}tail", "x".repeat(9));
            assert_eq!(cut_between_characters(&long, 10), "x".repeat(9), "{character}");
            let fits = format!("{}{character}", "x".repeat(10 - character.chars().count().min(10)));
            assert_eq!(cut_between_characters(&format!("{fits}tail"), 10), fits, "{character}");
        }
        assert_eq!(cut_between_characters("abc", 3), "abc");
        assert_eq!(cut_between_characters("abcd", 3), "abc");
        assert_eq!(cut_between_characters(&format!("e{}", "\u{301}".repeat(20)), 5).chars().count(), 5);
    }
}
