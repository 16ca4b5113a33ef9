//! Which pieces of the invoice a return record means: the record names SKUs of Forstok, the invoice has item numbers
//! and prices.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::stock::{Pieces, Stock, price_of};
use crate::domain::{
    about::AfterSale,
    lines::lines_of,
    mapping::Mapping,
    money::Rupiah,
    order::{OrderLine, Snapshot},
    return_record::ReturnRecord,
};

/// At most this many choices of pieces are compared with the refund.
const MOST_CHOICES: usize = 10_000;

/// The pieces of the invoice that a record with pieces means, or why that is not clear.
///
/// A SKU that the invoice has at several prices means the one choice of pieces whose amount is the refund. A bundle's
/// parts go with their bundle.
pub(super) fn pieces_of(
    record: &ReturnRecord,
    snapshot: &Snapshot,
    mapping: &Mapping,
    stock: &Stock<'_>,
) -> Result<Pieces, AfterSale> {
    let wanted = wanted(record, snapshot)?;
    let invoiced = Invoiced { snapshot, mapping, stock, has_its_prices: stock.has_the_prices_of(snapshot) };
    let mut choices = vec![Pieces::new()];
    for (sku, quantity) in &wanted {
        let offers = invoiced.offers(sku).ok_or_else(|| unclear(record))?;
        let available: Decimal = offers.iter().map(|offer| offer.available(stock)).sum();
        if offers.is_empty() {
            return Err(AfterSale::NotSold { sku: (*sku).to_owned() });
        }
        if *quantity > available {
            let (pieces, left) = (quantity.normalize().to_string(), available.normalize().to_string());
            return Err(AfterSale::MoreThanSold { sku: (*sku).to_owned(), pieces, left });
        }
        let splits = splits(*quantity, &offers, stock);
        if splits.is_empty() || choices.len() * splits.len() > MOST_CHOICES {
            return Err(unclear(record));
        }
        choices = choices.iter().flat_map(|choice| splits.iter().map(|split| sum(choice, split))).collect();
    }
    choices.retain(|choice| choice.iter().all(|(product, quantity)| *quantity <= stock.left(product)));
    choices.sort();
    choices.dedup();
    the_one(choices, record, stock)
}

/// The only choice, or the only one whose amount is the refund: what the buyer paid for it, with or without its share
/// of the discount.
fn the_one(mut choices: Vec<Pieces>, record: &ReturnRecord, stock: &Stock<'_>) -> Result<Pieces, AfterSale> {
    if choices.len() > 1 {
        let with_discount = |choice: &Pieces| price_of(choice) - stock.discount_of(choice);
        let equal = |amount: &dyn Fn(&Pieces) -> Rupiah| -> Vec<_> {
            choices.iter().filter(|choice| record.refund == Some(amount(choice))).cloned().collect()
        };
        let exact = equal(&with_discount);
        choices = if exact.is_empty() { equal(&price_of) } else { exact };
    }
    match choices.len() {
        1 => Ok(choices.remove(0)),
        _ => Err(unclear(record)),
    }
}

fn unclear(record: &ReturnRecord) -> AfterSale {
    AfterSale::WhichPieces { refund: record.refund.map(|refund| refund.to_string()) }
}

/// The pieces of the record by SKU, without parts of bundles that it names too.
fn wanted<'a>(record: &'a ReturnRecord, snapshot: &Snapshot) -> Result<BTreeMap<&'a str, Decimal>, AfterSale> {
    let mut wanted: BTreeMap<&str, Decimal> = BTreeMap::new();
    for piece in &record.pieces {
        if piece.quantity <= Decimal::ZERO {
            return Err(unclear(record));
        }
        *wanted.entry(piece.sku.trim()).or_default() += piece.quantity;
    }
    let products: Vec<_> = snapshot.products().collect();
    let is_sold = |sku: &str| products.iter().any(|product| product.sku.trim() == sku);
    let with_bundles: BTreeMap<_, _> = wanted.clone();
    wanted.retain(|sku, quantity| is_sold(sku) || *quantity > parts_within(sku, &with_bundles, &products));
    Ok(wanted)
}

