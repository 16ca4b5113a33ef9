//! One attempt for a receipt or a return: look up, save, compare; or look up, delete, check.
//!
//! Why there is never a second one: its number never changes, Accurate refuses a number that exists, and every attempt
//! except the first looks the number up before it saves. Where Accurate assigns the numbers, nothing is saved again
//! until an earlier save can no longer arrive.

use std::sync::Arc;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{
    attempt::{Attempt, Attempted, End, Stop, stop},
    post::{SAVE_MAY_ARRIVE, said},
};
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        documents::{self, Calls, Deleted, Found, same_number},
        outcome::{Failure, Meaning, Refusal},
        receipts::{FoundReceipt, Paid},
        returns::FoundReturn,
    },
    domain::{
        about::{About, Difference, Field},
        doubt::SAVE_IS_OVER,
        money::Rupiah,
        reason::Reason,
        receipt::ReceiptBody,
        sales_return::ReturnBody,
        settlement::{ReceiptDraft, ReturnDraft},
    },
    storage::{Claim, Deletion, ExistingDocument, Outcome, Purpose},
};

/// How long a document that Accurate refused waits before it is tried again automatically.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A draft of a document that follows an invoice.
pub(super) trait FollowUp: Clone + Send + Sync {
    /// The document as Accurate reports it, with its calls.
    type Found: Found;

    /// What is sent.
    fn body(&self) -> &<Self::Found as Found>::Body;

    /// The number that it must get.
    fn number(&self) -> &str;

    /// How a document in Accurate differs from it. A document that differs is not ours.
    fn differences(&self, found: &Self::Found) -> Vec<Difference>;

    /// By how much it reduces what is owed on the invoice, in rupiah.
    fn total(&self) -> Rupiah;

    /// Names the invoice's branch, unless it is named already; false if the invoice has none.
    fn name_branch(&mut self) -> bool;
}

/// The outcome of a save.
pub(super) type Saved<D> = Result<Option<<D as FollowUp>::Found>, Failure>;

/// The calls of a draft's document.
pub(super) const fn calls<D: FollowUp>() -> Calls {
    <D::Found as Found>::CALLS
}

impl FollowUp for ReceiptDraft {
    type Found = FoundReceipt;

    fn body(&self) -> &ReceiptBody {
        &self.body
    }

    fn number(&self) -> &str {
        &self.body.number
    }

    fn differences(&self, found: &FoundReceipt) -> Vec<Difference> {
        let mut differences = Differences::default();
        differences.customer(&found.customer_no, &self.body.customer_no);
        differences.amount(Field::Total, found.cheque_amount, self.body.cheque_amount);
        for sent in &self.body.detail_invoice {
            let is_sent = |paid: &&Paid| same_number(&paid.invoice, &sent.invoice_no);
            let there = found.invoices.iter().flatten().find(is_sent).map(|paid| paid.amount);
            differences.amount(Field::Paid, there, sent.payment_amount);
        }
        differences.0
    }

    fn total(&self) -> Rupiah {
        self.body.paid()
    }

    fn name_branch(&mut self) -> bool {
        name_branch(&mut self.body.branch_name, self.branch.as_ref())
    }
}

impl FollowUp for ReturnDraft {
    type Found = FoundReturn;

    fn body(&self) -> &ReturnBody {
        &self.body
    }

    fn number(&self) -> &str {
        &self.body.number
    }

    fn differences(&self, found: &FoundReturn) -> Vec<Difference> {
        let mut differences = Differences::default();
        differences.customer(&found.customer_no, &self.body.customer_no);
        if !same_number(&found.invoice_number, &self.body.invoice_number) {
            differences.add(Field::Invoice, &found.invoice_number, &self.body.invoice_number);
        }
        differences.amount(Field::Total, found.total, self.total);
        differences.0
    }

    fn total(&self) -> Rupiah {
        self.total
    }

    fn name_branch(&mut self) -> bool {
        name_branch(&mut self.body.branch_name, self.branch.as_ref())
    }
}

fn name_branch(named: &mut Option<String>, branch: Option<&String>) -> bool {
    if named.is_some() || branch.is_none() {
        return false;
    }
    *named = branch.cloned();
    true
}

/// How a document differs from what was sent.
#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, field: Field, there: &str, ours: &str) {
        self.0.push(Difference { field, there: there.to_owned(), ours: ours.to_owned() });
    }

    fn customer(&mut self, there: &str, ours: &str) {
        if there != ours {
            self.add(Field::Customer, there, ours);
        }
    }

    /// An amount that cannot be read counts as different.
    fn amount(&mut self, field: Field, there: Option<Decimal>, ours: Rupiah) {
        let there = there.map(Rupiah::from_decimal);
        if there != Some(ours) {
            self.add(field, &there.map_or_else(|| "?".to_owned(), Rupiah::in_words), &ours.in_words());
        }
    }
}

