//! Which refunds for goods that the buyer keeps are booked: as discounts, in receipts.

use super::{
    known::Stage,
    outcome::{Outcome, WaitsFor},
    receipts::refund_in,
    settling::Settling,
};
use crate::domain::money::Rupiah;

impl Settling<'_> {
    /// A refund that a receipt has booked as a discount is settled: each discount settles the records whose refunds it
    /// is, first one of exactly this amount. A discount that is no record's whole refund settles the first record,
    /// because the marketplace may have borne a part.
    pub(super) fn settle_discounts(&mut self) {
        for discount in self.discounts() {
            let refunds = self.records.iter().filter(|(_, outcome)| **outcome == Outcome::Waiting(WaitsFor::Payout));
            let refunds: Vec<_> =
                refunds.map(|(place, _)| (*place, self.order.records[*place].record.refund)).collect();
            let mut left = discount;
            let mut covered = Vec::new();
            if let Some((place, _)) = refunds.iter().find(|(_, refund)| *refund == Some(discount)) {
                covered.push(*place);
            } else {
                for (place, refund) in &refunds {
                    // A record that does not say how much takes what is left.
                    let refund = refund.unwrap_or(left);
                    if left.is_positive() && refund <= left {
                        left = left - refund;
                        covered.push(*place);
                    }
                }
            }
            if covered.is_empty() {
                covered.extend(refunds.first().map(|(place, _)| *place));
            }
            self.records.extend(covered.into_iter().map(|place| (place, Outcome::Settled)));
        }
    }

    /// Refunds that are booked as discounts: by each receipt that exists, and by people.
    fn discounts(&self) -> Vec<Rupiah> {
        let receipts = self.order.rows.iter().filter_map(|row| row.receipt.as_ref().map(|receipt| (row, receipt)));
        let of_receipts = receipts.filter(|(_, receipt)| receipt.stage == Stage::Exists).map(|(row, receipt)| {
            // What a return explains of the refund is no discount.
            refund_in(&row.payout, self.mapping) - receipt.draft.used.returns
        });
        of_receipts.chain([self.by_hand.refunded]).filter(|amount| amount.is_positive()).collect()
    }
}
