//! What return records take off the invoice, before anything is booked for them.

use super::{
    known::Record,
    outcome::{Outcome, ReturnDraft, WaitsFor},
    returns::{self, Meaning, key_of_status},
    settling::Settling,
};
use crate::domain::{mapping::OnStatus, money::Rupiah};

impl Settling<'_> {
    /// What the record of a return takes off the invoice, as far as that is known: its pieces at the invoice's prices;
    /// if these are not clear, the refund. Never more than is left: money that is believed to be settled would be
    /// booked as other income.
    pub(super) fn worth(&self, record: &Record) -> Option<Rupiah> {
        let left = self.ledger.not_returned();
        if left.is_zero() {
            return Some(Rupiah::ZERO);
        }
        let amount = self.clear(record).map(|draft| draft.total).or(record.record.refund);
        amount.map(|amount| amount.min(left))
    }

    /// The return of a record, if it is clear what comes back.
    pub(super) fn clear(&self, record: &Record) -> Option<Box<ReturnDraft>> {
        match returns::meaning(self.order, self.invoice, record, self.mapping, &self.stock) {
            Meaning::Return(draft) if !self.is_without_details(record) => Some(draft),
            Meaning::Return(_) | Meaning::Discount | Meaning::Unclear(_) => None,
        }
    }

    /// Whoever books all waiting returns books one after the other. What a return takes off the invoice is not known
    /// yet if that depends on a waiting return before it, such as one of the same pieces.
    pub(super) fn foresee_returns(&mut self) {
        let mut ahead = self.stock.clone();
        for (place, record) in self.order.records.iter().enumerate() {
            let Some(Outcome::Waiting(WaitsFor::Approval | WaitsFor::ApprovalOf(_) | WaitsFor::Person)) =
                self.records.get(&place)
            else {
                continue;
            };
            let draft = match returns::meaning(self.order, self.invoice, record, self.mapping, &ahead) {
                Meaning::Return(draft) => Some(draft),
                Meaning::Discount | Meaning::Unclear(_) => None,
            };
            let then = draft.as_ref().map(|draft| draft.total);
            let now = self.amounts.get(&place).copied().flatten();
            self.amounts.insert(place, now.filter(|now| then == Some(*now)));
            if let Some(draft) = draft {
                ahead.give_back(&draft);
            }
        }
    }

    /// Whether all that is known about a return is the order's status, and the mapping leaves its pieces to a person.
    pub(super) fn is_without_details(&self, record: &Record) -> bool {
        record.record.key == key_of_status(self.order)
            && record.record.pieces.is_empty()
            && self.mapping.returns.on_status == OnStatus::Block
    }
}
