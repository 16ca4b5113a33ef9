//! Reads back the documents of a kind that were saved last: their number, or each of them.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    client::{Call, Session},
    documents::{Found, LARGEST_BULK},
    outcome::Failure,
    reply::{Envelope, Rows, Skipped},
};
use crate::domain::document::Kind;

/// Rows of a page; 100 is accepted (accurate.md §3), as many as a bulk saves.
pub const PAGE: usize = LARGEST_BULK;

/// How many pages are read beyond the pages that the wanted documents fill. Older documents were not saved recently.
const MORE_PAGES: usize = 3;

/// How many ids of single saves are remembered at most: enough for two minutes.
const MOST_SINGLES: usize = 1_000;

/// After this many failed trials a filter by a range of ids is no longer tried.
const MOST_TRIALS: u32 = 3;

/// What is known about reading back each kind of document.
#[derive(Debug, Default)]
pub(super) struct ReadingBack([OfKind; Kind::ALL.len()]);

/// What is known about reading back one kind of document.
#[derive(Debug, Default)]
struct OfKind {
    /// Ids of documents that single saves reported, in the order of the replies.
    singles: Mutex<VecDeque<i64>>,
    /// Number of failed trials of counting a range of ids; `UNDERSTOOD` once a trial has succeeded.
    trials: AtomicU32,
    /// How often a list showed documents outside the range that was asked for.
    ignored_ranges: AtomicU32,
}

/// In [`OfKind::trials`]: the filter is known to work.
const UNDERSTOOD: u32 = u32::MAX;

impl Session {
    fn reading_back<F: Found>(&self) -> &OfKind {
        &self.reading_back.0[F::KIND as usize]
    }

    /// Remembers the id of a document that a single save created, because a count of its range includes it.
    pub fn remember_single<F: Found>(&self, id: i64) {
        let mut singles = self.reading_back::<F>().singles.lock().unwrap_or_else(PoisonError::into_inner);
        if singles.len() == MOST_SINGLES {
            singles.pop_front();
        }
        singles.push_back(id);
    }

    /// Ids of remembered single saves between these two.
    pub fn singles_between<F: Found>(&self, lowest: i64, highest: i64) -> Vec<i64> {
        let singles = self.reading_back::<F>().singles.lock().unwrap_or_else(PoisonError::into_inner);
        singles.iter().copied().filter(|id| (lowest..=highest).contains(id)).collect()
    }
}

/// Whether exactly this many documents of a kind exist with ids from `lowest` to `highest`; also false if the count
/// cannot be trusted.
///
/// Filtering by `id` with `BETWEEN` is documented (backfill.md §2, O), and `sp.rowCount` is known to work (A). But
/// Accurate silently ignores a filter that it does not understand (accurate.md §3, B), so a count is trusted only after
/// the filter has once reduced the kind's list to the single document with the lowest id.
pub async fn exactly_exist<F: Found>(
    session: &Session,
    lowest: i64,
    highest: i64,
    wanted: u64,
) -> Result<bool, Failure> {
    let trials = &session.reading_back::<F>().trials;
    let failed = trials.load(Ordering::Relaxed);
    if (failed != UNDERSTOOD && failed >= MOST_TRIALS) || lowest == highest {
        return Ok(false);
    }
    if count::<F>(session, lowest, highest).await? != Some(wanted) {
        return Ok(false);
    }
    if failed == UNDERSTOOD {
        return Ok(true);
    }
    let is_understood = count::<F>(session, lowest, lowest).await? == Some(1);
    trials.store(if is_understood { UNDERSTOOD } else { failed + 1 }, Ordering::Relaxed);
    Ok(is_understood)
}

