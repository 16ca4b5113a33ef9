//! The state of one order's attempt: what is known about the order, what has happened so far, and the result.
//!
//! [`post`](super::post) interprets the replies.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::circuit::Health;
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, LastStart, Session},
        outcome::{Failure, MissingRight, Right},
    },
    clock::Monotonic,
    domain::{
        about::{About, Difference},
        document::Kind,
        doubt::Doubt,
        ids::DocumentNumber,
        invoice::Draft,
        reason::{Finding, OrderWarning, Reason, Warning},
        timeline::{Entry, Event},
    },
    storage::{AttemptResult, Claim, Counted, Deletion, Outcome, Purpose, Trouble},
};

/// How long a book waits after Accurate asked to slow down. No reply with Retry-After has been seen (accurate.md §2).
pub(super) const SLOW_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// After this many look-ups in a row that find nothing although Accurate answered the saves with errors of its own, the
/// order is blocked with `keeps_failing`.
const MOST_FRUITLESS_LOOK_UPS: i64 = 10;

/// The number of fruitless look-ups that a retried order starts with, so that one more blocks it again.
const FRUITLESS_LOOK_UPS_AFTER_A_RETRY: i64 = MOST_FRUITLESS_LOOK_UPS - 1;

/// How long an order stays blocked with `keeps_failing` before it is retried automatically.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An attempt's result for its order and for its book.
#[derive(Debug)]
pub struct Attempted {
    /// The result for the order, to be stored.
    pub result: AttemptResult,
    /// What it says about the book.
    pub health: Health,
}

/// How long an order waits if it needs a new customer, the right to create customers is missing, and the order is not
/// the probe.
const WITHOUT_RIGHT: SignedDuration = SignedDuration::from_mins(15);

/// Why an attempt ends without a result for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The order is attempted again later.
    Later,
    /// Nothing went wrong, but an earlier save may still arrive. The attempt is repeated once that is impossible.
    UntilSaveIsOver,
    /// Nothing went wrong, but the result can be known only after this time.
    For(SignedDuration),
    /// Accurate refuses all calls of the book. This does not count as a failure of the order.
    AtNoCost,
    /// Accurate asked to slow down until the lease ended. This does not count as a failure of the order.
    SlowedDown,
}

/// How an attempt ended.
pub(super) type End = Result<Outcome, Stop>;

/// One order's attempt while it is made.
pub(super) struct Attempt<'a, D = Draft> {
    pub(super) session: &'a Session,
    pub(super) claim: Arc<Claim<D>>,
    /// Whether saves of this order may still be carried out, and until when.
    pub(super) doubt: Doubt,
    /// How Accurate failed for this order.
    pub(super) trouble: Trouble,
    /// When the claim's lease ends, by the time of day or by the monotonic clock, whichever is earlier. A call must not
    /// outlast the lease, even if the time of day is changed while it runs.
    lease_ends: LastStart,
    /// When the last save ended, or when the attempt began if nothing has been saved.
    pub(super) last_save_at: Monotonic,
    /// The invoice of another integration is used, because it equals the draft.
    pub(super) is_adopted_as_equal: bool,
    warnings: Vec<OrderWarning>,
    /// Timeline entries so far.
    entries: Vec<Entry>,
    pub(super) health: Health,
}

impl<'a, D> Attempt<'a, D> {
    pub(super) fn begin(session: &'a Session, claim: Claim<D>) -> Self {
        Self {
            session,
            doubt: claim.doubt.clone(),
            trouble: claim.trouble.clone(),
            lease_ends: session.last_start(claim.lease_until),
            last_save_at: session.monotonic(),
            is_adopted_as_equal: false,
            warnings: claim.warnings.clone(),
            entries: Vec::new(),
            health: Health::Nothing,
            claim: Arc::new(claim),
        }
    }

    /// Whether a save of unknown outcome may have created the document under a number that we do not know.
    pub(super) fn may_have_another_number(&self) -> bool {
        self.doubt.exists() && !self.session.numbers_are_ours()
    }

    /// The latest start of a call that may take `call_timeout`, so that it ends before the lease does.
    pub(super) fn last_start(&self, call_timeout: Duration) -> LastStart {
        self.lease_ends.before(call_timeout)
    }

