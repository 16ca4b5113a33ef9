//! What goes wrong, by chance or on command.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::Action;

/// One thing that can go wrong with a call. *Before* and *after* are before and after the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut; nothing was done.
    DroppedBefore,
    /// The connection is cut; the work was done.
    DroppedAfter,
    /// HTTP 500, 502, 503 or 504; nothing was done.
    Error5xxBefore,
    /// HTTP 500, 502, 503 or 504; the work was done.
    Error5xxAfter,
    /// A proxy's page, with HTTP 200 or 502; nothing was done.
    HtmlBefore,
    /// A proxy's page, with HTTP 200 or 502; the work was done.
    HtmlAfter,
    /// HTTP 200, `"s":false`, `Upsss...`; nothing was done.
    UpsssBefore,
    /// HTTP 200, `"s":false`, `Upsss...`; the work was done.
    UpsssAfter,
    /// HTTP 200, `"s":false`, `Unable to acquire JDBC Connection`; nothing was done.
    DatabaseTrouble,
    /// The work is done at once, the reply comes this much later.
    Slow(Duration),
    /// The work itself is done this much later, even when the caller has hung up by then.
    Late(Duration),
    /// HTTP 429 although no limit was reached.
    Limit429,
    /// The limit's message although no limit was reached.
    LimitMessage,
}

impl Fault {
    /// The names [`Fault::named`] knows.
    pub const NAMES: [&'static str; 13] = [
        "dropped_before",
        "dropped_after",
        "error_5xx_before",
        "error_5xx_after",
        "html_before",
        "html_after",
        "upsss_before",
        "upsss_after",
        "database_trouble",
        "slow",
        "late",
        "limit_429",
        "limit_message",
    ];

    /// The fault with this name; `wait` is only looked at by `slow` and `late`.
    pub fn named(name: &str, wait: Duration) -> Option<Self> {
        Some(match name {
            "dropped_before" => Self::DroppedBefore,
            "dropped_after" => Self::DroppedAfter,
            "error_5xx_before" => Self::Error5xxBefore,
            "error_5xx_after" => Self::Error5xxAfter,
            "html_before" => Self::HtmlBefore,
            "html_after" => Self::HtmlAfter,
            "upsss_before" => Self::UpsssBefore,
            "upsss_after" => Self::UpsssAfter,
            "database_trouble" => Self::DatabaseTrouble,
            "slow" => Self::Slow(wait),
            "late" => Self::Late(wait),
            "limit_429" => Self::Limit429,
            "limit_message" => Self::LimitMessage,
            _ => return None,
        })
    }

    /// Its name in counters and control routes.
    pub fn name(self) -> &'static str {
        match self {
            Self::DroppedBefore => "dropped_before",
            Self::DroppedAfter => "dropped_after",
            Self::Error5xxBefore => "error_5xx_before",
            Self::Error5xxAfter => "error_5xx_after",
            Self::HtmlBefore => "html_before",
            Self::HtmlAfter => "html_after",
            Self::UpsssBefore => "upsss_before",
            Self::UpsssAfter => "upsss_after",
            Self::DatabaseTrouble => "database_trouble",
            Self::Slow(_) => "slow",
            Self::Late(_) => "late",
            Self::Limit429 => "limit_429",
            Self::LimitMessage => "limit_message",
        }
    }

    /// Whether the books stay untouched under it.
    pub(super) fn prevents_the_work(self) -> bool {
        matches!(
            self,
            Self::DroppedBefore
                | Self::Error5xxBefore
                | Self::HtmlBefore
                | Self::UpsssBefore
                | Self::DatabaseTrouble
                | Self::Limit429
                | Self::LimitMessage
        )
    }
}

/// Which calls a fault on command waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Whichever comes next.
    Any,
    /// The next `sales-invoice/save` or `sales-invoice/bulk-save`.
    InvoiceSaves,
    /// The next call of this kind.
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
            Self::InvoiceSaves => matches!(action, Action::InvoiceSave | Action::InvoiceBulkSave),
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
    /// Replies that get lost once something was really saved; a refused save does not use one up.
    pub(super) lose_after_saving: usize,
    pub(super) fired: BTreeMap<&'static str, u64>,
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
            lose_after_saving: 0,
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

    /// Forgets what was commanded and sets all chances to 0.
    pub(super) fn clear(&mut self) {
        self.chances.clear();
        self.commands.clear();
        self.lose_after_saving = 0;
    }

    /// The fault this call meets. Commands come first; chance is drawn once per call, so that a seed replays.
    pub(super) fn choose(&mut self, action: Action) -> Option<Fault> {
        let draw = self.rng.f64();
        let fault = self.commanded(action).or_else(|| self.drawn(draw))?;
        self.count(fault);
        Some(fault)
    }

    /// Whether the reply to a call that has just saved something is to be lost.
    pub(super) fn loses_reply_after_saving(&mut self, action: Action) -> bool {
        if self.lose_after_saving == 0 || !On::InvoiceSaves.meets(action) {
            return false;
        }
        self.lose_after_saving -= 1;
        self.count(Fault::DroppedAfter);
        true
    }

    /// One of several forms a fault can take.
    pub(super) fn pick<T: Copy>(&mut self, forms: [T; 4]) -> T {
        forms[self.rng.usize(..forms.len())]
    }

    fn commanded(&mut self, action: Action) -> Option<Fault> {
        let at = self.commands.iter().position(|command| command.on.meets(action))?;
        let command = &mut self.commands[at];
        command.times -= 1;
        let fault = command.fault;
        if command.times == 0 {
            self.commands.remove(at);
        }
        Some(fault)
    }

    fn drawn(&self, draw: f64) -> Option<Fault> {
        let mut reached = 0.0;
        self.chances.iter().find_map(|(fault, chance)| {
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
    fn every_name_names_its_fault() {
        for name in Fault::NAMES {
            assert_eq!(Fault::named(name, Duration::ZERO).map(Fault::name), Some(name));
        }
        assert_eq!(Fault::named("gremlins", Duration::ZERO), None);
    }

    #[test]
    fn a_commanded_fault_waits_for_its_call_and_fires_as_often_as_told() {
        let mut faults = Faults::new(&[], 1);
        faults.command(Action::InvoiceSave.into(), Fault::DroppedAfter, 2);
        assert_eq!(faults.choose(Action::InvoiceDetail), None);
        assert_eq!(faults.choose(Action::InvoiceSave), Some(Fault::DroppedAfter));
        assert_eq!(faults.choose(Action::InvoiceSave), Some(Fault::DroppedAfter));
        assert_eq!(faults.choose(Action::InvoiceSave), None);
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
}
