//! The products of both sides, item by item.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Booked, Found, Kind};
use crate::domain::{invoice::InvoiceBody, money::Rupiah};

/// A price that differs by no more than this was rounded.
const ROUNDING: Decimal = Decimal::ONE;

/// The pieces of one item, by price.
#[derive(Default, PartialEq)]
struct Pieces(BTreeMap<Rupiah, Decimal>);

impl Pieces {
    fn add(&mut self, price: Rupiah, quantity: Decimal) {
        *self.0.entry(price).or_default() += quantity;
    }

    fn quantity(&self) -> Decimal {
        self.0.values().copied().sum()
    }

    fn amount(&self) -> Rupiah {
        self.0.iter().map(|(price, quantity)| *price * *quantity).sum()
    }

    /// The price, if all pieces have the same.
    fn only_price(&self) -> Option<Rupiah> {
        self.0.keys().next().copied().filter(|_| self.0.len() == 1)
    }

    /// `2 × Rp50.000 + 1 × Rp45.000`.
    fn in_words(&self) -> String {
        let times = |(price, quantity): (&Rupiah, &Decimal)| format!("{} × {}", quantity.normalize(), price.in_words());
        self.0.iter().rev().map(times).collect::<Vec<_>>().join(" + ")
    }
}

/// One product on both sides, for people: `2 × Rp50.000 + 1 × Rp45.000`; empty where a side does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The item's number.
    pub item_no: String,
    /// Its name.
    pub name: String,
    /// In the draft.
    pub draft: String,
    /// On the invoice in Accurate.
    pub accurate: String,
}

/// All products of both sides.
pub fn products(draft: &InvoiceBody, booked: Option<&Booked>) -> Vec<Product> {
    let mut names = BTreeMap::<&str, (&str, Pieces, Pieces)>::new();
    for item in &draft.detail_item {
        let known = names.entry(&item.item_no).or_insert((&item.detail_name, Pieces::default(), Pieces::default()));
        known.1.add(item.unit_price, item.quantity);
    }
    for line in booked.iter().flat_map(|booked| &booked.lines) {
        let known = names.entry(&line.item_no).or_insert((&line.name, Pieces::default(), Pieces::default()));
        known.2.add(line.unit_price, line.quantity);
    }
    let product = |(item_no, (name, draft, accurate)): (&str, (&str, Pieces, Pieces))| Product {
        item_no: item_no.to_owned(),
        name: name.to_owned(),
        draft: draft.in_words(),
        accurate: accurate.in_words(),
    };
    names.into_iter().map(product).collect()
}

pub(super) fn compare(draft: &InvoiceBody, booked: &Booked, found: &mut Found) {
    let (mut ours, mut there) = (BTreeMap::<&str, Pieces>::new(), BTreeMap::<&str, Pieces>::new());
    for item in &draft.detail_item {
        ours.entry(&item.item_no).or_default().add(item.unit_price, item.quantity);
    }
    for line in &booked.lines {
        there.entry(&line.item_no).or_default().add(line.unit_price, line.quantity);
    }
    for (item, ours) in &ours {
        match there.remove(item) {
            None => found.note(Kind::LineMissing, Rupiah::ZERO - ours.amount(), item, ours.in_words(), ""),
            Some(there) => compare_item(item, ours, &there, found),
        }
    }
    for (item, there) in there {
        found.note(Kind::LineExtra, there.amount(), item, "", there.in_words());
    }
}

/// The amounts of the kinds that it notes add up to the difference between the two sides.
fn compare_item(item: &str, ours: &Pieces, there: &Pieces, found: &mut Found) {
    if ours == there {
        return;
    }
    let difference = there.amount() - ours.amount();
    let mut note = |kind, rupiah| found.note(kind, rupiah, item, ours.in_words(), there.in_words());
    if ours.quantity() == there.quantity() {
        return note(kind_of_price(ours, there), difference);
    }
    // The pieces that are missing, or too many, at a price of the draft; the rest is a matter of the price.
    let price = ours.only_price().or(there.only_price()).unwrap_or_else(|| average(ours));
    let of_pieces = price * (there.quantity() - ours.quantity());
    note(Kind::Quantity, of_pieces);
    if difference != of_pieces {
        note(Kind::UnitPrice, difference - of_pieces);
    }
}

fn kind_of_price(ours: &Pieces, there: &Pieces) -> Kind {
    match (ours.only_price(), there.only_price()) {
        (None, Some(price)) if ours.0.contains_key(&price) => Kind::SecondPriceLost,
        (Some(price), Some(_)) if price == Rupiah::ZERO => Kind::FreeItemCharged,
        _ if is_rounding(ours, there) => Kind::Rounding,
        _ => Kind::UnitPrice,
    }
}

/// Whether the amounts differ by no more than a rupiah for each piece.
fn is_rounding(ours: &Pieces, there: &Pieces) -> bool {
    (there.amount() - ours.amount()).decimal().abs() <= ROUNDING * ours.quantity().abs()
}

fn average(pieces: &Pieces) -> Rupiah {
    let quantity = pieces.quantity();
    if quantity.is_zero() {
        Rupiah::ZERO
    } else {
        Rupiah::from_decimal((pieces.amount().decimal() / quantity).round_dp(2))
    }
}
