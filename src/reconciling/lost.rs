//! Names the receipts and returns that people deleted or lowered in Accurate.

use rust_decimal::Decimal;

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, documents::entered, outcome::Failure, receipts::FoundReceipt, returns::FoundReturn},
    domain::{
        document::Kind,
        ids::DocumentNumber,
        money::Rupiah,
        reconciliation::{Finding, Lost, Settling},
    },
};

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
                unsettled.lost.extend(self.lost(session, &settling, &invoice.number, permission).await?);
            }
        }
        findings.retain(Finding::names_what_differs);
        Ok(())
    }

    async fn lost(
        &self,
        session: &Session,
        settling: &Settling,
        invoice: &DocumentNumber,
        permission: Permission<'_>,
    ) -> Result<Option<Lost>, Stop> {
        let patience = self.patience();
        loop {
            self.wait_for_permission(&patience, permission).await?;
            match look_up(session, settling, invoice).await {
                Ok(lost) => return Ok(lost),
                Err(failure) => self.wait_after(&failure, &patience, permission).await?,
            }
        }
    }
}

async fn look_up(session: &Session, settling: &Settling, invoice: &DocumentNumber) -> Result<Option<Lost>, Failure> {
    let Settling { kind, number, id, .. } = settling;
    let taken_off = match kind {
        Kind::Invoice => return Ok(None),
        Kind::Receipt => entered::<FoundReceipt>(session, *id, number).await?.map(|receipt| paid_on(receipt, invoice)),
        Kind::Return => entered::<FoundReturn>(session, *id, number).await?.map(|found| returned_of(&found, invoice)),
    };
    Ok(match taken_off {
        None => settling.lost(None),
        Some(amount) => amount.and_then(|amount| settling.lost(Some(Rupiah::from_decimal(amount).hundredths()))),
    })
}

/// What a receipt takes off this invoice; `None` if Accurate does not show it.
fn paid_on(receipt: FoundReceipt, invoice: &DocumentNumber) -> Option<Decimal> {
    let paid = receipt.invoices?.into_iter().filter(|paid| paid.invoice.is_same_as(invoice));
    Some(paid.map(|paid| paid.amount).sum())
}

/// The same of a return: nothing, if a person has moved it to another invoice.
fn returned_of(found: &FoundReturn, invoice: &DocumentNumber) -> Option<Decimal> {
    let is_elsewhere = !found.invoice_number.is_empty() && !found.invoice_number.is_same_as(invoice);
    if is_elsewhere { Some(Decimal::ZERO) } else { found.total }
}
