//! What is still open on an invoice: what is owed (`primeOwing`: accurate.md §4, C), and how many pieces of each line
//! have not been returned (returns.md §2, C).

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicU32, Ordering},
};

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    client::{Call, Session},
    documents::{LARGEST_BULK, detail},
    outcome::Failure,
    reply::{Envelope, Lenient, Rows, Skipped, Text},
};
use crate::domain::{document::Kind, ids::DocumentNumber, money::Rupiah};

/// What is still open on an invoice. What Accurate does not show is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Outstanding {
    /// Accurate's id of the invoice.
    pub id: Option<i64>,
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

/// Pieces that are to go back although they are not there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// The item's number.
    pub item_no: String,
    /// Number of pieces that were sold.
    pub sold: Decimal,
    /// Number of pieces that were returned.
    pub returned: Decimal,
    /// Number of pieces that are to go back.
    pub wanted: Decimal,
}

impl Outstanding {
    /// The first item of which less is left than is to go back: items, with their prices and numbers of pieces. Nothing
    /// is concluded about an item whose returned pieces Accurate does not show.
    pub fn lacks(&self, wanted: impl IntoIterator<Item = (String, Decimal, Decimal)>) -> Option<TooMany> {
        let mut pieces = BTreeMap::<_, Decimal>::new();
        for (item_no, price, quantity) in wanted {
            *pieces.entry((item_no, price.normalize())).or_default() += quantity;
        }
        pieces.into_iter().find_map(|((item_no, price), wanted)| {
            let lines = || self.lines.iter().filter(|line| line.item_no == item_no && line.unit_price == price);
            let sold = lines().map(|line| line.quantity).sum();
            let returned = lines().map(|line| line.returned).sum::<Option<Decimal>>()?;
            let is_known = lines().next().is_some();
            (is_known && sold - returned < wanted).then_some(TooMany { item_no, sold, returned, wanted })
        })
    }
}

/// What is open on the invoice with this number, if it exists.
pub async fn of_invoice(session: &Session, number: &DocumentNumber) -> Result<Option<Outstanding>, Failure> {
    let call = Call::get("sales-invoice/detail", &[("number", number.as_str())]);
    detail(session, &call, Kind::Invoice, |record: Record| record.outstanding(number)).await
}

/// After this many lists in a row that showed less than half of what was asked for, invoices are read one by one.
const MOST_POOR_LISTS: u32 = 3;

/// What is known about requesting with one list what is owed on many invoices.
#[derive(Debug, Default)]
pub(super) struct OwedLists {
    /// How many lists in a row showed less than half of what was asked for.
    poor: AtomicU32,
}

/// What is owed on an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwedOn {
    /// Accurate's id of the invoice.
    pub id: Option<i64>,
    /// In rupiah.
    pub amount: Decimal,
}

