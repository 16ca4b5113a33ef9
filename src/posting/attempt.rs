//! One order's attempt while it is made: what is known, what happened so far, and how it ends.
//!
//! [`post`](super::post) decides what the calls mean.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::circuit::Health;
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        outcome::{Failure, MissingRight, Right},
    },
    clock::{Deadline, Monotonic},
    domain::{
        about::About,
        doubt::Doubt,
        reason::{Finding, Language, Notice, Reason, Warning},
        timeline::{Entry, Event},
    },
    storage::{Claim, Counted, Deletion, Outcome, Settlement, State, Trouble},
};

/// How long a book waits after Accurate asked to slow down; no Retry-After was ever seen (accurate.md §2).
const SLOW_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// After so many look-ups in a row that find nothing, Accurate keeps failing for the order.
const MOST_FRUITLESS_LOOK_UPS: i64 = 10;

/// Look-ups that count already when such an order is retried: one more is left.
const FRUITLESS_LOOK_UPS_AFTER_A_RETRY: i64 = MOST_FRUITLESS_LOOK_UPS - 1;

/// How long until such an order is retried automatically.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An attempt's result for its order and for its book.
#[derive(Debug)]
pub struct Attempted {
    /// To be written.
    pub settlement: Settlement,
    /// What it says about the book.
    pub health: Health,
}

/// How long an order waits that needs a new customer and is not the probe for the missing right.
const WITHOUT_RIGHT: SignedDuration = SignedDuration::from_mins(15);

/// Why an attempt ends without a result for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The order is attempted again later.
    Later,
    /// Nothing went wrong, but an earlier save may still arrive: nothing is known before that is impossible.
    UntilSaveIsOver,
    /// Nothing went wrong, but nothing is known before this long has passed.
    For(SignedDuration),
    /// It costs the order nothing: the book is refused.
    AtNoCost,
    /// It costs the order nothing: Accurate asked to slow down for longer than the lease.
    SlowedDown,
}

/// How an attempt ended.
pub(super) type End = Result<Outcome, Stop>;

