//! Decides about a new snapshot of an order whose invoice exists: cancelled, contradicted, changed, or nothing to do.

use super::{
    Booked, Undecided, Verdict,
    before::{Decision, cancellation_of_invoiced},
};
use crate::domain::{
    about::{About, AfterSale},
    after_sale::Fate,
    basis::Basis,
    history::Cancellation,
    ids::DocumentNumber,
    manual::{Manual, ManualDecision},
    mapping::{Mapping, OnCancel},
    order::Snapshot,
    reason::{Finding, OrderWarning, Reason, Warning},
    state::State,
    timeline::Event,
    unread::UnreadAmounts,
};

/// Whether a person wants the service to have no invoice for the order. A document that the person names is kept,
/// because it may be the invoice that a lost save of ours created.
fn is_unwanted(manual: Option<&ManualDecision>, number: &DocumentNumber) -> bool {
    manual.is_some_and(|manual| match manual.decision {
        Manual::Undo | Manual::Never => true,
        Manual::ByHand => manual.document.as_deref().map(str::trim) != Some(number.as_str()),
        Manual::Now | Manual::Again => false,
    })
}

/// Whether a person wants everything about the order to be deleted, its receipts and returns first.
pub(super) fn is_to_vanish(manual: Option<&ManualDecision>) -> bool {
    manual.is_some_and(|manual| manual.decision == Manual::Undo)
}

/// Whether a return takes the place of deleting the invoice of a cancelled order: its parcel had left.
pub(super) fn comes_back(order: &Undecided, cancelled: &Cancellation, mapping: &Mapping) -> bool {
    *cancelled == Cancellation::Counts
        && mapping.on_cancel == OnCancel::Void
        && order.history.had_left_when_cancelled()
        && !is_unwanted(order.manual.as_ref(), &number_of(order))
}

/// The invoice must go, and a receipt or a return is booked on it.
pub(super) fn paid(order: &Undecided) -> Finding {
    let Booked { receipt, sales_return } = order.booked.clone();
    let numbers = receipt.into_iter().chain(sales_return).collect();
    Finding { reason: Reason::InvoicePaid, about: About::AfterSale { of: AfterSale::Booked { numbers } } }
}

/// The invoice must go, and these receipts and returns on it could not be deleted.
fn not_deleted(numbers: Vec<DocumentNumber>) -> Finding {
    Finding { reason: Reason::InvoicePaid, about: About::AfterSale { of: AfterSale::NotDeleted { numbers } } }
}

/// Whether a person has everything about the order deleted, and it is blocked because a receipt or a return could not
/// be. What goes on with them says when that ends.
pub fn awaits_deletions(order: &Undecided) -> bool {
    let is_of_deletion =
        |finding: &Finding| matches!(finding.about, About::AfterSale { of: AfterSale::NotDeleted { .. } });
    order.state == State::Blocked
        && is_to_vanish(order.manual.as_ref())
        && order.findings.first().is_some_and(is_of_deletion)
}

/// Whether the order is blocked because of what is booked on its invoice, and the decision about receipts and returns
/// says when that ends.
pub fn awaits_settlement(order: &Undecided) -> bool {
    let is_booked = |finding: &Finding| matches!(finding.about, About::AfterSale { of: AfterSale::Booked { .. } });
    order.state == State::Blocked
        && order.findings.first().is_some_and(|finding| finding.reason == Reason::InvoicePaid && is_booked(finding))
        && !is_unwanted(order.manual.as_ref(), &number_of(order))
}

/// What the decision about receipts and returns means for the order itself; `None` if nothing changes. `stuck`: the
/// receipts and returns that could not be deleted.
pub fn after_settlement(
    order: &Undecided,
    invoice: &Fate,
    stuck: Vec<DocumentNumber>,
    mapping_revision: i64,
) -> Option<Verdict> {
    if is_to_vanish(order.manual.as_ref()) && order.invoice_exists {
        return after_deletions(order, stuck, mapping_revision);
    }
    let is_blocked = awaits_settlement(order);
    let is_invoiced = order.state == State::Invoiced && !is_unwanted(order.manual.as_ref(), &number_of(order));
    if !is_blocked && !is_invoiced {
        return None;
    }
    let mut verdict = Verdict { warnings: order.warnings.clone(), ..Verdict::unchanged(order, mapping_revision) };
    match invoice {
        Fate::Kept if is_blocked => verdict.state = State::Invoiced,
        Fate::Kept => return None,
        Fate::Blocked(finding) if order.findings == [finding.clone()] => return None,
        Fate::Blocked(finding) => verdict.block(order, vec![finding.clone()]),
        Fate::Void => verdict.delete(number_of(order)),
    }
    Some(verdict)
}

