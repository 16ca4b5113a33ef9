//! Checks that invoices which a bulk reported as saved exist, together with those of other bulks: see
//! [`bulks`](super::bulks).
//!
//! An element that says "saved" and repeats everything that was sent may still not have been saved. The reply to a
//! single save is trusted, because reading it back would cost a second call for every order.

use std::collections::BTreeMap;

use super::{
    attempt::{Attempt, End, Stop, stop},
    bulk::Group,
    bulks::{ReadBack, Report},
    find::LookUp,
    post::Why,
};
use crate::{
    accurate::{client::CALL_TIMEOUT, invoices::FoundInvoice},
    domain::doubt::SHOWN_WITHIN,
    storage::Outcome,
};

/// An attempt whose save is reported as carried out, and the invoice that the reply shows.
pub(super) type Reported<'a> = (Attempt<'a>, Option<FoundInvoice>);

impl<'a> Group<'a> {
    /// Ends the attempts that the read-back decides; returns the attempts that must be looked up.
    pub(super) async fn read_back(&mut self, reported: Vec<Reported<'a>>) -> Vec<(Attempt<'a>, Why)> {
        let Some((first, _)) = reported.first() else { return Vec::new() };
        let report = Report {
            documents: reported.len(),
            ids: reported.iter().filter_map(|(_, saved)| saved.as_ref()).map(|saved| saved.id).collect(),
            is_complete: reported
                .iter()
                .all(|(attempt, saved)| saved.as_ref().is_some_and(|saved| attempt.is_as_sent(saved))),
        };
        let last_start = first.last_start(CALL_TIMEOUT);
        let found = self.bulks.read_back(self.session, report, last_start).await;
        let mut unclear = Vec::new();
        for (mut attempt, saved) in reported {
            let why = Why::Saved(saved.as_ref().map(|saved| saved.id));
            let end = match &found {
                Ok(ReadBack::AllExist) => saved.map(|saved| Ok(attempt.after_counting(saved))),
                Ok(ReadBack::Listed(newest)) => attempt.after_reading_back(saved, newest),
                Ok(ReadBack::Unknown) => None,
                Err(failure) => {
                    attempt.record_reply("sales-invoice/list", Err(failure));
                    Some(Err(stop(failure)))
                }
            };
            match end {
                Some(end) => {
                    self.health = attempt.health.clone();
                    self.ended.push((attempt, end));
                }
                None => unclear.push((attempt, why)),
            }
        }
        unclear
    }
}

impl Attempt<'_> {
    /// As many invoices exist as were reported, and the reply repeats what was sent.
    fn after_counting(&mut self, saved: FoundInvoice) -> Outcome {
        self.record_reply("sales-invoice/list", Ok("every invoice that was reported as saved exists"));
        self.doubt.account_for_save();
        self.invoiced(saved)
    }

    /// What the newest invoices show for one order; `None` if they do not decide it.
    fn after_reading_back(&mut self, saved: Option<FoundInvoice>, newest: &BTreeMap<i64, FoundInvoice>) -> Option<End> {
        // By id first, because a person may have copied the invoice in the meantime.
        let by_id = saved.as_ref().and_then(|saved| newest.get(&saved.id)).filter(|row| self.is_named_by(row));
        let shown = by_id.or_else(|| newest.values().rev().find(|row| self.is_named_by(row)));
        match (saved, shown.cloned()) {
            (_, Some(shown)) if !shown.can_be_compared() => None,
            (saved, Some(shown)) => {
                self.record_reply("sales-invoice/list", Ok("the newest invoices show it"));
                if saved.as_ref().is_some_and(|saved| saved.id == shown.id) && self.is_as_sent(&shown) {
                    self.doubt.account_for_save();
                    return Some(Ok(self.invoiced(shown)));
                }
                Some(self.after_look_up(Why::Saved(saved.map(|saved| saved.id)), LookUp::Own(shown)))
            }
            // It was not saved, or is not listed yet. The save stays in doubt until that is known.
            (Some(saved), None) if self.is_as_sent(&saved) => {
                self.record_reply("sales-invoice/list", Ok("the newest invoices do not show it yet"));
                Some(Err(Stop::For(SHOWN_WITHIN)))
            }
            (_, None) => None,
        }
    }
}