/// One order's attempt while it is made.
pub(super) struct Attempt<'a> {
    pub(super) session: &'a Session,
    pub(super) claim: Arc<Claim>,
    /// What is not known about the order's saves.
    pub(super) doubt: Doubt,
    /// How Accurate failed for this order.
    pub(super) trouble: Trouble,
    /// When the claim's lease ends, by whichever clock is first: a call must not outlive it, however the machine's time
    /// of day is set meanwhile.
    lease_ends: Deadline,
    /// When a save last ended; before the first one, when the attempt began.
    pub(super) last_save_at: Monotonic,
    warnings: Vec<Notice>,
    /// What happened so far.
    entries: Vec<Entry>,
    pub(super) health: Health,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(session: &'a Session, claim: Claim) -> Self {
        Self {
            session,
            doubt: claim.doubt.clone(),
            trouble: claim.trouble.clone(),
            lease_ends: session.deadline_at(claim.lease_until),
            last_save_at: session.monotonic(),
            warnings: claim.warnings.clone(),
            entries: Vec::new(),
            health: Health::Nothing,
            claim: Arc::new(claim),
        }
    }

    /// No call that may take so long starts later than this, so that none outlives the lease.
    pub(super) fn last_start(&self, call_timeout: Duration) -> Deadline {
        self.lease_ends.before(call_timeout)
    }

    /// Makes the settlement from how the attempt ended; `wait_after` gives the waiting time by failures in a row.
    pub(super) fn end(mut self, end: End, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
        let outcome = end.unwrap_or_else(|stop| self.stopped(stop, wait_after));
        let now = self.session.now();
        match &outcome {
            Outcome::Invoiced { invoice } => self.happened(Event::Invoiced {
                number: invoice.number.clone(),
                id: invoice.id,
                total: invoice.total.normalize().to_string(),
                notices: self.warnings.clone(),
            }),
            // A recheck that changed nothing is not recorded.
            Outcome::Blocked { findings, .. }
                if self.claim.state == State::Blocked && *findings == self.claim.findings => {}
            Outcome::Blocked { findings, .. } => self.happened(Event::Blocked { findings: findings.clone() }),
            Outcome::Postponed { until, .. } => {
                let (outcome, words) = why(&self.entries);
                self.happened(Event::Postponed { until: (*until).max(now), outcome, words });
            }
            Outcome::Voided { number, by } => {
                self.happened(Event::Voided { number: number.clone(), already_gone: *by == Deletion::Before });
            }
            Outcome::Reconsider => {}
        }
        if matches!(outcome, Outcome::Invoiced { .. } | Outcome::Voided { .. }) {
            self.trouble = Trouble::default();
        }
        let Self { claim, doubt, trouble, entries, health, warnings, .. } = self;
        let mut settlement = Settlement::with_doubt(&claim, doubt, outcome);
        (settlement.trouble, settlement.warnings, settlement.entries) = (trouble, warnings, entries);
        Attempted { settlement, health }
    }

    /// A save is about to leave.
    pub(super) fn save_leaves(&mut self) {
        self.doubt.save_leaves();
    }

    /// It was answered, or failed; whatever its reply does not account for stays in doubt.
    pub(super) fn save_is_answered(&mut self, failure: Option<&Failure>) {
        self.last_save_at = self.session.monotonic();
        if failure.is_some_and(|failure| !failure.leaves_doubt()) {
            self.doubt.save_is_accounted_for();
        }
    }

    /// A person must act. An invoice that may still arrive is looked up automatically.
    pub(super) fn blocked(&self, reason: Reason, about: About) -> Outcome {
        let recheck_after =
            self.doubt.exists().then(|| self.doubt.remaining_wait()).filter(SignedDuration::is_positive);
        Outcome::Blocked { findings: vec![Finding { reason, about }], waits_for: None, recheck_after }
    }

    /// The order stays blocked for what it was blocked for.
    pub(super) fn blocked_as_before(&self) -> Outcome {
        let (findings, waits_for) = (self.claim.findings.clone(), self.claim.waits_for.clone());
        let wait = || self.doubt.remaining_wait().max(SignedDuration::from_mins(1));
        Outcome::Blocked { findings, waits_for, recheck_after: self.doubt.exists().then(wait) }
    }

    /// A look-up found nothing after a save that Accurate answered with its own error. After too many of them nothing
    /// is sent any more; once no save can arrive, a person must act.
    pub(super) fn after_fruitless_look_up(&mut self) -> Option<End> {
        self.trouble.looks += 1;
        if self.trouble.looks < MOST_FRUITLESS_LOOK_UPS {
            return None;
        }
        if self.doubt.exists() {
            return Some(Err(Stop::UntilSaveIsOver));
        }
        Some(Ok(self.keeps_failing()))
    }

    /// Accurate reports the invoice as deleted, and shows it.
    pub(super) fn still_there(&mut self, number: String) {
        self.trouble.words = About::StillThere { number }.in_words(Language::English);
        self.record_not_sent("sales-invoice/delete", &self.trouble.words.clone());
    }

    fn keeps_failing(&mut self) -> Outcome {
        self.trouble.looks = FRUITLESS_LOOK_UPS_AFTER_A_RETRY;
        let words = self.trouble.words.clone();
        let findings = vec![Finding { reason: Reason::KeepsFailing, about: About::Accurate { subject: None, words } }];
        Outcome::Blocked { findings, waits_for: None, recheck_after: Some(TRIED_AGAIN_AFTER) }
    }

    /// Makes a call and records its reply; repeats it while Accurate asks to slow down and the lease lasts.
    /// `success` words a good reply for the timeline.
    pub(super) async fn call_and_record<T, F: Future<Output = Result<T, Failure>>>(
        &mut self,
        call: &str,
        success: fn(&T) -> &'static str,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let last_start = self.last_start(CALL_TIMEOUT);
        let session = self.session;
        call_within_limits(session, last_start, make, |result| self.record_reply(call, result.map(success))).await
    }

    /// The same for a call whose reply is recorded by the caller.
    pub(super) async fn call_unrecorded<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        call_within_limits(self.session, self.last_start(CALL_TIMEOUT), make, |_| {}).await
    }

    /// Records the outcome of a call for the timeline, and what it says about the book.
    pub(super) fn record_reply(&mut self, call: &str, result: Result<&str, &Failure>) {
        let (outcome, words) = match result {
            Ok(words) => ("ok", words),
            Err(failure) => (failure.class(), failure.words()),
        };
        let words = words.chars().take(500).collect();
        // A hundred requests to slow down in a row are one entry.
        let said_already = matches!((result, self.entries.last().map(|entry| &entry.event)),
            (Err(Failure::SlowDown(_)), Some(Event::Reply { call: last, outcome, .. }))
                if last == call && outcome == "slow_down");
        if !said_already {
            self.happened(Event::Reply { call: call.to_owned(), outcome: outcome.to_owned(), words });
        }
        self.health = health_of(result.err());
        if self.health == Health::Good {
            self.session.saw_an_answer();
        }
    }

    /// Records why a call was not made.
    pub(super) fn record_not_sent(&mut self, call: &str, why: &str) {
        let (call, outcome, words) = (call.to_owned(), "not_sent".to_owned(), why.to_owned());
        self.happened(Event::Reply { call, outcome, words });
    }

    fn happened(&mut self, event: Event) {
        self.entries.push(Entry::new(self.session.now(), event));
    }

    pub(super) fn warn(&mut self, warning: Warning, about: About) {
        self.warnings.retain(|notice| notice.warning != warning);
        self.warnings.push(Notice { warning, about });
    }

    /// The outcome of an attempt without a result.
    fn stopped(&mut self, stop: Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        if matches!(stop, Stop::Later | Stop::SlowedDown) && self.session.fails_alone(&self.claim.order_id) {
            self.trouble.looks = self.trouble.looks.max(self.claim.trouble.looks + 1);
            if self.trouble.looks >= MOST_FRUITLESS_LOOK_UPS && self.claim.state != State::Blocked {
                (_, self.trouble.words) = why(&self.entries);
                return self.keeps_failing();
            }
        }
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            Stop::UntilSaveIsOver => (now + self.doubt.remaining_wait(), Counted::WentWell),
            Stop::For(wait) => (now + wait, Counted::WentWell),
            // The pause of the book delays the order already.
            Stop::AtNoCost | Stop::SlowedDown => (now, Counted::No),
        };
        Outcome::Postponed { until, counted }
    }
}

