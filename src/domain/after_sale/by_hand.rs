//! Rows and records that a person has booked in Accurate: nothing is created for them, and what they take off is no
//! longer owed (returns.md §6).

use super::{
    known::{ByHand, Record, Row},
    ledger::Ledger,
    outcome::Outcome,
    receipts::{self, Booking, refund_in},
    returns::{self, Meaning, key_of_cancellation},
    settling::Settling,
};
use crate::domain::{
    about::{About, AfterSale, Correction},
    ids::DocumentNumber,
    mapping::{
        Mapping,
        after_sale::{REFUND, SUBTOTAL},
    },
    money::Rupiah,
    reason::{Finding, Reason},
};

/// What people have booked, in rupiah.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BookedByHand {
    /// With payouts.
    pub(super) paid: Rupiah,
    /// With returns.
    pub(super) returned: Rupiah,
    /// Refunds that no return explains: with discounts.
    pub(super) refunded: Rupiah,
}

impl Settling<'_> {
    /// Takes off what people have booked. What this service has sent comes first.
    pub(super) fn keep_what_people_booked(&mut self) {
        for (place, record) in self.order.records.iter().enumerate() {
            let Some(by_hand) = record.by_hand.as_ref().filter(|_| !self.records.contains_key(&place)) else {
                continue;
            };
            let was = Record { record: by_hand.was.as_ref().unwrap_or(&record.record).clone(), ..record.clone() };
            let mut changes = changes_of_record(record, self.order.store_id, self.mapping);
            let mut amount = None;
            if by_hand.number.is_some() {
                let worth = self.worth(&was);
                if by_hand.amount.is_none() && changes.is_empty() && worth != self.worth(record) {
                    changes.push(change_of_refund(&was, record));
                }
                amount = by_hand.amount.or(by_hand.counted).or(worth);
                self.returned_by_hand(&was, amount.unwrap_or_default());
            }
            self.amounts.insert(place, amount);
            let outcome = outcome(by_hand, amount.unwrap_or_default(), Reason::ReturnNeedsPerson, changes);
            self.records.insert(place, outcome);
        }
        self.ledger.kept = self.kept_refunds();
        let is_ours = |(_, row): &(usize, &Row)| row.by_hand.as_ref().is_some_and(|by_hand| by_hand.was_ours);
        // What this service had paid, it paid before a person booked anything else.
        let (ours, others): (Vec<_>, Vec<_>) = self.order.rows.iter().enumerate().partition(is_ours);
        for (place, row) in ours.into_iter().chain(others) {
            let Some(by_hand) = row.by_hand.as_ref().filter(|_| !self.rows.contains_key(&place)) else { continue };
            let mut amount = Rupiah::ZERO;
            // Money that is booked somewhere else than on the invoice uses nothing of it up.
            if by_hand.number.is_some() && by_hand.amount.is_none_or(|amount| !amount.is_zero()) {
                let was = Row { payout: by_hand.was.as_ref().unwrap_or(&row.payout).clone(), ..row.clone() };
                // What this service had paid, it paid before the goods went back.
                let ledger = self.ledger.clone();
                let ledger = if by_hand.was_ours { ledger.without_returns() } else { ledger };
                let worth = self.worth_of_payout(&was, &ledger);
                amount = by_hand.amount.or(by_hand.counted).unwrap_or(worth);
                self.ledger.pay_by_hand(amount);
                self.by_hand.paid = self.by_hand.paid + amount;
            }
            let outcome = outcome(by_hand, amount, Reason::PayoutCorrected, changes_of_row(row, self.order.store_id));
            self.rows.insert(place, outcome);
        }
    }

    /// What went back without a return, according to records that are still to be decided; `None` if one of them does
    /// not say how much.
    fn kept_refunds(&self) -> Option<Rupiah> {
        let open = self.order.records.iter().enumerate().filter(|(place, _)| !self.records.contains_key(place));
        let meaning = |record| returns::meaning(self.order, self.invoice, record, self.mapping, &self.stock);
        let kept = open.filter(|(_, record)| matches!(meaning(record), Meaning::Discount));
        kept.map(|(_, record)| record.record.refund).sum()
    }

    /// A person has booked this much for a record. The pieces that it names are gone only if it is their price.
    fn returned_by_hand(&mut self, record: &Record, amount: Rupiah) {
        match self.clear(record).filter(|draft| draft.total == amount) {
            Some(draft) => {
                self.stock.give_back(&draft);
                self.ledger.explain_by(&draft);
            }
            None => self.ledger.explain(amount),
        }
        self.by_hand.returned = self.by_hand.returned + amount;
        self.ledger.give_back(amount);
    }

    /// What a payout that a person has booked pays: what its receipt would; if none is possible, its products or its
    /// money, but not more than is owed. Below 0 if it closes a credit.
    fn worth_of_payout(&mut self, row: &Row, ledger: &Ledger) -> Rupiah {
        let refunded = refund_in(&row.payout, self.mapping);
        let unexplained = refunded - refunded.min(ledger.returns).max(Rupiah::ZERO);
        self.by_hand.refunded = self.by_hand.refunded + unexplained;
        match self.booking_context().book(row, ledger) {
            Ok(Booking::Receipt(draft)) => {
                self.ledger.take(draft.used);
                draft.body.paid()
            }
            Ok(Booking::Nothing(used)) => {
                self.ledger.take(used);
                Rupiah::ZERO
            }
            Err(outcome) => {
                let used = self.booking_context().used_by_hand(row, ledger);
                self.ledger.take(used);
                if let Outcome::Blocked(Finding {
                    about: About::AfterSale { of: AfterSale::CreditToClose { amount, .. } },
                    ..
                }) = outcome
                {
                    // The journal voucher that the row asks for: the credit is gone.
                    return Rupiah::ZERO - amount;
                }
                let is_products = |(name, _): &(&String, _)| self.mapping.payout.category(name) == Some(SUBTOTAL);
                let products = row.payout.amounts.iter().find(is_products).map(|(_, amount)| *amount);
                let is_other = |name: &str| matches!(self.mapping.payout.category(name), Some(SUBTOTAL | REFUND));
                let fees = row.payout.amounts.iter().filter(|(name, _)| !is_other(name));
                let before_fees = row.payout.net - fees.map(|(_, amount)| *amount).sum();
                let gross = products.map_or(before_fees, |products| products - refunded);
                let gross = gross + used.discount + used.shipping;
                gross.min(ledger.owed()).max(Rupiah::ZERO)
            }
        }
    }

    /// Numbers of receipts that people have booked on the invoice.
    pub(super) fn receipts_by_hand(&self) -> impl Iterator<Item = DocumentNumber> {
        let rows = self.order.rows.iter().enumerate();
        let rows = rows
            .filter(|(place, _)| takes_off(self.rows.get(place)))
            .filter_map(|(_, row)| row.by_hand.as_ref()?.number.clone());
        rows.map(DocumentNumber::from)
    }

    /// Numbers of returns that people have booked on the invoice, without that of its cancellation.
    pub(super) fn returns_by_hand(&self) -> impl Iterator<Item = DocumentNumber> {
        let of_cancellation = key_of_cancellation(self.order);
        let records = self.order.records.iter().enumerate();
        let records = records
            .filter(move |(place, record)| takes_off(self.records.get(place)) && record.record.key != of_cancellation)
            .filter_map(|(_, record)| record.by_hand.as_ref()?.number.clone());
        records.map(DocumentNumber::from)
    }
}

