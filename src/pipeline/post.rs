//! One attempt for one order: look up, save, read back; or delete.
//!
//! What makes it exactly once: the number never changes, Accurate refuses a number twice, and every attempt
//! that is not the first asks for the number before it saves (accurate.md §4).

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::circuit::Sign;
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        customers::{self, Ensured},
        invoices::{self, FoundInvoice},
        outcome::{BookTrouble, Failure, Meaning, Refusal},
    },
    domain::{
        money::Rupiah,
        reason::{Finding, Notice, Reason, Warning},
        timeline::{Entry, Event},
        waiting::Subject,
    },
    store::{Claim, Counted, Outcome, Settlement, StandingInvoice, State},
};

/// How long a book waits after Accurate asked to slow down; no Retry-After was ever seen (accurate.md §2).
const SLOW_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// How long after it was sent a save whose reply was lost may still be carried out over there. Public clients
/// wait 180 s for their longest calls (accurate.md §2, C); until then "not found" is no certainty.
const SAVE_IS_OVER: SignedDuration = SignedDuration::from_mins(5);

/// Why something is not sent while that lasts.
const SAVE_MAY_ARRIVE: &str = "an earlier save of the same invoice may still arrive";

/// An attempt's result for its order and for its book.
#[derive(Debug)]
pub struct Attempted {
    /// To be written.
    pub settlement: Settlement,
    /// What it says about the book.
    pub sign: Sign,
}

/// Makes one attempt; `wait_after` gives the waiting time by failures in a row.
pub async fn attempt(session: &Session, claim: Claim, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
    let mut attempt = Attempt::begin(session, claim);
    let end = match attempt.claim.state {
        State::VoidDue => attempt.void().await,
        _ => attempt.invoice().await,
    };
    attempt.end(end, wait_after)
}

