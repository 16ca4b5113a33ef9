//! Invariants that must be true after every step: pure functions over the data in the database and in Accurate.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{sandbox::Invoice, storage::State};
use jiff::Timestamp;

use super::{
    hands::{Owners, Touch},
    senders::Acknowledged,
    view::View,
};

/// A violation in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A promise is broken: an order has two invoices, none, or a wrong one; an order contradicts Accurate; or an
    /// acknowledged delivery is lost.
    Promise(String),
    /// A rule is broken on which the promises are based.
    Rule(String),
    /// The world never becomes idle.
    Circles,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Promise(what) | Self::Rule(what) => f.write_str(what),
            Self::Circles => f.write_str("it goes in circles"),
        }
    }
}

/// A transition, as it appears in the coverage table.
pub(crate) fn in_words(from: State, to: State) -> String {
    format!("{} → {}", from.as_str(), to.as_str())
}

/// The state changes between two views, or the first one that is not permitted.
pub(crate) fn changes(before: &View, after: &View) -> Result<Vec<(State, State)>, Violation> {
    let mut changes = Vec::new();
    for (id, order) in &after.orders {
        match before.orders.get(id).map(|order| order.state) {
            None if order.state == State::Received => {}
            None => return Err(Violation::Rule(format!("order {id} began as {}", order.state.as_str()))),
            Some(state) if state == order.state => {}
            Some(state) if state.may_become(order.state) => changes.push((state, order.state)),
            Some(state) => return Err(Violation::Rule(format!("order {id} went {}", in_words(state, order.state)))),
        }
    }
    match before.orders.keys().find(|id| !after.orders.contains_key(*id)) {
        Some(id) => Err(Violation::Promise(format!("order {id} is gone"))),
        None => Ok(changes),
    }
}

/// An order that was claimed although another worker still had its lease.
pub(crate) fn held_twice(before: &View, after: &View, now: Timestamp) -> Result<(), Violation> {
    for (id, order) in &after.orders {
        let held = before.orders.get(id).filter(|held| held.attempt < order.attempt && held.lease_until > now);
        if let Some(held) = held {
            let what = format!("order {id} was claimed again although it is held until {}", held.lease_until);
            return Err(Violation::Rule(what));
        }
    }
    Ok(())
}

/// Whether the invoices in Accurate agree with the orders.
pub(crate) fn books_agree(
    view: &View,
    invoices: &BTreeMap<String, Vec<Invoice>>,
    owners: &Owners,
) -> Result<(), Violation> {
    for (id, standing) in invoices {
        if standing.len() > 1 {
            return Err(Violation::Promise(format!("order {id} has {} invoices", standing.len())));
        }
    }
    for (id, order) in &view.orders {
        let standing = invoices.get(id).and_then(|invoices| invoices.first());
        let state = order.state.as_str();
        // If two invoices differ only in their number, nobody can tell which one is meant.
        if owners.met(id, Touch::Copied) {
            continue;
        }
        let wrong = match (order.state, standing) {
            (State::Invoiced, _) if order.invoice_id.is_some_and(|id| owners.is_strangers(id)) => {
                format!("order {id} is invoiced with somebody else's invoice {:?}", order.invoice_id)
            }
            (State::Invoiced, Some(standing)) if order.invoice_id != Some(standing.id) => {
                format!("order {id} is invoiced as {:?}, but {} exists", order.invoice_id, standing.id)
            }
            (State::Invoiced, None) if !order.invoice_id.is_some_and(|id| owners.lost(id)) => {
                format!("order {id} is invoiced, but no invoice exists")
            }
            (State::Received | State::Watching | State::Ignored | State::Voided, Some(standing)) => {
                format!("order {id} is {state}, but invoice {} (id {}) exists", standing.number, standing.id)
            }
            (State::Due | State::Blocked, Some(standing)) if order.invoice_id.is_none() && !order.is_unsure => {
                format!("order {id} is {state} and sure, but invoice {} exists", standing.number)
            }
            _ => continue,
        };
        return Err(Violation::Promise(wrong));
    }
    Ok(())
}

/// Deliveries that were acknowledged but are not on disk.
pub(crate) fn missing<'a>(acknowledged: &'a [Acknowledged], on_disk: &[Acknowledged]) -> Option<&'a Acknowledged> {
    let on_disk: BTreeSet<_> = on_disk.iter().collect();
    acknowledged.iter().find(|one| !on_disk.contains(one))
}
