//! The circuit breaker of a book. If the whole book fails, it pauses: its orders stay due, and single attempts (probes)
//! show when it works again. If only a right is missing, only the orders that need it wait, with their own probe.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    accurate::outcome::{BookTrouble, Right},
    domain::document::Kind,
    storage::Lane,
};

/// Accurate cannot be reached, or its replies keep getting lost.
const DOWN: &str = "accurate_down";

/// The token's user lacks a right.
const RIGHT_MISSING: &str = "right_missing";

/// The setup page has not been given the API Token yet.
const CREDENTIALS_MISSING: &str = "credentials_missing";

/// Unknown outcomes in a row, over all orders of a book, before the book pauses.
const MOST_UNKNOWN_IN_A_ROW: u32 = 5;

/// Longest wait between two probes, in seconds: few calls for Accurate, and a short delay once it works again.
const LONGEST_PROBE_WAIT: i64 = 15;

/// What one attempt says about its book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Accurate processed the call, even if it refused the order.
    Good,
    /// No connection. Pauses the book immediately.
    Down(String),
    /// An unknown outcome. Pauses the book if it happens several times in a row.
    Unknown(String),
    /// Accurate accepts no calls for this book; a person must act.
    Refused {
        /// Stable code.
        code: &'static str,
        /// Accurate's words and the remedy.
        words: String,
    },
    /// The token's user lacks a right. Accurate processed the call; [`Circuit::note_right`] records which right it is.
    RightMissing,
    /// Says nothing about the book.
    Nothing,
}

/// Why and since when a book, or one kind of its documents, is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Stable code: `accurate_down`, `token_refused`, `right_missing`, `wrong_clock`, `credentials_missing`.
    pub code: &'static str,
    /// Accurate's message and the remedy.
    pub words: String,
    /// Since when.
    pub since: Timestamp,
    /// Which documents wait for a right that is missing; `None` if nothing is sent at all.
    pub documents: Option<Kind>,
    /// When the next probe may be sent.
    pub next_probe_at: Timestamp,
    probes: u32,
}

/// A pause as one replica reports it to the others.
#[derive(Serialize, Deserialize)]
struct Report {
    code: String,
    words: String,
    since: Timestamp,
    #[serde(default)]
    documents: Option<Kind>,
}

impl Pause {
    /// Without credentials no call can be made.
    pub(super) fn without_credentials(since: Timestamp) -> Self {
        let words = "no API Token has been entered yet".to_owned();
        Self { code: CREDENTIALS_MISSING, words, since, documents: None, next_probe_at: since, probes: 0 }
    }

    /// As a text for the other replicas, which show it.
    pub(super) fn to_report(&self) -> String {
        let (code, words) = (self.code.to_owned(), self.words.clone());
        let report = Report { code, words, since: self.since, documents: self.documents };
        serde_json::to_string(&report).expect("our own types are JSON")
    }

    /// From the text that another replica reported; `None` if this version does not know the code.
    pub(super) fn from_report(text: &str) -> Option<Self> {
        let Report { code, words, since, documents } = serde_json::from_str(text).ok()?;
        let codes = BookTrouble::ALL.map(BookTrouble::code);
        let code = codes.into_iter().chain([DOWN, RIGHT_MISSING]).find(|known| *known == code)?;
        Some(Self { code, words, since, documents, next_probe_at: since, probes: 0 })
    }

    /// Whether no invoice is sent.
    pub fn stops_invoices(&self) -> bool {
        self.documents.is_none_or(|kind| kind == Kind::Invoice)
    }

    /// How long until the next probe.
    fn wait(&self) -> SignedDuration {
        SignedDuration::from_secs((1 << self.probes.min(10)).min(LONGEST_PROBE_WAIT))
    }
}

/// The state of one book's circuit breaker.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    unknown_in_a_row: u32,
    pause: Option<Pause>,
    /// Rights that the token's user lacks.
    missing: BTreeMap<Right, Pause>,
}

/// What may be claimed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Everything that is due.
    Open,
    /// One order, as a probe.
    Probe,
    /// Nothing before this time.
    Shut(Timestamp),
}

