//! The same money in two reports, of which only the later one names the fees.

use super::{
    outcome::{Outcome, Planned, ReceiptDraft},
    receipts::{blocked, fees},
};
use crate::domain::{
    about::AfterSale,
    mapping::Mapping,
    payout::{Payout, PayoutKey},
    reason::Reason,
};

/// The outcome of a payout that exceeds what is owed. If a receipt has booked the same money without fees, the outcome
/// names that receipt and the fees that it lacks.
pub(super) fn explain(
    outcome: Outcome,
    payout: &Payout,
    receipts: &[Planned<PayoutKey, ReceiptDraft>],
    (mapping, store_id): (&Mapping, &str),
) -> Outcome {
    let reason = match &outcome {
        Outcome::Blocked(finding) if matches!(finding.reason, Reason::PayoutRest | Reason::PayoutUnmatched) => {
            finding.reason
        }
        _ => return outcome,
    };
    let is_same = |receipt: &&Planned<PayoutKey, ReceiptDraft>| {
        let booked = &receipt.draft.payout;
        receipt.of != payout.key && booked.net == payout.net && fees(booked, mapping, store_id).is_empty()
    };
    let fees = fees(payout, mapping, store_id);
    match receipts.iter().find(is_same) {
        Some(first) if payout.net.is_positive() && !fees.is_empty() => {
            let (number, net) = (first.draft.body.number.clone(), payout.net);
            blocked(reason, AfterSale::SameMoney { number, payout: Box::new(first.of.clone()), net, fees })
        }
        _ => outcome,
    }
}
