//! The only place that decides what happens to an order.
//!
//! `before` decides whether an order gets an invoice, and which; `after` decides what a new snapshot means for an
//! existing invoice; [`verdict`](verdict()) combines both for an order in any state.

mod after;
mod before;
mod verdict;

use jiff::Timestamp;

pub use self::{
    after::{after_settlement, awaits_deletions, awaits_settlement},
    before::{Decision, cancellation_of_invoiced, decide, decide_with, decide_without_snapshot, warnings},
    verdict::verdict,
};
use super::{
    document::Kind,
    history::History,
    ids::DocumentNumber,
    invoice::Draft,
    manual::ManualDecision,
    order::OrderId,
    reason::{Finding, OrderWarning, Reason},
    state::State,
    timeline::Event,
};

/// An order that must be decided.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// Which order.
    pub order_id: OrderId,
    /// The revision that is decided; a newer one makes the decision void.
    pub revision: i64,
    /// Its state.
    pub state: State,
    /// All its snapshots, folded.
    pub history: History,
    /// The body whose amounts count; `None` if it was cleared.
    pub body: Option<Vec<u8>>,
    /// The store as that body named it.
    pub store_id: String,
    /// When the buyer ordered.
    pub ordered_at: Option<Timestamp>,
    /// When the newest webhook arrived.
    pub received_at: Timestamp,
    /// When the body whose amounts count arrived.
    pub body_received_at: Option<Timestamp>,
    /// Whether the deletion of its invoice may have been sent.
    pub deletion_tried: bool,
    /// The previous draft; `None` if there is none, or if it cannot be read and no invoice is known to exist.
    pub draft: Option<Draft>,
    /// Why it is blocked or ignored so far.
    pub reason: Option<Reason>,
    /// The findings of the previous decision.
    pub findings: Vec<Finding>,
    /// Whether its invoice exists in Accurate, which is possible even while a person must act.
    pub invoice_exists: bool,
    /// What is booked on its invoice.
    pub booked: Booked,
    /// What is known about its saves.
    pub saves: Saves,
    /// The warnings that it has so far.
    pub warnings: Vec<OrderWarning>,
    /// A person's decision about it.
    pub manual: Option<ManualDecision>,
}

/// What exists, or may exist, in Accurate besides an order's invoice: the number of one document of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// A receipt.
    pub receipt: Option<DocumentNumber>,
    /// A return.
    pub sales_return: Option<DocumentNumber>,
}

impl Booked {
    /// Whether there is anything.
    pub fn anything(&self) -> bool {
        self.receipt.is_some() || self.sales_return.is_some()
    }
}

/// What is known about the saves that were sent for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saves {
    /// There was no attempt.
    NoneSent,
    /// There were attempts, and Accurate reported for each that nothing was saved.
    AccountedFor,
    /// An unknown invoice may exist. It is looked up before the order leaves `blocked`.
    InDoubt,
}

/// The decision about an order.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which order.
    pub order_id: OrderId,
    /// The order's revision that was decided.
    pub revision: i64,
    /// The mapping's revision on which the decision is based.
    pub mapping_revision: i64,
    /// The state of the order from now on.
    pub state: State,
    /// Why it is blocked or ignored.
    pub reason: Option<Reason>,
    /// All findings.
    pub findings: Vec<Finding>,
    /// Warnings that it has from now on.
    pub warnings: Vec<OrderWarning>,
    /// The invoice to send; `None` keeps the previous draft.
    pub draft: Option<Draft>,
    /// Entries for the timeline.
    pub events: Vec<Event>,
    /// The order was cancelled after its parcel had left, or while something was booked on its invoice, or its status
    /// says that it came back, or did not after all, or Forstok changed it after it was invoiced: the decision about
    /// receipts and returns says what follows.
    pub settlement_decides: bool,
    /// Nothing is decided yet: the order is `due` only so that its invoice is looked up. It is decided again
    /// afterwards.
    pub look_up_first: bool,
}

impl Verdict {
    /// Nothing changes about the order.
    fn unchanged(order: &Undecided, mapping_revision: i64) -> Self {
        Self {
            order_id: order.order_id.clone(),
            revision: order.revision,
            mapping_revision,
            state: order.state,
            reason: None,
            findings: Vec::new(),
            warnings: Vec::new(),
            draft: None,
            events: Vec::new(),
            settlement_decides: false,
            look_up_first: false,
        }
    }

    /// The invoice must be deleted.
    fn delete(&mut self, number: DocumentNumber) {
        self.state = State::VoidDue;
        self.events.push(Event::VoidDue { number });
    }

    /// A person must act.
    fn block(&mut self, order: &Undecided, findings: Vec<Finding>) {
        self.state = State::Blocked;
        self.reason = findings.first().map(|finding| finding.reason);
        // The timeline records changes only.
        if order.state != State::Blocked || order.findings != findings {
            self.events.push(Event::blocked(Kind::Invoice, findings.clone()));
        }
        self.findings = findings;
    }
}