/// What recording the health of a book changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that others need to know.
    None,
    /// The book has just been paused.
    Paused,
    /// The book resumes.
    Resumed,
}

impl Circuit {
    /// Shortens waits that are longer than the current clock allows: the clock may have been set back, and a wrong
    /// clock may have been the cause of the pause.
    pub fn shorten_waits(&mut self, now: Timestamp) {
        for pause in self.pause.iter_mut().chain(self.missing.values_mut()) {
            pause.since = pause.since.min(now);
            pause.next_probe_at = pause.next_probe_at.min(now + SignedDuration::from_secs(LONGEST_PROBE_WAIT));
        }
    }

    /// What may be claimed now.
    pub fn gate(&self, now: Timestamp) -> Gate {
        match &self.pause {
            None => Gate::Open,
            Some(pause) if pause.next_probe_at <= now => Gate::Probe,
            Some(pause) => Gate::Shut(pause.next_probe_at),
        }
    }

    /// What may be claimed of one lane while the book itself is open.
    pub fn lane(&self, lane: Lane, now: Timestamp) -> Gate {
        let pauses = self.missing.iter().filter(|(right, _)| lanes(**right).contains(&lane));
        match pauses.map(|(_, pause)| pause.next_probe_at).max() {
            None => Gate::Open,
            Some(at) if at <= now => Gate::Probe,
            Some(at) => Gate::Shut(at),
        }
    }

    /// Records that a probe of a lane is sent; the next one must wait longer.
    pub fn probe_lane(&mut self, lane: Lane, now: Timestamp) {
        for (right, pause) in &mut self.missing {
            if lanes(*right).contains(&lane) {
                pause.probes += 1;
                pause.next_probe_at = now + pause.wait();
            }
        }
    }

    /// If the right to create customers is missing and a probe for it is due, records that the probe is sent and
    /// returns true; the next one must wait longer.
    pub fn start_customer_probe(&mut self, now: Timestamp) -> bool {
        self.shorten_waits(now);
        let Some(pause) = self.missing.get_mut(&Right::CreateCustomers) else { return false };
        if pause.next_probe_at > now {
            return false;
        }
        pause.probes += 1;
        pause.next_probe_at = now + pause.wait();
        true
    }

    /// Why the book is paused, if it is.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// What pages and probes show: why the book is paused, or which right has been missing longest.
    pub fn shown(&self) -> Option<&Pause> {
        self.pause.as_ref().or_else(|| self.missing.values().min_by_key(|pause| pause.since))
    }

    /// The rights that are missing.
    pub fn missing_rights(&self) -> Vec<Right> {
        self.missing.keys().copied().collect()
    }

    /// When the next probe for a missing right may be sent.
    pub fn next_lane_probe_at(&self) -> Option<Timestamp> {
        let shuts = self.missing.iter().filter(|(right, _)| !lanes(**right).is_empty());
        shuts.map(|(_, pause)| pause.next_probe_at).min()
    }

    /// Records that a call showed that the right exists (`None`) or is missing (with Accurate's message).
    pub fn note_right(&mut self, right: Right, missing: Option<String>, now: Timestamp) -> Change {
        let Some(words) = missing else {
            return if self.missing.remove(&right).is_some() { Change::Resumed } else { Change::None };
        };
        let words = format!("{words} — grant this right in Accurate to the user who created the API Token");
        if let Some(pause) = self.missing.get_mut(&right) {
            pause.words = words;
            return Change::None;
        }
        let documents = Some(documents(&right));
        let mut pause = Pause { code: RIGHT_MISSING, words, since: now, documents, next_probe_at: now, probes: 0 };
        pause.next_probe_at = now + pause.wait();
        self.missing.insert(right, pause);
        Change::Paused
    }

