//! The words of the contract as people say them.

use super::page::Page;
use crate::store::{OrderRecord, State};

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
        (_, state) => state_shown(state, page),
    }
}

pub(super) fn state_shown(state: State, page: &Page) -> StateShown {
    let (kind, text) = match state {
        State::Received => ("busy", page.t("Received", "Diterima")),
        State::Watching => ("", page.t("Waiting for its status", "Menunggu status")),
        State::Due => ("busy", page.t("Being invoiced", "Sedang dibuatkan faktur")),
        State::Invoiced => ("good", page.t("Invoiced", "Sudah difakturkan")),
        State::Blocked => ("bad", page.t("Needs attention", "Perlu ditangani")),
        State::Ignored => ("", page.t("No invoice needed", "Tanpa faktur")),
        State::VoidDue => ("busy", page.t("Invoice being deleted", "Faktur sedang dihapus")),
        State::Voided => ("", page.t("Invoice deleted", "Faktur dihapus")),
    };
    StateShown { kind, text }
}