/// How many documents a list of these ids has; `None` if it shows another document or no count.
async fn count<F: Found>(session: &Session, lowest: i64, highest: i64) -> Result<Option<u64>, Failure> {
    let (from, to) = (lowest.to_string(), highest.to_string());
    let query = [&[("fields", "id,number"), ("sp.pageSize", "1")][..], &range(&from, &to)].concat();
    let Envelope { d: list, row_count, .. } =
        session.call::<Rows<F::Record>, Skipped>(&Call::get(F::CALLS.list, &query)).await?;
    let is_asked_for = |document: F| (lowest..=highest).contains(&document.id());
    let only_those = list.rows.into_iter().all(|row| F::of(row).is_some_and(is_asked_for));
    Ok(row_count.filter(|_| list.complete && only_those))
}

/// All documents of a kind with ids from `lowest` to `highest`, of which `wanted` are looked for; where Accurate
/// ignores the range, as it does with filters that it does not know (accurate.md §3, B), the newest documents. `None`
/// as for [`newest`].
pub async fn between<F: Found>(
    session: &Session,
    wanted: usize,
    (lowest, highest): (i64, i64),
) -> Result<Option<Vec<F>>, Failure> {
    let ignored = &session.reading_back::<F>().ignored_ranges;
    if ignored.load(Ordering::Relaxed) < MOST_TRIALS {
        let (size, from, to) = (PAGE.to_string(), lowest.to_string(), highest.to_string());
        let query = [&[("fields", F::LISTED), ("sp.pageSize", size.as_str())][..], &range(&from, &to)].concat();
        let Envelope { d: list, row_count, .. } =
            session.call::<Rows<F::Record>, Skipped>(&Call::get(F::CALLS.list, &query)).await?;
        let rows: Option<Vec<F>> = list.rows.into_iter().map(F::of).collect();
        let rows = rows.filter(|_| list.complete).unwrap_or_default();
        let is_asked_for = |row: &F| (lowest..=highest).contains(&row.id());
        if rows.iter().all(is_asked_for) && row_count == Some(rows.len() as u64) {
            return Ok(Some(rows));
        }
        if !rows.iter().all(is_asked_for) {
            ignored.fetch_add(1, Ordering::Relaxed);
        }
    }
    newest(session, wanted, Some(lowest)).await
}

/// The filter by a range of ids.
fn range<'a>(from: &'a str, to: &'a str) -> [(&'static str, &'a str); 3] {
    [("filter.id.op", "BETWEEN"), ("filter.id.val[0]", from), ("filter.id.val[1]", to)]
}

/// The newest documents of a kind, newest first: at least `wanted` of them, and all with this id or a higher one.
/// `None` if the list cannot be trusted.
///
/// Sorting by id is known to work (backfill.md §2, A). If it is silently ignored, as unknown
/// filters are (accurate.md §3, B), the rows are not in that order, and nothing is concluded from them.
pub async fn newest<F: Found>(
    session: &Session,
    wanted: usize,
    lowest: Option<i64>,
) -> Result<Option<Vec<F>>, Failure> {
    let size = PAGE.to_string();
    let mut newest: Vec<F> = Vec::new();
    for page in 1..=wanted.div_ceil(PAGE) + MORE_PAGES {
        let page = page.to_string();
        let query =
            [("fields", F::LISTED), ("sp.pageSize", size.as_str()), ("sp.page", page.as_str()), ("sp.sort", "id|desc")];
        let Envelope { d: list, .. } =
            session.call::<Rows<F::Record>, Skipped>(&Call::get(F::CALLS.list, &query)).await?;
        let rows: Option<Vec<_>> = list.rows.into_iter().map(F::of).collect();
        let Some(rows) = rows.filter(|_| list.complete) else { return Ok(None) };
        if !rows.is_sorted_by(|one, next| one.id() > next.id()) {
            return Ok(None);
        }
        let is_last_page = rows.len() < PAGE;
        newest.extend(rows);
        let is_low_enough = newest.last().is_none_or(|last| lowest.is_none_or(|lowest| last.id() <= lowest));
        if is_last_page || (newest.len() >= wanted && is_low_enough) {
            return Ok(Some(newest));
        }
    }
    Ok(None)
}
