//! The bulks of one kind of document in one book that run at the same time, and the read-back that they share.
//!
//! Accurate allows eight calls a second, whatever their size, so a separate read-back for each bulk would halve the
//! speed at which a long queue drains. Therefore a bulk that has been saved waits until no other bulk of its kind is
//! being saved, for at most [`LONGEST_WAIT`]; then one call covers all bulks that wait:
//!
//! - If every reply repeats what was sent (an invoice: order id, customer, total) under an id of its own, one call
//!   counts the documents with these ids. If the count is the number that was reported, all of them exist. Their
//!   contents are trusted like those of a single save: the reply shows Accurate's own record.
//! - Receipts and returns that fit on one page of a list are listed instead, because that takes one call too and shows
//!   more. Nothing compares them later, as reconciliation does with invoices.
//! - If a reply lacks or contradicts a field, if the count differs, or if this database does not understand the filter,
//!   the newest documents are listed, a hundred with each call, and each draft is compared with its document.
//!
//! What a count cannot notice: a reply that repeats everything while Accurate stores another total, and a lost document
//! whose place in the range of ids was taken by another one. Reconciliation finds both for invoices.
//!
//! No document of these bulks is settled before that, so no order becomes `invoiced` before its invoice was seen
//! (promise 3). If the process dies before that, the database shows that each document was tried, and the next attempt
//! looks up the number before it saves (promise 1).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::attempt::call_within_limits;
use crate::{
    accurate::{
        client::{LastStart, Session},
        documents::Found,
        invoices::FoundInvoice,
        outcome::Failure,
        read_back::{PAGE, between, exactly_exist, newest},
        receipts::FoundReceipt,
        returns::FoundReturn,
    },
    clock::Monotonic,
    domain::{document::Kind, ids::BookName},
    signals::Signals,
};

/// How long a saved bulk waits at most for others to be read back with it. In this time about forty bulks are saved,
/// which then share one call.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The bulks of one book: each kind is read back by its own list.
pub(super) struct BulksOfBook {
    pub(super) invoices: Bulks<FoundInvoice>,
    pub(super) receipts: Bulks<FoundReceipt>,
    pub(super) returns: Bulks<FoundReturn>,
}

impl BulksOfBook {
    /// The bulks of the book with this name; none is running.
    pub(super) fn new(book: &BookName, signals: &Arc<Signals>) -> Self {
        Self {
            invoices: Bulks::new(book, signals.clone()),
            receipts: Bulks::new(book, signals.clone()),
            returns: Bulks::new(book, signals.clone()),
        }
    }

    /// How many groups wait for a read-back. They make no calls, so other groups may begin.
    pub(super) fn reading_back(&self) -> usize {
        self.invoices.reading_back() + self.receipts.reading_back() + self.returns.reading_back()
    }
}

/// What the replies to one bulk reported as saved.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// How many documents.
    pub(super) documents: usize,
    /// Their ids, as far as the reply names them.
    pub(super) ids: Vec<i64>,
    /// Every reply repeats what was sent.
    pub(super) is_complete: bool,
}

/// What a read-back found.
#[derive(Clone, Debug)]
pub(super) enum ReadBack<F> {
    /// Every reported document exists.
    AllExist,
    /// What a list shows: all documents between the reported ids, or the newest, by id.
    Listed(Arc<BTreeMap<i64, F>>),
    /// The list cannot be trusted.
    Unknown,
}

/// The bulks of one kind of document in one book.
pub struct Bulks<F> {
    book: BookName,
    signals: Arc<Signals>,
    state: Mutex<State>,
    /// Signals that no bulk is being saved any more.
    all_are_saved: Notify,
    /// The last read-back. The group that has the lock reads back for all groups that wait.
    last: tokio::sync::Mutex<Option<Last<F>>>,
}

#[derive(Default)]
struct State {
    /// Groups that may still send a bulk.
    saving: usize,
    /// Groups that wait for a read-back.
    reading_back: usize,
    /// What has not been read back yet.
    waiting: Vec<Waiting>,
    last_ticket: u64,
}

struct Waiting {
    ticket: u64,
    since: Monotonic,
    report: Report,
}

struct Last<F> {
    up_to: u64,
    found: Result<ReadBack<F>, Failure>,
}

/// A group that may still send a bulk, until this is dropped.
pub(super) struct Saving<'a, F>(&'a Bulks<F>);

/// A group that waits for a read-back, until this is dropped.
struct Reading<'a, F>(&'a Bulks<F>);

