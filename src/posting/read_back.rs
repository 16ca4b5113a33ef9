//! What a bulk reports as saved is read back before it counts: one list shows the invoices of all its orders.
//!
//! An element that says "saved" and repeats everything that was sent may not have been saved. For an order that goes
//! alone the reply is believed, because reading it back would cost a second call for every order.

use jiff::SignedDuration;

use super::{
    attempt::{Attempt, End, Stop, patiently, stop},
    bulk::Group,
    find::Looked,
    post::Why,
};
use crate::accurate::{client::CALL_TIMEOUT, invoices::FoundInvoice, newest, outcome::Failure};

/// How long a saved invoice takes to show in lists, at most (accurate.md §6).
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// An attempt whose save is reported as carried out, and the invoice that the reply shows.
pub(super) type Reported<'a> = (Attempt<'a>, Option<FoundInvoice>);

impl<'a> Group<'a> {
    /// Ends the attempts of which the newest invoices tell enough, and returns those that must be looked up.
    pub(super) async fn read_back(&mut self, reported: Vec<Reported<'a>>) -> Vec<(Attempt<'a>, Why)> {
        let Some((first, _)) = reported.first() else { return Vec::new() };
        let ids = reported.iter().filter_map(|(_, saved)| saved.as_ref()).map(|saved| saved.id);
        // Without any id the first page is enough: it has room for a whole bulk.
        let lowest = ids.min().unwrap_or(i64::MAX);
        let (session, last_start) = (self.session, first.last_start(CALL_TIMEOUT));
        let list = || patiently(session, last_start, || newest::from_id(session, lowest), |_| {});
        let listed = match list().await {
            // All of them would pay for one lost reply.
            Err(Failure::Ambiguous(_)) => list().await,
            listed => listed,
        };
        let mut unclear = Vec::new();
        for (mut attempt, saved) in reported {
            let why = Why::Saved(saved.as_ref().map(|saved| saved.id));
            let end = match &listed {
                Ok(Some(newest)) => attempt.after_reading_back(saved, newest),
                Ok(None) => None,
                Err(failure) => {
                    attempt.tell("sales-invoice/list", Err(failure));
                    Some(Err(stop(failure)))
                }
            };
            match end {
                Some(end) => {
                    self.sign = attempt.sign.clone();
                    self.ended.push((attempt, end));
                }
                None => unclear.push((attempt, why)),
            }
        }
        unclear
    }
}

impl Attempt<'_> {
    /// What follows for one order from the newest invoices; `None`: they do not tell enough.
    fn after_reading_back(&mut self, saved: Option<FoundInvoice>, newest: &[FoundInvoice]) -> Option<End> {
        let own = |row: &&FoundInvoice| self.is_named_by(row);
        let is_saved = |row: &&FoundInvoice| saved.as_ref().is_some_and(|saved| saved.id == row.id);
        // A person may have copied it in the meantime.
        let shown = newest.iter().filter(own).find(is_saved).or_else(|| newest.iter().find(own));
        match (saved, shown.cloned()) {
            (_, Some(shown)) if !shown.can_be_compared() => None,
            (saved, Some(shown)) => {
                self.tell("sales-invoice/list", Ok("the newest invoices show it"));
                if saved.as_ref().is_some_and(|saved| saved.id == shown.id) && self.is_as_sent(&shown) {
                    self.doubt.save_is_accounted_for();
                    return Some(Ok(self.invoiced(shown)));
                }
                Some(self.after_look_up(Why::Saved(saved.map(|saved| saved.id)), Looked::Own(shown)))
            }
            // It was not saved, or does not show yet. The save stays in doubt until that is known.
            (Some(saved), None) if self.is_as_sent(&saved) => {
                self.tell("sales-invoice/list", Ok("the newest invoices do not show it yet"));
                Some(Err(Stop::For(SHOWN_WITHIN)))
            }
            (_, None) => None,
        }
    }
}
