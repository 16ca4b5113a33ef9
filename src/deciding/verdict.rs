//! One order's news → its verdict: before the invoice, after it, on cancellation, and without a body.

use super::mapping::ActiveMapping;
use crate::{
    domain::{
        about::About,
        basis::Basis,
        decision::{Decision, cancellation, decide_with, decide_without_snapshot, notices},
        history::Cancellation,
        manual::{Manual, ManualDecision},
        mapping::{Mapping, OnCancel},
        order::Snapshot,
        reason::{Finding, Notice, Reason, Warning},
        timeline::Event,
        unread::UnreadAmounts,
    },
    forstok::payload,
    storage::{Saves, State, Undecided, Verdict},
};

/// How an order is decided; an argument, so that a test can have one panic.
pub type Decide = fn(&Undecided, &ActiveMapping) -> Verdict;

/// What becomes of an order, given where it stands.
pub fn verdict(order: &Undecided, active: &ActiveMapping) -> Verdict {
    let mut verdict = Verdict {
        order_id: order.order_id.clone(),
        revision: order.revision,
        mapping_revision: active.revision,
        state: order.state,
        reason: None,
        findings: Vec::new(),
        warnings: Vec::new(),
        draft: None,
        events: Vec::new(),
        look_up_first: false,
    };
    let snapshot = snapshot(order);
    let (history, mapping) = (&order.history, &active.mapping);
    let manual = order.manual.as_ref();
    let decision = match &snapshot {
        Ok(snapshot) => decide_with(history, snapshot, mapping, manual),
        Err(why) => decide_without_snapshot(history, &order.store_id, order.ordered_at, mapping, manual, why.clone()),
    };
    let snapshot = snapshot.ok();
    keep_warnings(&mut verdict, order, snapshot.as_ref());
    verdict.warnings.extend(notices(history, snapshot.as_ref(), mapping, &decision));
    let is_contradicted = matches!(cancellation(history, mapping, manual), Cancellation::Contradicted { .. });
    match (order.state, decision) {
        // Its deletion may be under way; what is left then is decided about afterwards.
        (State::VoidDue, _) if order.deletion_tried || !is_contradicted => {}
        // The invoice is gone: only a person or a contradiction is a reason to look again.
        (State::Voided, _) if !leaves_voided(manual) && !is_contradicted => {}
        (State::Blocked, decision) if order.invoice_stands && replaced(order).is_some() => {
            after_replacement(&mut verdict, order, decision, is_contradicted);
        }
        // Blocked with an invoice: it could not be deleted. It is never forgotten that it exists.
        (_, _) if order.invoice_stands => {
            verdict.state = State::Invoiced;
            after_invoice(&mut verdict, order, snapshot.as_ref(), mapping);
        }
        // An invoice may exist that we do not know of: before an order that was tried is left alone, it is looked up.
        (State::Blocked, decision) if must_be_looked_up(order, &decision) => {
            verdict.state = State::Due;
            verdict.look_up_first = true;
        }
        (_, Decision::Watch) => {
            verdict.state = State::Watching;
            if order.state != State::Watching {
                verdict.events.push(Event::Watching);
            }
        }
        (_, Decision::Ignore(reason)) => {
            verdict.state = State::Ignored;
            verdict.reason = Some(reason);
            if order.reason != verdict.reason {
                verdict.events.push(Event::Ignored { reason });
            }
        }
        (_, Decision::Block(findings)) => block(&mut verdict, order, findings),
        (_, Decision::Invoice(draft, notices)) => {
            verdict.state = State::Due;
            verdict.warnings.extend(notices);
            if order.state != State::Due || order.draft.as_ref() != Some(&draft) {
                let (number, total) = (draft.body.number.clone(), draft.total.to_string());
                verdict.events.push(Event::Due { number, total });
            }
            verdict.draft = Some(*draft);
        }
    }
    note_new_warnings(&mut verdict, order);
    verdict
}

/// Whether a person decided what becomes of an order whose invoice was deleted.
fn leaves_voided(manual: Option<&ManualDecision>) -> bool {
    manual.is_some_and(|manual| matches!(manual.decision, Manual::Again | Manual::ByHand | Manual::Never))
}

