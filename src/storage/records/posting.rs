//! How attempts ended, and what documents are named by.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::Claim;
use crate::domain::{
    document::{Kind, Part},
    doubt::Doubt,
    ids::{AttemptNo, DocumentNumber},
    order::OrderId,
    reason::{Finding, OrderWarning},
    recheck::Subject,
    state::State,
    timeline::Entry,
};

/// The number and the id of a document in Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRef {
    /// Its number.
    pub number: DocumentNumber,
    /// Accurate's id of it.
    pub id: i64,
}

/// Which document: an order has at most one of each kind and part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentKey {
    /// Of which order.
    pub order_id: OrderId,
    /// What sort of document.
    pub kind: Kind,
    /// Which of them.
    pub part: Part,
}

/// How far ahead the moments may lie that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestWaits {
    /// Of an order's next attempt.
    pub attempt: SignedDuration,
    /// Of a lease's end.
    pub lease: SignedDuration,
    /// Of the next recheck of what blocked orders wait for.
    pub recheck: SignedDuration,
    /// Until a blocked order is rechecked for its own sake.
    pub order_recheck: SignedDuration,
}

/// When the invoices and deletions of a book that are due are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextAttempts {
    /// The first of them; `None` while one of them is under way.
    pub first: Option<Timestamp>,
    /// The last of those that are not under way.
    pub last: Option<Timestamp>,
}

/// Something in Accurate that orders wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// What it is.
    pub subject: Subject,
    /// Rechecks so far, none of which found it.
    pub checks: i64,
}

/// The outcome of an attempt, and everything that is stored with it.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    /// Of which order.
    pub order_id: OrderId,
    /// What sort of document.
    pub kind: Kind,
    /// Which of them.
    pub part: Part,
    /// The claim it was done under; if it is no longer the current one, nothing is written.
    pub attempt: AttemptNo,
    /// The order's revision at the claim. If the outcome blocks the order, this revision counts as decided.
    pub revision: i64,
    /// What is to be written.
    pub outcome: Outcome,
    /// The doubt at the end of the attempt. Private, so that no outcome can be stored without it.
    doubt: Doubt,
    /// Accurate's own errors about this document so far.
    pub trouble: Trouble,
    /// The order's warnings after the attempt.
    pub warnings: Vec<OrderWarning>,
    /// Entries for the timeline, each with its own time.
    pub entries: Vec<Entry>,
}

impl AttemptResult {
    /// An outcome of a claim about which nothing else is new.
    pub fn of<D>(claim: &Claim<D>, outcome: Outcome) -> Self {
        Self::with_doubt(claim, claim.doubt.clone(), outcome)
    }

    /// An outcome of a claim after an attempt that may have sent saves.
    pub fn with_doubt<D>(claim: &Claim<D>, doubt: Doubt, outcome: Outcome) -> Self {
        Self {
            order_id: claim.order_id.clone(),
            kind: claim.kind,
            part: claim.part,
            attempt: claim.attempt,
            revision: claim.revision,
            outcome,
            doubt,
            trouble: claim.trouble.clone(),
            warnings: claim.warnings.clone(),
            entries: Vec::new(),
        }
    }

    /// A person must act, because what is stored about a claimed document cannot be read. The doubt is that of the
    /// claim.
    pub(in crate::storage) fn of_unreadable(
        document: DocumentKey,
        attempt: AttemptNo,
        revision: i64,
        doubt: Doubt,
        findings: Vec<Finding>,
    ) -> Self {
        let DocumentKey { order_id, kind, part } = document;
        Self {
            order_id,
            kind,
            part,
            attempt,
            revision,
            outcome: Outcome::Blocked { findings, waits_for: None, recheck_after: None },
            doubt,
            trouble: Trouble::default(),
            warnings: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// The doubt at the end of the attempt.
    pub fn doubt(&self) -> &Doubt {
        &self.doubt
    }

    /// The same attempt with another outcome, after which the order must be looked up before anything is decided.
    #[must_use]
    pub fn looked_up_first(mut self, outcome: Outcome, entries: Vec<Entry>) -> Self {
        self.doubt.look_up_first();
        Self { outcome, entries, ..self }
    }

    /// Which document it is about.
    pub fn document(&self) -> DocumentKey {
        DocumentKey { order_id: self.order_id.clone(), kind: self.kind, part: self.part }
    }
}

/// The outcome of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The document exists.
    Exists {
        /// As Accurate reports it.
        document: ExistingDocument,
    },
    /// A person must act.
    Blocked {
        /// Why; the first is the reason.
        findings: Vec<Finding>,
        /// What must exist in Accurate first, if that is known.
        waits_for: Option<Subject>,
        /// After how long the document itself is rechecked; `None`: never.
        recheck_after: Option<SignedDuration>,
    },
    /// It is attempted again.
    Postponed {
        /// When.
        until: Timestamp,
        /// Whether this attempt counts.
        counted: Counted,
    },
    /// The document does not exist in Accurate, and there is news: the order must be decided again.
    Reconsider,
    /// The document does not exist any more.
    Gone {
        /// The number that it had.
        number: DocumentNumber,
        /// Whether it was our call that deleted it.
        by: Deletion,
    },
}

/// How Accurate fails for one document while it accepts others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Fruitless look-ups in a row.
    pub looks: i64,
    /// Accurate's last message.
    pub words: String,
}

/// Whose call deleted a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// This attempt deleted it.
    ThisAttempt,
    /// It was gone before.
    Before,
}

/// What happened to the result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Written,
    /// Its claim is no longer the current one: nothing is written.
    Late,
    /// Nothing is written, because the document belongs to another order already.
    BelongsTo(OrderId),
    /// Nothing is written, because the order's state must not change in this way (`domain/state.rs`).
    Unlawful {
        /// The state that it is in.
        from: State,
        /// The state that it was to have.
        to: State,
    },
}

/// A document as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExistingDocument {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// Accurate's total in rupiah.
    pub total: Decimal,
}

/// Whether an attempt counts for the waiting time and the look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It does.
    Yes,
    /// Accurate asked to slow down, or refused the whole book: it cost this order nothing.
    No,
    /// Accurate handled the calls, and the order only waits until a lost save has expired: failures are counted from
    /// zero again.
    WentWell,
}
