//! The only place that decides.
//!
//! [`before`] says whether an order gets an invoice, and which; `after` what news means for an invoice that exists;
//! [`verdict`](verdict()) puts both together for an order in any state.

mod after;
mod before;
mod verdict;

use jiff::Timestamp;

pub use self::{
    before::{Decision, cancellation, decide, decide_with, decide_without_snapshot, notices},
    verdict::verdict,
};
use super::{
    history::History,
    invoice::Draft,
    manual::ManualDecision,
    order::OrderId,
    reason::{Finding, Notice, Reason},
    state::State,
    timeline::Event,
};

/// An order with news to decide about.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// Which order.
    pub order_id: OrderId,
    /// The news decided about; newer news makes the decision void.
    pub revision: i64,
    /// Its state.
    pub state: State,
    /// All its snapshots folded.
    pub history: History,
    /// The body whose amounts count; `None` once it was cleared.
    pub body: Option<Vec<u8>>,
    /// The store as that body named it.
    pub store_id: String,
    /// When the buyer ordered.
    pub ordered_at: Option<Timestamp>,
    /// When the newest news arrived.
    pub received_at: Timestamp,
    /// When the body whose amounts count arrived.
    pub body_received_at: Option<Timestamp>,
    /// The deletion of its invoice may have been sent.
    pub deletion_tried: bool,
    /// What was drafted before.
    pub draft: Option<Draft>,
    /// Why it was blocked or ignored before.
    pub reason: Option<Reason>,
    /// What was in the way before.
    pub findings: Vec<Finding>,
    /// Its invoice exists in Accurate, also while a person must act.
    pub invoice_stands: bool,
    /// What is known of its saves.
    pub saves: Saves,
    /// Warnings that it had before.
    pub warnings: Vec<Notice>,
    /// What a person decided about it.
    pub manual: Option<ManualDecision>,
}

/// What is known of the saves that were sent for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saves {
    /// There was no attempt.
    NoneSent,
    /// There were attempts, and nothing that they sent was carried out as far as Accurate said.
    AccountedFor,
    /// An invoice may exist that we do not know of: before the order leaves `blocked` it is looked up.
    InDoubt,
}

/// What was decided about an order.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which order.
    pub order_id: OrderId,
    /// The news it was decided about.
    pub revision: i64,
    /// The mapping it was decided by.
    pub mapping_revision: i64,
    /// The state of the order from now on.
    pub state: State,
    /// Why, when it is blocked or ignored.
    pub reason: Option<Reason>,
    /// All that is in the way.
    pub findings: Vec<Finding>,
    /// Warnings that it has from now on.
    pub warnings: Vec<Notice>,
    /// What is to be sent; `None` keeps what was drafted before.
    pub draft: Option<Draft>,
    /// Entries for the timeline.
    pub events: Vec<Event>,
    /// Nothing is decided yet: the order is `due` only to be looked up, and is decided again after that.
    pub look_up_first: bool,
}

impl Verdict {
    /// A person must act.
    fn block(&mut self, order: &Undecided, findings: Vec<Finding>) {
        self.state = State::Blocked;
        self.reason = findings.first().map(|finding| finding.reason);
        // The timeline reports what changed, not that nothing did.
        if order.state != State::Blocked || order.findings != findings {
            self.events.push(Event::Blocked { findings: findings.clone() });
        }
        self.findings = findings;
    }
}
