//! What deciding reads and writes: orders with news, verdicts, what people decide, mappings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    about::About,
    history::History,
    invoice::Draft,
    manual::{Manual, ManualDecision, Refused},
    order::OrderId,
    reason::{Finding, Notice, Reason, Warning},
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
    /// Where it stands.
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
    /// An invoice of it stands in Accurate, also when a person must see to it.
    pub invoice_stands: bool,
    /// What is known of its saves.
    pub saves: Saves,
    /// What deserved a look before.
    pub warnings: Vec<Notice>,
    /// What a person decided about it.
    pub manual: Option<ManualDecision>,
}

/// What a person decides about an order.
#[derive(Clone, Debug)]
pub struct ManualChange {
    /// What; `None` takes back what was decided before.
    pub decision: Option<Manual>,
    /// Why.
    pub reason: Option<String>,
    /// Number of the document that the person created.
    pub document: Option<String>,
    /// Who.
    pub actor: String,
}

/// What became of something that a person wants of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is on disk.
    Changed,
    /// It was so before.
    Unchanged,
    /// The order is in no state for it.
    Refused(Refused),
    /// There is no such order, or no such warning on it.
    Unknown,
}

/// A warning that a person has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Which.
    pub warning: Warning,
    /// What it was about then; a warning about something else is another one.
    pub about: About,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
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
    /// Where the order stands now.
    pub state: State,
    /// Why, when it is blocked or ignored.
    pub reason: Option<Reason>,
    /// All that is in the way.
    pub findings: Vec<Finding>,
    /// What deserves a look.
    pub warnings: Vec<Notice>,
    /// What is to be sent; `None` keeps what was drafted before.
    pub draft: Option<Draft>,
    /// Entries for the timeline.
    pub events: Vec<Event>,
    /// Nothing is decided yet: the order is `due` only to be looked up, and is decided again after that.
    pub look_up_first: bool,
}

/// A mapping that was put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRevision {
    /// Counts up from 1.
    pub revision: i64,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// As it was written, TOML.
    pub document: String,
    /// What it changed, in words.
    pub changes: Vec<String>,
}

/// A mapping to be put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMapping {
    /// As it was written, TOML.
    pub document: String,
    /// By whom.
    pub who: String,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// The revision that it replaces; 0 when there is none.
    pub replaces: i64,
}
