//! Money whose order is not known: orders with the same number in another store; if there is none, with a similar number;
//! if there is none either, with the same amount. Nothing is linked automatically.

use std::collections::BTreeSet;

use super::super::{order_line::OrderLine, page::Page};
use crate::{
    domain::{mapping::after_sale::SUBTOTAL, money::Rupiah},
    http::{App, problem::Problem},
    storage::{Filter, OrderRecord, RowContent, RowRecord},
};

/// Suggestions for one row.
const MOST: usize = 3;

/// Orders that are looked at for each sort of likeness.
const LOOKED_AT: i64 = 20;

/// A shorter part of a number would be that of too many orders.
const SHORTEST: usize = 5;

/// An order that a row may be about.
pub(in crate::web) struct Suggestion {
    pub(super) order_id: String,
    pub(super) number: String,
    pub(super) store: String,
    pub(super) total: String,
    /// In which way it resembles the row.
    pub(super) why: &'static str,
    /// The number is right; the row's store is not, or is missing.
    pub(super) has_same_number: bool,
}

/// Orders that resemble a row, the most likely first.
pub(super) async fn suggestions(app: &App, row: &RowRecord, page: &Page) -> Result<Vec<Suggestion>, Problem> {
    let (store_id, number) = row.content.order();
    let number = number.trim();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let letters: Vec<char> = number.chars().collect();
    let similar = page.t("similar number", "nomor mirip");
    if !number.is_empty() {
        let orders = search(app, number.to_owned(), None).await?;
        let same = orders.into_iter().filter(|order| order.channel_order_id == number);
        let why = match store_id {
            "" => page.t("same number", "nomor sama"),
            _ => page.t("same number, another store", "nomor sama, toko lain"),
        };
        found.extend(same.map(|order| (order, why)));
    }
    // A digit too few, too many or mistaken, at the end or at the beginning.
    if found.is_empty() && letters.len() > SHORTEST + 2 {
        let head: String = letters[..letters.len() - 2].iter().collect();
        let tail: String = letters[letters.len() - SHORTEST..].iter().collect();
        for part in [head, tail] {
            let orders = search(app, part.clone(), None).await?;
            let numbers = orders.into_iter().filter(|order| is_part(&order.channel_order_id, &part));
            found.extend(numbers.map(|order| (order, similar)));
        }
    }
    let paid = match &row.content {
        RowContent::Payout(payout) => payout.amounts.get(SUBTOTAL).copied().or(Some(payout.net)),
        RowContent::Return(record) => record.refund,
    };
    if let Some(paid) = paid.filter(|paid| found.is_empty() && paid.is_positive() && !store_id.is_empty()) {
        let orders = search(app, amount(paid), Some(store_id.to_owned())).await?;
        let equal = orders.into_iter().filter(|order| order.hundredths == paid.hundredths());
        found.extend(equal.map(|order| (order, page.t("same amount", "nominal sama"))));
    }
    let new = found.into_iter().filter(|(order, _)| seen.insert(order.id));
    let suggestion = |(order, why): (OrderRecord, &'static str)| {
        let line = OrderLine::new(&order, page);
        let OrderLine { order_id, number: of_order, store, total, .. } = line;
        Suggestion { order_id, has_same_number: of_order == number, number: of_order, store, total, why }
    };
    Ok(new.take(MOST).map(suggestion).collect())
}

async fn search(app: &App, text: String, store_id: Option<String>) -> Result<Vec<OrderRecord>, Problem> {
    let filter = Filter { text: Some(text), store_id, ..Filter::default() };
    Ok(app.engine.storage().page(&filter, None, LOOKED_AT).await?.orders)
}

fn is_part(number: &str, part: &str) -> bool {
    let (number, part) = (number.to_uppercase(), part.to_uppercase());
    number.starts_with(&part) || number.ends_with(&part)
}

/// As the search of orders reads an amount.
fn amount(amount: Rupiah) -> String {
    amount.decimal().normalize().to_string().replace('.', ",")
}
