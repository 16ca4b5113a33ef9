//! One order's attempt while it is made: what is known, what happened so far, and how it ends.
//!
//! What the calls mean stands in [`post`](super::post).

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::circuit::Sign;
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        outcome::{Failure, MissingRight, Right},
    },
    domain::{
        about::About,
        reason::{Notice, Warning},
        timeline::{Entry, Event},
    },
    store::{Claim, Counted, Outcome, Settlement},
};

/// How long a book waits after Accurate asked to slow down; no Retry-After was ever seen (accurate.md §2).
const SLOW_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// How long after it was sent a save whose reply was lost may still be carried out over there. Public clients
/// wait 180 s for their longest calls (accurate.md §2, C); until then "not found" is no certainty.
pub(super) const SAVE_IS_OVER: SignedDuration = SignedDuration::from_mins(5);

/// An attempt's result for its order and for its book.
#[derive(Debug)]
pub struct Attempted {
    /// To be written.
    pub settlement: Settlement,
    /// What it says about the book.
    pub sign: Sign,
}

/// Why an attempt ends without a result for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The order waits its turn again.
    Later,
    /// Nothing went wrong, but an earlier save may still arrive: until it can no more, nothing else can be said.
    UntilSaveIsOver,
    /// It costs the order nothing: the book is refused, or asked to slow down for longer than the lease.
    AtNoCost,
}

/// How an attempt ended.
pub(super) type End = Result<Outcome, Stop>;

/// One order's attempt while it is made.
pub(super) struct Attempt<'a> {
    pub(super) session: &'a Session,
    pub(super) claim: Arc<Claim>,
    /// An invoice may stand, or come to stand, that we do not know of: when its save was sent.
    pub(super) unsure_since: Option<Timestamp>,
    /// Beside the invoice that stands, an earlier save may still arrive: when it was sent.
    pub(super) late_save: Option<Timestamp>,
    warnings: Vec<Notice>,
    /// What happened so far.
    entries: Vec<Entry>,
    pub(super) sign: Sign,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(session: &'a Session, claim: Claim) -> Self {
        // The clock may have been set back since.
        let unsure_since = claim.unsure_since.map(|since| since.min(session.now()));
        Self {
            session,
            unsure_since,
            late_save: unsure_since,
            warnings: claim.warnings.clone(),
            entries: Vec::new(),
            sign: Sign::Nothing,
            claim: Arc::new(claim),
        }
    }

    /// Puts into words how it ended; `wait_after` gives the waiting time by failures in a row.
    pub(super) fn end(mut self, end: End, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
        let outcome = end.unwrap_or_else(|stop| self.postponed(stop, wait_after));
        let now = self.session.now();
        match &outcome {
            Outcome::Invoiced { invoice, .. } => self.happened(Event::Invoiced {
                number: invoice.number.clone(),
                id: invoice.id,
                total: invoice.total.normalize().to_string(),
                notices: self.warnings.clone(),
            }),
            Outcome::Blocked { findings, .. } => self.happened(Event::Blocked { findings: findings.clone() }),
            Outcome::Postponed { until, .. } => {
                let (outcome, words) = why(&self.entries);
                self.happened(Event::Postponed { until: (*until).max(now), outcome, words });
            }
            Outcome::Voided => self.happened(Event::Voided { number: self.claim.draft.body.number.clone() }),
            Outcome::Reconsider => {}
        }
        let Self { claim, entries, sign, warnings, .. } = self;
        let (order_id, attempt) = (claim.order_id.clone(), claim.attempt);
        let settlement = Settlement { order_id, attempt, outcome, warnings, entries };
        Attempted { settlement, sign }
    }

    /// A save of unknown outcome was sent so long ago that it is carried out by now, or never.
    pub(super) fn a_lost_save_is_over(&self) -> bool {
        self.unsure_since.is_some_and(|since| self.session.now().duration_since(since) >= SAVE_IS_OVER)
    }

    /// Makes a call, again and again while Accurate asks to slow down and the lease lasts.
    /// `success` says in the timeline what a good reply means.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
        &mut self,
        call: &str,
        success: fn(&T) -> &'static str,
        make: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let last_start = last_start(&self.claim, CALL_TIMEOUT);
        let session = self.session;
        patiently(session, last_start, make, |result| self.tell(call, result.map(success))).await
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
    }

    /// Writes down why a call was not made.
    pub(super) fn not_sent(&mut self, call: &str, why: &str) {
        let (call, outcome, words) = (call.to_owned(), "not_sent".to_owned(), why.to_owned());
        self.happened(Event::Reply { call, outcome, words });
    }

    fn happened(&mut self, event: Event) {
        self.entries.push(Entry { at: self.session.now(), event });
    }

    pub(super) fn warn(&mut self, warning: Warning, about: About) {
        self.warnings.retain(|notice| notice.warning != warning);
        self.warnings.push(Notice { warning, about });
    }

    fn postponed(&self, stop: Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            Stop::UntilSaveIsOver => (self.unsure_since.unwrap_or(now) + SAVE_IS_OVER, Counted::WentWell),
            // The book's pause holds the order back, so it need not wait on its own account.
            Stop::AtNoCost => (now, Counted::No),
        };
        Outcome::Postponed { until, counted, unsure_since: self.unsure_since }
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

/// No call starts later than this, so that none outlives the lease.
pub(super) fn last_start(claim: &Claim, call_timeout: Duration) -> Timestamp {
    claim.lease_until - SignedDuration::try_from(call_timeout).unwrap_or_default()
}

/// Makes a call, again and again while Accurate asks to slow down and the lease lasts; `tell` hears of each.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    session: &Session,
    last_start: Timestamp,
    make: impl Fn() -> F,
    mut tell: impl FnMut(Result<&T, &Failure>),
) -> Result<T, Failure> {
    loop {
        let last_start = last_start.min(session.last_call_at());
        let result = if session.now() > last_start {
            Err(Failure::SlowDown("the lease would end before the call".to_owned()))
        } else {
            make().await
        };
        tell(result.as_ref());
        match result {
            Err(Failure::SlowDown(_)) if session.now() + SLOW_DOWN <= last_start => session.slow_down(SLOW_DOWN),
            result => return result,
        }
    }
}

pub(super) fn stop(failure: &Failure) -> Stop {
    match failure {
        Failure::SlowDown(_) | Failure::BookRefused(_) => Stop::AtNoCost,
        Failure::RightMissing(MissingRight { right, .. }) => match right {
            Right::SaveInvoices | Right::ReadInvoices | Right::DeleteInvoices => Stop::AtNoCost,
            // Nothing but its own wait holds back an order that needs a new customer.
            Right::CreateCustomers | Right::Other(_) => Stop::Later,
        },
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) | Failure::Refused(_) => Stop::Later,
    }
}