/// Whether a person wants the order to have no invoice of ours. The document that a person names stays: it may be
/// the very one that a lost save of ours has created.
fn is_unwanted(manual: Option<&ManualDecision>, number: &str) -> bool {
    manual.is_some_and(|manual| match manual.decision {
        Manual::Undo | Manual::Never => true,
        Manual::ByHand => manual.document.as_deref().map(str::trim) != Some(number),
        Manual::Now | Manual::Again => false,
    })
}

/// A person who decides knows of the order; for a rule nobody has looked at it.
fn must_be_looked_up(order: &Undecided, decision: &Decision) -> bool {
    let left_alone_by_rule = match decision {
        Decision::Watch => true,
        Decision::Ignore(reason) => !matches!(reason, Reason::ByHand | Reason::Excluded),
        Decision::Block(_) | Decision::Invoice(..) => false,
    };
    let may_have_an_invoice = match order.saves {
        Saves::NoneSent => false,
        Saves::AccountedFor => left_alone_by_rule,
        Saves::InDoubt => true,
    };
    order.draft.is_some() && may_have_an_invoice
}

/// What posting brought about stays true, and so does what was said about an invoice that exists; what a decision
/// found is found again.
fn keep_warnings(verdict: &mut Verdict, order: &Undecided, snapshot: Option<&Snapshot>) {
    let stays = |warning: Warning| {
        if warning.is_of_reading() {
            // Without the snapshot nobody can find it again.
            return snapshot.is_none() && warning != Warning::UnknownStatus;
        }
        warning.is_of_posting() || order.invoice_stands || order.state == State::Voided
    };
    verdict.warnings.extend(order.warnings.iter().filter(|notice| stays(notice.warning)).cloned());
}

/// Warnings about the order itself are written down once, when they are new.
fn note_new_warnings(verdict: &mut Verdict, order: &Undecided) {
    let is_own = |warning: Warning| warning.is_of_reading() || warning == Warning::ProgressedAfterCancel;
    let is_new = |notice: &&Notice| is_own(notice.warning) && !order.warnings.contains(notice);
    let notices: Vec<_> = verdict.warnings.iter().filter(is_new).cloned().collect();
    if !notices.is_empty() {
        verdict.events.push(Event::Noticed { notices });
    }
}

/// The snapshot whose amounts count, or why it is not available.
fn snapshot(order: &Undecided) -> std::result::Result<Snapshot, About> {
    let body = order.body.as_deref().ok_or(About::BodyCleared)?;
    // It was readable when it was recorded; an older program did that.
    let payload = payload::read(body).map_err(|unreadable| About::Unreadable { problem: unreadable.problem })?;
    Ok(payload.order.arrived(order.body_received_at.unwrap_or(order.received_at)))
}

fn block(verdict: &mut Verdict, order: &Undecided, findings: Vec<Finding>) {
    verdict.state = State::Blocked;
    verdict.reason = findings.first().map(|finding| finding.reason);
    // The timeline tells what changed, not that nothing did.
    if order.state != State::Blocked || order.findings != findings {
        verdict.events.push(Event::Blocked { findings: findings.clone() });
    }
    verdict.findings = findings;
}

/// What blocks an order whose invoice was to be deleted and is gone, while its number belongs to another invoice.
fn replaced(order: &Undecided) -> Option<&Finding> {
    order
        .findings
        .iter()
        .find(|finding| matches!(&finding.about, About::OtherInvoice { differences, .. } if differences.is_empty()))
}

/// News about such an order. Nothing may say that it is invoiced: it is looked at again, or a person decides.
fn after_replacement(verdict: &mut Verdict, order: &Undecided, decision: Decision, is_contradicted: bool) {
    match decision {
        Decision::Block(mut findings) if is_contradicted => {
            findings.extend(replaced(order).cloned());
            block(verdict, order, findings);
        }
        _ => {
            let number = order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default();
            verdict.state = State::VoidDue;
            verdict.events.push(Event::VoidDue { number });
        }
    }
}

/// News about an order whose invoice exists: cancelled, contradicted, changed, or nothing to do.
fn after_invoice(verdict: &mut Verdict, order: &Undecided, snapshot: Option<&Snapshot>, mapping: &Mapping) {
    let number = order.draft.as_ref().map(|draft| draft.body.number.clone()).unwrap_or_default();
    let manual = order.manual.as_ref();
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

/// Compares the newest snapshot with the one that was invoiced. Amounts that cannot be read are no difference: they
/// are reported as what they are.
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