    /// Records what an attempt shows about the health of the book.
    pub fn note(&mut self, health: Health, now: Timestamp) -> Change {
        match health {
            Health::Nothing => Change::None,
            Health::Good | Health::RightMissing => {
                self.unknown_in_a_row = 0;
                if self.pause.take().is_some() { Change::Resumed } else { Change::None }
            }
            Health::Down(words) => self.trouble(DOWN, words, now),
            Health::Refused { code, words } => self.trouble(code, words, now),
            Health::Unknown(words) => {
                self.unknown_in_a_row += 1;
                if self.unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW || self.pause.is_some() {
                    return self.trouble(DOWN, words, now);
                }
                Change::None
            }
        }
    }

    fn trouble(&mut self, code: &'static str, words: String, now: Timestamp) -> Change {
        let (since, probes, change) = match &self.pause {
            // The call was in flight when the book paused, so it shows nothing new.
            Some(pause) if pause.next_probe_at > now => return Change::None,
            Some(pause) => (pause.since, pause.probes + 1, Change::None),
            None => (now, 0, Change::Paused),
        };
        let mut pause = Pause { code, words, since, documents: None, next_probe_at: now, probes };
        pause.next_probe_at = now + pause.wait();
        self.pause = Some(pause);
        change
    }
}

/// The lanes that wait while a right is missing. A first save needs no look-up; everything else begins with one. Orders
/// that need a new customer wait individually.
fn lanes(right: Right) -> &'static [Lane] {
    match right {
        Right::Save(Kind::Invoice) => &[Lane::Fresh, Lane::Again],
        Right::Read(Kind::Invoice) => &[Lane::Again, Lane::Deletion],
        Right::Delete(Kind::Invoice) => &[Lane::Deletion],
        Right::Save(Kind::Receipt) | Right::Read(Kind::Receipt) => &[Lane::Receipts],
        Right::Save(Kind::Return) | Right::Read(Kind::Return) => &[Lane::Returns],
        Right::Delete(Kind::Receipt | Kind::Return) | Right::CreateCustomers | Right::Other(_) => &[],
    }
}

/// The documents that need a right.
fn documents(right: &Right) -> Kind {
    match right {
        Right::Save(kind) | Right::Read(kind) | Right::Delete(kind) => *kind,
        Right::CreateCustomers | Right::Other(_) => Kind::Invoice,
    }
}

