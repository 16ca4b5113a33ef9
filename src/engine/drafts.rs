//! Shadow mode: compares drafts with the invoices that exist in Accurate, in the background.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Engine;
use crate::{domain::ids::BookName, shadow, storage::Result, supervisor::Progress};

/// How often each book is checked for drafts that are due.
const CHECK_ANYWAY: Duration = Duration::from_secs(5);

impl Engine {
    /// In shadow mode, compares some drafts of a book that this replica leads; returns how many.
    pub async fn compare_some(&self, book: &BookName) -> Result<usize> {
        let Some(session) = self.session(book) else { return Ok(0) };
        if !self.is_in_shadow() || !self.posting.may_read(book) {
            return Ok(0);
        }
        let round = shadow::compare_some(self.storage.as_ref(), session, self.clock.as_ref()).await?;
        if round.has_called {
            self.posting.note_read(book, round.failure.as_ref()).await?;
        }
        Ok(round.compared)
    }
}

pub(super) async fn compare_always(
    engine: Arc<Engine>,
    book: BookName,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    while !*stopped.borrow() {
        // A call in the background may wait for long. A comparison that is cut short is repeated after the next start.
        let compared = async {
            tokio::select! {
                compared = engine.compare_some(&book) => Some(compared),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(compared).await {
            None => return,
            Some(Ok(compared)) if compared > 0 => continue,
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::error!(book = book.as_str(), "drafts of book {book} could not be compared: {error}");
            }
        }
        let time_passes = async {
            tokio::select! {
                () = engine.clock.sleep(CHECK_ANYWAY) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(time_passes).await;
    }
}
