//! `sales-return`: goods, or their price, that went back (returns.md §2). Its calls are those of [`documents`].
//!
//! [`documents`]: super::documents

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    documents::{Calls, Found},
    invoices::Customer,
    receipts::Numbered,
    reply::{Lenient, Text, Whole},
};
use crate::domain::{document::Kind, ids::DocumentNumber, money::Rupiah, sales_return::ReturnBody};

/// A return as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundReturn {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The invoice that it names; empty if the reply does not show it.
    pub invoice_number: DocumentNumber,
    /// What it credits, in rupiah, if it could be read.
    pub total: Option<Decimal>,
}

impl FoundReturn {
    /// Whether it has everything that is compared with the return that was sent.
    pub fn can_be_compared(&self) -> bool {
        !self.customer_no.is_empty() && !self.invoice_number.is_empty() && self.total.is_some()
    }
}

impl Found for FoundReturn {
    const KIND: Kind = Kind::Return;
    const CALLS: Calls = Calls {
        save: "sales-return/save",
        bulk_save: "sales-return/bulk-save",
        detail: "sales-return/detail",
        list: "sales-return/list",
        delete: "sales-return/delete",
    };
    const LISTED: &'static str = "id,number,totalAmount";
    type Body = ReturnBody;
    type Record = Record;

    fn of(record: Record) -> Option<Self> {
        let invoice = record.invoice.0.unwrap_or_default().number.0;
        Some(Self {
            id: record.id.0?,
            number: record.number?.0.into(),
            customer_no: record.customer.0.unwrap_or_default().customer_no.0,
            invoice_number: if invoice.is_empty() { record.invoice_number.0 } else { invoice }.into(),
            total: Rupiah::parse(&record.total_amount.0).ok().map(Rupiah::decimal),
        })
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn number(&self) -> &DocumentNumber {
        &self.number
    }
}

/// The fields of a return that are read; the rest is skipped.
///
/// How a reply names the invoice is not known: as a record, as receipts do, or as it is sent. Either is read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Record {
    id: Whole,
    number: Option<Text>,
    customer: Lenient<Customer>,
    invoice: Lenient<Numbered>,
    invoice_number: Text,
    total_amount: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invoice_is_read_however_the_return_names_it() {
        for invoice in [r#""invoice":{"number":"A"}"#, r#""invoiceNumber":"A""#, r#""invoice":9,"invoiceNumber":"A""#] {
            let json = format!(
                r#"{{"id":3,"number":"A/R1","customer":{{"customerNo":"8277"}},"totalAmount":75000,{invoice}}}"#
            );
            let found = FoundReturn::of(serde_json::from_str(&json).expect("a record")).expect("an id and a number");
            assert_eq!(found.invoice_number.as_str(), "A", "{json}");
            assert!(found.can_be_compared());
        }
    }
}
