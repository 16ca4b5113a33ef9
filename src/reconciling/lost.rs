//! Names the receipts and returns that people deleted or lowered in Accurate.

use rust_decimal::Decimal;

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, documents::entered, outcome::Failure, receipts::FoundReceipt, returns::FoundReturn},
    domain::{
        document::Kind,
        ids::DocumentNumber,
        money::Rupiah,
        reconciliation::{Finding, Settling},
    },
};

/// What a document takes off an invoice, as Accurate shows it.
enum Taken {
    /// It no longer exists.
    Gone,
    /// It takes off this much, in hundredths of a rupiah; `None` if Accurate does not show it.
    Off(Option<i64>),
}

impl Reconciling {
    /// Names the receipts and returns because of which more is owed in Accurate than here. If none is gone or lower,
    /// Accurate only counts differently, and nothing is found.
    pub(super) async fn name_lost(
        &self,
        session: &Session,
        findings: &mut Vec<Finding>,
        permission: Permission<'_>,
    ) -> Result<(), Stop> {
        for finding in findings.iter_mut() {
            let (Some(unsettled), Some(order), Some(invoice)) =
                (&mut finding.unsettled, &finding.order_id, &finding.accurate)
            else {
                continue;
            };
            for settling in self.storage.settling_of(session.name(), order).await? {
                let lost = match self.taken(session, &settling, &invoice.number, permission).await? {
                    Taken::Gone => settling.lost(None),
                    Taken::Off(Some(amount)) => settling.lost(Some(amount)),
                    Taken::Off(None) => None,
                };
                unsettled.lost.extend(lost);
            }
        }
        findings.retain(Finding::names_what_differs);
        Ok(())
    }

    async fn taken(
        &self,
        session: &Session,
        settling: &Settling,
        invoice: &DocumentNumber,
        permission: Permission<'_>,
    ) -> Result<Taken, Stop> {
        let patience = self.patience();
        loop {
            self.wait_for_permission(&patience, permission).await?;
            match look_up(session, settling, invoice).await {
                Ok(taken) => return Ok(taken),
                Err(failure) => self.wait_after(&failure, &patience, permission).await?,
            }
        }
    }
}

async fn look_up(session: &Session, settling: &Settling, invoice: &DocumentNumber) -> Result<Taken, Failure> {
    let Settling { kind, number, id, .. } = settling;
    let off = match kind {
        Kind::Invoice => None,
        Kind::Receipt => entered::<FoundReceipt>(session, *id, number).await?.map(|receipt| paid_on(receipt, invoice)),
        Kind::Return => entered::<FoundReturn>(session, *id, number).await?.map(|found| returned_of(&found, invoice)),
    };
    Ok(off.map_or(Taken::Gone, |amount| Taken::Off(amount.map(|amount| Rupiah::from_decimal(amount).hundredths()))))
}

fn paid_on(receipt: FoundReceipt, invoice: &DocumentNumber) -> Option<Decimal> {
    let paid = receipt.invoices?.into_iter().filter(|paid| paid.invoice.is_same_as(invoice));
    Some(paid.map(|paid| paid.amount).sum())
}

/// Nothing, if a person has moved it to another invoice.
fn returned_of(found: &FoundReturn, invoice: &DocumentNumber) -> Option<Decimal> {
    let is_elsewhere = !found.invoice_number.is_empty() && !found.invoice_number.is_same_as(invoice);
    if is_elsewhere { Some(Decimal::ZERO) } else { found.total }
}
