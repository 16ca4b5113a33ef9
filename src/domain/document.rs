//! Documents in Accurate: each must exist for its order, or must be gone.
//!
//! One machine posts all of them: it claims a document under a lease, looks it up, saves or deletes it and settles the
//! outcome. A kind of document adds a draft, its calls, and its line in the table of what needs what.

use serde::{Deserialize, Serialize};

use super::{
    after_sale::{ReceiptDraft, ReturnDraft},
    ids::DocumentNumber,
    invoice::Draft,
    money::Rupiah,
    reason::Language,
    state::State,
};

/// What sort of document it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The sales invoice.
    #[default]
    Invoice,
    /// A sales receipt: money that was paid out for the invoice.
    Receipt,
    /// A sales return: goods, or their price, that went back.
    Return,
}

/// Which of an order's documents of one kind: an order has one invoice, and may have several receipts and returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub i64);

/// What is sent for a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Drafted {
    /// An invoice.
    Invoice(Draft),
    /// A receipt.
    Receipt(ReceiptDraft),
    /// A return.
    Return(ReturnDraft),
}

impl Drafted {
    /// The draft of an invoice, if it is one.
    pub fn invoice(&self) -> Option<&Draft> {
        match self {
            Self::Invoice(draft) => Some(draft),
            Self::Receipt(_) | Self::Return(_) => None,
        }
    }

    /// The number that it is to have.
    pub fn number(&self) -> &DocumentNumber {
        match self {
            Self::Invoice(draft) => &draft.body.number,
            Self::Receipt(draft) => &draft.body.number,
            Self::Return(draft) => &draft.body.number,
        }
    }

    /// What it is about, in rupiah: the total of an invoice, what a receipt pays on it, what a return credits.
    pub fn total(&self) -> Rupiah {
        match self {
            Self::Invoice(draft) => draft.total,
            Self::Receipt(draft) => draft.body.paid(),
            Self::Return(draft) => draft.total,
        }
    }
}

/// What a decision wants of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It must exist.
    Exist,
    /// It must be gone.
    Gone,
}

/// How far posting is with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What is wanted has yet to be done.
    Due,
    /// It exists, as wanted.
    Exists,
    /// It does not exist, as wanted.
    Gone,
    /// A person must act.
    Blocked,
}

/// What the creation of a document needs: of each of these kinds its order has one, and all of them exist. A document
/// is deleted only after all documents that need it.
const NEEDS: &[(Kind, &[Kind])] =
    &[(Kind::Invoice, &[]), (Kind::Receipt, &[Kind::Invoice]), (Kind::Return, &[Kind::Invoice])];

/// The order in which an order's documents are deleted: money first, then goods, then the sale.
pub const DELETION: [Kind; 3] = [Kind::Receipt, Kind::Return, Kind::Invoice];

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invoice, Self::Receipt, Self::Return];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Receipt => "receipt",
            Self::Return => "return",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What people call it.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Invoice, Language::English) => "invoice",
            (Self::Invoice, Language::Indonesian) => "faktur",
            (Self::Receipt, Language::English) => "receipt",
            (Self::Receipt, Language::Indonesian) => "penerimaan penjualan",
            (Self::Return, Language::English) => "return",
            (Self::Return, Language::Indonesian) => "retur penjualan",
        }
    }

    /// What must exist before such a document is created.
    pub fn needs(self) -> &'static [Self] {
        NEEDS.iter().find(|(kind, _)| *kind == self).map_or(&[], |(_, needs)| needs)
    }

    /// What must be gone before such a document is deleted.
    pub fn goes_after(self) -> impl Iterator<Item = Self> {
        DELETION.into_iter().take_while(move |kind| *kind != self)
    }

    /// Whether the state of the order is that of this document.
    pub fn leads_order(self) -> bool {
        self == Self::Invoice
    }
}

impl Wanted {
    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Exist, Self::Gone].into_iter().find(|wanted| wanted.as_str() == word)
    }

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exist => "exist",
            Self::Gone => "gone",
        }
    }
}

impl Progress {
    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Due, Self::Exists, Self::Gone, Self::Blocked].into_iter().find(|progress| progress.as_str() == word)
    }

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Exists => "exists",
            Self::Gone => "gone",
            Self::Blocked => "blocked",
        }
    }
}

/// What the state of an order says about its invoice. An order that is blocked still wants of it what it wanted before.
pub fn invoice_in(state: State) -> (Option<Wanted>, Progress) {
    match state {
        State::Due => (Some(Wanted::Exist), Progress::Due),
        State::Invoiced => (Some(Wanted::Exist), Progress::Exists),
        State::VoidDue => (Some(Wanted::Gone), Progress::Due),
        State::Received | State::Watching | State::Ignored | State::Voided => (Some(Wanted::Gone), Progress::Gone),
        State::Blocked => (None, Progress::Blocked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_document_is_deleted_before_it() {
        let place = |kind: Kind| DELETION.iter().position(|other| *other == kind).expect("every kind can be deleted");
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            for needed in kind.needs() {
                assert!(place(kind) < place(*needed), "{kind:?} needs {needed:?}");
                assert!(needed.goes_after().any(|earlier| earlier == kind), "{kind:?} needs {needed:?}");
            }
        }
        assert_eq!(Kind::Receipt.goes_after().count(), 0);
    }

    #[test]
    fn every_state_of_an_order_says_what_becomes_of_its_invoice() {
        for state in State::ALL {
            let (wanted, progress) = invoice_in(state);
            match progress {
                Progress::Exists => assert_eq!(wanted, Some(Wanted::Exist), "{state:?}"),
                Progress::Gone => assert_eq!(wanted, Some(Wanted::Gone), "{state:?}"),
                Progress::Due => assert!(wanted.is_some(), "{state:?}"),
                Progress::Blocked => assert_eq!(wanted, None, "{state:?}"),
            }
        }
    }
}
