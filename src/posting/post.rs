//! One attempt for one order: look up, save, read back.
//!
//! Why there is never a second invoice: the number never changes, Accurate refuses a number that exists, and every
//! attempt except the first looks up the order's invoice before it saves (accurate.md §4). Where Accurate assigns the
//! numbers, nothing is saved again until an earlier save can no longer arrive.

use jiff::SignedDuration;

use super::{
    attempt::{Attempt, Attempted, End, Stop, stop},
    find::LookUp,
};
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        customers::{self, Ensured},
        invoices::{self, FoundInvoice},
        outcome::{Failure, Meaning, Refusal},
    },
    domain::{
        about::{About, Difference, Field, UNREADABLE},
        document::Kind,
        invoice::Draft,
        money::Rupiah,
        reason::{Finding, Reason, Warning},
        recheck::Subject,
        shadow,
    },
    storage::{Claim, ExistingDocument, Outcome, Purpose},
};

/// Why nothing is sent until an earlier save has expired.
pub(super) const SAVE_MAY_ARRIVE: &str = "an earlier save of the same document may still arrive";

/// After this many failures in a row, an invoice whose total cannot be read blocks the order.
const READABLE_AGAIN_WITHIN: i64 = 3;

/// Makes one attempt. `wait_after` returns the wait after n failures in a row.
pub async fn attempt(session: &Session, claim: Claim<Draft>, wait_after: impl Fn(i64) -> SignedDuration) -> Attempted {
    let mut attempt = Attempt::begin(session, claim);
    let end = match attempt.claim.purpose {
        Purpose::Create => attempt.invoice().await,
        Purpose::Delete => attempt.void().await,
        Purpose::LookUp => Ok(attempt.recheck_invoice().await),
    };
    attempt.end(end, wait_after)
}

/// What follows from a save.
pub(super) enum AfterSave {
    /// The attempt ends.
    Ends(End),
    /// Only a look-up shows the outcome.
    LookUp(Why),
}

/// Why the invoice must be looked up after a save.
#[derive(Clone)]
pub(super) enum Why {
    /// It is saved, but the reply shows another invoice than this order's, or cannot be compared with it. Contains the
    /// id in the reply.
    Saved(Option<i64>),
    /// It is not known whether it was saved.
    Unknown,
    /// The number is taken; with Accurate's message.
    Taken(String),
    /// It was refused with an unknown message, which proves nothing.
    UnknownText(String),
}

impl Why {
    /// The id in the reply.
    pub(super) fn named(&self) -> Option<i64> {
        match self {
            Self::Saved(id) => *id,
            Self::Unknown | Self::Taken(_) | Self::UnknownText(_) => None,
        }
    }
}

/// The outcome of a save, as of [`invoices::save`].
pub(super) type Saved = Result<Option<FoundInvoice>, Failure>;

