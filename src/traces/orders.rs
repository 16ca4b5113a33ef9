//! Remembers for each order to which span its next stage belongs.
//!
//! The stages of an order communicate through the database. What is remembered here is lost with the process and is not
//! shared with other replicas: the next stage then begins a new trace, in which the order id is the same.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use tracing::Span;

use super::{TraceContext, current, follow};

/// Number of orders that are remembered.
const MOST: usize = 4096;

struct Remembered {
    contexts: BTreeMap<String, TraceContext>,
    /// The oldest first.
    order_ids: VecDeque<String>,
}

static REMEMBERED: Mutex<Remembered> = Mutex::new(Remembered { contexts: BTreeMap::new(), order_ids: VecDeque::new() });

/// The next stage of this order belongs to the current span. Nothing is remembered if that is not part of a trace.
pub fn remember(order_id: &str) {
    let Some(context) = current() else { return };
    let mut remembered = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if remembered.contexts.insert(order_id.to_owned(), context).is_none() {
        remembered.order_ids.push_back(order_id.to_owned());
        if remembered.order_ids.len() > MOST
            && let Some(oldest) = remembered.order_ids.pop_front()
        {
            remembered.contexts.remove(&oldest);
        }
    }
}

/// Where the next stage of this order belongs.
pub fn recall(order_id: &str) -> Option<TraceContext> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner).contexts.get(order_id).copied()
}

/// This span as the next stage of the order.
#[must_use]
pub fn next_stage(order_id: &str, span: Span) -> Span {
    follow(&span, recall(order_id));
    span
}