/// Why an order waits: what went wrong last, or else what the last call came to.
fn why(entries: &[Entry]) -> String {
    let replies = || {
        entries.iter().rev().filter_map(|entry| match &entry.event {
            Event::Reply { outcome, words, .. } => Some((outcome.as_str(), words)),
            _ => None,
        })
    };
    let wrong = replies().find(|(outcome, _)| *outcome != "ok").map(|(outcome, words)| format!("{outcome}: {words}"));
    wrong.or_else(|| replies().next().map(|(_, words)| words.clone())).unwrap_or_default()
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

/// What follows from a save.
pub(super) enum AfterSave {
    /// The attempt ends.
    Ends(End),
    /// Only a look at the number can tell.
    LookUp(Why),
}

/// Why the number must be looked up after a save.
pub(super) enum Why {
    /// It is saved, but what stands was not told.
    Saved,
    /// Nobody knows whether it was saved.
    Unknown,
    /// The number is taken, in Accurate's words.
    Taken(String),
}

/// What a save came to, as [`invoices::save`] tells it.
pub(super) type Saved = Result<Option<FoundInvoice>, Failure>;

/// One order's attempt while it is made.
pub(super) struct Attempt<'a> {
    session: &'a Session,
    pub(super) claim: Arc<Claim>,
    /// An invoice may stand, or come to stand, that we do not know of: when its save was sent.
    unsure_since: Option<Timestamp>,
    /// Beside the invoice that stands, an earlier save may still arrive: when it was sent.
    late_save: Option<Timestamp>,
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
                let why = why(&self.entries);
                self.happened(Event::Postponed { until: (*until).max(now), why });
            }
            Outcome::Voided => self.happened(Event::Voided { number: self.claim.draft.body.number.clone() }),
            Outcome::Reconsider => {}
        }
        let Self { claim, entries, sign, warnings, .. } = self;
        let (order_id, attempt) = (claim.order_id.clone(), claim.attempt);
        let settlement = Settlement { order_id, attempt, outcome, warnings, entries };
        Attempted { settlement, sign }
    }

    async fn invoice(&mut self) -> End {
        if self.claim.earlier_tries > 0 {
            let found = self.look_up().await?;
            if let Some(end) = self.after_first_look(found) {
                return end;
            }
        }
        self.save_and_conclude().await
    }

    /// What an attempt that is not the first ends with before it saves; `None`: it may save.
    pub(super) fn after_first_look(&mut self, found: Option<FoundInvoice>) -> Option<End> {
        if found.is_some() && self.claim.attempt == 2 {
            // One save was sent, and there it is.
            self.late_save = None;
        }
        match found {
            Some(found) => Some(Ok(self.adopt(found))),
            // Another draft, or none, is wanted; but the save that was sent may still arrive.
            None if self.claim.undecided && self.unsure_since.is_some() => {
                self.not_sent("sales-invoice/save", SAVE_MAY_ARRIVE);
                Some(Err(Stop::UntilSaveIsOver))
            }
            None if self.claim.undecided => Some(Ok(Outcome::Reconsider)),
            None => None,
        }
    }

    pub(super) async fn save_and_conclude(&mut self) -> End {
        let saved = self.save().await;
        match self.after_save(saved) {
            AfterSave::Ends(end) => end,
            AfterSave::LookUp(why) => {
                let found = self.look_up().await?;
                self.after_look_up(why, found)
            }
        }
    }

    /// What follows from a save, the same for one alone and for one of many.
    pub(super) fn after_save(&mut self, saved: Saved) -> AfterSave {
        match saved {
            Ok(Some(saved)) if saved.total.is_some() => AfterSave::Ends(Ok(self.invoiced(saved))),
            Ok(_) => {
                self.unsure_since = Some(self.session.now());
                AfterSave::LookUp(Why::Saved)
            }
            Err(Failure::Ambiguous(_)) => {
                self.unsure_since = Some(self.session.now());
                AfterSave::LookUp(Why::Unknown)
            }
            Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate, words })) => {
                AfterSave::LookUp(Why::Taken(words))
            }
            // An earlier save may still arrive; only when it cannot any more is this the last word.
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(_), .. })) if self.unsure_since.is_some() => {
                AfterSave::Ends(Err(Stop::UntilSaveIsOver))
            }
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(reason), words })) => {
                let waits_for = Subject::of(reason, &words, &self.claim.draft.body);
                let findings = vec![Finding { reason, about: words }];
                AfterSave::Ends(Ok(Outcome::Blocked { findings, waits_for }))
            }
            Err(Failure::Refused(Refusal { words, .. })) => {
                AfterSave::Ends(Ok(blocked(Reason::RefusedByAccurate, words)))
            }
            Err(failure) => AfterSave::Ends(Err(stop(&failure))),
        }
    }

    pub(super) fn after_look_up(&mut self, why: Why, found: Option<FoundInvoice>) -> End {
        match (why, found) {
            (Why::Saved, Some(found)) => Ok(self.invoiced(found)),
            (Why::Unknown | Why::Taken(_), Some(found)) => Ok(self.adopt(found)),
            // It may still be on its way, so it is not known to be absent.
            (Why::Saved | Why::Unknown, None) => Err(Stop::Later),
            // Taken, yet not to be found: something else holds the number, or it was deleted just now.
            (Why::Taken(_), None) if self.claim.failures < 2 => Err(Stop::Later),
            (Why::Taken(words), None) => Ok(blocked(Reason::RefusedByAccurate, words)),
        }
    }

    /// Saves; a missing customer is created once and the same invoice saved again.
    async fn save(&mut self) -> Saved {
        let first = self.save_once().await;
        if !self.lacks_customer(&first) {
            return first;
        }
        self.ensure_customer().await?;
        self.save_once().await
    }

    async fn save_once(&mut self) -> Saved {
        let (session, claim) = (self.session, self.claim.clone());
        let last_start = last_start(&claim, CALL_TIMEOUT);
        let save = || invoices::save(session, &claim.draft.body, last_start);
        self.patiently("sales-invoice/save", |_| "saved", save).await
    }

    /// Whether it failed only because its customer is missing, which we may create.
    pub(super) fn lacks_customer(&self, saved: &Saved) -> bool {
        let missing = Meaning::Person(Reason::CustomerNotFound);
        self.claim.draft.create_customer
            && matches!(saved, Err(Failure::Refused(refusal)) if refusal.meaning == missing)
    }

    /// Creates the customer, unless another order has; an error is what becomes of the save that wants it.
    pub(super) async fn ensure_customer(&mut self) -> Result<(), Failure> {
        let (session, claim) = (self.session, self.claim.clone());
        let (no, name) = (&claim.draft.body.customer_no, &claim.draft.customer_name);
        let words = |ensured: &Ensured| match ensured {
            Ensured::Created => "created",
            Ensured::Stood => "stands already",
        };
        match self.patiently("customer/save", words, || customers::ensure(session, no, name)).await {
            Ok(Ensured::Created) => self.warn(Warning::CustomerCreated, format!("{no} ({name})")),
            Ok(Ensured::Stood) => {}
            // What became of the customer is the next attempt's question; of the invoice nothing was sent.
            Err(Failure::Ambiguous(words)) => return Err(Failure::NotSent(words)),
            Err(Failure::Refused(refusal)) => {
                let words = refusal.words;
                let meaning = Meaning::Person(Reason::CustomerNotFound);
                return Err(Failure::Refused(Refusal { meaning, words }));
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    pub(super) async fn look_up(&mut self) -> Result<Option<FoundInvoice>, Stop> {
        let (session, claim) = (self.session, self.claim.clone());
        let number = &claim.draft.body.number;
        match self
            .patiently(
                "sales-invoice/detail",
                |found: &Option<FoundInvoice>| found_in_words(found.as_ref()),
                || invoices::by_number(session, number),
            )
            .await
        {
            Ok(found) => {
                if self.a_lost_save_is_over() {
                    self.late_save = None;
                }
                if found.is_some() || self.a_lost_save_is_over() {
                    self.unsure_since = None;
                }
                Ok(found)
            }
            Err(failure) => Err(stop(&failure)),
        }
    }

    /// Whether a row of a list, or its absence, is as good as a look-up of the number alone.
    pub(super) fn is_told_enough_by(&mut self, row: Option<&FoundInvoice>) -> bool {
        match row {
            Some(found) if found.can_be_compared() => {
                self.unsure_since = None;
                true
            }
            Some(_) => false,
            // Where the absence would be the last word about a save on its way, the number itself is asked for.
            None => !self.claim.undecided && !self.a_lost_save_is_over(),
        }
    }

    /// A save of unknown outcome was sent so long ago that it is carried out by now, or never.
    fn a_lost_save_is_over(&self) -> bool {
        self.unsure_since.is_some_and(|since| self.session.now().duration_since(since) >= SAVE_IS_OVER)
    }

    /// The number is taken: by this order's invoice, or by another's (design.md §4).
    fn adopt(&mut self, found: FoundInvoice) -> Outcome {
        let claim = self.claim.clone();
        let draft = &claim.draft;
        let mut differences = Vec::new();
        if found.customer_no != draft.body.customer_no {
            differences.push(format!("customer {}, not {}", found.customer_no, draft.body.customer_no));
        }
        if found.description != draft.body.description {
            differences.push(format!("description {:?}, not {:?}", found.description, draft.body.description));
        }
        let other_total = found.total.map(Rupiah::from_decimal).filter(|total| *total != draft.total);
        if let (true, Some(total)) = (draft.body.total_is_final(), other_total) {
            differences.push(format!("total {total}, not {}", draft.total));
        }
        if differences.is_empty() {
            self.warn(Warning::InvoiceAdopted, format!("{} (id {})", found.number, found.id));
            return self.invoiced(found);
        }
        let about = format!("invoice {} (id {}) has {}", found.number, found.id, differences.join(", "));
        blocked(Reason::NumberConflict, about)
    }

    fn invoiced(&mut self, found: FoundInvoice) -> Outcome {
        let draft = &self.claim.draft;
        let total = found.total.unwrap_or_else(|| draft.total.decimal());
        if draft.body.total_is_final() && Rupiah::from_decimal(total) != draft.total {
            let about = format!("Accurate {}, invoice {}", total.normalize(), draft.total);
            self.warn(Warning::TotalDifference, about);
        }
        let invoice = StandingInvoice { id: found.id, number: found.number, total };
        Outcome::Invoiced { invoice, unsure_since: self.late_save }
    }

    /// Deletes the invoice of a cancelled order: looked up first, and only if it is this order's and unpaid.
    async fn void(&mut self) -> Result<Outcome, Stop> {
        let found = self.look_up().await?;
        let lost_save_is_over = self.claim.unsure_since.map(|since| since + SAVE_IS_OVER);
        if let Some(until) = lost_save_is_over.filter(|until| *until > self.session.now()) {
            self.not_sent("sales-invoice/delete", SAVE_MAY_ARRIVE);
            return Ok(Outcome::Postponed { until, counted: Counted::No, unsure_since: None });
        }
        let Some(found) = found else { return Ok(Outcome::Voided) };
        let body = &self.claim.draft.body;
        let same_id = self.claim.invoice_id.is_none_or(|id| id == found.id);
        if !same_id || found.customer_no != body.customer_no || found.description != body.description {
            let about =
                format!("invoice {} (id {}) is not this order's, so it was not deleted", found.number, found.id);
            return Ok(blocked(Reason::NumberConflict, about));
        }
        if found.has_receipt {
            let about = format!("cancelled, but invoice {} has a receipt; delete both by hand", found.number);
            return Ok(blocked(Reason::RefusedByAccurate, about));
        }
        let session = self.session;
        match self.patiently("sales-invoice/delete", |()| "deleted", || invoices::delete(session, found.id)).await {
            Ok(()) => Ok(Outcome::Voided),
            Err(Failure::Refused(refusal)) => Ok(blocked(Reason::RefusedByAccurate, refusal.words)),
            // The next attempt looks it up again and finds it gone, or not.
            Err(failure) => Err(stop(&failure)),
        }
    }

    /// Makes a call, again and again while Accurate asks to slow down and the lease lasts.
    /// `success` says in the timeline what a good reply means.
    async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
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

    fn warn(&mut self, warning: Warning, about: String) {
        self.warnings.retain(|notice| notice.warning != warning);
        self.warnings.push(Notice { warning, about });
    }

    fn postponed(&self, stop: Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            Stop::UntilSaveIsOver => (self.unsure_since.unwrap_or(now) + SAVE_IS_OVER, Counted::No),
            // The book's pause holds the order back, so it need not wait on its own account.
            Stop::AtNoCost => (now, Counted::No),
        };
        Outcome::Postponed { until, counted, unsure_since: self.unsure_since }
    }
}

/// What a call, or its failure, says about the book.
pub(super) fn sign_of(failure: Option<&Failure>) -> Sign {
    match failure {
        None | Some(Failure::Refused(_)) => Sign::Well,
        Some(Failure::SlowDown(_)) => Sign::Nothing,
        Some(Failure::NotSent(words)) => Sign::Down(words.clone()),
        Some(Failure::Ambiguous(words)) => Sign::Unknown(words.clone()),
        Some(Failure::BookRefused(trouble, words)) => refused(*trouble, words),
    }
}

/// What a look-up found, for the timeline.
pub(super) fn found_in_words(found: Option<&FoundInvoice>) -> &'static str {
    match found {
        Some(_) => "an invoice with this number stands",
        None => "no invoice has this number",
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

fn refused(trouble: BookTrouble, words: &str) -> Sign {
    Sign::Refused { code: trouble.code(), words: format!("{words} — {}", trouble.remedy()) }
}

pub(super) fn stop(failure: &Failure) -> Stop {
    match failure {
        Failure::SlowDown(_) | Failure::BookRefused(..) => Stop::AtNoCost,
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::Refused(_) => Stop::Later,
    }
}

fn blocked(reason: Reason, about: String) -> Outcome {
    Outcome::Blocked { findings: vec![Finding { reason, about }], waits_for: None }
}
