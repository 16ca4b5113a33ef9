//! Keeps the lists from which people choose: accounts, warehouses, customers, items.
//!
//! A list is read when it was never read or is a day old, when somebody requests it, and when an order is blocked for
//! something that the list could explain. `reading` reads one list from beginning to end, in calls that give way to
//! all others.

mod reading;

use std::sync::Arc;

use jiff::SignedDuration;

use self::reading::Ended;
use crate::{
    accurate::client::Session,
    clock::SharedClock,
    domain::masters::MasterKind,
    storage::{MasterList, MasterLists, Result},
};

/// How long a list is good.
const DAILY: SignedDuration = SignedDuration::from_hours(24);

/// How long after a failed reading the list is read again.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(10);

/// A time that is further away was stored while the clock was ahead.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(25);

/// Reads the lists of all books.
pub struct Masters {
    storage: Arc<dyn MasterLists>,
    clock: SharedClock,
}

impl Masters {
    /// Reads nothing until it is asked to.
    pub fn new(storage: Arc<dyn MasterLists>, clock: SharedClock) -> Self {
        Self { storage, clock }
    }

    /// Reads the next list of a book that is due; `None` if no list is due, or if reading had to stop.
    ///
    /// `may_read` is asked before every call: whether this process still makes the book's calls, and the book is not
    /// paused. A reading that stops is repeated from its beginning.
    pub async fn read_due(
        &self,
        session: &Session,
        may_read: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<MasterKind>> {
        let lists = self.storage.master_lists(session.name()).await?;
        let Some(list) = lists.into_iter().find(|list| self.is_due(list)) else { return Ok(None) };
        let ended = self.read(session, &list, may_read).await?;
        Ok(if ended == Ended::Stopped { None } else { Some(list.kind) })
    }

    /// A reading that has not ended was interrupted, because only this task reads the book's lists.
    fn is_due(&self, list: &MasterList) -> bool {
        let now = self.clock.now();
        list.reading.is_some() || list.next_at <= now || list.next_at > now + LONGEST_WAIT
    }
}
