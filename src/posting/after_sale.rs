//! One attempt for a receipt or a return: look up, read what is open on its invoice, save, compare; or look up, delete,
//! check.
//!
//! Why there is never a second one: its number never changes, Accurate refuses a number that exists, and every attempt
//! except the first looks the number up before it saves. Where Accurate assigns the numbers, a save whose reply was
//! lost cannot be found: nothing is saved again until a person has looked for it.

mod draft;
mod open;

use std::sync::Arc;

use jiff::SignedDuration;

pub(super) use self::{
    draft::{FollowUp, Saved, calls},
    open::{Owed, owed_on_invoices},
};
use super::{
    attempt::{Attempt, Attempted, End, Stop, stop},
    post::SAVE_MAY_ARRIVE,
};
use crate::{
    accurate::{
        client::{CALL_TIMEOUT, Session},
        documents::{self, Deleted, Found},
        outcome::{Failure, Meaning, Refusal},
    },
    domain::{
        about::{About, AfterSale, Difference},
        doubt::{SAVE_IS_OVER, SHOWN_WITHIN},
        ids::DocumentNumber,
        reason::Reason,
        recheck::{Subject, tried_again_after},
    },
    storage::{Claim, Deletion, ExistingDocument, Outcome, Purpose},
};

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
        if let Some(end) = self.check_open(&mut Owed::new()).await {
            return end;
        }
        self.save_alone().await
    }

    /// Saves a document that was looked up, if it had to be, and for which its invoice is open.
    pub(super) async fn save_alone(&mut self) -> End {
        let mut saved = self.save().await;
        if self.name_branch_if_required(&saved) {
            saved = self.save().await;
        }
        if let Ok(Some(found)) = &saved {
            self.session.remember_single::<D::Found>(found.id());
        }
        self.after_save(saved).await
    }

    /// Names the invoice's branch in the next save if Accurate refused the document only because it names none. Returns
    /// whether it did. No public client is known to send a branch, so it is sent only when Accurate requires one.
    pub(super) fn name_branch_if_required(&mut self, saved: &Saved<D>) -> bool {
        let required = Meaning::Person(Reason::BranchRequired);
        matches!(saved, Err(Failure::Refused(refusal)) if refusal.meaning == required)
            && Arc::make_mut(&mut self.claim).draft.name_branch()
    }

    async fn save(&mut self) -> Saved<D> {
        let (session, claim, last_start) = (self.session, self.claim.clone(), self.last_start(CALL_TIMEOUT));
        self.record_save();
        let save = || documents::save::<D::Found>(session, claim.draft.body(), last_start);
        let saved = self.call_and_record(calls::<D>().save, |_| "saved", save).await;
        self.save_is_answered(saved.as_ref().err());
        saved
    }

    /// Whether an earlier attempt may have sent something.
    pub(super) fn may_exist(&self) -> bool {
        self.claim.earlier_tries > 0 || self.doubt.exists()
    }

    /// How the attempt ends, if a look-up shows that it must not save.
    pub(super) async fn before_save(&mut self) -> Option<End> {
        if !self.may_exist() {
            return None;
        }
        match self.find(None).await {
            Err(stop) => return Some(Err(stop)),
            Ok(Some(found)) => return Some(Ok(self.adopt(&found))),
            Ok(None) if self.may_have_another_number() && self.doubt.is_over() => {
                return Some(Ok(self.not_searchable()));
            }
            Ok(None) => self.doubt.account_for_absence(),
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
                self.doubt.account_for_save();
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

    /// Looks up a document that the reply to a bulk reports as saved, but that the list does not show as it was sent.
    pub(super) async fn look_up_saved(&mut self, id: i64) -> End {
        match self.find(Some(id)).await? {
            Some(found) => Ok(self.adopt(&found)),
            // It was not saved, or is not shown yet: its save stays in doubt until that is known.
            None => Err(Stop::For(SHOWN_WITHIN)),
        }
    }

    /// It may exist under an unknown number, and cannot be distinguished from a receipt or return that somebody else
    /// booked. Nothing more is sent until a person has looked for it.
    fn not_searchable(&self) -> Outcome {
        let invoice = self.claim.draft.invoice().cloned().unwrap_or_default();
        self.blocked(Reason::NumberConflict, About::AfterSale { of: AfterSale::NotSearchable { invoice } })
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
            self.doubt.account_for_found();
            return self.exists(found);
        }
        self.block_as_changed(found, differences)
    }

    /// A document that has the number but is not as it was sent. It may be ours and have been changed, so it is looked
    /// up before anything is decided.
    fn block_as_changed(&mut self, found: &D::Found, differences: Vec<Difference>) -> Outcome {
        self.doubt.look_up_first();
        let (document, number, id) = (self.claim.kind, found.number().clone(), found.id());
        self.blocked(Reason::NumberConflict, About::OtherInvoice { document, number, id, differences })
    }

    fn exists(&mut self, found: &D::Found) -> Outcome {
        self.session.saw_number(self.claim.draft.number(), found.number());
        let (number, total) = (found.number().clone(), self.claim.draft.total().decimal());
        Outcome::Exists { document: ExistingDocument { id: found.id(), number, total } }
    }

    /// It is retried once what is missing exists in Accurate, and in any case later.
    fn refused(&self, reason: Reason, words: String) -> Outcome {
        let subject = Subject::of(reason, &words, self.claim.draft.needs());
        let blocked = match self.blocked(reason, About::Accurate { subject: subject.clone(), words }) {
            Outcome::Blocked { findings, recheck_after, .. } => {
                Outcome::Blocked { findings, waits_for: subject, recheck_after }
            }
            outcome => outcome,
        };
        self.and_tried_again(blocked)
    }

    /// What is blocked is tried again automatically, because the cause may be gone by then.
    pub(super) fn and_tried_again(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Blocked { findings, waits_for, recheck_after } => Outcome::Blocked {
                findings,
                waits_for,
                recheck_after: recheck_after.or(Some(tried_again_after(self.claim.earlier_tries))),
            },
            outcome => outcome,
        }
    }

    /// Looks up a document that was blocked while a save could still arrive. If it does not exist, it is tried again
    /// later.
    async fn look_again(&mut self) -> End {
        let outcome = match self.find(None).await {
            Ok(Some(found)) => self.adopt(&found),
            Ok(None) if self.may_have_another_number() && self.doubt.is_over() => return Ok(self.not_searchable()),
            Ok(None) => {
                self.doubt.account_for_absence();
                self.blocked_as_before()
            }
            Err(_) => self.blocked_as_before(),
        };
        Ok(self.and_tried_again(outcome))
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
        if found.is_none() && existing.is_none() && self.may_have_another_number() {
            return Ok(self.not_searchable());
        }
        let is_known = existing.is_some();
        let number = existing.map_or_else(|| self.claim.draft.number().clone(), |known| known.number);
        let Some(found) = found else { return self.after_absence(number) };
        let differences = self.claim.draft.differences(&found);
        if !is_known && !differences.is_empty() {
            return Ok(self.block_as_changed(&found, differences));
        }
        self.doubt.account_for_found();
        if !differences.is_empty() || !found.number().is_same_as(&number) {
            let about = self.not_as_sent(number, found.id(), found.number().clone(), differences);
            return Ok(self.blocked(Reason::NumberConflict, about));
        }
        self.delete(&found).await
    }

    /// Shortly after the save, absence may only mean that it is not shown yet.
    fn after_absence(&mut self, number: DocumentNumber) -> End {
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
            (None, _) => Ok(self.gone(there.number().clone(), by)),
            (Some(_), Some(words)) => Ok(self.refused(Reason::RefusedByAccurate, words)),
            (Some(_), None) => {
                self.record_still_shown(calls::<D>().delete);
                Err(Stop::Later)
            }
        }
    }

    fn gone(&mut self, number: DocumentNumber, by: Deletion) -> Outcome {
        self.doubt.account_for_absence();
        Outcome::Gone { number, by }
    }
}