/// A person has everything deleted: what a receipt or a return that cannot be deleted means for the order.
fn after_deletions(order: &Undecided, stuck: Vec<DocumentNumber>, mapping_revision: i64) -> Option<Verdict> {
    let is_blocked = awaits_deletions(order);
    let mut verdict = Verdict { warnings: order.warnings.clone(), ..Verdict::unchanged(order, mapping_revision) };
    let findings = if stuck.is_empty() { Vec::new() } else { vec![not_deleted(stuck)] };
    match order.state {
        State::VoidDue if !findings.is_empty() => verdict.block(order, findings),
        State::Blocked if is_blocked && findings.is_empty() => verdict.delete(number_of(order)),
        State::Blocked if is_blocked && order.findings != findings => verdict.block(order, findings),
        _ => return None,
    }
    Some(verdict)
}

fn number_of(order: &Undecided) -> DocumentNumber {
    order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default()
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
            verdict.delete(number_of(order));
        }
    }
}

/// Decides about a new snapshot of an order whose invoice exists: cancelled, contradicted, changed, or nothing to do.
pub(super) fn after_invoice(verdict: &mut Verdict, order: &Undecided, snapshot: Option<&Snapshot>, mapping: &Mapping) {
    let number = number_of(order);
    let manual = order.manual.as_ref();
    if is_unwanted(manual, &number) && order.booked.anything() && !is_to_vanish(manual) {
        verdict.block(order, vec![paid(order)]);
        return;
    }
    if awaits_deletions(order) {
        verdict.block(order, order.findings.clone());
        verdict.settlement_decides = true;
        return;
    }
    if is_unwanted(manual, &number) {
        verdict.delete(number);
        return;
    }
    let invoice = About::Invoice { number: number.clone(), id: None };
    let of_cancelling = [Warning::CancelledKept, Warning::ProgressedAfterCancel];
    let was_kept = verdict.warnings.iter().any(|one| one.warning == Warning::CancelledKept);
    verdict.warnings.retain(|one| !of_cancelling.contains(&one.warning));
    match cancellation_of_invoiced(&order.history, snapshot, mapping, manual) {
        // A return takes the place of deleting the invoice, or a person decides.
        Cancellation::Counts
            if mapping.on_cancel == OnCancel::Void
                && (order.booked.anything() || order.history.had_left_when_cancelled()) =>
        {
            verdict.settlement_decides = true;
            if awaits_settlement(order) {
                verdict.block(order, order.findings.clone());
            }
        }
        Cancellation::Counts if mapping.on_cancel == OnCancel::Void => {
            verdict.delete(number);
            return;
        }
        Cancellation::Counts => {
            verdict.warnings.push(OrderWarning { warning: Warning::CancelledKept, about: invoice });
            if !was_kept {
                verdict.events.push(Event::Kept { number });
            }
            return;
        }
        Cancellation::Contradicted { .. } => {
            verdict.warnings.push(OrderWarning { warning: Warning::ProgressedAfterCancel, about: invoice });
            // Nothing comes back because of a cancellation that no longer counts.
            verdict.settlement_decides = true;
        }
        Cancellation::None => {}
    }
    if let Some(snapshot) = snapshot {
        verdict.settlement_decides |= mapping.returns.concerns(snapshot.status);
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
    verdict.warnings.retain(|one| one.warning != Warning::ChangedAfterInvoice);
    let changes = sent.basis.changes_to(&Basis::of(snapshot));
    let warned = order.warnings.iter().find(|one| one.warning == Warning::ChangedAfterInvoice);
    let warning = (!changes.is_empty())
        .then_some(OrderWarning { warning: Warning::ChangedAfterInvoice, about: About::Changes { changes } });
    if warned == warning.as_ref() {
        verdict.warnings.extend(warning);
        return;
    }
    // A return names what Forstok calls the pieces now.
    verdict.settlement_decides = true;
    if let Some(warning) = warning {
        verdict.events.push(Event::Changed { about: warning.about.clone() });
        verdict.warnings.push(warning);
    }
}