/// What is owed on these invoices, as far as one list shows it: at most [`LARGEST_BULK`] invoices.
///
/// It is not known whether a filter accepts several values, nor whether a list shows `primeOwing`, and Accurate silently
/// ignores a filter that it does not understand (accurate.md §3, B). So only rows with a requested number are used, and
/// an invoice that the list does not show must be read with [`of_invoice`].
pub async fn listed(
    session: &Session,
    numbers: &[&DocumentNumber],
) -> Result<HashMap<DocumentNumber, OwedOn>, Failure> {
    let poor = &session.owed_lists.poor;
    if numbers.len() < 2 || poor.load(Ordering::Relaxed) >= MOST_POOR_LISTS {
        return Ok(HashMap::new());
    }
    let size = LARGEST_BULK.to_string();
    let mut query =
        vec![("fields", "id,number,primeOwing"), ("sp.pageSize", size.as_str()), ("filter.number.op", "EQUAL")];
    query.extend(numbers.iter().map(|number| ("filter.number.val", number.as_str())));
    let Envelope { d: list, .. } =
        session.call::<Rows<Record>, Skipped>(&Call::get("sales-invoice/list", &query)).await?;
    let mut owed = HashMap::with_capacity(list.rows.len());
    for row in list.rows {
        let is_asked_for = |number: &&&DocumentNumber| number.as_str() == row.number.0;
        if let (Some(number), Some(amount)) = (numbers.iter().find(is_asked_for), amount(&row.prime_owing)) {
            owed.insert((*number).clone(), OwedOn { id: row.id(), amount });
        }
    }
    if owed.len() * 2 < numbers.len() {
        poor.fetch_add(1, Ordering::Relaxed);
    } else {
        poor.store(0, Ordering::Relaxed);
    }
    Ok(owed)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    id: Text,
    number: Text,
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
    fn id(&self) -> Option<i64> {
        self.id.0.parse().ok()
    }

    /// `None` if it is another invoice. If any line cannot be read, none is known.
    fn outstanding(self, number: &DocumentNumber) -> Option<Outstanding> {
        let (id, owed) = (self.id(), amount(&self.prime_owing));
        let is_whole = self.detail_item.complete;
        let lines = self.detail_item.rows.into_iter().map(Line::open).collect::<Option<Vec<_>>>();
        let lines = lines.filter(|_| is_whole).unwrap_or_default();
        number.is_same_as(&self.number.0.into()).then_some(Outstanding { id, owed, lines })
    }
}

impl Line {
    fn open(self) -> Option<OpenLine> {
        Some(OpenLine {
            item_no: self.item.0?.no.0,
            unit_price: amount(&self.unit_price)?,
            quantity: amount(&self.quantity)?,
            returned: amount(&self.return_quantity),
        })
    }
}

fn amount(text: &Text) -> Option<Decimal> {
    Rupiah::parse(&text.0).ok().map(Rupiah::decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Outstanding> {
        serde_json::from_str::<Record>(json).expect("a record").outstanding(&"A".into())
    }

    fn one_line(more: &str) -> Outstanding {
        let line = format!(r#"{{"item":{{"no":"KAOS"}},"quantity":2,"unitPrice":75000{more}}}"#);
        read(&format!(r#"{{"number":"A","detailItem":[{line}]}}"#)).expect("it is this invoice")
    }

    #[test]
    fn a_quantity_that_accurate_does_not_show_is_not_taken_for_none_returned() {
        assert_eq!(one_line("").lines[0].returned, None);
        assert_eq!(one_line(r#","returnQuantity":0"#).lines[0].returned, Some(Decimal::ZERO));
        assert_eq!(one_line(r#","returnQuantity":"1""#).lines[0].returned, Some(Decimal::ONE));
    }

    #[test]
    fn more_pieces_than_are_left_are_noticed_with_their_figures() {
        let wanted = |pieces: i64| [("KAOS".to_owned(), Decimal::from(75_000), Decimal::from(pieces))];
        let returned = one_line(r#","returnQuantity":1"#);
        assert_eq!(returned.lacks(wanted(1)), None);
        let (sold, wanted_pieces) = (Decimal::from(2), Decimal::from(2));
        let too_many = TooMany { item_no: "KAOS".to_owned(), sold, returned: Decimal::ONE, wanted: wanted_pieces };
        assert_eq!(returned.lacks(wanted(2)), Some(too_many));
        assert_eq!(one_line("").lacks(wanted(3)), None, "Accurate does not show what was returned");
        let twice = wanted(1).into_iter().chain(wanted(1));
        assert!(returned.lacks(twice).is_some(), "lines of one item are taken together");
    }

    #[test]
    fn another_invoice_and_an_unreadable_line_say_nothing() {
        assert_eq!(read(r#"{"number":"B","detailItem":[]}"#), None);
        for lines in [r#"{"item":{"no":"A"},"quantity":"two","unitPrice":1}"#, "5"] {
            let read = read(&format!(r#"{{"number":"A","detailItem":[{lines}]}}"#)).expect("it is this invoice");
            assert!(read.lines.is_empty(), "{lines}");
        }
    }
}
