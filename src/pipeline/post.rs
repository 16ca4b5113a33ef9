//! One attempt for one order: look up, save, read back; or delete.
//!
//! What makes it exactly once: the number never changes, Accurate refuses a number twice, and every attempt
//! that is not the first asks for the number before it saves (accurate.md §4).

use jiff::SignedDuration;

use super::attempt::{Attempt, Attempted, End, SAVE_IS_OVER, Stop, last_start, stop};
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        customers::{self, Ensured},
        invoices::{self, FoundInvoice},
        outcome::{Failure, Meaning, Refusal},
    },
    domain::{
        about::{About, Difference, Field},
        money::Rupiah,
        reason::{Finding, Reason, Warning},
        waiting::Subject,
    },
    store::{Claim, Counted, Outcome, StandingInvoice, State},
};

/// Why something is not sent while an earlier save is not over.
const SAVE_MAY_ARRIVE: &str = "an earlier save of the same invoice may still arrive";

/// Makes one attempt; `wait_after` gives the waiting time by failures in a row.
pub async fn attempt(session: &Session, claim: Claim, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
    let mut attempt = Attempt::begin(session, claim);
    let end = match attempt.claim.state {
        State::VoidDue => attempt.void().await,
        _ => attempt.invoice().await,
    };
    attempt.end(end, wait_after)
}

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
    /// It was refused in words that we do not know, which prove nothing.
    UnknownText(String),
}

/// What a save came to, as [`invoices::save`] tells it.
pub(super) type Saved = Result<Option<FoundInvoice>, Failure>;

impl Attempt<'_> {
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
            Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate(_), words })) => {
                AfterSave::LookUp(Why::Taken(words))
            }
            // An earlier save may still arrive; only when it cannot any more is this the last word.
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(_), .. })) if self.unsure_since.is_some() => {
                AfterSave::Ends(Err(Stop::UntilSaveIsOver))
            }
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(reason), words })) => {
                let waits_for = Subject::of(reason, &words, &self.claim.draft.body);
                let about = About::Accurate { subject: waits_for.clone(), words };
                let findings = vec![Finding { reason, about }];
                AfterSave::Ends(Ok(Outcome::Blocked { findings, waits_for }))
            }
            Err(Failure::Refused(Refusal { words, .. })) => {
                AfterSave::Ends(Ok(blocked(Reason::RefusedByAccurate, said(words))))
            }
            Err(Failure::UnknownText(_)) if self.unsure_since.is_some() => AfterSave::Ends(Err(Stop::UntilSaveIsOver)),
            Err(Failure::UnknownText(words)) => AfterSave::LookUp(Why::UnknownText(words)),
            Err(failure) => {
                if failure.leaves_doubt() {
                    self.unsure_since = Some(self.session.now());
                }
                AfterSave::Ends(Err(stop(&failure)))
            }
        }
    }

    pub(super) fn after_look_up(&mut self, why: Why, found: Option<FoundInvoice>) -> End {
        match (why, found) {
            (Why::Saved, Some(found)) => Ok(self.invoiced(found)),
            (Why::Unknown | Why::Taken(_) | Why::UnknownText(_), Some(found)) => Ok(self.adopt(found)),
            // It may still be on its way, so it is not known to be absent.
            (Why::Saved | Why::Unknown, None) => Err(Stop::Later),
            // Taken, yet not to be found: something else holds the number, or it was deleted just now.
            (Why::Taken(_), None) if self.claim.failures < 2 => Err(Stop::Later),
            (Why::Taken(words) | Why::UnknownText(words), None) => Ok(blocked(Reason::RefusedByAccurate, said(words))),
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
            Ensured::Stood => "exists already",
        };
        match self.patiently("customer/save", words, || customers::ensure(session, no, name)).await {
            Ok(Ensured::Created) => {
                self.warn(Warning::CustomerCreated, About::Customer { no: no.clone(), name: name.clone() });
            }
            Ok(Ensured::Stood) => {}
            Err(Failure::Refused(Refusal { words, .. }) | Failure::UnknownText(words)) => {
                let meaning = Meaning::Person(Reason::CustomerNotFound);
                return Err(Failure::Refused(Refusal { meaning, words }));
            }
            // The next attempt finds out about the customer; of the invoice nothing was sent.
            Err(failure) => return Err(failure.of_a_call_not_made()),
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

    /// The number is taken: by this order's invoice, or by another's (design.md §4).
    fn adopt(&mut self, found: FoundInvoice) -> Outcome {
        let claim = self.claim.clone();
        let draft = &claim.draft;
        let mut differences = Vec::new();
        let mut compare = |field: Field, there: &str, ours: &str| {
            if there != ours {
                differences.push(Difference { field, there: there.to_owned(), ours: ours.to_owned() });
            }
        };
        compare(Field::Customer, &found.customer_no, &draft.body.customer_no);
        compare(Field::Description, &found.description, &draft.body.description);
        if let (true, Some(total)) = (draft.body.total_is_final(), found.total.map(Rupiah::from_decimal)) {
            compare(Field::Total, &total.in_words(), &draft.total.in_words());
        }
        if differences.is_empty() {
            self.warn(Warning::InvoiceAdopted, About::Invoice { number: found.number.clone(), id: Some(found.id) });
            return self.invoiced(found);
        }
        let about = About::OtherInvoice { number: found.number, id: found.id, differences };
        blocked(Reason::NumberConflict, about)
    }

    fn invoiced(&mut self, found: FoundInvoice) -> Outcome {
        let draft = &self.claim.draft;
        let total = found.total.unwrap_or_else(|| draft.total.decimal());
        if draft.body.total_is_final() && Rupiah::from_decimal(total) != draft.total {
            let about = About::AccurateTotal { accurate: Rupiah::from_decimal(total), invoice: draft.total };
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
            return Ok(Outcome::Postponed { until, counted: Counted::WentWell, unsure_since: None });
        }
        let Some(found) = found else { return Ok(Outcome::Voided) };
        let body = &self.claim.draft.body;
        let same_id = self.claim.invoice_id.is_none_or(|id| id == found.id);
        if !same_id || found.customer_no != body.customer_no || found.description != body.description {
            let about = About::OtherInvoice { number: found.number, id: found.id, differences: Vec::new() };
            return Ok(blocked(Reason::NumberConflict, about));
        }
        if found.has_receipt {
            return Ok(blocked(Reason::RefusedByAccurate, About::Receipt { number: found.number }));
        }
        let session = self.session;
        match self.patiently("sales-invoice/delete", |()| "deleted", || invoices::delete(session, found.id)).await {
            Ok(()) => Ok(Outcome::Voided),
            Err(Failure::Refused(Refusal { words, .. }) | Failure::UnknownText(words)) => {
                Ok(blocked(Reason::RefusedByAccurate, said(words)))
            }
            // The next attempt looks it up again and finds it gone, or not.
            Err(failure) => Err(stop(&failure)),
        }
    }
}

/// What a look-up found, for the timeline.
pub(super) fn found_in_words(found: Option<&FoundInvoice>) -> &'static str {
    match found {
        Some(_) => "an invoice with this number exists",
        None => "no invoice has this number",
    }
}

fn said(words: String) -> About {
    About::Accurate { subject: None, words }
}

fn blocked(reason: Reason, about: About) -> Outcome {
    Outcome::Blocked { findings: vec![Finding { reason, about }], waits_for: None }
}
