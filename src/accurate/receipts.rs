//! `sales-receipt`: money that was received for invoices (payout.md §2). Its calls are those of [`documents`].
//!
//! [`documents`]: super::documents

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    documents::{Calls, Found},
    invoices::Customer,
    reply::{Lenient, Rows, Text, Whole},
};
use crate::domain::{document::Kind, ids::DocumentNumber, money::Rupiah, receipt::ReceiptBody};

/// A receipt as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundReceipt {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The money that was received, in rupiah, if it could be read.
    pub cheque_amount: Option<Decimal>,
    /// What it pays on which invoices, if the reply shows all of it: only a detail is known to (payout.md §2, B).
    pub invoices: Option<Vec<Paid>>,
}

/// What a receipt pays on one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The invoice's number.
    pub invoice: DocumentNumber,
    /// By how much less is owed on it, in rupiah.
    pub amount: Decimal,
}

impl FoundReceipt {
    /// Whether it has everything that is compared with the receipt that was sent.
    pub fn can_be_compared(&self) -> bool {
        !self.customer_no.is_empty() && self.cheque_amount.is_some() && self.invoices.is_some()
    }
}

impl Found for FoundReceipt {
    const KIND: Kind = Kind::Receipt;
    const CALLS: Calls = Calls {
        save: "sales-receipt/save",
        bulk_save: "sales-receipt/bulk-save",
        detail: "sales-receipt/detail",
        list: "sales-receipt/list",
        delete: "sales-receipt/delete",
    };
    const LISTED: &'static str = "id,number,customer,chequeAmount";
    type Body = ReceiptBody;
    type Record = Record;

    fn of(record: Record) -> Option<Self> {
        Some(Self {
            id: record.id.0?,
            number: record.number?.0.into(),
            customer_no: record.customer.0.unwrap_or_default().customer_no.0,
            cheque_amount: amount(&record.cheque_amount),
            invoices: record.detail_invoice.and_then(paid),
        })
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn number(&self) -> &DocumentNumber {
        &self.number
    }
}

/// `None` if anything of it cannot be read.
fn paid(lines: Rows<Line>) -> Option<Vec<Paid>> {
    let paid =
        |line: Line| Some(Paid { invoice: line.invoice.0?.number.0.into(), amount: amount(&line.payment_amount)? });
    lines.rows.into_iter().map(paid).collect::<Option<Vec<_>>>().filter(|_| lines.complete)
}

fn amount(text: &Text) -> Option<Decimal> {
    Rupiah::parse(&text.0).ok().map(Rupiah::decimal)
}

/// The fields of a receipt that are read; the rest is skipped.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Record {
    id: Whole,
    number: Option<Text>,
    customer: Lenient<Customer>,
    cheque_amount: Text,
    detail_invoice: Option<Rows<Line>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    invoice: Lenient<Numbered>,
    payment_amount: Text,
}

/// A document that another one names.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Numbered {
    pub(super) number: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<FoundReceipt> {
        FoundReceipt::of(serde_json::from_str(json).expect("a record"))
    }

    #[test]
    fn a_receipt_is_compared_only_if_everything_it_pays_is_shown() {
        let whole = read(
            r#"{"id":7,"number":"A/1","customer":{"customerNo":"8277"},"chequeAmount":"138000",
                "detailInvoice":[{"invoice":{"number":"A"},"paymentAmount":150000.50}]}"#,
        )
        .expect("it has an id and a number");
        assert!(whole.can_be_compared());
        let amount = Decimal::new(15_000_050, 2);
        assert_eq!(whole.invoices, Some(vec![Paid { invoice: "A".into(), amount }]));
        for lines in
            ["", r#","detailInvoice":[{"invoice":{"number":"A"}}]"#, r#","detailInvoice":[{"paymentAmount":1}]"#]
        {
            let json = format!(r#"{{"id":7,"number":"A/1","customer":{{"customerNo":"1"}},"chequeAmount":1{lines}}}"#);
            assert!(!read(&json).expect("it has an id and a number").can_be_compared(), "{json}");
        }
    }

    #[test]
    fn a_receipt_without_an_id_or_a_number_was_not_found() {
        assert_eq!(read(r#"{"number":"A/1"}"#), None);
        assert_eq!(read(r#"{"id":7}"#), None);
    }
}
