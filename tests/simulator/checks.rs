//! What must hold after every step: pure functions over what stands in the database and in Accurate.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{sandbox::Invoice, store::State};
use jiff::Timestamp;

use super::{
    hands::{Owners, Touch},
    senders::Acknowledged,
    view::View,
};

/// Every lawful way from one state to the next, each in one commit (ARCHITECTURE.md, "States").
pub(crate) const TRANSITIONS: &[(State, State)] = {
    use State as S;
    &[
        (S::Received, S::Watching),
        (S::Received, S::Due),
        (S::Received, S::Blocked),
        (S::Received, S::Ignored),
        (S::Watching, S::Due),
        (S::Watching, S::Blocked),
        (S::Watching, S::Ignored),
        // Another mapping waits for a later status.
        (S::Due, S::Watching),
        (S::Due, S::Invoiced),
        (S::Due, S::Blocked),
        (S::Due, S::Ignored),
        (S::Invoiced, S::VoidDue),
        (S::VoidDue, S::Voided),
        (S::VoidDue, S::Blocked),
        // It was cancelled, and went on before its invoice was deleted, or afterwards.
        (S::VoidDue, S::Invoiced),
        (S::Voided, S::Blocked),
        (S::Blocked, S::Watching),
        (S::Blocked, S::Due),
        (S::Blocked, S::Ignored),
        // Its invoice could not be deleted, and the mapping has come to keep it.
        (S::Blocked, S::Invoiced),
        // Its invoice could not be deleted, and is tried again.
        (S::Blocked, S::VoidDue),
        // The rule that ignored it is gone.
        (S::Ignored, S::Watching),
        (S::Ignored, S::Due),
        (S::Ignored, S::Blocked),
    ]
};

/// A transition in the words of the coverage table.
pub(crate) fn in_words(from: State, to: State) -> String {
    format!("{} → {}", from.as_str(), to.as_str())
}

/// The state changes between two views, or the first one that is not lawful.
pub(crate) fn changes(before: &View, after: &View) -> Result<Vec<(State, State)>, String> {
    let mut changes = Vec::new();
    for (id, order) in &after.orders {
        match before.orders.get(id).map(|order| order.state) {
            None if order.state == State::Received => {}
            None => return Err(format!("order {id} began as {}", order.state.as_str())),
            Some(state) if state == order.state => {}
            Some(state) if TRANSITIONS.contains(&(state, order.state)) => changes.push((state, order.state)),
            Some(state) => return Err(format!("order {id} went {}", in_words(state, order.state))),
        }
    }
    match before.orders.keys().find(|id| !after.orders.contains_key(*id)) {
        Some(id) => Err(format!("order {id} is gone")),
        None => Ok(changes),
    }
}

/// An order that was handed out while somebody still held it.
pub(crate) fn held_twice(before: &View, after: &View, now: Timestamp) -> Result<(), String> {
    for (id, order) in &after.orders {
        let held = before.orders.get(id).filter(|held| held.attempt < order.attempt && held.lease_until > now);
        if let Some(held) = held {
            return Err(format!("order {id} was claimed again although it is held until {}", held.lease_until));
        }
    }
    Ok(())
}

/// Whether what stands in Accurate agrees with what the orders say.
pub(crate) fn books_agree(
    view: &View,
    invoices: &BTreeMap<String, Vec<Invoice>>,
    owners: &Owners,
) -> Result<(), String> {
    for (id, standing) in invoices {
        if standing.len() > 1 {
            return Err(format!("order {id} has {} invoices", standing.len()));
        }
    }
    for (id, order) in &view.orders {
        let standing = invoices.get(id).and_then(|invoices| invoices.first());
        let state = order.state.as_str();
        // Of two invoices that are the same but for their number nobody can say which one is meant.
        if owners.met(id, Touch::Copied) {
            continue;
        }
        match (order.state, standing) {
            (State::Invoiced, Some(standing)) if order.invoice_id != Some(standing.id) => {
                return Err(format!("order {id} is invoiced as {:?}, but {} stands", order.invoice_id, standing.id));
            }
            (State::Invoiced, None) if !order.invoice_id.is_some_and(|id| owners.lost(id)) => {
                return Err(format!("order {id} is invoiced, but no invoice stands"));
            }
            (State::Received | State::Watching | State::Ignored | State::Voided, Some(standing)) => {
                return Err(format!(
                    "order {id} is {state}, but invoice {} (id {}) stands",
                    standing.number, standing.id
                ));
            }
            (State::Due | State::Blocked, Some(standing)) if order.invoice_id.is_none() && !order.is_unsure => {
                return Err(format!("order {id} is {state} and sure, but invoice {} stands", standing.number));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What was acknowledged and is not on disk.
pub(crate) fn missing<'a>(acknowledged: &'a [Acknowledged], on_disk: &[Acknowledged]) -> Option<&'a Acknowledged> {
    let on_disk: BTreeSet<_> = on_disk.iter().collect();
    acknowledged.iter().find(|one| !on_disk.contains(one))
}
