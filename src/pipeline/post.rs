//! One attempt for one order: look up, save, read back; or delete.
//!
//! What makes it exactly once: the number never changes, Accurate refuses a number twice, and every attempt
//! that is not the first asks for the number before it saves (accurate.md §4).

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
    let mut attempt = Attempt {
        session,
        claim: &claim,
        unsure_since: claim.unsure_since,
        last_start: claim.lease_until - SignedDuration::try_from(CALL_TIMEOUT).unwrap_or_default(),
        warnings: claim.warnings.clone(),
        entries: Vec::new(),
        sign: Sign::Nothing,
    };
    let end = match claim.state {
        State::VoidDue => attempt.void().await,
        _ => attempt.invoice().await,
    };
    let outcome = end.unwrap_or_else(|stop| attempt.postponed(&stop, &wait_after));
    let now = session.now();
    match &outcome {
        Outcome::Invoiced { invoice } => attempt.happened(Event::Invoiced {
            number: invoice.number.clone(),
            id: invoice.id,
            total: invoice.total.normalize().to_string(),
            notices: attempt.warnings.clone(),
        }),
        Outcome::Blocked { findings, .. } => attempt.happened(Event::Blocked { findings: findings.clone() }),
        Outcome::Postponed { until, .. } => {
            let why = attempt.entries.iter().rev().find_map(said).unwrap_or_default();
            attempt.happened(Event::Postponed { until: (*until).max(now), why });
        }
        Outcome::Voided => attempt.happened(Event::Voided { number: claim.draft.body.number.clone() }),
        Outcome::Reconsider => {}
    }
    let Attempt { entries, sign, warnings, .. } = attempt;
    let settlement =
        Settlement { order_id: claim.order_id.clone(), attempt: claim.attempt, outcome, warnings, entries };
    Attempted { settlement, sign }
}

/// What went wrong with a call.
fn said(entry: &Entry) -> Option<String> {
    match &entry.event {
        Event::Reply { outcome, words, .. } if outcome != "ok" => Some(format!("{outcome}: {words}")),
        _ => None,
    }
}

/// Why an attempt ends without a result for its order.
enum Stop {
    /// The order waits its turn again.
    Later,
    /// It costs the order nothing: the book is refused, or asked to slow down for longer than the lease.
    AtNoCost,
}

struct Attempt<'a> {
    session: &'a Session,
    claim: &'a Claim,
    /// An invoice may stand, or come to stand, that we do not know of: when its save was sent.
    unsure_since: Option<Timestamp>,
    /// No call starts later than this, so that none outlives the lease.
    last_start: Timestamp,
    warnings: Vec<Notice>,
    /// What happened so far.
    entries: Vec<Entry>,
    sign: Sign,
}

