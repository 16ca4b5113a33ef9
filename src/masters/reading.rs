//! Reads one list from its first page to its last.

use std::time::Duration;

use super::{AFTER_FAILURE, DAILY, Masters};
use crate::{
    accurate::{
        client::{Call, Session},
        masters::{Pages, Unread},
        outcome::Failure,
    },
    domain::{
        contradiction::Contradiction,
        ids::BookName,
        masters::{ListFailure, Master, MasterKind},
        reason::Language,
    },
    storage::{MasterList, MasterReading, Result},
};

/// How often a list is read from its beginning before the reading fails.
const MOST_READINGS: u32 = 3;

/// How long after a contradiction the list is read from its beginning: whoever changes it may be done by then.
const BEFORE_NEXT_READING: Duration = Duration::from_secs(5);

/// How often one call is made before it counts as failed.
const MOST_CALLS: u32 = 5;

/// Rows that are deleted in one commit. Webhooks wait for the same writer.
const CLEARED_AT_ONCE: i64 = 1_000;

/// How a reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The list was read, or it is known why not.
    Done,
    /// Another process reads the book's lists now, or the book is paused.
    Stopped,
}

/// Why a reading did not reach the last page.
enum Cut {
    Failed(ListFailure),
    Stopped,
}

impl From<ListFailure> for Cut {
    fn from(failure: ListFailure) -> Self {
        Self::Failed(failure)
    }
}

impl Masters {
    /// Reads a list and shows it, or stores why that failed.
    pub(super) async fn read(
        &self,
        session: &Session,
        list: &MasterList,
        may_read: &(dyn Fn() -> bool + Sync),
    ) -> Result<Ended> {
        let (book, kind, began_at) = (session.name(), list.kind, self.clock.monotonic());
        let mut readings = 1;
        loop {
            let now = self.clock.now();
            let reading = self.storage.begin_master_reading(book, kind, now, now + DAILY).await?;
            let read = self.read_all(session, list, &reading, may_read).await?;
            let seconds = self.clock.monotonic().since(began_at).as_secs();
            match read {
                Ok(rows) => {
                    if !self.storage.finish_master_reading(&reading, self.clock.now()).await? {
                        return Ok(Ended::Stopped);
                    }
                    tracing::info!(
                        book = book.as_str(),
                        %kind,
                        rows,
                        seconds,
                        "book {book}: {rows} {kind} read in {seconds} seconds"
                    );
                    return Ok(Ended::Done);
                }
                Err(Cut::Stopped) => return Ok(Ended::Stopped),
                Err(Cut::Failed(failure)) if may_pass(&failure) && readings < MOST_READINGS => {
                    let code = failure.code();
                    tracing::debug!(
                        book = book.as_str(),
                        %kind,
                        code,
                        "book {book}: the list of {kind} is read again: {failure:?}"
                    );
                    readings += 1;
                    self.clock.sleep(BEFORE_NEXT_READING).await;
                }
                Err(Cut::Failed(failure)) => {
                    self.storage.fail_master_reading(&reading, &failure, self.clock.now() + AFTER_FAILURE).await?;
                    warn(book, kind, &failure, seconds);
                    return Ok(Ended::Done);
                }
            }
        }
    }

    /// Reads all pages into storage, where they are not shown yet. Returns the number of rows.
    async fn read_all(
        &self,
        session: &Session,
        list: &MasterList,
        reading: &MasterReading,
        may_read: &(dyn Fn() -> bool + Sync),
    ) -> Result<std::result::Result<u64, Cut>> {
        while self.storage.clear_master_reading(reading, CLEARED_AT_ONCE).await? > 0 {}
        let mut pages = Pages::of(list.kind);
        while let Some(call) = pages.next_call() {
            let rows = match self.read_page(session, &mut pages, call.in_background(), may_read).await {
                Ok(rows) => rows,
                Err(cut) => return Ok(Err(cut)),
            };
            if !self.storage.add_masters(reading, &rows, pages.row_count() as i64).await? {
                return Ok(Err(Cut::Stopped));
            }
        }
        if pages.row_count() == 0 && list.rows > 0 {
            let before = list.rows;
            return Ok(Err(ListFailure::Inconsistent(Contradiction::EmptyNow { before }).into()));
        }
        Ok(Ok(pages.row_count()))
    }

    /// Reads one page; a call that may succeed later is repeated after growing waits.
    async fn read_page(
        &self,
        session: &Session,
        pages: &mut Pages,
        call: Call,
        may_read: &(dyn Fn() -> bool + Sync),
    ) -> std::result::Result<Vec<Master>, Cut> {
        let mut calls = 1;
        loop {
            if !may_read() {
                return Err(Cut::Stopped);
            }
            let failure = match pages.read(session, &call).await {
                Ok(rows) => return Ok(rows),
                Err(Unread::List(failure)) => return Err(failure.into()),
                Err(Unread::Call(failure)) => failure,
            };
            if !may_read() {
                return Err(Cut::Stopped);
            }
            let is_transient = match &failure {
                Failure::RightMissing(missing) => return Err(ListFailure::RightMissing(missing.words.clone()).into()),
                Failure::Refused(_) | Failure::BookRefused(_) => false,
                Failure::SlowDown(_) | Failure::NotSent(_) | Failure::Ambiguous(_) | Failure::UnknownText(_) => true,
            };
            if !is_transient || calls == MOST_CALLS {
                return Err(ListFailure::CallFailed(failure.words().to_owned()).into());
            }
            self.clock.sleep(Duration::from_secs(u64::from(calls * calls))).await;
            calls += 1;
        }
    }
}

/// Whether the list may be read at once when it is read from its beginning.
fn may_pass(failure: &ListFailure) -> bool {
    matches!(failure, ListFailure::Changed | ListFailure::Inconsistent(_))
}

fn warn(book: &BookName, kind: MasterKind, failure: &ListFailure, seconds: u64) {
    // Accurate's own words, which may name people, are on the page of the lists.
    let code = failure.code();
    let remedy = failure.remedy(Language::English);
    tracing::warn!(
        book = book.as_str(),
        %kind,
        code,
        seconds,
        "book {book}: the list of {kind} could not be read: {code}. {remedy}"
    );
}