/// How long an order waits after its n-th failure in a row: n⁴ seconds plus up to 10 %, at most one hour.
///
/// The random part spreads out the retries of orders that failed together.
pub fn backoff(failures: i64, chance: f64) -> SignedDuration {
    let seconds = failures.clamp(1, 8).pow(4).min(3600) as f64;
    SignedDuration::from_secs_f64((seconds * (1.0 + chance / 10.0)).min(3600.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_refused_token_pauses_at_once_and_one_probe_goes_ahead() {
        let mut circuit = Circuit::default();
        let refused = || Health::Refused { code: "token_refused", words: "revoked".to_owned() };
        assert_eq!(circuit.note(refused(), at(0)), Change::Paused);
        assert_eq!(circuit.gate(at(0)), Gate::Shut(at(1)));
        assert_eq!(circuit.gate(at(1)), Gate::Probe);
        assert_eq!(circuit.note(refused(), at(1)), Change::None);
        assert_eq!(circuit.gate(at(2)), Gate::Shut(at(3)));
        assert_eq!(circuit.note(Health::Good, at(3)), Change::Resumed);
        assert_eq!(circuit.gate(at(3)), Gate::Open);
    }

    #[test]
    fn a_single_lost_reply_is_no_trouble_but_many_in_a_row_are() {
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            assert_eq!(circuit.note(Health::Unknown("cut".to_owned()), at(0)), Change::None);
        }
        circuit.note(Health::Good, at(0));
        for _ in 0..4 {
            circuit.note(Health::Unknown("cut".to_owned()), at(0));
        }
        assert_eq!(circuit.gate(at(0)), Gate::Open);
        assert_eq!(circuit.note(Health::Unknown("cut".to_owned()), at(0)), Change::Paused);
    }

    #[test]
    fn probes_never_wait_longer_than_a_quarter_of_a_minute() {
        let mut circuit = Circuit::default();
        let mut now = at(0);
        for _ in 0..20 {
            circuit.note(Health::Down("refused".to_owned()), now);
            let Gate::Shut(next) = circuit.gate(now) else { panic!("must be shut") };
            assert!(next.as_second() - now.as_second() <= LONGEST_PROBE_WAIT);
            now = next;
        }
    }

    #[test]
    fn after_the_clock_was_set_back_a_probe_goes_within_the_longest_wait() {
        let two_hours = 7_200;
        let mut circuit = Circuit::default();
        for probe in 0..5 {
            circuit.note(Health::Refused { code: "wrong_clock", words: String::new() }, at(two_hours + probe * 100));
        }
        circuit.shorten_waits(at(0));
        assert_eq!(circuit.gate(at(0)), Gate::Shut(at(LONGEST_PROBE_WAIT)));
        circuit.shorten_waits(at(5));
        assert_eq!(circuit.gate(at(5)), Gate::Shut(at(LONGEST_PROBE_WAIT)), "doing it again must not put it off");
        assert_eq!(circuit.gate(at(LONGEST_PROBE_WAIT)), Gate::Probe);
        assert_eq!(circuit.pause().map(|pause| pause.since), Some(at(0)));
    }

    #[test]
    fn a_missing_right_shuts_only_the_lanes_that_need_it() {
        let mut circuit = Circuit::default();
        let missing = |circuit: &mut Circuit, right| circuit.note_right(right, Some("no right".to_owned()), at(0));
        assert_eq!(missing(&mut circuit, Right::Delete(Kind::Invoice)), Change::Paused);
        assert_eq!(missing(&mut circuit, Right::Delete(Kind::Invoice)), Change::None);
        let gates = |circuit: &Circuit| Lane::ALL.map(|lane| circuit.lane(lane, at(0)));
        let shut = Gate::Shut(at(1));
        assert_eq!(gates(&circuit), [Gate::Open, Gate::Open, shut, Gate::Open, Gate::Open]);
        assert_eq!(circuit.gate(at(0)), Gate::Open);
        let shown = circuit.shown().map(|pause| (pause.code, pause.documents));
        assert_eq!(shown, Some(("right_missing", Some(Kind::Invoice))), "the book itself is not paused");
        missing(&mut circuit, Right::Save(Kind::Invoice));
        assert_eq!(gates(&circuit), [shut, shut, shut, Gate::Open, Gate::Open]);
        assert_eq!(circuit.note_right(Right::Delete(Kind::Invoice), None, at(0)), Change::Resumed);
        assert_eq!(gates(&circuit), [shut, shut, Gate::Open, Gate::Open, Gate::Open]);
        assert_eq!(circuit.note(Health::Good, at(0)), Change::None, "another call says nothing about this right");
        missing(&mut circuit, Right::CreateCustomers);
        circuit.note_right(Right::Save(Kind::Invoice), None, at(0));
        assert_eq!(gates(&circuit), [Gate::Open; 5]);
        assert!(circuit.shown().is_some());
    }

    #[test]
    fn one_probe_at_a_time_asks_whether_a_right_was_given() {
        let mut circuit = Circuit::default();
        circuit.note_right(Right::Save(Kind::Invoice), Some("no right".to_owned()), at(0));
        let mut now = at(1);
        for _ in 0..10 {
            assert_eq!(circuit.lane(Lane::Fresh, now), Gate::Probe);
            circuit.probe_lane(Lane::Fresh, now);
            let Gate::Shut(next) = circuit.lane(Lane::Fresh, now) else { panic!("must be shut") };
            assert!(next.as_second() - now.as_second() <= LONGEST_PROBE_WAIT);
            now = next;
        }
    }

    #[test]
    fn waiting_grows_with_the_fourth_power_up_to_an_hour() {
        let seconds: Vec<_> = (1..=9).map(|n| backoff(n, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 16, 81, 256, 625, 1296, 2401, 3600, 3600]);
        assert!(backoff(3, 0.999).as_secs() <= 89);
        assert_eq!(backoff(99, 0.999).as_secs(), 3600);
    }
}