    /// Converts the end of the attempt into a result. `wait_after` returns the wait after n failures in a row.
    pub(super) fn end(mut self, end: End, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
        let outcome = end.unwrap_or_else(|stop| self.stopped(stop, wait_after));
        let now = self.session.now();
        match &outcome {
            Outcome::Exists { document: invoice } if self.is_adopted_as_equal => self.happened(Event::Adopted {
                number: invoice.number.clone(),
                id: invoice.id,
                total: invoice.total.normalize().to_string(),
            }),
            Outcome::Exists { document } if self.claim.kind != Kind::Invoice => self.happened(Event::Booked {
                document: self.claim.kind,
                number: document.number.clone(),
                id: document.id,
                total: document.total.normalize().to_string(),
            }),
            Outcome::Exists { document: invoice } => self.happened(Event::Invoiced {
                number: invoice.number.clone(),
                id: invoice.id,
                total: invoice.total.normalize().to_string(),
                warnings: self.warnings.clone(),
            }),
            // A recheck that changed nothing is not recorded.
            Outcome::Blocked { findings, .. }
                if self.claim.purpose == Purpose::LookUp && *findings == self.claim.findings => {}
            Outcome::Blocked { findings, .. } => {
                self.happened(Event::blocked(self.claim.kind, findings.clone()));
            }
            Outcome::Postponed { until, .. } => {
                let (outcome, words) = why(&self.entries);
                self.happened(Event::Postponed { until: (*until).max(now), outcome, words });
            }
            Outcome::Gone { number, by } => {
                let (number, already_gone) = (number.clone(), *by == Deletion::Before);
                self.happened(match self.claim.kind {
                    Kind::Invoice => Event::Voided { number, already_gone },
                    document @ (Kind::Receipt | Kind::Return) => Event::Removed { document, number, already_gone },
                });
            }
            Outcome::Reconsider => {}
        }
        if matches!(outcome, Outcome::Exists { .. } | Outcome::Gone { .. }) {
            self.trouble = Trouble::default();
        }
        let Self { claim, doubt, trouble, entries, health, warnings, .. } = self;
        let mut result = AttemptResult::with_doubt(&claim, doubt, outcome);
        (result.trouble, result.warnings, result.entries) = (trouble, warnings, entries);
        Attempted { result, health }
    }

    /// Records that a save is about to be sent.
    pub(super) fn record_save(&mut self) {
        self.doubt.record_save();
    }

    /// Records that a save was answered or failed. The save stays in doubt unless its reply accounts for it.
    pub(super) fn save_is_answered(&mut self, failure: Option<&Failure>) {
        self.last_save_at = self.session.monotonic();
        if failure.is_some_and(|failure| !failure.leaves_doubt()) {
            self.doubt.account_for_save();
        }
    }

    /// Blocks the order until a person acts. If a save may still arrive, the invoice is looked up later automatically.
    pub(super) fn blocked(&self, reason: Reason, about: About) -> Outcome {
        let recheck_after =
            self.doubt.exists().then(|| self.doubt.remaining_wait()).filter(SignedDuration::is_positive);
        Outcome::Blocked { findings: vec![Finding { reason, about }], waits_for: None, recheck_after }
    }

    /// Leaves the order blocked with the same findings.
    pub(super) fn blocked_as_before(&self) -> Outcome {
        let (findings, waits_for) = (self.claim.findings.clone(), self.claim.waits_for.clone());
        let wait = || self.doubt.remaining_wait().max(SignedDuration::from_mins(1));
        Outcome::Blocked { findings, waits_for, recheck_after: self.doubt.exists().then(wait) }
    }

    /// Counts a look-up that found nothing after Accurate had answered a save with an error of its own. After too many
    /// of them nothing more is sent, and once no earlier save can arrive, the order is blocked.
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

    /// Records that Accurate reported the document as deleted but still shows it.
    pub(super) fn record_still_shown(&mut self, call: &str) {
        const STILL_SHOWN: &str = "Accurate still shows it although it reported it as deleted";
        STILL_SHOWN.clone_into(&mut self.trouble.words);
        let (call, outcome, words) = (call.to_owned(), "ambiguous".to_owned(), STILL_SHOWN.to_owned());
        self.happened(Event::Reply { call, outcome, words });
    }

