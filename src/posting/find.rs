//! Finds an order's invoice: by its number, by the id in an earlier reply, and in the list of its day.
//!
//! An invoice of another integration is searched for in the list of the day before as well, because other integrations
//! may date an order a day early.

use std::sync::Arc;

use jiff::{ToSpan, civil::Date};

use super::attempt::{Attempt, Stop, stop};
use crate::{
    accurate::{
        booked,
        invoices::{self, FoundInvoice},
        outcome::Failure,
        search,
    },
    domain::{
        ids::DocumentNumber,
        money::Rupiah,
        shadow::{self, Difference},
    },
    storage::Purpose,
};

/// What a look-up found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LookUp {
    /// An invoice whose description names this order.
    Own(FoundInvoice),
    /// The order's number, or in shadow mode the marketplace's number, belongs to an invoice that does not name this
    /// order, and no other invoice names it.
    Others(FoundInvoice),
    /// An invoice that another integration may have created, which equals the draft in everything that was compared.
    Equal(FoundInvoice),
    /// An invoice that another integration may have created, which differs from the draft in these points.
    Different(FoundInvoice, Vec<Difference>),
    /// No invoice.
    Nothing,
    /// The number is free, but an invoice may exist under another one and cannot be searched for.
    NotSearchable,
}

impl Attempt<'_> {
    /// Looks up this order's invoice; `named` is the id in the reply to its save.
    pub(super) async fn look_up(&mut self, named: Option<i64>) -> Result<LookUp, Stop> {
        let looked_up = match self.find(named).await {
            Ok(LookUp::Own(found) | LookUp::Others(found)) if self.may_be_of_another_integration() => {
                self.compare(found).await
            }
            // As long as no save was sent, nothing is known to be missing that a list would have to show.
            Ok(LookUp::NotSearchable) if self.may_be_of_another_integration() => Ok(LookUp::Nothing),
            looked_up => looked_up,
        };
        let looked_up = looked_up.map_err(|failure| stop(&failure))?;
        if matches!(looked_up, LookUp::Nothing | LookUp::Others(_)) {
            self.doubt.account_for_absence();
        }
        Ok(looked_up)
    }

    async fn find(&mut self, named: Option<i64>) -> Result<LookUp, Failure> {
        let others = match self.find_by_number().await? {
            Some(found) if self.is_named_by(&found) => return Ok(LookUp::Own(found)),
            others => others,
        };
        if others.is_none()
            && self.may_be_of_another_integration()
            && !self.has_marketplace_number()
            && let Some(found) = self.find_numbered(self.claim.marketplace_number.clone()).await?
        {
            return Ok(LookUp::Others(found));
        }
        if let Some(id) = named
            && let Some(found) = self.find_by_id(id).await?.filter(|found| self.is_named_by(found))
        {
            return Ok(LookUp::Own(found));
        }
        let is_elsewhere = self.may_be_of_another_integration() && !self.session.numbers_are_ours();
        if self.may_have_another_number() || self.claim.doubt.exists() || is_elsewhere {
            match self.find_on_its_day().await? {
                LookUp::Nothing if is_elsewhere => {
                    // Other integrations date an order of the small hours a day early.
                    let day_before = self.claim.draft.body.trans_date.saturating_sub(1.day());
                    if let found @ LookUp::Own(_) = self.find_on(day_before).await? {
                        return Ok(found);
                    }
                }
                LookUp::Nothing => {}
                // Where Accurate keeps our numbers, only a person can have renumbered it.
                LookUp::NotSearchable if self.session.numbers_are_ours() => {}
                looked_up => return Ok(looked_up),
            }
        }
        Ok(others.map_or(LookUp::Nothing, LookUp::Others))
    }

    /// Looks for this order's invoice under any number on the invoice's day: Accurate may have assigned another number,
    /// or a person may have changed it.
    pub(super) async fn find_on_its_day(&mut self) -> Result<LookUp, Failure> {
        self.find_on(self.claim.draft.body.trans_date).await
    }

    async fn find_on(&mut self, day: Date) -> Result<LookUp, Failure> {
        let Some(invoices) = self.list_day(day).await? else { return Ok(LookUp::NotSearchable) };
        let Some(listed) = invoices.iter().find(|invoice| self.is_named_by(invoice)) else {
            return Ok(LookUp::Nothing);
        };
        // A list may still show a deleted invoice, and the detail may not show a saved invoice yet.
        match self.find_by_id(listed.id).await? {
            Some(found) if self.is_named_by(&found) => Ok(LookUp::Own(found)),
            Some(_) => Ok(LookUp::Nothing),
            None => {
                Err(Failure::Ambiguous("the list shows an invoice of this order that its detail does not".to_owned()))
            }
        }
    }

    /// Whether an invoice that exists was created by another integration or a person: the order was due in shadow mode,
    /// and no save of ours can have created it.
    pub(super) fn may_be_of_another_integration(&self) -> bool {
        self.claim.is_shadowed && self.claim.purpose == Purpose::Create && !self.doubt.exists()
    }

    /// Compares such an invoice with the draft, line by line. What differs is never used without a person.
    async fn compare(&mut self, found: FoundInvoice) -> Result<LookUp, Failure> {
        let (session, claim) = (self.session, self.claim.clone());
        let differences = self
            .call_unrecorded(async || match booked::by_id(session, found.id).await? {
                Some(booked) => Ok(shadow::compare(&claim.draft, &booked)),
                None => Err(Failure::Ambiguous("the invoice was found and cannot be read".to_owned())),
            })
            .await;
        let words = |differences: &Vec<Difference>| {
            if differences.is_empty() { "the invoice equals the draft" } else { "the invoice differs from the draft" }
        };
        self.record_reply("sales-invoice/detail", differences.as_ref().map(words));
        let differences = differences?;
        Ok(if differences.is_empty() { LookUp::Equal(found) } else { LookUp::Different(found, differences) })
    }

    /// Whether a row of a list, or its absence, proves as much as a look-up of the number alone.
    pub(super) fn is_decided_by(&self, row: Option<&FoundInvoice>) -> bool {
        match row {
            // The lines are not in a list.
            Some(_) if self.may_be_of_another_integration() => false,
            None if self.may_be_of_another_integration() => {
                self.session.numbers_are_ours() && self.has_marketplace_number()
            }
            Some(found) => found.can_be_compared() && self.is_named_by(found),
            // If the absence would end a doubt, the number is looked up separately.
            None => !self.claim.undecided && !self.doubt.is_over() && !self.may_have_another_number(),
        }
    }

    /// Whether our invoice has the number that other integrations give to theirs.
    fn has_marketplace_number(&self) -> bool {
        let number = &self.claim.marketplace_number;
        number.is_empty() || number.is_same_as(&self.claim.draft.body.number)
    }

    /// Whether an invoice is this order's: its description names the order (design.md §4).
    pub(super) fn is_named_by(&self, invoice: &FoundInvoice) -> bool {
        self.claim.order_id.is_named_in(&invoice.description)
    }

    /// Whether an invoice equals what was sent, as far as it can be compared.
    pub(super) fn is_as_sent(&self, invoice: &FoundInvoice) -> bool {
        let draft = &self.claim.draft;
        let same_total = |total| !draft.body.total_is_final() || Rupiah::from_decimal(total) == draft.total;
        self.is_named_by(invoice)
            && invoice.customer_no == draft.body.customer_no
            && invoice.total.is_some_and(same_total)
    }

    async fn find_by_number(&mut self) -> Result<Option<FoundInvoice>, Failure> {
        self.find_numbered(self.claim.draft.body.number.clone()).await
    }

    async fn find_numbered(&mut self, number: DocumentNumber) -> Result<Option<FoundInvoice>, Failure> {
        let session = self.session;
        let look = || invoices::by_number(session, &number);
        self.call_and_record("sales-invoice/detail", |found| found_in_words(found.as_ref()), look).await
    }

    pub(super) async fn find_by_id(&mut self, id: i64) -> Result<Option<FoundInvoice>, Failure> {
        let session = self.session;
        let words = |found: &Option<FoundInvoice>| match found {
            Some(_) => "the invoice exists",
            None => "the invoice does not exist",
        };
        self.call_and_record("sales-invoice/detail", words, || invoices::by_id(session, id)).await
    }

    /// All invoices of a day, as a list shows them that began after the last save.
    async fn list_day(&mut self, day: Date) -> Result<Option<Arc<Vec<FoundInvoice>>>, Failure> {
        let (session, after) = (self.session, self.last_save_at);
        let look = || search::of_day(session, day, after);
        let result = self.call_unrecorded(look).await;
        let words = match &result {
            Ok(Some(invoices)) if invoices.iter().any(|invoice| self.is_named_by(invoice)) => {
                Ok("an invoice of that day mentions this order")
            }
            Ok(Some(_)) => Ok("no invoice of that day mentions this order"),
            Ok(None) => Ok("the list of that day is unreliable"),
            Err(failure) => Err(failure),
        };
        self.record_reply("sales-invoice/list", words);
        result
    }
}

/// What a look-up by number found, for the timeline.
pub(super) fn found_in_words(found: Option<&FoundInvoice>) -> &'static str {
    match found {
        Some(_) => "an invoice with this number exists",
        None => "no invoice has this number",
    }
}
