//! What is left of an invoice that can be returned: its lines, its discount and its shipping, less earlier returns.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{known::Standing, outcome::ReturnDraft};
use crate::domain::{
    basis::Basis,
    invoice::{DetailExpense, DetailItem},
    money::Rupiah,
    order::Snapshot,
    sales_return::ReturnBody,
};

/// A product on the invoice: item number and price. Lines that differ only in their name count as one.
pub(super) type ItemAtPrice = (String, Rupiah);

/// Pieces of products on the invoice.
pub(super) type Pieces = BTreeMap<ItemAtPrice, Decimal>;

/// What is left of an invoice.
#[derive(Clone, Debug)]
pub(super) struct Stock<'a> {
    invoice: Standing<'a>,
    left: Pieces,
    /// What no return has taken of the discount on the whole invoice, in rupiah.
    discount: Rupiah,
    /// Whether no return has taken the shipping.
    has_shipping: bool,
    /// The returns so far, with exclusive tax, in rupiah.
    returned: Rupiah,
}

impl<'a> Stock<'a> {
    /// Of an invoice without returns.
    pub(super) fn of(invoice: Standing<'a>) -> Self {
        let mut left = Pieces::new();
        for item in &invoice.draft.body.detail_item {
            *left.entry((item.item_no.clone(), item.unit_price)).or_default() += item.quantity;
        }
        let discount = invoice.draft.body.cash_discount;
        Self { invoice, left, discount, has_shipping: true, returned: Rupiah::ZERO }
    }

    /// A return exists, or must exist.
    pub(super) fn give_back(&mut self, draft: &ReturnDraft) {
        for item in &draft.body.detail_item {
            if let Some(left) = self.left.get_mut(&(item.item_no.clone(), item.unit_price)) {
                *left -= item.quantity;
            }
        }
        self.discount = self.discount - draft.body.cash_discount;
        self.has_shipping &= draft.body.detail_expense.as_ref().is_none_or(Vec::is_empty);
        self.returned = self.returned + draft.total;
    }

    /// Everything that is left.
    pub(super) fn everything(&self) -> Pieces {
        self.left.iter().filter(|(_, left)| **left > Decimal::ZERO).map(|(key, left)| (key.clone(), *left)).collect()
    }

    /// Whether a snapshot has the pieces of the invoice, at its prices.
    pub(super) fn has_the_prices_of(&self, snapshot: &Snapshot) -> bool {
        self.invoice.draft.basis.has_same_pieces(&Basis::of(snapshot))
    }

    /// A product, if the invoice has it.
    pub(super) fn of_invoice(&self, product: ItemAtPrice) -> Option<ItemAtPrice> {
        Some(product).filter(|product| self.left.contains_key(product))
    }

    /// An item at the only price that it has on the invoice.
    pub(super) fn only_one(&self, item_no: String) -> Option<ItemAtPrice> {
        let mut prices = self.left.keys().filter(|(item, _)| *item == item_no).map(|(_, price)| *price);
        let price = prices.next().filter(|_| prices.next().is_none())?;
        Some((item_no, price))
    }

    /// How many of a product are left.
    pub(super) fn left(&self, product: &ItemAtPrice) -> Decimal {
        self.left.get(product).copied().unwrap_or_default().max(Decimal::ZERO)
    }

    /// The products of these pieces, each with a line of the invoice that says the rest, in the invoice's order.
    pub(super) fn lines(&self, pieces: &Pieces) -> Vec<(&'a DetailItem, Decimal)> {
        let mut open = pieces.clone();
        let items = self.invoice.draft.body.detail_item.iter();
        items.filter_map(|item| Some((item, open.remove(&(item.item_no.clone(), item.unit_price))?))).collect()
    }

    /// The share of these pieces in the invoice's discount, in whole rupiah; the last pieces that have a price take the
    /// rest.
    pub(super) fn discount_of(&self, pieces: &Pieces) -> Rupiah {
        let price = price_of(pieces);
        if self.takes_everything_priced(pieces) {
            return self.discount.min(price).max(Rupiah::ZERO);
        }
        let body = &self.invoice.draft.body;
        let subtotal = body.subtotal().decimal();
        if subtotal.is_zero() {
            return Rupiah::ZERO;
        }
        // Divided last: a third of 9.000 is 3.000, but 9.000 × 0.333… is less.
        let share = body.cash_discount.decimal() * price.decimal() / subtotal;
        Rupiah::from_decimal(share.round_dp_with_strategy(0, RoundingStrategy::ToZero)).min(self.discount)
    }

    /// Shipping, if no return has taken it yet.
    pub(super) fn shipping(&self) -> Vec<DetailExpense> {
        if self.has_shipping { self.invoice.draft.body.detail_expense.clone() } else { Vec::new() }
    }

    /// Whether nothing is left after these pieces.
    pub(super) fn takes_all(&self, pieces: &Pieces) -> bool {
        self.everything().iter().all(|(product, left)| pieces.get(product).is_some_and(|taken| taken >= left))
    }

    /// Whether only pieces without a price are left after these.
    fn takes_everything_priced(&self, pieces: &Pieces) -> bool {
        let mut priced = self.everything().into_iter().filter(|((_, price), _)| !price.is_zero());
        priced.all(|(product, left)| pieces.get(&product).is_some_and(|taken| *taken >= left))
    }

    /// By how much less is owed with this return, in rupiah. Exclusive tax counts in proportion to the goods, without the
    /// shipping, to the sen; the last return takes the rest.
    pub(super) fn total_of(&self, body: &ReturnBody, pieces: &Pieces) -> Rupiah {
        let invoice = &self.invoice.draft.body;
        let shipping: Rupiah = invoice.detail_expense.iter().map(|expense| expense.expense_amount).sum();
        let goods_before_tax = invoice.total() - shipping;
        if invoice.total_is_final() || goods_before_tax.is_zero() {
            return body.total();
        }
        let keeps_shipping = !self.shipping().is_empty() && body.detail_expense.as_ref().is_none_or(Vec::is_empty);
        if self.takes_all(pieces) && !keeps_shipping {
            return self.invoice.total - self.returned;
        }
        let (goods, goods_of_invoice) = (body.total() - body.shipping(), self.invoice.total - shipping);
        let with_tax = goods.decimal() * goods_of_invoice.decimal() / goods_before_tax.decimal();
        let with_tax = with_tax.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        Rupiah::from_decimal(with_tax) + body.shipping()
    }
}

/// The price of these pieces, in rupiah.
pub(super) fn price_of(pieces: &Pieces) -> Rupiah {
    pieces.iter().map(|((_, price), quantity)| *price * *quantity).sum()
}
