//! Converts an order's pieces and bundles to the lines of an invoice.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    about::{About, Product},
    invoice::sent_name,
    mapping::{Bundles, Mapping},
    money::Rupiah,
    order::{BundlePart, OrderLine, Snapshot},
    reason::{Finding, Reason},
};

/// One line of the invoice, before names are cut and warehouses are added.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Item number in Accurate.
    pub item_no: String,
    /// Rupiah for one piece.
    pub unit_price: Rupiah,
    /// Name and variant.
    pub name: String,
    /// Pieces.
    pub quantity: Decimal,
}

/// The lines of an order, or the findings that prevent them.
///
/// Pieces of one item with the same price and name share a line, in order of first occurrence. The built-in integration
/// gave all pieces of a sku the first price (forstok.md §5).
pub fn lines_of(order: &Snapshot, mapping: &Mapping, findings: &mut Vec<Finding>) -> Vec<Line> {
    let mut gathered =
        Gathered { mapping, findings, without_sku: HashSet::new(), lines: Vec::new(), places: HashMap::new() };
    for product in order.products().filter(|product| !product.quantity.is_zero()) {
        gathered.add_product(product);
    }
    gathered.lines
}

struct Gathered<'a> {
    mapping: &'a Mapping,
    findings: &'a mut Vec<Finding>,
    /// Products without a SKU that have already been reported.
    without_sku: HashSet<(Product, Option<Product>)>,
    lines: Vec<Line>,
    /// Index into `lines`: an order may have tens of thousands of different lines.
    places: HashMap<(String, Rupiah, String), usize>,
}

impl Gathered<'_> {
    fn add_product(&mut self, product: &OrderLine) {
        let price = match product.unit_price() {
            Some(price) if price >= Rupiah::ZERO => price,
            // The value is reported where it could not be read.
            None if !product.unread.is_empty() => return,
            // Neither can be invoiced, and a negative line must not be mistaken for a discount.
            unusable => {
                let product = described(product.full_name(), &product.sku, product.variant_id.as_deref());
                let about = match unusable {
                    Some(price) => About::PriceNegative { product, price },
                    None => About::PriceMissing { product },
                };
                self.findings.push(Finding { reason: Reason::AmountUnreadable, about });
                return;
            }
        };
        let parts: Vec<_> = product.bundle.iter().filter(|part| part.quantity > 0).collect();
        match self.mapping.bundles {
            Bundles::Children if !parts.is_empty() => self.add_spread(product, price, &parts),
            Bundles::ParentAndChildren => {
                self.add_parent(product, price);
                for part in parts {
                    self.add_part(product, part, Rupiah::ZERO, Decimal::from(part.quantity) * product.quantity);
                }
            }
            Bundles::Parent | Bundles::Children => self.add_parent(product, price),
        }
    }

    fn add_parent(&mut self, product: &OrderLine, price: Rupiah) {
        let variant_id = product.variant_id.as_deref();
        if let Some(item_no) = self.mapping.item_no(&product.sku, variant_id) {
            self.add(item_no, product.full_name(), price, product.quantity);
        } else {
            let product = described(product.full_name(), &product.sku, variant_id);
            self.report_without_sku(product, None);
        }
    }

    /// A part has no variant id that could be mapped, so it needs its SKU.
    fn add_part(&mut self, bundle: &OrderLine, part: &BundlePart, price: Rupiah, quantity: Decimal) {
        if let Some(item_no) = self.mapping.item_no(&part.sku, None) {
            self.add(item_no, part.name.trim().to_owned(), price, quantity);
        } else {
            let bundle = described(bundle.full_name(), &bundle.sku, bundle.variant_id.as_deref());
            let part = described(part.name.trim().to_owned(), "", None);
            self.report_without_sku(part, Some(bundle));
        }
    }

    /// Spreads the bundle's price over its parts; each part has at most two lines, which differ by the smallest unit.
    fn add_spread(&mut self, product: &OrderLine, price: Rupiah, parts: &[&BundlePart]) {
        let by_subtotal: Vec<_> = parts.iter().map(|part| part.subtotal.decimal().max(Decimal::ZERO)).collect();
        let by_quantity: Vec<_> = parts.iter().map(|part| Decimal::from(part.quantity)).collect();
        let weights = if by_subtotal.iter().any(|weight| !weight.is_zero()) { by_subtotal } else { by_quantity };
        let unit = smallest_unit(price);
        for (part, share) in parts.iter().zip(spread(price, &weights)) {
            for (pieces, unit_price) in whole_unit_prices(share, part.quantity, unit) {
                self.add_part(product, part, unit_price, Decimal::from(pieces) * product.quantity);
            }
        }
    }

    fn add(&mut self, item_no: &str, name: String, unit_price: Rupiah, quantity: Decimal) {
        match self.places.entry((item_no.to_owned(), unit_price, sent_name(&name).to_owned())) {
            Entry::Occupied(place) => self.lines[*place.get()].quantity += quantity,
            Entry::Vacant(new) => {
                new.insert(self.lines.len());
                self.lines.push(Line { item_no: item_no.to_owned(), unit_price, name, quantity });
            }
        }
    }

    fn report_without_sku(&mut self, product: Product, part_of: Option<Product>) {
        if self.without_sku.insert((product.clone(), part_of.clone())) {
            let about = match part_of {
                Some(bundle) => About::Part { part: product, bundle: Box::new(bundle) },
                None => About::Product { product },
            };
            self.findings.push(Finding { reason: Reason::SkuEmpty, about });
        }
    }
}