    fn keeps_failing(&mut self) -> Outcome {
        self.trouble.looks = FRUITLESS_LOOK_UPS_AFTER_A_RETRY;
        let words = self.trouble.words.clone();
        let findings = vec![Finding { reason: Reason::KeepsFailing, about: About::Accurate { subject: None, words } }];
        Outcome::Blocked { findings, waits_for: None, recheck_after: Some(TRIED_AGAIN_AFTER) }
    }

    /// Makes a call and records its reply. Repeats the call as long as Accurate asks to slow down and the lease lasts.
    /// `success` describes a good reply for the timeline.
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

    /// The same, but the caller records the reply.
    pub(super) async fn call_unrecorded<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        call_within_limits(self.session, self.last_start(CALL_TIMEOUT), make, |_| {}).await
    }

    /// Records the outcome of a call in the timeline, and what it shows about the health of the book.
    pub(super) fn record_reply(&mut self, call: &str, result: Result<&str, &Failure>) {
        let (outcome, words) = match result {
            Ok(words) => ("ok", words),
            Err(failure) => (failure.class(), failure.words()),
        };
        let words = words.chars().take(500).collect();
        // Consecutive requests to slow down are one entry.
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

    /// What a person did in Accurate to a document that this service created with `number`.
    pub(super) fn not_as_sent(
        &self,
        number: DocumentNumber,
        id: i64,
        number_now: DocumentNumber,
        differences: Vec<Difference>,
    ) -> About {
        let document = self.claim.kind;
        if differences.is_empty() {
            About::Renumbered { document, id, from: number, to: number_now }
        } else {
            About::ChangedThere { document, number: number_now, id, differences }
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
        self.warnings.retain(|one| one.warning != warning);
        self.warnings.push(OrderWarning { warning, about });
    }

    /// The outcome of an attempt without a result.
    fn stopped(&mut self, stop: Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        if matches!(stop, Stop::Later | Stop::SlowedDown) && self.session.fails_alone(&self.claim.order_id) {
            self.trouble.looks = self.trouble.looks.max(self.claim.trouble.looks + 1);
            if self.trouble.looks >= MOST_FRUITLESS_LOOK_UPS && self.claim.purpose != Purpose::LookUp {
                (_, self.trouble.words) = why(&self.entries);
                return self.keeps_failing();
            }
        }
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            Stop::UntilSaveIsOver => (now + self.doubt.remaining_wait(), Counted::WentWell),
            Stop::For(wait) => (now + wait, Counted::WentWell),
            // The order is already delayed by the pause of the book.
            Stop::AtNoCost | Stop::SlowedDown => (now, Counted::No),
        };
        Outcome::Postponed { until, counted }
    }
}

/// Why an order waits: the last failure, or the last reply if nothing failed.
fn why(entries: &[Entry]) -> (String, String) {
    let mut replies = entries.iter().rev().filter_map(|entry| match &entry.event {
        Event::Reply { outcome, words, .. } => Some((outcome.clone(), words.clone())),
        _ => None,
    });
    let last = replies.clone().next();
    replies.find(|(outcome, _)| outcome != "ok").or(last).unwrap_or_default()
}

/// What the result of a call shows about the health of the book.
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

/// Makes a call and repeats it as long as Accurate asks to slow down and the lease lasts. `record` receives each reply.
pub(super) async fn call_within_limits<T, F: Future<Output = Result<T, Failure>>>(
    session: &Session,
    last_start: LastStart,
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
            Right::Save(_) | Right::Read(_) | Right::Delete(Kind::Invoice) => Stop::AtNoCost,
            // Orders that need no new customer are in the same lane. One order that needs a customer is the probe.
            Right::CreateCustomers => Stop::For(WITHOUT_RIGHT),
            // Such an order is delayed by its own wait only, not by a pause.
            Right::Delete(Kind::Receipt | Kind::Return) | Right::Other(_) => Stop::Later,
        },
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) | Failure::Refused(_) => Stop::Later,
    }
}
