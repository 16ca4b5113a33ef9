//! The sales return in the form that is sent to Accurate: `sales-return/save.do` (returns.md §2).

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    ids::DocumentNumber,
    invoice::{ACCURATE_DAY, DetailExpense, read_day, read_number, write_day, write_number},
    money::Rupiah,
};

/// The JSON body of the save call; field names are Accurate's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in returns.md §2")]
pub struct ReturnBody {
    pub customer_no: String,
    /// Always `INVOICE`: it names its invoice.
    pub return_type: String,
    pub invoice_number: DocumentNumber,
    /// `dd/MM/yyyy`, a plain local day.
    #[serde(serialize_with = "write_day", deserialize_with = "read_day")]
    pub trans_date: Date,
    pub number: DocumentNumber,
    /// Only where Accurate requires a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_status_type: Option<ReturnStatus>,
    pub taxable: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inclusive_tax: bool,
    /// Only with tax; an empty tax number lets Accurate assign one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
    /// Its share of the invoice's discount, in rupiah.
    #[serde(default, skip_serializing_if = "Rupiah::is_zero")]
    pub cash_discount: Rupiah,
    /// Also sent when it is empty (returns.md §2, O), unless the mapping says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_expense: Option<Vec<DetailExpense>>,
    pub detail_item: Vec<ReturnedItem>,
}

/// Whether the goods came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnStatus {
    /// Only money is reversed.
    NotReturned,
    /// The goods are in stock again.
    Returned,
}

/// One line of goods that came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Accurate's own, explained in returns.md §2")]
pub struct ReturnedItem {
    pub item_no: String,
    #[serde(serialize_with = "write_number", deserialize_with = "read_number")]
    pub quantity: Decimal,
    /// The price on the invoice's line, in rupiah for one piece.
    pub unit_price: Rupiah,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warehouse_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_detail_status_type: Option<ReturnStatus>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_tax1: bool,
}

impl ReturnBody {
    /// Dates it on another day.
    pub fn move_to(&mut self, day: Date) {
        self.trans_date = day;
        if let Some(tax_date) = &mut self.tax_date {
            *tax_date = day.strftime(ACCURATE_DAY).to_string();
        }
    }

    /// What is credited, in rupiah: lines − discount + expenses, before exclusive tax.
    pub fn total(&self) -> Rupiah {
        let lines: Rupiah = self.detail_item.iter().map(|item| item.unit_price * item.quantity).sum();
        lines - self.cash_discount + self.shipping()
    }

    /// What it gives back of the expenses on the invoice, in rupiah: the shipping.
    pub fn shipping(&self) -> Rupiah {
        self.detail_expense.iter().flatten().map(|expense| expense.expense_amount).sum()
    }
}
