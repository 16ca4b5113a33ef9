//! States in words and colours.

use super::page::Page;
use crate::storage::{OrderRecord, State};

/// A state with its colour.
pub(super) struct StateShown {
    /// A class of the style sheet.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// The state of an order; a person's decision says more than `ignored`.
pub(super) fn state_of(order: &OrderRecord, page: &Page) -> StateShown {
    match (&order.manual, order.state) {
        (Some(manual), State::Ignored) if manual.decision.needs_document() => {
            StateShown { kind: "good", text: page.t("Done by hand", "Dibuat manual") }
        }
        (_, State::Due) if page.is_in_shadow => StateShown { kind: "", text: page.t("Draft only", "Hanya draf") },
        (_, State::VoidDue) if page.is_in_shadow => {
            StateShown { kind: "", text: page.t("Deletion not sent", "Penghapusan tidak dikirim") }
        }
        (_, state) => state_shown(state, page),
    }
}

pub(super) fn state_shown(state: State, page: &Page) -> StateShown {
    let kind = match state {
        State::Received | State::Due | State::VoidDue => "busy",
        State::Invoiced => "good",
        State::Blocked => "bad",
        State::Watching | State::Ignored | State::Voided => "",
    };
    StateShown { kind, text: state.in_words(page.language) }
}
