//! Reads the lists of each book (accounts, items and so on) in the background.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Engine;
use crate::{
    domain::{ids::BookName, masters::MasterKind, operator::Actor},
    storage::Result,
    supervisor::Progress,
};

/// How often a book is checked for lists that are due, also without a signal.
const CHECK_ANYWAY: Duration = Duration::from_secs(5);

impl Engine {
    /// Reads the next list of a book that is due; `None` if there is none, or another replica leads the book, or the
    /// book is paused.
    pub async fn read_due_list(&self, book: &BookName) -> Result<Option<MasterKind>> {
        let may_read = || self.posting.leads(book) && self.posting.pause(book).is_none();
        match self.posting.session(book) {
            Some(session) if may_read() => self.masters.read_due(session, &may_read).await,
            _ => Ok(None),
        }
    }

    /// Requests that a list is read as soon as possible.
    pub async fn refresh_list(&self, book: &BookName, kind: MasterKind, actor: &Actor) -> Result<()> {
        self.storage.request_master_list(book, kind, self.now()).await?;
        let who = &actor.name;
        tracing::info!(book = book.as_str(), %kind, actor = who, "book {book}: {who} requested the list of {kind}");
        self.signals.list_requested(book);
        if !self.posting.leads(book) {
            self.signals.notify_others();
        }
        Ok(())
    }
}

pub(super) async fn read_always(
    engine: Arc<Engine>,
    book: BookName,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    while !*stopped.borrow() {
        // A reading waits while orders need all calls. One that is interrupted starts over at the next start.
        let read = async {
            tokio::select! {
                read = engine.read_due_list(&book) => Some(read),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(read).await {
            None => return,
            Some(Ok(Some(_))) => continue,
            Some(Ok(None)) => {}
            Some(Err(error)) => {
                tracing::error!(book = book.as_str(), "a list of book {book} could not be stored: {error}");
            }
        }
        let something_comes = async {
            tokio::select! {
                () = engine.signals.lists(&book) => {}
                () = engine.clock.sleep(CHECK_ANYWAY) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(something_comes).await;
    }
}