/// Whether a document that a person has booked takes something off what is owed.
fn takes_off(outcome: Option<&Outcome>) -> bool {
    outcome.is_some_and(|outcome| outcome.booked_by_hand().is_positive())
}

/// The outcome of a row or record that a person has marked: their document takes this amount off. What was corrected
/// since then is for a person again.
fn outcome<R>(by_hand: &ByHand<R>, amount: Rupiah, reason: Reason, changes: Vec<Correction>) -> Outcome {
    if !changes.is_empty() {
        let about = About::AfterSale { of: AfterSale::Corrected { changes } };
        return Outcome::ByHandCorrected(amount, Finding { reason, about });
    }
    match by_hand.number {
        Some(_) => Outcome::ByHand(amount),
        None => Outcome::Ignored(Some(Reason::Excluded)),
    }
}

/// The outcome of a payout without an invoice here, if a person has marked it.
pub(super) fn row_without_invoice(row: &Row, store_id: &str) -> Option<Outcome> {
    let by_hand = row.by_hand.as_ref()?;
    Some(outcome(by_hand, Rupiah::ZERO, Reason::PayoutCorrected, changes_of_row(row, store_id)))
}

/// The outcome of a return without an invoice here, if a person has marked it.
pub(super) fn record_without_invoice(record: &Record, store_id: &str, mapping: &Mapping) -> Option<Outcome> {
    let by_hand = record.by_hand.as_ref()?;
    Some(outcome(by_hand, Rupiah::ZERO, Reason::ReturnNeedsPerson, changes_of_record(record, store_id, mapping)))
}

fn changes_of_row(row: &Row, store_id: &str) -> Vec<Correction> {
    let was = row.by_hand.as_ref().and_then(|by_hand| by_hand.was.as_ref());
    was.map_or_else(Vec::new, |was| receipts::corrections(was, &row.payout, store_id))
}

fn changes_of_record(record: &Record, store_id: &str, mapping: &Mapping) -> Vec<Correction> {
    let was = record.by_hand.as_ref().and_then(|by_hand| by_hand.was.as_ref());
    was.map_or_else(Vec::new, |was| returns::corrections(was, &record.record, store_id, mapping))
}

/// The refund is what a return takes off if it is not clear what came back.
fn change_of_refund(was: &Record, now: &Record) -> Correction {
    let shown = |record: &Record| record.record.refund.map(|refund| refund.to_string()).unwrap_or_default();
    Correction { what: "refund".to_owned(), before: shown(was), after: shown(now) }
}
