//! Decides about a new snapshot of an order whose invoice exists: cancelled, contradicted, changed, or nothing to do.

use super::{
    Undecided, Verdict,
    before::{Decision, cancellation},
};
use crate::domain::{
    about::About,
    basis::Basis,
    history::Cancellation,
    manual::{Manual, ManualDecision},
    mapping::{Mapping, OnCancel},
    order::Snapshot,
    reason::{Finding, Notice, Reason, Warning},
    state::State,
    timeline::Event,
    unread::UnreadAmounts,
};

/// Whether a person wants the service to have no invoice for the order. A document that the person names is kept,
/// because it may be the invoice that a lost save of ours created.
fn is_unwanted(manual: Option<&ManualDecision>, number: &str) -> bool {
    manual.is_some_and(|manual| match manual.decision {
        Manual::Undo | Manual::Never => true,
        Manual::ByHand => manual.document.as_deref().map(str::trim) != Some(number),
        Manual::Now | Manual::Again => false,
    })
}

/// Whether a person wants everything about the order to be deleted, its receipts and returns first.
pub(super) fn is_to_vanish(manual: Option<&ManualDecision>) -> bool {
    manual.is_some_and(|manual| manual.decision == Manual::Undo)
}

/// The order is cancelled, and a receipt or a return was booked on its invoice.
pub(super) fn paid(order: &Undecided) -> Finding {
    let number = order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default();
    Finding { reason: Reason::InvoicePaid, about: About::Receipt { number } }
}

/// What blocks an order whose invoice was to be deleted and no longer exists, while its number belongs to another
/// invoice.
pub(super) fn replaced(order: &Undecided) -> Option<&Finding> {
    order
        .findings
        .iter()
        .find(|finding| matches!(&finding.about, About::OtherInvoice { differences, .. } if differences.is_empty()))
}

/// Decides about an order whose invoice was replaced. The order must not become `invoiced`: its invoice is looked up
/// again, or a person decides.
pub(super) fn after_replacement(
    verdict: &mut Verdict,
    order: &Undecided,
    decision: Decision,
    cancelled: &Cancellation,
) {
    match decision {
        Decision::Block(mut findings) if matches!(cancelled, Cancellation::Contradicted { .. }) => {
            findings.extend(replaced(order).cloned());
            verdict.block(order, findings);
        }
        _ => {
            let number = order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default();
            verdict.state = State::VoidDue;
            verdict.events.push(Event::VoidDue { number });
        }
    }
}

/// Decides about a new snapshot of an order whose invoice exists: cancelled, contradicted, changed, or nothing to do.
pub(super) fn after_invoice(verdict: &mut Verdict, order: &Undecided, snapshot: Option<&Snapshot>, mapping: &Mapping) {
    let number = order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default();
    let manual = order.manual.as_ref();
    if is_unwanted(manual, &number) && order.booked.anything() && !is_to_vanish(manual) {
        verdict.block(order, vec![paid(order)]);
        return;
    }
    if is_unwanted(manual, &number) {
        verdict.state = State::VoidDue;
        verdict.events.push(Event::VoidDue { number });
        return;
    }
    let invoice = About::Invoice { number: number.clone(), id: None };
    let of_cancelling = [Warning::CancelledKept, Warning::ProgressedAfterCancel];
    let was_kept = verdict.warnings.iter().any(|notice| notice.warning == Warning::CancelledKept);
    verdict.warnings.retain(|notice| !of_cancelling.contains(&notice.warning));
    match cancellation(&order.history, mapping, manual) {
        Cancellation::Counts if mapping.on_cancel == OnCancel::Void && order.booked.receipts => {
            verdict.block(order, vec![paid(order)]);
            return;
        }
        // A return takes the place of deleting the invoice.
        Cancellation::Counts if mapping.on_cancel == OnCancel::Void && order.history.had_left_when_cancelled() => {
            verdict.goods_travel_back = true;
        }
        Cancellation::Counts if mapping.on_cancel == OnCancel::Void && order.booked.returns => {
            verdict.block(order, vec![paid(order)]);
            return;
        }
        Cancellation::Counts if mapping.on_cancel == OnCancel::Void => {
            verdict.state = State::VoidDue;
            verdict.events.push(Event::VoidDue { number });
            return;
        }
        Cancellation::Counts => {
            verdict.warnings.push(Notice { warning: Warning::CancelledKept, about: invoice });
            if !was_kept {
                verdict.events.push(Event::Kept { number });
            }
            return;
        }
        Cancellation::Contradicted { .. } => {
            verdict.warnings.push(Notice { warning: Warning::ProgressedAfterCancel, about: invoice });
        }
        Cancellation::None => {}
    }
    if let Some(snapshot) = snapshot {
        compare_with_invoice(verdict, order, snapshot, mapping);
    }
}

/// Compares the newest snapshot with the one that was invoiced. An unreadable amount is not a difference; it is
/// reported as unreadable.
fn compare_with_invoice(verdict: &mut Verdict, order: &Undecided, snapshot: &Snapshot, mapping: &Mapping) {
    let Some(sent) = &order.draft else { return };
    if !UnreadAmounts::of(snapshot, mapping.bundles).needed.is_empty() {
        return;
    }
    verdict.warnings.retain(|notice| notice.warning != Warning::ChangedAfterInvoice);
    let changes = sent.basis.changes_to(&Basis::of(snapshot));
    if !changes.is_empty() {
        let notice = Notice { warning: Warning::ChangedAfterInvoice, about: About::Changes { changes } };
        if !order.warnings.contains(&notice) {
            verdict.events.push(Event::Changed { about: notice.about.clone() });
        }
        verdict.warnings.push(notice);
    }
}
