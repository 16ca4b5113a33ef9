//! One order's attempt while it is made: what is known, what happened so far, and how it ends.
//!
//! What the calls mean stands in [`post`](super::post).

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::circuit::Sign;
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

/// After so many looks that leave an order where it was, Accurate keeps failing for it.
const MOST_VAIN_LOOKS: i64 = 10;

/// What such an order still has when it is tried again: one.
const VAIN_LOOKS_OF_ONE_TRIED_AGAIN: i64 = MOST_VAIN_LOOKS - 1;

/// How long until it is tried again automatically.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An attempt's result for its order and for its book.
#[derive(Debug)]
pub struct Attempted {
    /// To be written.
    pub settlement: Settlement,
    /// What it says about the book.
    pub sign: Sign,
}

/// How long an order waits that needs a new customer and is not the probe for the missing right.
const WITHOUT_RIGHT: SignedDuration = SignedDuration::from_mins(15);

/// Why an attempt ends without a result for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The order waits its turn again.
    Later,
    /// Nothing went wrong, but an earlier save may still arrive: until it can no more, nothing else can be said.
    UntilSaveIsOver,
    /// Nothing went wrong, but only after this long can anything be said.
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
    pub(super) sign: Sign,
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
            sign: Sign::Nothing,
            claim: Arc::new(claim),
        }
    }

    /// No call that may take so long starts later than this, so that none outlives the lease.
    pub(super) fn last_start(&self, call_timeout: Duration) -> Deadline {
        self.lease_ends.before(call_timeout)
    }

    /// Puts into words how it ended; `wait_after` gives the waiting time by failures in a row.
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
            // A look that changed nothing is no news.
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
        let Self { claim, doubt, trouble, entries, sign, warnings, .. } = self;
        let (order_id, attempt, revision) = (claim.order_id.clone(), claim.attempt, claim.revision);
        let settlement = Settlement { order_id, attempt, revision, outcome, doubt, trouble, warnings, entries };
        Attempted { settlement, sign }
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

    /// A person must act. What may still arrive by then is looked for automatically.
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

    /// A look after a save that Accurate answered with its own error found nothing. After too many of them nothing is
    /// sent any more: once no save can arrive, a person is asked.
    pub(super) fn after_vain_look(&mut self) -> Option<End> {
        self.trouble.looks += 1;
        if self.trouble.looks < MOST_VAIN_LOOKS {
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
        self.not_sent("sales-invoice/delete", &self.trouble.words.clone());
    }

    fn keeps_failing(&mut self) -> Outcome {
        self.trouble.looks = VAIN_LOOKS_OF_ONE_TRIED_AGAIN;
        let words = self.trouble.words.clone();
        let findings = vec![Finding { reason: Reason::KeepsFailing, about: About::Accurate { subject: None, words } }];
        Outcome::Blocked { findings, waits_for: None, recheck_after: Some(TRIED_AGAIN_AFTER) }
    }

    /// Makes a call, again and again while Accurate asks to slow down and the lease lasts.
    /// `success` says in the timeline what a good reply means.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
        &mut self,
        call: &str,
        success: fn(&T) -> &'static str,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let last_start = self.last_start(CALL_TIMEOUT);
        let session = self.session;
        patiently(session, last_start, make, |result| self.tell(call, result.map(success))).await
    }

    /// The same for a call that is reported afterwards.
    pub(super) async fn patiently_silent<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        patiently(self.session, self.last_start(CALL_TIMEOUT), make, |_| {}).await
    }

    /// Writes down what a call came to, for the timeline and for the book.
    pub(super) fn tell(&mut self, call: &str, result: Result<&str, &Failure>) {
        let (outcome, words) = match result {
            Ok(words) => ("ok", words),
            Err(failure) => (failure.class(), failure.words()),
        };
        let words = words.chars().take(500).collect();
        // "Slow down", said a hundred times in a row, is one thing to read.
        let said_already = matches!((result, self.entries.last().map(|entry| &entry.event)),
            (Err(Failure::SlowDown(_)), Some(Event::Reply { call: last, outcome, .. }))
                if last == call && outcome == "slow_down");
        if !said_already {
            self.happened(Event::Reply { call: call.to_owned(), outcome: outcome.to_owned(), words });
        }
        self.sign = sign_of(result.err());
        if self.sign == Sign::Well {
            self.session.saw_an_answer();
        }
    }

    /// Writes down why a call was not made.
    pub(super) fn not_sent(&mut self, call: &str, why: &str) {
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

    /// What an attempt without a result comes to.
    fn stopped(&mut self, stop: Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        if matches!(stop, Stop::Later | Stop::SlowedDown) && self.session.fails_alone(&self.claim.order_id) {
            self.trouble.looks = self.trouble.looks.max(self.claim.trouble.looks + 1);
            if self.trouble.looks >= MOST_VAIN_LOOKS && self.claim.state != State::Blocked {
                (_, self.trouble.words) = why(&self.entries);
                return self.keeps_failing();
            }
        }
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            Stop::UntilSaveIsOver => (now + self.doubt.remaining_wait(), Counted::WentWell),
            Stop::For(wait) => (now + wait, Counted::WentWell),
            // The book's pause holds the order back, so it need not wait on its own account.
            Stop::AtNoCost | Stop::SlowedDown => (now, Counted::No),
        };
        Outcome::Postponed { until, counted }
    }
}

/// Why an order waits: what went wrong last, or else what the last call came to.
fn why(entries: &[Entry]) -> (String, String) {
    let mut replies = entries.iter().rev().filter_map(|entry| match &entry.event {
        Event::Reply { outcome, words, .. } => Some((outcome.clone(), words.clone())),
        _ => None,
    });
    let last = replies.clone().next();
    replies.find(|(outcome, _)| outcome != "ok").or(last).unwrap_or_default()
}

/// What a call, or its failure, says about the book.
pub(super) fn sign_of(failure: Option<&Failure>) -> Sign {
    match failure {
        None | Some(Failure::Refused(_) | Failure::UnknownText(_)) => Sign::Well,
        Some(Failure::SlowDown(_)) => Sign::Nothing,
        Some(Failure::NotSent(words)) => Sign::Down(words.clone()),
        Some(Failure::Ambiguous(words)) => Sign::Unknown(words.clone()),
        Some(Failure::BookRefused(refusal)) => {
            let words = format!("{} — {}", refusal.words, refusal.trouble.remedy());
            Sign::Refused { code: refusal.trouble.code(), words }
        }
        Some(Failure::RightMissing(_)) => Sign::RightMissing,
    }
}

/// Makes a call, again and again while Accurate asks to slow down and the lease lasts; `tell` hears of each.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    session: &Session,
    last_start: Deadline,
    make: impl Fn() -> F,
    mut tell: impl FnMut(Result<&T, &Failure>),
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
        tell(result.as_ref());
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
            // Orders that need no new customer share its lane. One of those that do is tried as a probe.
            Right::CreateCustomers => Stop::For(WITHOUT_RIGHT),
            // Nothing but its own wait holds back such an order.
            Right::Other(_) => Stop::Later,
        },
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) | Failure::Refused(_) => Stop::Later,
    }
}
