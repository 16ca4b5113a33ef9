//! The states of an order, and which may follow which (design.md §4).

use super::reason::Language;

/// The state of an order (design.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the contract's own words, explained in design.md §4")]
pub enum State {
    Received,
    Watching,
    Due,
    Invoiced,
    Blocked,
    Ignored,
    VoidDue,
    Voided,
}

impl State {
    /// All states, in the order in which an order passes through them.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Watching,
        Self::Due,
        Self::Invoiced,
        Self::Blocked,
        Self::Ignored,
        Self::VoidDue,
        Self::Voided,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Watching => "watching",
            Self::Due => "due",
            Self::Invoiced => "invoiced",
            Self::Blocked => "blocked",
            Self::Ignored => "ignored",
            Self::VoidDue => "void_due",
            Self::Voided => "voided",
        }
    }

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether an order may change from this state to that one in one commit.
    pub fn may_become(self, next: Self) -> bool {
        self == next || LAWFUL_CHANGES.contains(&(self, next)) || DECIDED_BY_A_PERSON.contains(&(self, next))
    }

    /// The text for people.
    pub fn in_words(self, language: Language) -> &'static str {
        let (english, indonesian) = match self {
            Self::Received => ("Received", "Diterima"),
            Self::Watching => ("Waiting for its status", "Menunggu status"),
            Self::Due => ("Being invoiced", "Sedang dibuatkan faktur"),
            Self::Invoiced => ("Invoiced", "Sudah difakturkan"),
            Self::Blocked => ("Needs attention", "Perlu ditangani"),
            Self::Ignored => ("No invoice needed", "Tanpa faktur"),
            Self::VoidDue => ("Invoice being deleted", "Faktur sedang dihapus"),
            Self::Voided => ("Invoice deleted", "Faktur dihapus"),
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}

/// Lawful changes that only a person's decision brings about: after a deletion, another invoice or none; after one in
/// Accurate itself, none.
pub const DECIDED_BY_A_PERSON: &[(State, State)] = &[
    (State::Voided, State::Due),
    (State::Voided, State::Ignored),
    // Somebody deleted its invoice in Accurate, and a person accepts that or has it created again.
    (State::Invoiced, State::Voided),
];

/// Every other lawful change of state, each in one commit. Storage refuses any that is not listed, and the simulator
/// looks for each of these.
pub const LAWFUL_CHANGES: &[(State, State)] = {
    use State as S;
    &[
        (S::Received, S::Watching),
        (S::Received, S::Due),
        (S::Received, S::Blocked),
        (S::Received, S::Ignored),
        (S::Watching, S::Due),
        (S::Watching, S::Blocked),
        (S::Watching, S::Ignored),
        // The new mapping requires a later status.
        (S::Due, S::Watching),
        (S::Due, S::Invoiced),
        (S::Due, S::Blocked),
        (S::Due, S::Ignored),
        (S::Invoiced, S::VoidDue),
        // The order was cancelled, and a receipt or a return is booked on its invoice.
        (S::Invoiced, S::Blocked),
        (S::VoidDue, S::Voided),
        (S::VoidDue, S::Blocked),
        // The order was cancelled and then progressed, before its invoice was deleted or afterwards.
        (S::VoidDue, S::Invoiced),
        (S::Voided, S::Blocked),
        (S::Blocked, S::Watching),
        (S::Blocked, S::Due),
        (S::Blocked, S::Ignored),
        // Its invoice could not be deleted, and the mapping now keeps invoices.
        (S::Blocked, S::Invoiced),
        // Its invoice could not be deleted, and the deletion is tried again.
        (S::Blocked, S::VoidDue),
        // The rule that ignored the order no longer applies.
        (S::Ignored, S::Watching),
        (S::Ignored, S::Due),
        (S::Ignored, S::Blocked),
    ]
};
