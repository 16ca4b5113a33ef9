//! Faults at random or on command.

use std::collections::{BTreeMap, VecDeque};

use super::{Action, Fault, fault::Affected};
use crate::domain::document::Kind;

/// The calls to which a commanded fault applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The next call.
    Any,
    /// The next `sales-invoice/save` or `sales-invoice/bulk-save`.
    InvoiceSaves,
    /// The next `sales-receipt/save` or `sales-receipt/bulk-save`.
    ReceiptSaves,
    /// The next `sales-return/save` or `sales-return/bulk-save`.
    ReturnSaves,
    /// The next call of this type.
    Call(Action),
}

impl From<Action> for On {
    fn from(action: Action) -> Self {
        Self::Call(action)
    }
}

impl On {
    fn meets(self, action: Action) -> bool {
        match self {
            Self::Any => true,
            Self::InvoiceSaves => action.saves(Kind::Invoice),
            Self::ReceiptSaves => action.saves(Kind::Receipt),
            Self::ReturnSaves => action.saves(Kind::Return),
            Self::Call(wanted) => wanted == action,
        }
    }
}

/// Decides which call meets which fault.
#[derive(Debug)]
pub(super) struct Faults {
    rng: fastrand::Rng,
    chances: Vec<(Fault, f64)>,
    commands: VecDeque<Command>,
    /// Number of replies to be lost after a document of this kind was really saved; a refused save does not count.
    lose_after_saving: BTreeMap<Kind, usize>,
    pub(super) fired: BTreeMap<&'static str, u64>,
}

/// The faults of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Chosen {
    /// The fault in the data.
    pub(super) slip: Option<Fault>,
    /// The fault on the way to or from the server.
    pub(super) fault: Option<Fault>,
}

#[derive(Debug)]
struct Command {
    on: On,
    fault: Fault,
    times: usize,
}

impl Faults {
    pub(super) fn new(chances: &[(Fault, f64)], seed: u64) -> Self {
        let mut faults = Self {
            rng: fastrand::Rng::with_seed(seed),
            chances: Vec::new(),
            commands: VecDeque::new(),
            lose_after_saving: BTreeMap::new(),
            fired: BTreeMap::new(),
        };
        for (fault, chance) in chances {
            faults.set_probability(*fault, *chance);
        }
        faults
    }

    pub(super) fn set_probability(&mut self, fault: Fault, chance: f64) {
        self.chances.retain(|(known, _)| known.name() != fault.name());
        if chance > 0.0 {
            self.chances.push((fault, chance));
        }
    }

    pub(super) fn probabilities(&self) -> &[(Fault, f64)] {
        &self.chances
    }

    pub(super) fn command(&mut self, on: On, fault: Fault, times: usize) {
        if times > 0 {
            self.commands.push_back(Command { on, fault, times });
        }
    }

    /// Removes all commanded faults and sets all probabilities to 0.
    pub(super) fn clear(&mut self) {
        self.chances.clear();
        self.commands.clear();
        self.lose_after_saving.clear();
    }

    /// The faults of this call. Commanded faults take precedence. Two random numbers are drawn for every call, so that
    /// a seed can be replayed.
    pub(super) fn choose(&mut self, action: Action) -> Chosen {
        let [in_reply, in_data] = [self.rng.f64(), self.rng.f64()];
        let [slip, fault] = [(Affected::Data, in_data), (Affected::Reply, in_reply)].map(|(affected, draw)| {
            let fault = self
                .commanded(action, affected)
                .or_else(|| self.drawn(draw, affected).filter(|fault| fault.can_meet(action)))?;
            self.count(fault);
            Some(fault)
        });
        Chosen { slip, fault }
    }

    /// The next reply to a call that really saves a document of this kind is lost.
    pub(super) fn lose_after_saving(&mut self, kind: Kind) {
        *self.lose_after_saving.entry(kind).or_default() += 1;
    }

    /// Whether the reply to a call that has just saved something must be lost.
    pub(super) fn loses_reply_after_saving(&mut self, action: Action) -> bool {
        let saved = action.on_documents().filter(|(_, deed)| deed.saves()).map(|(kind, _)| kind);
        let Some(left) = saved.and_then(|kind| self.lose_after_saving.get_mut(&kind)).filter(|left| **left > 0) else {
            return false;
        };
        *left -= 1;
        self.count(Fault::DroppedAfter);
        true
    }

    /// One of several variants of a fault.
    pub(super) fn pick<T: Copy>(&mut self, forms: [T; 4]) -> T {
        forms[self.rng.usize(..forms.len())]
    }

    fn commanded(&mut self, action: Action, affected: Affected) -> Option<Fault> {
        let at = self.commands.iter().position(|command| {
            let is_for_it = matches!(command.on, On::Call(_)) || command.fault.can_meet(action);
            command.fault.affects() == affected && command.on.meets(action) && is_for_it
        })?;
        let command = &mut self.commands[at];
        command.times -= 1;
        let fault = command.fault;
        if command.times == 0 {
            self.commands.remove(at);
        }
        Some(fault)
    }

    fn drawn(&self, draw: f64, affected: Affected) -> Option<Fault> {
        let mut reached = 0.0;
        let mut chances = self.chances.iter().filter(|(fault, _)| fault.affects() == affected);
        chances.find_map(|(fault, chance)| {
            reached += chance;
            (draw < reached).then_some(*fault)
        })
    }

    fn count(&mut self, fault: Fault) {
        *self.fired.entry(fault.name()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commanded_fault_waits_for_its_call_and_fires_as_often_as_told() {
        let mut faults = Faults::new(&[], 1);
        faults.command(Action::InvoiceSave.into(), Fault::DroppedAfter, 2);
        assert_eq!(faults.choose(Action::InvoiceDetail).fault, None);
        assert_eq!(faults.choose(Action::InvoiceSave).fault, Some(Fault::DroppedAfter));
        assert_eq!(faults.choose(Action::InvoiceSave).fault, Some(Fault::DroppedAfter));
        assert_eq!(faults.choose(Action::InvoiceSave).fault, None);
        assert_eq!(faults.fired["dropped_after"], 2);
    }

    #[test]
    fn chance_follows_the_seed_and_the_probability() {
        let chances = [(Fault::HtmlAfter, 0.25), (Fault::DroppedBefore, 0.25)];
        let run = |seed| {
            let mut faults = Faults::new(&chances, seed);
            let met: Vec<_> = (0..1_000).map(|_| faults.choose(Action::InvoiceSave)).collect();
            (met, faults.fired)
        };
        let (met, fired) = run(7);
        assert_eq!(run(7).0, met, "the same seed replays");
        assert_ne!(run(8).0, met);
        assert!((150..350).contains(&fired["html_after"]), "{fired:?}");
        assert!((150..350).contains(&fired["dropped_before"]), "{fired:?}");
    }

    #[test]
    fn one_call_can_be_spoilt_in_the_books_and_on_the_way_back() {
        let mut faults = Faults::new(&[(Fault::TotalOff, 1.0), (Fault::DroppedAfter, 1.0)], 1);
        let both = Chosen { slip: Some(Fault::TotalOff), fault: Some(Fault::DroppedAfter) };
        assert_eq!(faults.choose(Action::InvoiceSave), both);
        assert_eq!(faults.choose(Action::InvoiceDetail).slip, None, "a look-up saves nothing");
        assert_eq!(faults.fired["total_off"], 1);
    }
}
