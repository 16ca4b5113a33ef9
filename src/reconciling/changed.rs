//! Finds invoices outside a run's days that were changed since the previous reading (`reconcile.by = "last_update"`).
//!
//! Accurate filters by the time of the last change, but does not show that time of any invoice (backfill.md §2, B), so
//! the rows cannot be checked one by one. Each run therefore first asks for changes after a time in the future: any row
//! shows that Accurate ignores the filter. Each changed invoice that differs from the ledger becomes a hint, and is
//! read and judged individually after the run. A deleted invoice is in no list: only a run over its day shows that it
//! is missing.
//!
//! The number of waiting hints is limited. Invoices beyond the limit are left to the next run: the list is sorted by
//! id, and the next run continues with the first id that was left. Once the list has been read to its end, the next
//! reading covers what was changed since this one began. The place is stored only with a run that could read all of its
//! own days, because changed invoices of these days are left to the run.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, masters::Unread, period::Pages},
    domain::{
        contradiction::Contradiction,
        hint::Hint,
        ids::DocumentNumber,
        masters::ListFailure,
        order::OrderId,
        reconciliation::{FindingState, Held, Judgement, Listed, Period, Seen, judge},
    },
    storage::{self, ChangeReading, ChangesRead, FindingFilter, RunPart},
};

/// By how much a reading overlaps the previous one, because Accurate's clock differs from ours (backfill.md §2, B).
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// A time that is certainly ahead of Accurate's clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

impl Reconciling {
    /// Notes every invoice outside the part's days that was changed since the previous reading, as far as there is room
    /// for hints. Notes nothing before the first complete run.
    pub(super) async fn note_changes(
        &self,
        session: &Session,
        part: &RunPart,
        permission: Permission<'_>,
    ) -> Result<Option<ChangesRead>, Stop> {
        let now = self.clock.now();
        let reading = match (self.storage.change_reading(&part.book).await?, part.last_complete_began_at) {
            (Some(under_way), _) if under_way.next_id.is_some() => under_way,
            (Some(ChangeReading { began_at: since, .. }), _) | (None, Some(since)) => {
                ChangeReading { since, began_at: now, next_id: None }
            }
            (None, None) => return Ok(None),
        };
        let none_yet = self.next_changes(session, &mut Pages::changed_since(now + AHEAD), permission).await?;
        if none_yet.is_some_and(|rows| !rows.is_empty()) {
            return Err(Stop::Incomplete(ListFailure::Inconsistent(Contradiction::LastChangeIgnored)));
        }
        let mut pages = Pages::changed_since(reading.since - OVERLAP);
        while let Some(rows) = self.next_changes(session, &mut pages, permission).await? {
            let is_next = |id| reading.next_id.is_none_or(|next| id >= next);
            let outside =
                rows.into_iter().filter(|Listed { shown, .. }| is_next(shown.id) && !part.period.contains(shown.day));
            let to_read = self.not_as_held(part, outside.collect()).await?;
            let hint =
                |listed: &Listed| Hint { id: Some(listed.shown.id), number: DocumentNumber::default(), at: None };
            let hints: Vec<_> = to_read.iter().map(hint).collect();
            let left_out = match &*hints {
                [] => 0,
                hints => self.storage.add_hints(&part.book, hints, now, now).await?,
            };
            if left_out > 0 {
                // The first of these hints found room.
                let first_left = to_read[hints.len() - left_out].shown.id;
                let left = pages.row_count() - pages.rows_read() + left_out as u64;
                return Ok(Some(ChangesRead { reading: ChangeReading { next_id: Some(first_left), ..reading }, left }));
            }
        }
        Ok(Some(ChangesRead { reading: ChangeReading { next_id: None, ..reading }, left: 0 }))
    }

    /// Those of these invoices that are not as our ledger has them, or that an open finding is about. Everything else
    /// was changed in a way that makes no difference, for example paid.
    async fn not_as_held(&self, part: &RunPart, rows: Vec<Listed>) -> storage::Result<Vec<Listed>> {
        let owners = self.storage.owners(&part.book, &rows).await?;
        let orders: Vec<_> = owners.values().cloned().collect();
        let held = self.storage.held_of(&part.book, &orders, self.clock.now()).await?;
        let mut to_read = Vec::new();
        for listed in rows {
            if !self.is_as_held(&listed, &owners, &held).await? {
                to_read.push(listed);
            }
        }
        Ok(to_read)
    }

    async fn is_as_held(
        &self,
        listed: &Listed,
        owners: &HashMap<i64, OrderId>,
        held: &HashMap<OrderId, Held>,
    ) -> storage::Result<bool> {
        let Some(held) = owners.get(&listed.shown.id).and_then(|order| held.get(order)) else { return Ok(false) };
        let day = listed.shown.day;
        let seen = Seen { shown: vec![listed.shown.clone()], ..Seen::default() };
        let period = Period { from: day.min(held.day), to: day.max(held.day) };
        let is_equal = held.accurate_id == Some(listed.shown.id)
            && matches!(judge(held, &seen, period), Judgement::Known(known) if known.findings.is_empty());
        if !is_equal {
            return Ok(false);
        }
        let filter = FindingFilter {
            order_id: Some(held.order_id.clone()),
            state: Some(FindingState::Open),
            ..FindingFilter::default()
        };
        Ok(self.storage.findings(&filter, None, 1).await?.is_empty())
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
