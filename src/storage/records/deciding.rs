//! What deciding reads and writes beside verdicts: what people decide, mappings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Position;
pub use crate::domain::decision::{Saves, Undecided, Verdict};
use crate::domain::{
    about::About,
    manual::{Manual, Refused},
    mapping::PostingMode,
    order::OrderId,
    reason::Warning,
};

/// Undecided orders.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Those that can be decided, oldest first.
    pub orders: Vec<Undecided>,
    /// Orders whose stored data cannot be read: nothing can be decided about them.
    pub unreadable: Vec<UnreadableOrder>,
}

/// A page of orders of the past.
#[derive(Clone, Debug)]
pub struct PastOrders {
    /// What they are decided from, newest first.
    pub orders: Vec<Undecided>,
    /// How many orders of the page cannot be read.
    pub unreadable: u64,
    /// Where the page ends; `None` if it is the last.
    pub next: Option<Position>,
}

/// An order whose stored data cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableOrder {
    /// Which order.
    pub order_id: OrderId,
    /// Its revision.
    pub revision: i64,
    /// What cannot be read.
    pub problem: String,
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

/// The result of a person's request about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is on disk.
    Changed,
    /// It was already so.
    Unchanged,
    /// The order's state does not allow it.
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

/// Why a mapping was not applied: another one was applied in the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The revision that is active now.
    pub active: i64,
}

/// The outcome of applying a mapping.
pub type Put = std::result::Result<MappingRevision, Superseded>;

/// A mapping that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRevision {
    /// Counts up from 1.
    pub revision: i64,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// Why, as the person wrote it; empty if nothing was written.
    pub note: String,
    /// As it was written, TOML.
    pub document: String,
    /// What it changed, in words.
    pub changes: Vec<String>,
}

/// A mapping to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMapping {
    /// As it was written, TOML.
    pub document: String,
    /// By whom.
    pub who: String,
    /// Why, as the person wrote it; empty if nothing was written.
    pub note: String,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// Whether documents are sent while it is active.
    pub posting: PostingMode,
    /// The revision that it replaces; 0 when there is none.
    pub replaces: i64,
}
