//! Claims: documents that a worker may work on, and which of them it takes.

use jiff::{SignedDuration, Timestamp};

use super::{DocumentRef, Trouble};
use crate::domain::{
    after_sale::{ReceiptDraft, ReturnDraft},
    document::{Drafted, Kind, Part},
    doubt::Doubt,
    ids::{AttemptNo, DocumentNumber},
    invoice::Draft,
    order::OrderId,
    reason::{Finding, OrderWarning},
    recheck::Subject,
};

/// What the attempt at a claimed document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Creating it, unless it exists already.
    Create,
    /// Deleting it.
    Delete,
    /// Only looking it up: its order is blocked, and one of its saves may have been carried out.
    LookUp,
}

/// A document that a worker may work on until the lease ends.
#[derive(Clone, Debug)]
pub struct Claim<D = Drafted> {
    /// Of which order.
    pub order_id: OrderId,
    /// What sort of document.
    pub kind: Kind,
    /// Which of them.
    pub part: Part,
    /// Names this claim in everything that is written about it.
    pub attempt: AttemptNo,
    /// Another worker may claim the document after this time, so every call must have ended.
    pub lease_until: Timestamp,
    /// Counted attempts before this one; above 0 the number is looked up before it is saved.
    pub earlier_tries: i64,
    /// It was, or could have been, due in shadow mode: another integration may have created its invoice.
    pub is_shadowed: bool,
    /// Accurate's id of the order's invoice, if it exists.
    pub invoice_id: Option<i64>,
    /// The number that the buyer sees. Other integrations give it to their invoices (forstok.md §1).
    pub marketplace_number: DocumentNumber,
    /// Failures in a row before this attempt.
    pub failures: i64,
    /// What the attempt is for.
    pub purpose: Purpose,
    /// The order must be decided before anything is saved: there is news, or what the document needs is gone. It is
    /// claimed nevertheless, because the document may already exist.
    pub undecided: bool,
    /// The order's revision when it was claimed.
    pub revision: i64,
    /// What is sent.
    pub draft: D,
    /// The document in Accurate, if it is known to exist.
    pub existing: Option<DocumentRef>,
    /// How long ago, by the database's clock, that document was saved or found.
    pub existing_age: Option<SignedDuration>,
    /// Why the order is blocked.
    pub findings: Vec<Finding>,
    /// Accurate's own errors about this document so far.
    pub trouble: Trouble,
    /// The order's warnings.
    pub warnings: Vec<OrderWarning>,
    /// When the newest webhook arrived.
    pub received_at: Timestamp,
    /// What is not known about its saves.
    pub doubt: Doubt,
    /// What it waited for before it was tried again.
    pub waits_for: Option<Subject>,
}

/// A claim, with the type of its document's draft.
#[derive(Clone, Debug)]
pub enum ClaimOf {
    /// Of an invoice.
    Invoice(Claim<Draft>),
    /// Of a receipt.
    Receipt(Claim<ReceiptDraft>),
    /// Of a return.
    Return(Claim<ReturnDraft>),
}

impl<D> Claim<D> {
    /// Whether an earlier attempt may have sent something, or another integration may have created the document, so
    /// that it is looked up before it is saved.
    pub fn must_look_up(&self) -> bool {
        self.earlier_tries > 0 || self.doubt.exists() || self.is_shadowed
    }
}

impl Claim {
    /// The claim with the type of its document's draft.
    pub fn typed(self) -> ClaimOf {
        let (draft, claim) = self.with_draft(());
        match draft {
            Drafted::Invoice(draft) => ClaimOf::Invoice(claim.with_draft(draft).1),
            Drafted::Receipt(draft) => ClaimOf::Receipt(claim.with_draft(draft).1),
            Drafted::Return(draft) => ClaimOf::Return(claim.with_draft(draft).1),
        }
    }

    /// The claim of an invoice, if it is one.
    pub fn invoice(self) -> Option<Claim<Draft>> {
        match self.typed() {
            ClaimOf::Invoice(claim) => Some(claim),
            ClaimOf::Receipt(_) | ClaimOf::Return(_) => None,
        }
    }
}

impl<D> Claim<D> {
    /// The draft, and the claim with another one in its place.
    fn with_draft<E>(self, draft: E) -> (D, Claim<E>) {
        let claim = Claim {
            draft,
            order_id: self.order_id,
            kind: self.kind,
            part: self.part,
            attempt: self.attempt,
            lease_until: self.lease_until,
            earlier_tries: self.earlier_tries,
            is_shadowed: self.is_shadowed,
            invoice_id: self.invoice_id,
            marketplace_number: self.marketplace_number,
            failures: self.failures,
            purpose: self.purpose,
            undecided: self.undecided,
            revision: self.revision,
            existing: self.existing,
            existing_age: self.existing_age,
            findings: self.findings,
            trouble: self.trouble,
            warnings: self.warnings,
            received_at: self.received_at,
            doubt: self.doubt,
            waits_for: self.waits_for,
        };
        (self.draft, claim)
    }
}

/// Which documents a claim takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Documents of one lane whose time has come.
    Due {
        /// Which lane.
        lane: Lane,
        /// Those that became due last go first.
        newest_first: bool,
        /// This many at most.
        limit: i64,
    },
    /// One, even if its time has not come: the probe of a paused book.
    Probe,
}

/// What waits for calls is kept apart by kind, so that a long queue of one kind never holds up the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Invoices to be created that were never tried.
    Fresh,
    /// Invoices to be created that were tried before.
    Again,
    /// To be deleted.
    Deletion,
    /// Receipts to be created.
    Receipts,
    /// Returns to be created.
    Returns,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fresh, Self::Again, Self::Deletion, Self::Receipts, Self::Returns];
}

/// How many documents of each lane may be claimed now, as far as they were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claimable {
    counts: [i64; Lane::ALL.len()],
}

impl Claimable {
    /// From a count for each lane, in the order of [`Lane::ALL`].
    pub fn new(counts: [i64; Lane::ALL.len()]) -> Self {
        Self { counts }
    }

    /// How many of this lane.
    pub fn of(&self, lane: Lane) -> i64 {
        self.counts[lane as usize]
    }
}
