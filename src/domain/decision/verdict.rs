//! The verdict on an order in any state: before its invoice, after it, on cancellation, and without a body.

use super::{
    Saves, Undecided, Verdict,
    after::{after_invoice, after_replacement, comes_back, is_to_vanish, paid, replaced},
    before::{Decision, cancellation, decide_with, decide_without_snapshot, warnings},
};
use crate::domain::{
    about::About,
    history::Cancellation,
    manual::{Manual, ManualDecision},
    mapping::Mapping,
    order::Snapshot,
    reason::{OrderWarning, Reason, Warning},
    state::State,
    timeline::Event,
};

/// Decides about an order, whatever its state. `snapshot` is the one whose amounts count, or why there is none;
/// `mapping_revision` is the mapping's revision.
pub fn verdict(
    order: &Undecided,
    snapshot: Result<Snapshot, About>,
    mapping: &Mapping,
    mapping_revision: i64,
) -> Verdict {
    let mut verdict = Verdict::unchanged(order, mapping_revision);
    let history = &order.history;
    let manual = order.manual.as_ref();
    let decision = match &snapshot {
        Ok(snapshot) => decide_with(history, snapshot, mapping, manual),
        Err(why) => decide_without_snapshot(history, &order.store_id, order.ordered_at, mapping, manual, why.clone()),
    };
    let snapshot = snapshot.ok();
    keep_warnings(&mut verdict, order, snapshot.as_ref());
    verdict.warnings.extend(warnings(history, snapshot.as_ref(), mapping, &decision));
    let cancelled = cancellation(history, mapping, manual);
    let is_contradicted = matches!(cancelled, Cancellation::Contradicted { .. });
    match (order.state, decision) {
        // Money or a return was booked on it meanwhile.
        (State::VoidDue, _) if order.booked.anything() && !is_to_vanish(manual) => {
            verdict.block(order, vec![paid(order)]);
        }
        // The deletion may be under way; the order is decided again after it.
        (State::VoidDue, _)
            if order.deletion_tried || (!is_contradicted && !comes_back(order, &cancelled, mapping)) => {}
        // The invoice no longer exists, so only a person's decision or a contradiction leads to a new decision.
        (State::Voided, _) if !leaves_voided(manual) && !is_contradicted => {}
        (State::Blocked, decision) if order.invoice_exists && replaced(order).is_some() => {
            after_replacement(&mut verdict, order, decision, &cancelled);
        }
        // Blocked with an invoice that could not be deleted: the invoice still exists.
        (_, _) if order.invoice_exists => {
            verdict.state = State::Invoiced;
            after_invoice(&mut verdict, order, snapshot.as_ref(), mapping);
        }
        // An unknown invoice may exist: it is looked up before an order that was tried is left without an invoice.
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
        (_, Decision::Block(findings)) => verdict.block(order, findings),
        (_, Decision::Invoice(draft, warnings)) => {
            verdict.state = State::Due;
            verdict.warnings.extend(warnings);
            if order.state != State::Due || order.draft.as_ref() != Some(&draft) {
                let (number, total) = (draft.body.number.clone(), draft.total.to_string());
                verdict.events.push(Event::Due { number, total });
            }
            verdict.draft = Some(*draft);
            // It may come back before anybody knew of it.
            verdict.settlement_decides =
                snapshot.as_ref().is_some_and(|snapshot| mapping.returns.follows(snapshot.status));
        }
    }
    note_new_warnings(&mut verdict, order);
    verdict
}

/// Whether a person decided about an order whose invoice was deleted.
fn leaves_voided(manual: Option<&ManualDecision>) -> bool {
    manual.is_some_and(|manual| matches!(manual.decision, Manual::Again | Manual::ByHand | Manual::Never))
}

/// A person who decides knows of the order; a rule is applied without anybody's knowledge.
fn must_be_looked_up(order: &Undecided, decision: &Decision) -> bool {
    let left_alone_by_rule = match decision {
        Decision::Watch => true,
        Decision::Ignore(reason) => !matches!(reason, Reason::ByHand | Reason::Excluded),
        Decision::Block(_) | Decision::Invoice(..) => false,
    };
    match order.saves {
        Saves::NoneSent => false,
        Saves::AccountedFor => left_alone_by_rule,
        // If the draft that was sent cannot be read, nobody knows what to look up: the attempt with the new draft looks
        // for the order's invoice before it saves.
        Saves::InDoubt => order.draft.is_some() || !matches!(decision, Decision::Invoice(..)),
    }
}

/// Warnings about the result of posting, and about an invoice that exists, are kept. Warnings of the decision are
/// determined again.
fn keep_warnings(verdict: &mut Verdict, order: &Undecided, snapshot: Option<&Snapshot>) {
    let stays = |warning: Warning| {
        if warning.is_of_reading() {
            // Without the snapshot they cannot be determined again.
            return snapshot.is_none() && warning != Warning::UnknownStatus;
        }
        warning.is_of_posting() || order.invoice_exists || order.state == State::Voided
    };
    verdict.warnings.extend(order.warnings.iter().filter(|one| stays(one.warning)).cloned());
}

/// Warnings about the order itself are recorded once, when they are new.
fn note_new_warnings(verdict: &mut Verdict, order: &Undecided) {
    let is_own = |warning: Warning| warning.is_of_reading() || warning == Warning::ProgressedAfterCancel;
    let is_new = |one: &&OrderWarning| is_own(one.warning) && !order.warnings.contains(one);
    let warnings: Vec<_> = verdict.warnings.iter().filter(is_new).cloned().collect();
    if !warnings.is_empty() {
        verdict.events.push(Event::Warned { warnings });
    }
}