impl Attempt<'_> {
    async fn invoice(&mut self) -> End {
        if let Some(end) = self.may_never_save() {
            return end;
        }
        if self.claim.must_look_up() {
            let looked_up = self.look_up(None).await?;
            if let Some(end) = self.after_first_look_up(looked_up) {
                return end;
            }
        }
        self.save_and_conclude().await
    }

    /// An invoice that does not name its order could not be distinguished from another order's.
    pub(super) fn may_never_save(&self) -> Option<End> {
        let description = &self.claim.draft.body.description;
        if self.claim.order_id.is_named_in(description) {
            return None;
        }
        let about = About::DescriptionWithoutOrder { description: description.clone() };
        Some(Ok(self.blocked(Reason::NumberConflict, about)))
    }

    /// Looks up the invoice before an attempt that is not the first saves. Returns the end of the attempt, or `None` if
    /// it may save.
    pub(super) fn after_first_look_up(&mut self, looked_up: LookUp) -> Option<End> {
        let others = match looked_up {
            LookUp::Own(found) => return Some(self.adopt_or_check_again(found)),
            LookUp::Equal(found) => return Some(Ok(self.adopt_as_equal(found))),
            LookUp::Different(found, differences) => return Some(Ok(self.differs_from_draft(found, differences))),
            LookUp::NotSearchable => return Some(self.not_searchable()),
            LookUp::Others(found) => Some(found),
            LookUp::Nothing => None,
        };
        // A new decision may want another draft or none, or the next save might create a second invoice.
        if self.doubt.exists() && (self.claim.undecided || !self.session.numbers_are_ours()) {
            self.record_not_sent("sales-invoice/save", SAVE_MAY_ARRIVE);
            return Some(Err(Stop::UntilSaveIsOver));
        }
        if self.claim.undecided {
            return Some(Ok(Outcome::Reconsider));
        }
        if let Some(others) = others {
            return Some(Ok(self.adopt(others)));
        }
        if self.claim.doubt.exists() && self.trouble.looks > 0 {
            return self.after_fruitless_look_up();
        }
        None
    }

    pub(super) async fn save_and_conclude(&mut self) -> End {
        let saved = self.save().await;
        match self.after_save(saved) {
            AfterSave::Ends(end) => end,
            AfterSave::LookUp(why) => {
                let looked_up = self.look_up(why.named()).await?;
                self.after_look_up(why, looked_up)
            }
        }
    }

    /// What follows from a save, for a single save and for an element of a bulk alike.
    pub(super) fn after_save(&mut self, saved: Saved) -> AfterSave {
        match saved {
            // The reply shows Accurate's own record: its id, and the total that Accurate computed. Reading it back
            // would cost a second call for every order; reconciliation finds what such a reply can still hide.
            Ok(Some(saved)) if self.is_as_sent(&saved) => {
                self.doubt.account_for_save();
                self.session.remember_single::<FoundInvoice>(saved.id);
                AfterSave::Ends(Ok(self.invoiced(saved)))
            }
            Ok(saved) => AfterSave::LookUp(Why::Saved(saved.map(|saved| saved.id))),
            Err(Failure::Ambiguous(words)) => {
                self.trouble.words = words;
                AfterSave::LookUp(Why::Unknown)
            }
            Err(Failure::UnknownText(words)) => AfterSave::LookUp(Why::UnknownText(words)),
            Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate(_), words })) => {
                AfterSave::LookUp(Why::Taken(words))
            }
            // As long as an earlier save may still arrive, this is not final.
            Err(Failure::Refused(_)) if self.doubt.exists() => AfterSave::Ends(Err(Stop::UntilSaveIsOver)),
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(reason), words })) => {
                let waits_for = Subject::of(reason, &words, &self.claim.draft.body);
                let about = About::Accurate { subject: waits_for.clone(), words };
                let findings = vec![Finding { reason, about }];
                AfterSave::Ends(Ok(Outcome::Blocked { findings, waits_for, recheck_after: None }))
            }
            Err(Failure::Refused(Refusal { words, .. })) => {
                AfterSave::Ends(Ok(self.blocked(Reason::RefusedByAccurate, said(words))))
            }
            Err(failure) => AfterSave::Ends(Err(stop(&failure))),
        }
    }

    pub(super) fn after_look_up(&mut self, why: Why, looked_up: LookUp) -> End {
        match (why, looked_up) {
            // Accurate may have saved something other than what was sent; the invoice still belongs to this order.
            (Why::Saved(_), LookUp::Own(found)) if self.is_ours_with_a_total(&found) => {
                self.doubt.account_for_found();
                Ok(self.invoiced(found))
            }
            (_, LookUp::Own(found)) => self.adopt_or_check_again(found),
            (_, LookUp::Equal(found)) => Ok(self.adopt_as_equal(found)),
            (_, LookUp::Different(found, differences)) => Ok(self.differs_from_draft(found, differences)),
            (_, LookUp::NotSearchable) => self.not_searchable(),
            (Why::Taken(_), LookUp::Others(found)) => Ok(self.adopt(found)),
            // It may not be listed yet, so its absence is not proved.
            (Why::Saved(_), LookUp::Others(_) | LookUp::Nothing) => Err(Stop::Later),
            (Why::Unknown, LookUp::Others(_) | LookUp::Nothing) => {
                self.after_fruitless_look_up().unwrap_or(Err(Stop::Later))
            }
            (Why::UnknownText(words), LookUp::Others(_) | LookUp::Nothing) => {
                Ok(self.blocked(Reason::RefusedByAccurate, said(words)))
            }
            // The number is taken, but no invoice is found: it may be listed later. Once the doubt has ended, something
            // else has the number.
            (Why::Taken(words), LookUp::Nothing) if self.doubt.was_over() => {
                self.doubt.look_up_first();
                Ok(self.blocked(Reason::RefusedByAccurate, said(words)))
            }
            (Why::Taken(_), LookUp::Nothing) => {
                self.doubt.expect_late_save();
                Err(Stop::Later)
            }
        }
    }

    /// Looks up the invoice of an order that was blocked while a save could still arrive.
    async fn recheck_invoice(&mut self) -> Outcome {
        match self.look_up(None).await {
            Ok(LookUp::Own(found)) => self.adopt(found),
            Ok(LookUp::NotSearchable) if self.doubt.is_over() => {
                let about = About::NotSearchable { order_id: self.claim.order_id.as_str().to_owned() };
                self.blocked(Reason::NumberConflict, about)
            }
            // Still in doubt, or the look-up failed: it is repeated later.
            Ok(_) | Err(_) => self.blocked_as_before(),
        }
    }

    /// An invoice may exist under an unknown number and cannot be searched for.
    fn not_searchable(&mut self) -> End {
        if !self.doubt.is_over() {
            self.record_not_sent("sales-invoice/save", SAVE_MAY_ARRIVE);
            return Err(Stop::UntilSaveIsOver);
        }
        let about = About::NotSearchable { order_id: self.claim.order_id.as_str().to_owned() };
        Ok(self.blocked(Reason::NumberConflict, about))
    }

    fn is_ours_with_a_total(&self, found: &FoundInvoice) -> bool {
        found.customer_no == self.claim.draft.body.customer_no && found.total.is_some()
    }

    /// Saves the invoice. If the customer is missing, creates it and saves the same invoice again.
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
        let last_start = self.last_start(CALL_TIMEOUT);
        let save = || invoices::save(session, &claim.draft.body, last_start);
        self.record_save();
        let saved = self.call_and_record("sales-invoice/save", |_| "saved", save).await;
        self.save_is_answered(saved.as_ref().err());
        saved
    }

    /// Whether it failed only because its customer is missing, and we may create that customer.
    pub(super) fn lacks_customer(&self, saved: &Saved) -> bool {
        let missing = Meaning::Person(Reason::CustomerNotFound);
        self.claim.draft.create_customer
            && matches!(saved, Err(Failure::Refused(refusal)) if refusal.meaning == missing)
    }

    /// Creates the customer, unless another order has created it. An error is the outcome of the save that needs it.
    pub(super) async fn ensure_customer(&mut self) -> Result<(), Failure> {
        let (session, claim) = (self.session, self.claim.clone());
        let (no, name) = (&claim.draft.body.customer_no, &claim.draft.customer_name);
        let words = |ensured: &Ensured| match ensured {
            Ensured::Created => "created",
            Ensured::Existed => "exists already",
        };
        match self.call_and_record("customer/save", words, || customers::ensure(session, no, name)).await {
            Ok(Ensured::Created) => {
                self.warn(Warning::CustomerCreated, About::Customer { no: no.clone(), name: name.clone() });
            }
            Ok(Ensured::Existed) => {}
            Err(Failure::Refused(Refusal { words, .. }) | Failure::UnknownText(words)) => {
                let meaning = Meaning::Person(Reason::CustomerNotFound);
                return Err(Failure::Refused(Refusal { meaning, words }));
            }
            // Nothing was sent for the invoice, and the next attempt looks up the customer.
            Err(failure) => return Err(failure.of_a_call_not_made()),
        }
        Ok(())
    }

    /// An invoice exists. If its total cannot be read, the next attempt reads it again.
    pub(super) fn adopt_or_check_again(&mut self, found: FoundInvoice) -> End {
        let only_the_total_is_missing =
            found.total.is_none() && self.is_named_by(&found) && found.customer_no == self.claim.draft.body.customer_no;
        if only_the_total_is_missing && self.claim.failures < READABLE_AGAIN_WITHIN {
            self.record_not_sent("sales-invoice/save", "the total of the order's invoice cannot be read");
            return Err(Stop::Later);
        }
        Ok(self.adopt(found))
    }

    /// An invoice exists: this order's, if it names the order and has the same customer and total (design.md §4).
    fn adopt(&mut self, found: FoundInvoice) -> Outcome {
        let differences = self.differences(&found);
        if differences.is_empty() {
            self.doubt.account_for_found();
            self.warn(Warning::InvoiceAdopted, About::Invoice { number: found.number.clone(), id: Some(found.id) });
            return self.invoiced(found);
        }
        if self.is_named_by(&found) {
            // It differs from what was sent but names this order, so it is looked up before anything is decided.
            self.doubt.look_up_first();
        }
        let about = About::OtherInvoice { document: Kind::Invoice, number: found.number, id: found.id, differences };
        self.blocked(Reason::NumberConflict, about)
    }

    /// An invoice that another integration has created equals the draft in everything.
    fn adopt_as_equal(&mut self, found: FoundInvoice) -> Outcome {
        self.doubt.account_for_found();
        self.is_adopted_as_equal = true;
        self.invoiced(found)
    }

    /// An invoice that another integration has created differs from the draft: a person must act.
    fn differs_from_draft(&self, found: FoundInvoice, differences: Vec<shadow::Difference>) -> Outcome {
        let about = About::DiffersFromDraft { number: found.number, id: found.id, differences };
        self.blocked(Reason::NumberConflict, about)
    }

    /// How an invoice differs from what was sent. A total that cannot be read counts as different.
    fn differences(&self, found: &FoundInvoice) -> Vec<Difference> {
        let draft = &self.claim.draft;
        let mut differences = Vec::new();
        let mut differs = |field: Field, there: &str, ours: &str| {
            differences.push(Difference { field, there: there.to_owned(), ours: ours.to_owned() });
        };
        if found.customer_no != draft.body.customer_no {
            differs(Field::Customer, &found.customer_no, &draft.body.customer_no);
        }
        if !self.is_named_by(found) {
            differs(Field::Description, &found.description, &draft.body.description);
        }
        match found.total.map(Rupiah::from_decimal) {
            None => differs(Field::Total, UNREADABLE, &draft.total.in_words()),
            Some(total) if draft.body.total_is_final() && total != draft.total => {
                differs(Field::Total, &total.in_words(), &draft.total.in_words());
            }
            Some(_) => {}
        }
        differences
    }

    pub(super) fn invoiced(&mut self, found: FoundInvoice) -> Outcome {
        let draft = &self.claim.draft;
        let (sent, ours) = (draft.body.number.clone(), draft.total);
        let total = found.total.unwrap_or_else(|| ours.decimal());
        if draft.body.total_is_final() && Rupiah::from_decimal(total) != ours {
            let about = About::AccurateTotal { accurate: Rupiah::from_decimal(total), invoice: ours };
            self.warn(Warning::TotalDifference, about);
        }
        // The number of another integration's invoice says nothing about the numbers of ours.
        if !self.is_adopted_as_equal {
            self.session.saw_number(&sent, &found.number);
        }
        self.session.remember_number(&found.number);
        if found.number != sent {
            self.warn(Warning::OtherNumber, About::Invoice { number: found.number.clone(), id: Some(found.id) });
        }
        Outcome::Exists { document: ExistingDocument { id: found.id, number: found.number, total } }
    }
}

pub(super) fn said(words: String) -> About {
    About::Accurate { subject: None, words }
}