/// A product, with what a person needs to find it in Forstok.
fn described(name: String, sku: &str, variant_id: Option<&str>) -> Product {
    Product { name, sku: sku.trim().to_owned(), variant_id: variant_id.map(str::to_owned) }
}

/// One rupiah, or the last decimal place of the price.
fn smallest_unit(price: Rupiah) -> Decimal {
    Decimal::new(1, price.decimal().normalize().scale())
}

/// Splits a price by weights so that the shares are whole units and add up to the price, by the method of largest
/// remainders.
///
/// If remainders are equal, the earlier share gets the unit, so the result is deterministic. All calculations use
/// integers: an amount has at most 18 digits, so a product of two fits into 128 bits.
pub fn spread(price: Rupiah, weights: &[Decimal]) -> Vec<Rupiah> {
    let unit = smallest_unit(price);
    let units = whole_units(price.decimal(), unit);
    let finest = weights.iter().map(|weight| weight.normalize().scale()).max().unwrap_or(0);
    let weights: Vec<_> = weights.iter().map(|weight| whole_units(*weight, Decimal::new(1, finest))).collect();
    let sum: i128 = weights.iter().sum();
    let mut shares: Vec<_> = weights.iter().map(|weight| units * weight / sum).collect();
    let mut by_remainder: Vec<_> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&i| (std::cmp::Reverse(units * weights[i] % sum), i));
    let missing = units - shares.iter().sum::<i128>();
    for &i in by_remainder.iter().take(missing as usize) {
        shares[i] += 1;
    }
    shares.into_iter().map(|share| Rupiah::from_decimal(Decimal::from_i128_with_scale(share, 0) * unit)).collect()
}

fn whole_units(amount: Decimal, unit: Decimal) -> i128 {
    (amount / unit).to_i128().unwrap_or(0)
}

/// Spreads a share over its pieces: one line if the unit price is whole, otherwise two that differ by one unit.
fn whole_unit_prices(share: Rupiah, pieces: u32, unit: Decimal) -> Vec<(u32, Rupiah)> {
    let count = Decimal::from(pieces);
    let units = share.decimal() / unit;
    let low = (units / count).floor();
    let dearer = (units - low * count).to_u32().unwrap_or(0);
    let price = |units: Decimal| Rupiah::from_decimal(units * unit);
    [(pieces - dearer, price(low)), (dearer, price(low + Decimal::ONE))]
        .into_iter()
        .filter(|(pieces, _)| *pieces > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_that_does_not_divide_is_spread_to_the_rupiah() {
        let weights = [Decimal::ONE, Decimal::ONE, Decimal::ONE];
        let shares = spread(Rupiah::whole(100), &weights);
        assert_eq!(shares, [34, 33, 33].map(Rupiah::whole));
        assert_eq!(
            whole_unit_prices(Rupiah::whole(34), 4, Decimal::ONE),
            vec![(2, Rupiah::whole(8)), (2, Rupiah::whole(9))]
        );
    }

    #[test]
    fn half_a_rupiah_stays_half_a_rupiah() {
        let price = Rupiah::parse("24500.5").expect("amount");
        let shares = spread(price, &[Decimal::ONE, Decimal::TWO]);
        assert_eq!(shares.iter().copied().sum::<Rupiah>(), price);
    }

    proptest! {
        #[test]
        fn spreading_is_exact_and_never_negative(
            hundredths in 0_i64..10_000_000_000,
            weights in prop::collection::vec((0_u32..1_000_000, 1_u32..50), 1..8),
        ) {
            let price = Rupiah::from_decimal(Decimal::new(hundredths, 2));
            prop_assume!(weights.iter().any(|(weight, _)| *weight > 0));
            let parts: Vec<_> = weights.iter().map(|(weight, _)| Decimal::from(*weight)).collect();
            let shares = spread(price, &parts);
            prop_assert_eq!(shares.iter().copied().sum::<Rupiah>(), price);
            let unit = smallest_unit(price);
            for (share, (_, pieces)) in shares.iter().zip(&weights) {
                prop_assert!(*share >= Rupiah::ZERO);
                let lines = whole_unit_prices(*share, *pieces, unit);
                prop_assert!(lines.len() <= 2);
                prop_assert_eq!(lines.iter().map(|(n, price)| *price * Decimal::from(*n)).sum::<Rupiah>(), *share);
                prop_assert_eq!(lines.iter().map(|(n, _)| n).sum::<u32>(), *pieces);
            }
        }
    }
}
