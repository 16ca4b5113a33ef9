//! Deletes the invoice of a cancelled order: by id, only if it belongs to the order, and checks afterwards that it is
//! gone.

use jiff::SignedDuration;

use super::{
    attempt::{Attempt, End, Stop, stop},
    find::LookUp,
    post::{SAVE_MAY_ARRIVE, said},
};
use crate::{
    accurate::{
        invoices::{self, Deleted, FoundInvoice},
        outcome::{Failure, Refusal},
    },
    domain::{
        about::{About, Difference, Field},
        document::Kind,
        doubt::SAVE_IS_OVER,
        ids::DocumentNumber,
        reason::Reason,
    },
    storage::{Deletion, DocumentRef, Outcome},
};

/// Why the absence of an invoice is not accepted yet.
const MAY_NOT_SHOW_YET: &str = "the invoice was saved less than five minutes ago and may not be shown yet";

impl Attempt<'_> {
    pub(super) async fn void(&mut self) -> End {
        if self.doubt.exists() && !self.doubt.is_over() {
            return self.wait_for_earlier_save().await;
        }
        let Some(invoice) = self.claim.existing.clone() else { return self.void_by_number().await };
        match self.find_by_id(invoice.id).await {
            Ok(Some(found)) => self.delete(&invoice, found).await,
            Ok(None) => self.after_absence(&invoice).await,
            Err(failure) => Err(stop(&failure)),
        }
    }

    /// An earlier save may still arrive. The invoice is looked up nevertheless: this attempt may be the probe of a
    /// paused book, and a probe without a call would immediately be followed by the next one.
    async fn wait_for_earlier_save(&mut self) -> End {
        match self.claim.existing.clone() {
            Some(invoice) => drop(self.find_by_id(invoice.id).await.map_err(|failure| stop(&failure))?),
            None => drop(self.look_up(None).await?),
        }
        self.record_not_sent("sales-invoice/delete", SAVE_MAY_ARRIVE);
        Err(Stop::UntilSaveIsOver)
    }

    /// The id is not known, for example because the reply to the save was lost: looks the invoice up before deleting
    /// it.
    async fn void_by_number(&mut self) -> End {
        let number = self.claim.draft.body.number.clone();
        match self.look_up(None).await? {
            LookUp::Own(found) => self.delete(&DocumentRef { number, id: found.id }, found).await,
            LookUp::Nothing | LookUp::Others(_) | LookUp::Equal(_) | LookUp::Different(..) => {
                Ok(self.voided(number, Deletion::Before))
            }
            LookUp::NotSearchable => Err(Stop::UntilSaveIsOver),
        }
    }

    /// No invoice has this id. Shortly after the save, that may only mean that it is not listed yet.
    async fn after_absence(&mut self, invoice: &DocumentRef) -> End {
        if let Some(wait) = self.claim.existing_age.map(|age| SAVE_IS_OVER - age).filter(SignedDuration::is_positive) {
            self.record_not_sent("sales-invoice/delete", MAY_NOT_SHOW_YET);
            return Err(Stop::For(wait));
        }
        let session = self.session;
        let look = || invoices::by_number(session, &invoice.number);
        let words = |found: &Option<FoundInvoice>| super::find::found_in_words(found.as_ref());
        match self.call_and_record("sales-invoice/detail", words, look).await {
            Ok(None) => Ok(self.voided(invoice.number.clone(), Deletion::Before)),
            // A person has created the invoice again, or given its number to another sale.
            Ok(Some(other)) => {
                let about = About::OtherInvoice {
                    document: Kind::Invoice,
                    number: other.number,
                    id: other.id,
                    differences: Vec::new(),
                };
                Ok(self.blocked(Reason::NumberConflict, about))
            }
            Err(failure) => Err(stop(&failure)),
        }
    }

    async fn delete(&mut self, invoice: &DocumentRef, found: FoundInvoice) -> End {
        self.doubt.account_for_found();
        let body = &self.claim.draft.body;
        let mut differences = Vec::new();
        if found.customer_no != body.customer_no {
            differences.push(Difference {
                field: Field::Customer,
                there: found.customer_no.clone(),
                ours: body.customer_no.clone(),
            });
        }
        if !self.is_named_by(&found) {
            differences.push(Difference {
                field: Field::Description,
                there: found.description.clone(),
                ours: body.description.clone(),
            });
        }
        if !differences.is_empty() {
            let about = self.not_as_sent(invoice.number.clone(), found.id, found.number, differences);
            return Ok(self.blocked(Reason::NumberConflict, about));
        }
        if !found.number.is_same_as(&invoice.number) {
            let about = self.not_as_sent(invoice.number.clone(), found.id, found.number, Vec::new());
            return Ok(self.blocked(Reason::NumberConflict, about));
        }
        if found.has_receipt {
            return Ok(self.blocked(Reason::InvoicePaid, About::Receipt { number: found.number }));
        }
        let session = self.session;
        let words = |deleted: &Deleted| match deleted {
            Deleted::Now => "deleted",
            Deleted::Before => "nothing to delete",
        };
        let deleted = self.call_and_record("sales-invoice/delete", words, || invoices::delete(session, found.id)).await;
        let (by, refused) = match deleted {
            Ok(Deleted::Now) => (Deletion::ThisAttempt, None),
            Ok(Deleted::Before) => (Deletion::Before, None),
            // An unknown message proves nothing.
            Err(Failure::UnknownText(words)) => (Deletion::ThisAttempt, Some(words)),
            Err(Failure::Refused(Refusal { words, .. })) => {
                return Ok(self.not_deleted(&found, words));
            }
            // The next attempt looks it up again.
            Err(failure) => return Err(stop(&failure)),
        };
        match (self.find_by_id(found.id).await, refused) {
            (Ok(None), _) => Ok(self.voided(found.number, by)),
            (Ok(Some(_)), Some(words)) => Ok(self.not_deleted(&found, words)),
            (Ok(Some(_)), None) => {
                self.record_still_shown("sales-invoice/delete");
                Err(Stop::Later)
            }
            (Err(failure), _) => Err(stop(&failure)),
        }
    }

    /// Accurate has refused to delete the invoice. The order's own returns are gone by then, so one that it shows is a
    /// person's.
    fn not_deleted(&mut self, found: &FoundInvoice, words: String) -> Outcome {
        if found.has_return {
            return self.blocked(Reason::InvoicePaid, About::ReturnOfPerson { number: found.number.clone() });
        }
        self.blocked(Reason::RefusedByAccurate, said(words))
    }

    fn voided(&mut self, number: DocumentNumber, by: Deletion) -> Outcome {
        self.doubt.account_for_absence();
        Outcome::Gone { number, by }
    }
}