/// Why an order waits: the last failure, or else the last reply.
fn why(entries: &[Entry]) -> (String, String) {
    let mut replies = entries.iter().rev().filter_map(|entry| match &entry.event {
        Event::Reply { outcome, words, .. } => Some((outcome.clone(), words.clone())),
        _ => None,
    });
    let last = replies.clone().next();
    replies.find(|(outcome, _)| outcome != "ok").or(last).unwrap_or_default()
}

/// What a call or its failure says about the health of the book.
pub(super) fn health_of(failure: Option<&Failure>) -> Health {
    match failure {
        None | Some(Failure::Refused(_) | Failure::UnknownText(_)) => Health::Good,
        Some(Failure::SlowDown(_)) => Health::Nothing,
        Some(Failure::NotSent(words)) => Health::Down(words.clone()),
        Some(Failure::Ambiguous(words)) => Health::Unknown(words.clone()),
        Some(Failure::BookRefused(refusal)) => {
            let words = format!("{} — {}", refusal.words, refusal.trouble.remedy());
            Health::Refused { code: refusal.trouble.code(), words }
        }
        Some(Failure::RightMissing(_)) => Health::RightMissing,
    }
}

/// Makes a call and repeats it while Accurate asks to slow down and the lease lasts; `record` gets each reply.
pub(super) async fn call_within_limits<T, F: Future<Output = Result<T, Failure>>>(
    session: &Session,
    last_start: Deadline,
    make: impl Fn() -> F,
    mut record: impl FnMut(Result<&T, &Failure>),
) -> Result<T, Failure> {
    let wait = SLOW_DOWN.unsigned_abs();
    let can_go_on =
        || !session.is_over(last_start.before(wait)) && session.monotonic() + wait <= session.last_call_at();
    loop {
        let result = if session.is_over(last_start) || session.monotonic() > session.last_call_at() {
            Err(Failure::SlowDown("the lease would end before the call".to_owned()))
        } else {
            make().await
        };
        record(result.as_ref());
        match result {
            Err(Failure::SlowDown(_)) if can_go_on() => session.slow_down(SLOW_DOWN),
            result => return result,
        }
    }
}

pub(super) fn stop(failure: &Failure) -> Stop {
    match failure {
        Failure::SlowDown(_) => Stop::SlowedDown,
        Failure::BookRefused(_) => Stop::AtNoCost,
        Failure::RightMissing(MissingRight { right, .. }) => match right {
            Right::SaveInvoices | Right::ReadInvoices | Right::DeleteInvoices => Stop::AtNoCost,
            // Orders that need no new customer share its lane. One that needs a customer is tried as a probe.
            Right::CreateCustomers => Stop::For(WITHOUT_RIGHT),
            // No pause delays such an order, only its own wait.
            Right::Other(_) => Stop::Later,
        },
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) | Failure::Refused(_) => Stop::Later,
    }
}
