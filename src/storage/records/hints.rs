//! What is stored about Accurate's own webhooks: documents to be read again, and until when the webhooks come.

use jiff::Timestamp;

use crate::domain::{
    hint::Hint,
    order::OrderId,
    reconciliation::{Finding, Subject},
};

/// A hint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHint {
    /// What it names; its time is that of the latest change.
    pub hint: Hint,
    /// When that change was heard of; a later one makes it a new hint.
    pub heard_at: Timestamp,
    /// How often it was postponed.
    pub tries: i64,
    /// The order that the document belongs to, according to our ledger or a finding.
    pub order_id: Option<OrderId>,
    /// When this service last saved, saw or deleted that order's invoice.
    pub ours_at: Option<Timestamp>,
}

/// The result of following a hint.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// Everything that was looked at.
    pub examined: Vec<Subject>,
    /// What was found about some of it; findings about the rest are gone.
    pub findings: Vec<Finding>,
}

/// Accurate's webhooks about one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccurateWebhook {
    /// When they end; `None`: not known.
    pub ends_at: Option<Timestamp>,
    /// When they are renewed next.
    pub renew_at: Option<Timestamp>,
    /// Up to when their history was read.
    pub read_until: Option<Timestamp>,
    /// When it is read next, if the last reading failed.
    pub read_at: Option<Timestamp>,
    /// Renewals that failed in a row.
    pub failures: i64,
    /// What Accurate said last about that.
    pub failure: String,
}
