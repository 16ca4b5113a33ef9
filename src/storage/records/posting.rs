//! What posting reads and writes: claims and how they ended.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::domain::{
    document::{Drafted, Kind, Part},
    doubt::Doubt,
    ids::AttemptNo,
    invoice::Draft,
    order::OrderId,
    reason::{Finding, Notice},
    recheck::Subject,
    settlement::{ReceiptDraft, ReturnDraft},
    state::State,
    timeline::Entry,
};

/// The number and the id of a document in Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRef {
    /// Its number.
    pub number: String,
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
    /// From then on another worker may hold the order, so no call may be under way any more.
    pub lease_until: Timestamp,
    /// Counted attempts before this one; above 0 the number is looked up before it is saved.
    pub earlier_tries: i64,
    /// It was, or could have been, due in shadow mode: another integration may have created its invoice.
    pub is_shadowed: bool,
    /// The number that the buyer sees. Other integrations give it to their invoices (forstok.md §1).
    pub marketplace_number: String,
    /// Failures in a row before this attempt.
    pub failures: i64,
    /// What the attempt is for.
    pub purpose: Purpose,
    /// There is news that was not decided about, because the document may already exist.
    pub undecided: bool,
    /// The news that was there when it was claimed.
    pub revision: i64,
    /// What is sent.
    pub draft: D,
    /// The document in Accurate, if it is known to exist.
    pub existing: Option<DocumentRef>,
    /// How long ago, by the database's clock, that document was saved or found.
    pub existing_age: Option<SignedDuration>,
    /// Why the order is blocked.
    pub findings: Vec<Finding>,
    /// How Accurate failed for this order so far.
    pub trouble: Trouble,
    /// What deserves a look.
    pub warnings: Vec<Notice>,
    /// When the newest news arrived.
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

impl Claim {
    /// The claim with the type of its document's draft.
    pub fn typed(self) -> ClaimOf {
        let (draft, claim) = self.take_draft();
        match draft {
            Drafted::Invoice(draft) => ClaimOf::Invoice(claim.with(draft)),
            Drafted::Receipt(draft) => ClaimOf::Receipt(claim.with(draft)),
            Drafted::Return(draft) => ClaimOf::Return(claim.with(draft)),
        }
    }

    /// The claim of an invoice, if it is one.
    pub fn invoice(self) -> Option<Claim<Draft>> {
        match self.typed() {
            ClaimOf::Invoice(claim) => Some(claim),
            ClaimOf::Receipt(_) | ClaimOf::Return(_) => None,
        }
    }

    fn take_draft(self) -> (Drafted, Claim<()>) {
        let claim = Claim {
            draft: (),
            order_id: self.order_id,
            kind: self.kind,
            part: self.part,
            attempt: self.attempt,
            lease_until: self.lease_until,
            earlier_tries: self.earlier_tries,
            is_shadowed: self.is_shadowed,
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

impl Claim<()> {
    fn with<D>(self, draft: D) -> Claim<D> {
        Claim {
            draft,
            order_id: self.order_id,
            kind: self.kind,
            part: self.part,
            attempt: self.attempt,
            lease_until: self.lease_until,
            earlier_tries: self.earlier_tries,
            is_shadowed: self.is_shadowed,
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
        }
    }
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
pub struct Settlement {
    /// Of which order.
    pub order_id: OrderId,
    /// What sort of document.
    pub kind: Kind,
    /// Which of them.
    pub part: Part,
    /// The claim it was done under; if it is no longer the current one, nothing is written.
    pub attempt: AttemptNo,
    /// As in [`Claim::revision`]: with a person to act, nothing is left to be decided about that news.
    pub revision: i64,
    /// What is to be written.
    pub outcome: Outcome,
    /// What is not known about its saves by now, whatever the outcome is: private, so that no outcome is written without
    /// the doubt that its claim began with and its attempt went on with.
    doubt: Doubt,
    /// How Accurate failed for this order by now.
    pub trouble: Trouble,
    /// What deserves a look by now.
    pub warnings: Vec<Notice>,
    /// Entries for the timeline, each with its own time.
    pub entries: Vec<Entry>,
}

impl Settlement {
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

    /// A person must act, since what is stored about a claimed document cannot be read. The doubt is that of the claim.
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

    /// What is not known about its saves by now.
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
        /// What outside of us it waits for, if it does.
        waits_for: Option<Subject>,
        /// After how long it is looked at again for its own sake, if it is.
        recheck_after: Option<SignedDuration>,
    },
    /// There will be another attempt.
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
        number: String,
        /// Whether it was our call that deleted it.
        by: Deletion,
    },
}

/// How Accurate fails for one order while it deals with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Looks in a row that left the order where it was.
    pub looks: i64,
    /// What was said last.
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

/// What happened to a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Written,
    /// Its claim is no longer the current one: nothing is written.
    Late,
    /// Nothing is written, because the document belongs to another order already.
    BelongsTo(OrderId),
    /// Nothing is written, since the order's state must not change in this way (`domain/state.rs`).
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
    pub number: String,
    /// Accurate's total in rupiah.
    pub total: Decimal,
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
