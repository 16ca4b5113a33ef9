//! Finds invoices outside a run's days that were changed since the last complete run (`reconcile.by = "last_update"`).
//!
//! Accurate filters by the time of the last change, but shows it of no invoice (backfill.md §2, B). So the rows cannot
//! be checked one by one; whether the filter is understood is asked first, with a time at which nothing was changed
//! yet. Each such invoice becomes a hint and is read and judged individually after the run. An invoice that was deleted
//! is in no list: only the days of a run show that it is missing.

use jiff::SignedDuration;

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, masters::Unread, period::Pages},
    domain::{hint::Hint, ids::DocumentNumber, masters::ListFailure, reconciliation::Listed},
    storage::RunPart,
};

/// By how much the time is earlier than the last run: Accurate's clock differs from ours (backfill.md §2, B).
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// A time that is certainly ahead of Accurate's clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

impl Reconciling {
    /// Notes every invoice outside the part's days that was changed since the last complete run; without one, there is
    /// nothing to notice yet.
    pub(super) async fn note_changes(
        &self,
        session: &Session,
        part: &RunPart,
        permission: Permission<'_>,
    ) -> Result<(), Stop> {
        let Some(since) = part.last_complete_began_at else { return Ok(()) };
        let now = self.clock.now();
        let none_yet = self.next_changes(session, &mut Pages::changed_since(now + AHEAD), permission).await?;
        if none_yet.is_some_and(|rows| !rows.is_empty()) {
            let what = "Accurate ignores the filter by the last change, so changes to older invoices are not noticed; set \
                        reconcile.by to \"trans_date\"";
            return Err(Stop::Incomplete(ListFailure::Inconsistent(what.to_owned())));
        }
        let (mut pages, mut left_out) = (Pages::changed_since(since - OVERLAP), 0);
        while let Some(rows) = self.next_changes(session, &mut pages, permission).await? {
            let outside = rows.into_iter().filter(|listed| !part.period.contains(listed.shown.day));
            let hint = |listed: Listed| Hint { id: Some(listed.shown.id), number: DocumentNumber::default(), at: None };
            let hints: Vec<_> = outside.map(hint).collect();
            if !hints.is_empty() {
                left_out += self.storage.add_hints(&part.book, &hints, now, now).await?;
            }
        }
        if left_out > 0 {
            let what = format!("{left_out} invoices outside these days were changed in Accurate and not compared");
            return Err(Stop::Incomplete(ListFailure::Inconsistent(what)));
        }
        Ok(())
    }

    /// The next page; `None` after the last.
    async fn next_changes(
        &self,
        session: &Session,
        pages: &mut Pages,
        permission: Permission<'_>,
    ) -> Result<Option<Vec<Listed>>, Stop> {
        let patience = self.patience();
        while let Some(call) = pages.next_call() {
            self.wait_for_permission(&patience, permission).await?;
            match pages.read(session, &call).await {
                Ok(rows) => return Ok(Some(rows)),
                Err(Unread::Call(failure)) => self.wait_after(&failure, &patience, permission).await?,
                Err(Unread::List(failure)) => return Err(Stop::Incomplete(failure)),
            }
        }
        Ok(None)
    }
}