/// How many pieces of a part are in the bundles that are returned.
fn parts_within(sku: &str, returned: &BTreeMap<&str, Decimal>, products: &[&OrderLine]) -> Decimal {
    let bundles = returned.iter().filter_map(|(bundle, quantity)| {
        let product = products.iter().find(|product| product.sku.trim() == *bundle)?;
        let parts = product.bundle.iter().filter(|part| part.sku.trim() == sku);
        Some(*quantity * parts.map(|part| Decimal::from(part.quantity)).sum::<Decimal>())
    });
    bundles.sum()
}

/// Products of one SKU at one price, and what each of them is on the invoice.
struct Offer {
    /// The lines of one piece: several, if it is a bundle.
    each: Pieces,
    /// How many were sold, if the snapshot still has the pieces of the invoice.
    sold: Option<Decimal>,
}

impl Offer {
    /// How many can still be returned.
    fn available(&self, stock: &Stock<'_>) -> Decimal {
        let of_lines = self.each.iter().map(|(product, each)| stock.left(product) / each);
        let left = of_lines.min().unwrap_or_default();
        self.sold.map_or(left, |sold| left.min(sold))
    }

    fn times(&self, quantity: Decimal) -> Pieces {
        self.each.iter().map(|(product, each)| (product.clone(), (each * quantity).normalize())).collect()
    }
}

/// The newest snapshot of an order, whose prices may have changed since its invoice, beside the lines of the invoice.
struct Invoiced<'a> {
    snapshot: &'a Snapshot,
    mapping: &'a Mapping,
    stock: &'a Stock<'a>,
    /// Whether pieces and prices are those of the invoice.
    has_its_prices: bool,
}

impl Invoiced<'_> {
    /// At which prices the invoice has a SKU; `None` if that is not clear any more.
    fn offers(&self, sku: &str) -> Option<Vec<Offer>> {
        let mut offers: Vec<Offer> = Vec::new();
        // Once the snapshot has other pieces, the invoice says how many there are.
        let is_meant =
            |product: &&OrderLine| product.sku.trim() == sku && !(self.has_its_prices && product.quantity.is_zero());
        for product in self.snapshot.products().filter(is_meant) {
            let each = self.lines_of_one(product)?;
            match offers.iter_mut().find(|offer| offer.each == each) {
                Some(offer) => offer.sold = offer.sold.map(|sold| sold + product.quantity),
                None if each.is_empty() => {}
                None => offers.push(Offer { each, sold: self.has_its_prices.then_some(product.quantity) }),
            }
        }
        Some(offers)
    }

    /// What one piece of a product is on the invoice.
    fn lines_of_one(&self, product: &OrderLine) -> Option<Pieces> {
        let lines = vec![OrderLine { quantity: Decimal::ONE, ..product.clone() }];
        let one = Snapshot { lines, ..self.snapshot.clone() };
        let mut each = Pieces::new();
        for line in lines_of(&one, self.mapping, &mut Vec::new()) {
            let same = (line.item_no, line.unit_price);
            let product = if self.has_its_prices { self.stock.of_invoice(same) } else { self.stock.only_one(same.0) };
            *each.entry(product?).or_default() += line.quantity;
        }
        Some(each)
    }
}

/// All ways to take so many pieces from these offers; empty if there are too many.
fn splits(quantity: Decimal, offers: &[Offer], stock: &Stock<'_>) -> Vec<Pieces> {
    let [offer, others @ ..] = offers else { return Vec::new() };
    if others.is_empty() {
        return if quantity <= offer.available(stock) { vec![offer.times(quantity)] } else { Vec::new() };
    }
    let of_others: Decimal = others.iter().map(|other| other.available(stock)).sum();
    let mut taken = (quantity - of_others).max(Decimal::ZERO).ceil();
    let mut splits = Vec::new();
    while taken <= quantity.min(offer.available(stock)) {
        let rest = quantity - taken;
        let of_rest = if rest.is_zero() { vec![Pieces::new()] } else { self::splits(rest, others, stock) };
        for other in of_rest {
            splits.push(sum(&offer.times(taken), &other));
        }
        if splits.len() > MOST_CHOICES {
            return Vec::new();
        }
        taken += Decimal::ONE;
    }
    splits
}

fn sum(one: &Pieces, other: &Pieces) -> Pieces {
    let mut both = one.clone();
    for (product, quantity) in other {
        *both.entry(product.clone()).or_default() += *quantity;
    }
    both.retain(|_, quantity| !quantity.is_zero());
    both
}
