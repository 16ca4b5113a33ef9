//! Decisions that a person can make about one order, and when each is possible.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reason::Language;

/// A decision that a person can make about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manual {
    /// A person has created the invoice in Accurate.
    ByHand,
    /// No invoice is created for this order.
    Never,
    /// The invoice is created before the order reaches the status that the mapping chooses.
    Now,
    /// The invoice is created again after it was deleted.
    Again,
    /// The order's receipts, returns and invoice are deleted from Accurate.
    Undo,
}

/// A person's decision that is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualDecision {
    /// What was decided.
    pub decision: Manual,
    /// The person's reason.
    pub reason: Option<String>,
    /// Number of the document in Accurate that the person created.
    pub document: Option<String>,
    /// Who decided.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// What is known about an order when a person decides about it.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The state of its invoice in Accurate, as far as the service knows.
    pub invoice: Invoice,
    /// Whether it was cancelled in Forstok.
    pub cancelled: bool,
}

/// The state of an order's invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invoice {
    /// There is no invoice.
    Missing,
    /// A save of it was sent whose outcome is not known.
    Unsure,
    /// It exists.
    Exists,
    /// It is being deleted.
    Deleting,
    /// It was deleted.
    Deleted,
}

/// Why a decision is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The service has created an invoice.
    #[error("this order already has an invoice in Accurate; decide \"undo\" to delete it first")]
    AlreadyInvoiced,
    /// There is no invoice.
    #[error("this order has no invoice in Accurate that could be deleted; decide \"never\" if it should get none")]
    NothingToUndo,
    /// No invoice was deleted.
    #[error("the invoice of this order was not deleted, so it cannot be created again")]
    NotVoided,
    /// The invoice was deleted.
    #[error("the invoice of this order was deleted; decide \"again\" to create it again")]
    Voided,
    /// The order was cancelled.
    #[error("the order was cancelled in Forstok, so it gets no invoice")]
    Cancelled,
    /// The invoice is being deleted.
    #[error("the invoice of this order is being deleted; try again once that is done")]
    Deleting,
}

impl Manual {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ByHand, Self::Never, Self::Now, Self::Again, Self::Undo];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Never => "never",
            Self::Now => "now",
            Self::Again => "again",
            Self::Undo => "undo",
        }
    }

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == word)
    }

    /// Whether the person must give a reason.
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::ByHand | Self::Never)
    }

    /// Whether the person must give the document's number.
    pub fn needs_document(self) -> bool {
        self == Self::ByHand
    }

    /// The text for people: what the decision means for the order.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::ByHand, Language::English) => "invoice created by hand",
            (Self::ByHand, Language::Indonesian) => "faktur sudah dibuat manual",
            (Self::Never, Language::English) => "never invoice",
            (Self::Never, Language::Indonesian) => "jangan buat faktur",
            (Self::Now, Language::English) => "invoice now",
            (Self::Now, Language::Indonesian) => "buat faktur sekarang",
            (Self::Again, Language::English) => "create the invoice again",
            (Self::Again, Language::Indonesian) => "buat ulang faktur",
            (Self::Undo, Language::English) => "delete from Accurate",
            (Self::Undo, Language::Indonesian) => "hapus dari Accurate",
        }
    }
}

impl fmt::Display for Manual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ManualDecision {
    /// Whether another decision is the same, regardless of who made it and when.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        (self.decision, &self.reason, &self.document) == (other.decision, &other.reason, &other.document)
    }
}

impl Refused {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyInvoiced => "already_invoiced",
            Self::NothingToUndo => "nothing_to_undo",
            Self::NotVoided => "not_voided",
            Self::Voided => "voided",
            Self::Cancelled => "cancelled",
            Self::Deleting => "deleting",
        }
    }
}

impl Situation {
    /// Whether a person may decide this; `None` revokes the previous decision.
    pub fn allows(self, decision: Option<Manual>) -> Result<(), Refused> {
        let refused = match (decision, self.invoice) {
            (_, Invoice::Deleting) => Refused::Deleting,
            (None, _)
            | (Some(Manual::Undo), Invoice::Exists | Invoice::Unsure)
            | (Some(Manual::Again), Invoice::Deleted) => return Ok(()),
            (Some(Manual::Undo), _) => Refused::NothingToUndo,
            (Some(Manual::Again), _) => Refused::NotVoided,
            (Some(_), Invoice::Exists) => Refused::AlreadyInvoiced,
            (Some(Manual::Now), Invoice::Deleted) => Refused::Voided,
            (Some(Manual::Now), _) if self.cancelled => Refused::Cancelled,
            (Some(Manual::ByHand | Manual::Never | Manual::Now), _) => return Ok(()),
        };
        Err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_posted_can_only_be_undone() {
        let posted = Situation { invoice: Invoice::Exists, cancelled: false };
        for decision in Manual::ALL {
            let allowed = posted.allows(Some(decision));
            assert_eq!(allowed.is_ok(), decision == Manual::Undo, "{decision}: {allowed:?}");
        }
        let waiting = Situation { invoice: Invoice::Missing, ..posted };
        assert_eq!(waiting.allows(Some(Manual::Undo)), Err(Refused::NothingToUndo));
        assert_eq!(waiting.allows(Some(Manual::Again)), Err(Refused::NotVoided));
        let unsure = Situation { invoice: Invoice::Unsure, ..posted };
        assert_eq!(unsure.allows(Some(Manual::Undo)), Ok(()), "it may exist");
        assert_eq!(unsure.allows(Some(Manual::Never)), Ok(()));
        let voided = Situation { invoice: Invoice::Deleted, ..posted };
        assert_eq!(voided.allows(Some(Manual::Again)), Ok(()));
        assert_eq!(voided.allows(Some(Manual::Now)), Err(Refused::Voided));
        let cancelled = Situation { cancelled: true, ..waiting };
        assert_eq!(cancelled.allows(Some(Manual::Now)), Err(Refused::Cancelled));
        let deleting = Situation { invoice: Invoice::Deleting, ..posted };
        assert_eq!(deleting.allows(None), Err(Refused::Deleting));
    }
}
