//! What is still open on an invoice: what is owed, and how many pieces of each line have not been returned
//! (accurate.md §4, C; returns.md §2, C).

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    client::{Call, Session},
    documents::detail,
    outcome::Failure,
    reply::{Lenient, Rows, Text, Whole},
};
use crate::domain::money::Rupiah;

/// What is still open on an invoice. What Accurate does not show is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Outstanding {
    /// What is owed after payments and returns, in rupiah.
    pub owed: Option<Decimal>,
    /// Its lines of goods.
    pub lines: Vec<OpenLine>,
}

/// One line of goods of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenLine {
    /// The item's number.
    pub item_no: String,
    /// Rupiah for one piece.
    pub unit_price: Decimal,
    /// Number of pieces that were sold.
    pub quantity: Decimal,
    /// Number of pieces that were returned.
    pub returned: Option<Decimal>,
}

/// What is open on the invoice with this id, if it exists.
pub async fn of_invoice(session: &Session, id: i64) -> Result<Option<Outstanding>, Failure> {
    let call = Call::get("sales-invoice/detail", &[("id", &id.to_string())]);
    detail(session, &call, "invoice", |record: Record| record.outstanding(id)).await
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    id: Whole,
    prime_owing: Text,
    detail_item: Rows<Line>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    item: Lenient<Item>,
    quantity: Text,
    unit_price: Text,
    return_quantity: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    no: Text,
}

impl Record {
    /// `None` if it is another invoice, or if a line cannot be read.
    fn outstanding(self, id: i64) -> Option<Outstanding> {
        let lines = self.detail_item.rows.into_iter().map(Line::open).collect::<Option<Vec<_>>>()?;
        let is_whole = self.id.0 == Some(id) && self.detail_item.complete;
        is_whole.then(|| Outstanding { owed: number(&self.prime_owing), lines })
    }
}

impl Line {
    fn open(self) -> Option<OpenLine> {
        Some(OpenLine {
            item_no: self.item.0?.no.0,
            unit_price: number(&self.unit_price)?,
            quantity: number(&self.quantity)?,
            returned: number(&self.return_quantity),
        })
    }
}

fn number(text: &Text) -> Option<Decimal> {
    Rupiah::parse(&text.0).ok().map(Rupiah::decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Outstanding> {
        serde_json::from_str::<Record>(json).expect("a record").outstanding(1)
    }

    #[test]
    fn a_quantity_that_accurate_does_not_show_is_not_taken_for_none_returned() {
        let line = |more: &str| {
            let json =
                format!(r#"{{"id":1,"detailItem":[{{"item":{{"no":"A"}},"quantity":2,"unitPrice":75000{more}}}]}}"#);
            read(&json).expect("readable").lines[0].returned
        };
        assert_eq!(line(""), None);
        assert_eq!(line(r#","returnQuantity":0"#), Some(Decimal::ZERO));
        assert_eq!(line(r#","returnQuantity":"1""#), Some(Decimal::ONE));
    }

    #[test]
    fn another_invoice_and_an_unreadable_line_say_nothing() {
        assert_eq!(read(r#"{"id":2,"detailItem":[]}"#), None);
        assert_eq!(read(r#"{"id":1,"detailItem":[{"item":{"no":"A"},"quantity":"two","unitPrice":1}]}"#), None);
        assert_eq!(read(r#"{"id":1,"detailItem":[5]}"#), None);
    }
}
