//! Orders that Forstok changes once they are invoiced. Their invoices stay as they are, and so does what a return takes
//! back.

use std::collections::BTreeMap;

use forstok_accurate::{
    domain::{
        document::{Kind, Progress},
        reason::Warning,
    },
    sandbox::{Invoice, SalesReturn},
    storage::State,
};
use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{
    booked::{Known, Live},
    checks::Violation,
    senders::Waiting,
    view::View,
    world::World,
};

impl World {
    /// Forstok changes some of the orders that are invoiced by now.
    pub(crate) fn forstok_changes_orders(&mut self) {
        for script in &mut self.scripts {
            let order = self.view.orders.get(&script.id);
            let is_invoiced = order.is_some_and(|order| order.state == State::Invoiced);
            if !is_invoiced || !self.after.invoiced.insert(script.id.clone()) || self.rng.u8(..4) > 0 {
                continue;
            }
            let before = script.newest_pieces();
            let (body, changes) = script.change(&mut self.rng);
            self.after.sales.has_other_pieces(&script.id, before, script.newest_pieces());
            let at = self.clock.truth() + SignedDuration::from_secs(self.rng.i64(0..900));
            let words = format!("a change of order {}", script.id);
            self.waiting.push(Waiting { body, words, at, is_repeat: false });
            for change in changes {
                self.coverage.meet("after the sale", change);
            }
        }
    }

    /// Something was booked on an invoice that Forstok would make differently by now, for the coverage table.
    pub(crate) fn meet_changes(&mut self, before: &View) {
        for (key, document) in &self.view.booked.documents {
            let existed = before.booked.documents.get(key).is_some_and(|old| old.state == Progress::Exists);
            let order = self.view.orders.get(&key.0);
            let is_changed = order.is_some_and(|order| order.warnings.contains(Warning::ChangedAfterInvoice.code()));
            if document.state == Progress::Exists && !existed && is_changed {
                let kind = if key.1 == Kind::Return { "return" } else { "receipt" };
                self.coverage.meet("after the sale", format!("a {kind} is booked after its order was changed"));
            }
        }
    }
}

impl Known<'_> {
    /// A return takes back what its invoice has, at the invoice's prices, however its order has changed since; and all
    /// of it together is worth what the invoice is.
    pub(super) fn returns_are_of_their_invoices(&self, live: &Live) -> Result<(), Violation> {
        for (order, invoices) in self.invoices.iter().filter(|(order, _)| !self.owners.is_touched(order)) {
            for invoice in invoices {
                let of_invoice = |one: &&SalesReturn| one.invoice_id == invoice.id;
                let returns: Vec<_> = live.returns.get(order).into_iter().flatten().filter(of_invoice).collect();
                let is_in_hand = returns.iter().any(|one| self.marks.is_in_hand(Kind::Return, one.id));
                let is_off = live.has_a_fraction(order) || invoice.total_amount.fract() != Decimal::ZERO;
                if !is_in_hand && !is_off && !returns.is_empty() {
                    are_of(&returns, invoice).map_err(|what| {
                        Violation::Promise(format!("order {order} has a return that {what}: {returns:?}, {invoice:?}"))
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Whether these returns are of this invoice: their pieces, prices, discounts and totals.
fn are_of(returns: &[&SalesReturn], invoice: &Invoice) -> Result<(), &'static str> {
    let mut left: BTreeMap<_, Decimal> = BTreeMap::new();
    for line in &invoice.lines {
        *left.entry((&line.item_no, line.unit_price)).or_default() += line.quantity;
    }
    for line in returns.iter().flat_map(|one| &one.lines) {
        let goods = &line.goods;
        let left = left.get_mut(&(&goods.item_no, goods.unit_price)).ok_or("is not at the invoice's prices")?;
        *left -= goods.quantity;
        if *left < Decimal::ZERO {
            return Err("takes back more than the invoice has");
        }
    }
    let sum = |amount: fn(&SalesReturn) -> Decimal| returns.iter().map(|one| amount(one)).sum::<Decimal>();
    let shipping = sum(|one| one.expenses.iter().map(|expense| expense.amount).sum());
    let rest = invoice.total_amount - sum(|one| one.total_amount) - (invoice.total_expense - shipping);
    match rest {
        rest if rest < Decimal::ZERO => Err("is worth more than the invoice"),
        rest if left.values().all(Decimal::is_zero) && !rest.is_zero() => Err("is worth less than the invoice"),
        _ => Ok(()),
    }
}