/// Makes one attempt. `wait_after` returns the wait after n failures in a row.
pub(super) async fn attempt<D: FollowUp>(
    session: &Session,
    claim: Claim<D>,
    wait_after: impl Fn(i64) -> SignedDuration,
) -> Attempted {
    let mut attempt = Attempt::begin(session, claim);
    let end = match attempt.claim.purpose {
        Purpose::Create => attempt.book().await,
        Purpose::Delete => attempt.remove().await,
        Purpose::LookUp => attempt.look_again().await,
    };
    attempt.end(end, wait_after)
}

impl<D: FollowUp> Attempt<'_, D> {
    pub(super) async fn book(&mut self) -> End {
        if let Some(end) = self.before_save().await {
            return end;
        }
        let mut saved = self.save().await;
        if self.may_name_branch(&saved) {
            saved = self.save().await;
        }
        self.after_save(saved).await
    }

    /// Whether Accurate refused the document only because it names no branch; the next save then names the invoice's
    /// branch. No public client is known to send a branch, so it is sent only when Accurate requires one.
    pub(super) fn may_name_branch(&mut self, saved: &Saved<D>) -> bool {
        let required = Meaning::Person(Reason::BranchRequired);
        matches!(saved, Err(Failure::Refused(refusal)) if refusal.meaning == required)
            && Arc::make_mut(&mut self.claim).draft.name_branch()
    }

    async fn save(&mut self) -> Saved<D> {
        let (session, claim, last_start) = (self.session, self.claim.clone(), self.last_start(CALL_TIMEOUT));
        self.save_leaves();
        let save = || documents::save::<D::Found>(session, claim.draft.body(), last_start);
        let saved = self.call_and_record(calls::<D>().save, |_| "saved", save).await;
        self.save_is_answered(saved.as_ref().err());
        saved
    }

    /// Whether an earlier attempt may have sent something.
    pub(super) fn may_exist(&self) -> bool {
        self.claim.earlier_tries > 0 || self.doubt.exists()
    }

    /// How the attempt ends, if it must not save.
    pub(super) async fn before_save(&mut self) -> Option<End> {
        if !self.may_exist() {
            return None;
        }
        match self.find(None).await {
            Err(stop) => return Some(Err(stop)),
            Ok(Some(found)) => return Some(Ok(self.adopt(&found))),
            Ok(None) => self.doubt.nothing_is_found(),
        }
        if self.doubt.exists() && (self.claim.undecided || !self.session.numbers_are_ours()) {
            self.record_not_sent(calls::<D>().save, SAVE_MAY_ARRIVE);
            return Some(Err(Stop::UntilSaveIsOver));
        }
        if self.claim.undecided {
            return Some(Ok(Outcome::Reconsider));
        }
        if self.claim.doubt.exists() && self.trouble.looks > 0 {
            return self.after_fruitless_look_up();
        }
        None
    }

    /// What follows from a save, for a single save and for an element of a bulk alike.
    pub(super) async fn after_save(&mut self, saved: Saved<D>) -> End {
        let (named, refused) = match saved {
            Ok(Some(found)) if self.claim.draft.differences(&found).is_empty() => {
                self.doubt.save_is_accounted_for();
                return Ok(self.exists(&found));
            }
            Ok(found) => (found.map(|found| found.id()), None),
            Err(Failure::Ambiguous(words)) => {
                self.trouble.words = words;
                (None, None)
            }
            Err(Failure::UnknownText(words) | Failure::Refused(Refusal { meaning: Meaning::Duplicate(_), words })) => {
                (None, Some(words))
            }
            // As long as an earlier save may still arrive, this is not final.
            Err(Failure::Refused(_)) if self.doubt.exists() => return Err(Stop::UntilSaveIsOver),
            Err(Failure::Refused(Refusal { meaning: Meaning::Person(reason), words })) => {
                return Ok(self.refused(reason, words));
            }
            Err(Failure::Refused(Refusal { words, .. })) => {
                return Ok(self.refused(Reason::RefusedByAccurate, words));
            }
            Err(failure) => return Err(stop(&failure)),
        };
        let found = self.find(named).await?;
        match (found, refused) {
            (Some(found), _) => Ok(self.adopt(&found)),
            (None, Some(words)) => Ok(self.refused(Reason::RefusedByAccurate, words)),
            // It may not be listed yet, so its absence is not proved.
            (None, None) => self.after_fruitless_look_up().unwrap_or(Err(Stop::Later)),
        }
    }

    /// Looks the document up by its number, then by the id in the reply to its save.
    async fn find(&mut self, named: Option<i64>) -> Result<Option<D::Found>, Stop> {
        let (session, claim) = (self.session, self.claim.clone());
        let by_number = || documents::by_number(session, claim.draft.number());
        let found = self.look(by_number).await?;
        match named {
            Some(id) if found.is_none() => self.look(|| documents::by_id(session, id)).await,
            _ => Ok(found),
        }
    }

    async fn look<F: Future<Output = Result<Option<D::Found>, Failure>>>(
        &mut self,
        make: impl Fn() -> F,
    ) -> Result<Option<D::Found>, Stop> {
        let words = |found: &Option<D::Found>| if found.is_some() { "it exists" } else { "it does not exist" };
        self.call_and_record(calls::<D>().detail, words, make).await.map_err(|failure| stop(&failure))
    }

    /// A document with this number or id exists. It is ours if it equals what was sent.
    fn adopt(&mut self, found: &D::Found) -> Outcome {
        let differences = self.claim.draft.differences(found);
        if differences.is_empty() {
            self.doubt.invoice_is_found();
            return self.exists(found);
        }
        // It may be ours and have been changed, so it is looked up before anything is decided.
        self.doubt.look_up_first();
        self.blocked(Reason::NumberConflict, self.other(found, differences))
    }

    fn other(&self, found: &D::Found, differences: Vec<Difference>) -> About {
        let (number, id) = (found.number().to_owned(), found.id());
        About::OtherInvoice { document: self.claim.kind, number, id, differences }
    }

    fn exists(&mut self, found: &D::Found) -> Outcome {
        self.session.saw_number(self.claim.draft.number(), found.number());
        let (number, total) = (found.number().to_owned(), self.claim.draft.total().decimal());
        Outcome::Exists { document: ExistingDocument { id: found.id(), number, total } }
    }

    /// Accurate refused it. It is tried again automatically, because the cause may be gone by then.
    fn refused(&self, reason: Reason, words: String) -> Outcome {
        match self.blocked(reason, said(words)) {
            Outcome::Blocked { findings, waits_for, recheck_after } => {
                Outcome::Blocked { findings, waits_for, recheck_after: recheck_after.or(Some(TRIED_AGAIN_AFTER)) }
            }
            outcome => outcome,
        }
    }

    /// Looks up a document that was blocked while a save could still arrive. If it does not exist, it is tried again
    /// later.
    async fn look_again(&mut self) -> End {
        let outcome = match self.find(None).await {
            Ok(Some(found)) => self.adopt(&found),
            Ok(None) => {
                self.doubt.nothing_is_found();
                self.blocked_as_before()
            }
            Err(_) => self.blocked_as_before(),
        };
        Ok(match outcome {
            Outcome::Blocked { findings, waits_for, recheck_after } => {
                Outcome::Blocked { findings, waits_for, recheck_after: recheck_after.or(Some(TRIED_AGAIN_AFTER)) }
            }
            outcome => outcome,
        })
    }

    async fn remove(&mut self) -> End {
        let existing = self.claim.existing.clone();
        let session = self.session;
        let found = match &existing {
            Some(known) => {
                let id = known.id;
                self.look(|| documents::by_id(session, id)).await?
            }
            None => self.find(None).await?,
        };
        if self.doubt.exists() && !self.doubt.is_over() {
            self.record_not_sent(calls::<D>().delete, SAVE_MAY_ARRIVE);
            return Err(Stop::UntilSaveIsOver);
        }
        let number = existing.map_or_else(|| self.claim.draft.number().to_owned(), |known| known.number);
        let Some(found) = found else { return self.after_absence(number) };
        self.doubt.invoice_is_found();
        let differences = self.claim.draft.differences(&found);
        if !differences.is_empty() || !same_number(found.number(), &number) {
            return Ok(self.blocked(Reason::NumberConflict, self.other(&found, differences)));
        }
        self.delete(&found).await
    }

    /// Shortly after the save, absence may only mean that it is not shown yet.
    fn after_absence(&mut self, number: String) -> End {
        if let Some(wait) = self.claim.existing_age.map(|age| SAVE_IS_OVER - age).filter(SignedDuration::is_positive) {
            self.record_not_sent(
                calls::<D>().delete,
                "it was saved less than five minutes ago and may not be shown yet",
            );
            return Err(Stop::For(wait));
        }
        Ok(self.gone(number, Deletion::Before))
    }

    async fn delete(&mut self, there: &D::Found) -> End {
        let (session, id) = (self.session, there.id());
        let words = |deleted: &Deleted| match deleted {
            Deleted::Now => "deleted",
            Deleted::Before => "nothing to delete",
        };
        let deleted =
            self.call_and_record(calls::<D>().delete, words, || documents::delete::<D::Found>(session, id)).await;
        let (by, refused) = match deleted {
            Ok(Deleted::Now) => (Deletion::ThisAttempt, None),
            Ok(Deleted::Before) => (Deletion::Before, None),
            // An unknown message proves nothing.
            Err(Failure::UnknownText(words)) => (Deletion::ThisAttempt, Some(words)),
            Err(Failure::Refused(Refusal { words, .. })) => {
                return Ok(self.refused(Reason::RefusedByAccurate, words));
            }
            Err(failure) => return Err(stop(&failure)),
        };
        match (self.look(|| documents::by_id(session, id)).await?, refused) {
            (None, _) => Ok(self.gone(there.number().to_owned(), by)),
            (Some(_), Some(words)) => Ok(self.refused(Reason::RefusedByAccurate, words)),
            (Some(_), None) => {
                self.still_there(calls::<D>().delete, there.number().to_owned());
                Err(Stop::Later)
            }
        }
    }

    fn gone(&mut self, number: String, by: Deletion) -> Outcome {
        self.doubt.nothing_is_found();
        Outcome::Gone { number, by }
    }
}
