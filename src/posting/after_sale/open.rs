//! What must be open on the invoice before a receipt or a return is saved: people book both in Accurate too, and it is
//! not known whether Accurate refuses a payment above what is owed (payout.md §2).

use std::collections::HashMap;

use super::FollowUp;
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        documents::Found,
        outcome::Failure,
        outstanding::{self, Outstanding, OwedOn, TooMany},
    },
    domain::{
        about::{About, AfterSale},
        document::Kind,
        ids::DocumentNumber,
        money::Rupiah,
        reason::Reason,
    },
    posting::attempt::{Attempt, End, Stop, call_within_limits, stop},
    storage::Outcome,
};

/// What Accurate shows as owed on invoices, less what receipts that are about to be saved pay.
pub(in crate::posting) type Owed = HashMap<DocumentNumber, OwedOn>;

/// What is owed on the invoices of many receipts, as far as one list shows it; nothing for returns.
pub(in crate::posting) async fn owed_on_invoices<D: FollowUp>(
    session: &Session,
    attempts: &[Attempt<'_, D>],
) -> Result<Owed, Failure> {
    let Some(first) = attempts.first().filter(|_| checks_owed::<D>(session)) else { return Ok(Owed::new()) };
    let mut numbers: Vec<_> = attempts.iter().filter_map(|attempt| attempt.claim.draft.invoice()).collect();
    numbers.sort_unstable_by_key(|number| number.as_str());
    numbers.dedup();
    let list = || call_within_limits(session, first.last_start(CALL_TIMEOUT), || listed(session, &numbers), |_| {});
    match list().await {
        // Otherwise one lost reply would delay all of them.
        Err(Failure::Ambiguous(_)) => list().await,
        listed => listed,
    }
}

async fn listed(session: &Session, numbers: &[&DocumentNumber]) -> Result<Owed, Failure> {
    outstanding::listed(session, numbers).await
}

fn checks_owed<D: FollowUp>(session: &Session) -> bool {
    <D::Found as Found>::KIND == Kind::Receipt && session.checks_owed()
}

impl<D: FollowUp> Attempt<'_, D> {
    /// How the attempt ends if the invoice is not open for this document. `owed` contains what a list showed, and is
    /// reduced by what this receipt pays, so that a later receipt for the same invoice pays only what then is left.
    pub(in crate::posting) async fn check_open(&mut self, owed: &mut Owed) -> Option<End> {
        if checks_owed::<D>(self.session) { self.check_owed(owed).await } else { self.check_returnable().await }
    }

    /// How the attempt ends if Accurate shows less as owed than the receipt pays.
    async fn check_owed(&mut self, owed: &mut Owed) -> Option<End> {
        let claim = self.claim.clone();
        let invoice = claim.draft.invoice()?;
        if !owed.contains_key(invoice) {
            // Accurate refuses a receipt for an invoice that does not exist.
            let open = match self.read_open(invoice).await {
                Ok(open) => open?,
                Err(stop) => return Some(Err(stop)),
            };
            // Accurate may show it under another name (accurate.md §4, C); it may also refuse such a payment.
            if let Some(blocked) = self.is_of_another_sale(invoice, open.id) {
                return Some(Ok(blocked));
            }
            let amount = open.owed?;
            owed.insert(invoice.clone(), OwedOn { id: open.id, amount });
        }
        let left = owed.get_mut(invoice)?;
        if let Some(blocked) = self.is_of_another_sale(invoice, left.id) {
            return Some(Ok(blocked));
        }
        let payment = claim.draft.total();
        if payment.decimal() <= left.amount {
            left.amount -= payment.decimal();
            return None;
        }
        let of = AfterSale::PaidBefore { invoice: invoice.clone(), payment, owed: Rupiah::from_decimal(left.amount) };
        let blocked = self.blocked(Reason::InvoicePaid, About::AfterSale { of });
        Some(Ok(self.and_tried_again(blocked)))
    }

    /// How the attempt ends if Accurate shows that pieces are not left to be returned: people return goods there too
    /// (returns.md §6).
    async fn check_returnable(&mut self) -> Option<End> {
        let claim = self.claim.clone();
        let body = claim.draft.returned()?;
        let open = match self.read_open(&body.invoice_number).await {
            Ok(open) => open?,
            Err(stop) => return Some(Err(stop)),
        };
        if let Some(blocked) = self.is_of_another_sale(&body.invoice_number, open.id) {
            return Some(Ok(blocked));
        }
        let lines = body.detail_item.iter();
        let wanted = lines.map(|line| (line.item_no.clone(), line.unit_price.decimal(), line.quantity));
        let TooMany { item_no, sold, returned, wanted } = open.lacks(wanted)?;
        let [sold, returned, pieces] = [sold, returned, wanted].map(|number| number.normalize().to_string());
        let of = AfterSale::ReturnedBefore { item: item_no, pieces, sold, returned };
        let blocked = self.blocked(Reason::ReturnNeedsPerson, About::AfterSale { of });
        Some(Ok(self.and_tried_again(blocked)))
    }

    /// How the attempt ends if the number of the order's invoice has been given to another one in Accurate: a receipt or
    /// a return would settle somebody else's sale.
    fn is_of_another_sale(&self, number: &DocumentNumber, id: Option<i64>) -> Option<Outcome> {
        let id = id.filter(|id| self.claim.invoice_id.is_some_and(|ours| ours != *id))?;
        let (document, number) = (Kind::Invoice, number.clone());
        let about = About::OtherInvoice { document, number, id, differences: Vec::new() };
        Some(self.and_tried_again(self.blocked(Reason::NumberConflict, about)))
    }

    async fn read_open(&mut self, invoice: &DocumentNumber) -> Result<Option<Outstanding>, Stop> {
        let session = self.session;
        let words =
            |found: &Option<Outstanding>| if found.is_some() { "what is left was read" } else { "it does not exist" };
        let read = || outstanding::of_invoice(session, invoice);
        self.call_and_record("sales-invoice/detail", words, read).await.map_err(|failure| stop(&failure))
    }
}