impl Attempt<'_> {
    async fn invoice(&mut self) -> Result<Outcome, Stop> {
        if self.claim.earlier_tries > 0 {
            if let Some(found) = self.look_up().await? {
                return Ok(self.adopt(found));
            }
            if self.claim.undecided {
                // Another draft, or none, is wanted; but the save that was sent may still arrive.
                return if self.unsure_since.is_some() { Err(Stop::Later) } else { Ok(Outcome::Reconsider) };
            }
        }
        match self.save().await {
            Ok(Some(saved)) if saved.total.is_some() => Ok(self.invoiced(saved)),
            // Saved, but what stands was not told: read it back.
            Ok(_) => {
                self.unsure_since = Some(self.session.now());
                match self.look_up().await? {
                    Some(found) => Ok(self.invoiced(found)),
                    None => Err(Stop::Later),
                }
            }
            Err(Failure::Ambiguous(_)) => {
                self.unsure_since = Some(self.session.now());
                match self.look_up().await? {
                    Some(found) => Ok(self.adopt(found)),
                    // It may still be on its way, so it is not known to be absent.
                    None => Err(Stop::Later),
                }
            }
            Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate, words })) => match self.look_up().await? {
                Some(found) => Ok(self.adopt(found)),
                // Taken, yet not to be found: something else holds the number, or it was deleted just now.
                None if self.claim.failures < 2 => Err(Stop::Later),
                None => Ok(blocked(Reason::RefusedByAccurate, words)),
            },
            // An earlier save may still arrive; only when it cannot any more is this the last word.
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(_), .. })) if self.unsure_since.is_some() => {
                Err(Stop::Later)
            }
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(reason), words })) => {
                let waits_for = Subject::of(reason, &words, &self.claim.draft.body);
                Ok(Outcome::Blocked { findings: vec![Finding { reason, about: words }], waits_for })
            }
            Err(Failure::Refused(Refusal { words, .. })) => Ok(blocked(Reason::RefusedByAccurate, words)),
            Err(failure) => Err(stop(&failure)),
        }
    }

    /// Saves; a missing customer is created once and the same invoice saved again.
    async fn save(&mut self) -> Result<Option<FoundInvoice>, Failure> {
        let body = &self.claim.draft.body;
        let session = self.session;
        let first = self.patiently("sales-invoice/save", |_| "saved", || invoices::save(session, body)).await;
        let missing = matches!(&first, Err(Failure::Refused(refusal))
            if refusal.meaning == Meaning::Person(Reason::CustomerNotFound));
        if !missing || !self.claim.draft.create_customer {
            return first;
        }
        let (no, name) = (body.customer_no.as_str(), self.claim.draft.customer_name.as_str());
        let words = |ensured: &Ensured| match ensured {
            Ensured::Created => "created",
            Ensured::Stood => "stands already",
        };
        match self.patiently("customer/save", words, || customers::ensure(session, no, name)).await {
            Ok(Ensured::Created) => {
                self.warn(Warning::CustomerCreated, format!("{no} ({name})"));
            }
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
        self.patiently("sales-invoice/save", |_| "saved", || invoices::save(session, body)).await
    }

    async fn look_up(&mut self) -> Result<Option<FoundInvoice>, Stop> {
        let session = self.session;
        let number = self.claim.draft.body.number.as_str();
        let words = |found: &Option<FoundInvoice>| match found {
            Some(_) => "an invoice with this number stands",
            None => "no invoice has this number",
        };
        match self.patiently("sales-invoice/detail", words, || invoices::by_number(session, number)).await {
            Ok(found) => {
                let certain = |since: &Timestamp| self.session.now().duration_since(*since) >= SAVE_IS_OVER;
                if found.is_some() || self.unsure_since.as_ref().is_some_and(certain) {
                    self.unsure_since = None;
                }
                Ok(found)
            }
            Err(failure) => Err(stop(&failure)),
        }
    }

    /// The number is taken: by this order's invoice, or by another's (design.md §4).
    fn adopt(&mut self, found: FoundInvoice) -> Outcome {
        let draft = &self.claim.draft;
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
        Outcome::Invoiced { invoice }
    }

    /// Deletes the invoice of a cancelled order: looked up first, and only if it is this order's and unpaid.
    async fn void(&mut self) -> Result<Outcome, Stop> {
        let Some(found) = self.look_up().await? else { return Ok(Outcome::Voided) };
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
        loop {
            let result = if self.session.now() > self.last_start {
                Err(Failure::SlowDown("the lease would end before the call".to_owned()))
            } else {
                make().await
            };
            self.tell(call, result.as_ref().map(success));
            match result {
                Err(Failure::SlowDown(_)) if self.session.now() + SLOW_DOWN <= self.last_start => {
                    self.session.slow_down(SLOW_DOWN);
                }
                result => return result,
            }
        }
    }

    /// Writes down what a call came to, for the timeline and for the book.
    fn tell(&mut self, call: &str, result: Result<&str, &Failure>) {
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
        self.sign = match result {
            Ok(_) | Err(Failure::Refused(_)) => Sign::Well,
            Err(Failure::SlowDown(_)) => Sign::Nothing,
            Err(Failure::NotSent(words)) => Sign::Down(words.clone()),
            Err(Failure::Ambiguous(words)) => Sign::Unknown(words.clone()),
            Err(Failure::BookRefused(trouble, words)) => refused(*trouble, words),
        };
    }

    fn happened(&mut self, event: Event) {
        self.entries.push(Entry { at: self.session.now(), event });
    }

    fn warn(&mut self, warning: Warning, about: String) {
        self.warnings.retain(|notice| notice.warning != warning);
        self.warnings.push(Notice { warning, about });
    }

    fn postponed(&self, stop: &Stop, wait_after: impl Fn(i64) -> SignedDuration) -> Outcome {
        let now = self.session.now();
        let (until, counted) = match stop {
            Stop::Later => (now + wait_after(self.claim.failures + 1), Counted::Yes),
            // The book's pause holds the order back, so it need not wait on its own account.
            Stop::AtNoCost => (now, Counted::No),
        };
        Outcome::Postponed { until, counted, unsure_since: self.unsure_since }
    }
}

fn refused(trouble: BookTrouble, words: &str) -> Sign {
    Sign::Refused { code: trouble.code(), words: format!("{words} — {}", trouble.remedy()) }
}

fn stop(failure: &Failure) -> Stop {
    match failure {
        Failure::SlowDown(_) | Failure::BookRefused(..) => Stop::AtNoCost,
        Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::Refused(_) => Stop::Later,
    }
}

fn blocked(reason: Reason, about: String) -> Outcome {
    Outcome::Blocked { findings: vec![Finding { reason, about }], waits_for: None }
}