impl<F> Bulks<F> {
    fn new(book: &BookName, signals: Arc<Signals>) -> Self {
        let (book, state) = (book.to_owned(), Mutex::default());
        Self { book, signals, state, all_are_saved: Notify::new(), last: tokio::sync::Mutex::default() }
    }

    fn reading_back(&self) -> usize {
        self.lock().reading_back
    }

    /// Registers a group that begins.
    pub(super) fn begin(&self) -> Saving<'_, F> {
        self.lock().saving += 1;
        Saving(self)
    }

    fn add(&self, since: Monotonic, report: Report) -> u64 {
        let mut state = self.lock();
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        state.waiting.push(Waiting { ticket, since, report });
        ticket
    }

    fn waiting(&self) -> (u64, Vec<Report>) {
        let state = self.lock();
        (state.last_ticket, state.waiting.iter().map(|waiting| waiting.report.clone()).collect())
    }

    async fn wait_for_others(&self, session: &Session) {
        loop {
            let all_are_saved = self.all_are_saved.notified();
            let waited = {
                let state = self.lock();
                let oldest = state.waiting.first().map(|waiting| waiting.since);
                oldest.filter(|_| state.saving > 0).map(|since| session.monotonic().since(since))
            };
            let Some(left) = waited.and_then(|waited| LONGEST_WAIT.checked_sub(waited)) else { return };
            tokio::select! {
                () = all_are_saved => {}
                () = session.sleep(left) => return,
            }
        }
    }

    fn stop_saving(&self) -> Reading<'_, F> {
        let mut state = self.lock();
        state.reading_back += 1;
        self.one_less_saves(&mut state);
        drop(state);
        self.signals.due_came(&self.book);
        Reading(self)
    }

    fn one_less_saves(&self, state: &mut State) {
        state.saving = state.saving.saturating_sub(1);
        if state.saving == 0 {
            self.all_are_saved.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Found> Bulks<F> {
    /// Reads back what one bulk reported, together with all others that wait. No call starts after `last_start`.
    pub(super) async fn read_back(
        &self,
        session: &Session,
        report: Report,
        last_start: LastStart,
    ) -> Result<ReadBack<F>, Failure> {
        let _reading = self.stop_saving();
        let ticket = self.add(session.monotonic(), report);
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.up_to >= ticket) {
            return last.found.clone();
        }
        self.wait_for_others(session).await;
        let (up_to, reports) = self.waiting();
        let found = read(session, &reports, last_start).await;
        // Only now, so that another group reads back for all of them if this one is stopped earlier.
        self.lock().waiting.retain(|waiting| waiting.ticket > up_to);
        *last = Some(Last { up_to, found: found.clone() });
        found
    }
}

impl<F> Drop for Saving<'_, F> {
    fn drop(&mut self) {
        self.0.one_less_saves(&mut self.0.lock());
    }
}

impl<F> Drop for Reading<'_, F> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.reading_back = state.reading_back.saturating_sub(1);
        state.saving += 1;
    }
}

async fn read<F: Found>(session: &Session, reports: &[Report], last_start: LastStart) -> Result<ReadBack<F>, Failure> {
    let documents = reports.iter().map(|report| report.documents).sum();
    let ids: BTreeSet<i64> = reports.iter().flat_map(|report| report.ids.iter().copied()).collect();
    let range = ids.first().copied().zip(ids.last().copied());
    let is_listed = F::KIND != Kind::Invoice && documents <= PAGE;
    let can_be_counted = !is_listed && ids.len() == documents && reports.iter().all(|report| report.is_complete);
    if let (true, Some((lowest, highest))) = (can_be_counted, range) {
        let mut known = ids;
        known.extend(session.singles_between::<F>(lowest, highest));
        let count = || exactly_exist::<F>(session, lowest, highest, known.len() as u64);
        match call_within_limits(session, last_start, count, |_| {}).await {
            Ok(true) => return Ok(ReadBack::AllExist),
            Ok(false) | Err(Failure::Ambiguous(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let list = || async {
        match range.filter(|_| is_listed) {
            Some(range) => between::<F>(session, documents, range).await,
            None => newest(session, documents, range.map(|(lowest, _)| lowest)).await,
        }
    };
    let list = || call_within_limits(session, last_start, list, |_| {});
    let listed = match list().await {
        // Otherwise one lost reply would delay all orders.
        Err(Failure::Ambiguous(_)) => list().await,
        listed => listed,
    };
    let by_id = |rows: Vec<F>| rows.into_iter().map(|row| (row.id(), row)).collect();
    Ok(listed?.map_or(ReadBack::Unknown, |rows| ReadBack::Listed(Arc::new(by_id(rows)))))
}
