//! Reads the list of a period into storage, from the first page to the last.
//!
//! A list may grow while it is read, because invoices are being created; a list that shrinks is read again. Each row is
//! stored with the order that it belongs to: by Accurate's id, else by the order id in its description. The number
//! counts only as long as the ledger has no id, for drafts and for saves whose reply is not known.

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, masters::Unread, period::Pages},
    domain::{contradiction::Contradiction, masters::ListFailure},
    storage::RunPart,
};

/// How often a list is read from its beginning at most, including the first time. It is read again if it changed while
/// it was read.
const MOST_READINGS: i64 = 3;

impl Reconciling {
    /// Reads the whole list. After an interruption, the reading continues where it stopped.
    pub(super) async fn list(&self, session: &Session, part: &RunPart, permission: Permission<'_>) -> Result<(), Stop> {
        let mut readings = part.readings;
        let mut pages = if readings == 0 {
            self.storage.begin_listing(part.id, self.clock.now()).await?;
            readings = 1;
            Pages::of(part.period)
        } else {
            let seen = self.storage.listed_ids(part.id).await?;
            Pages::behind(part.period, seen, part.rows_expected.unsigned_abs())
        };
        let mut patience = self.patience();
        while let Some(call) = pages.next_call() {
            self.wait_for_permission(&patience, permission).await?;
            match pages.read(session, &call).await {
                Ok(rows) => {
                    self.storage.add_listed(part, &rows, pages.row_count() as i64).await?;
                    patience = self.patience();
                }
                Err(Unread::Call(failure)) => self.wait_after(&failure, &patience, permission).await?,
                Err(Unread::List(ListFailure::Changed)) if readings < MOST_READINGS => {
                    self.storage.begin_listing(part.id, self.clock.now()).await?;
                    readings += 1;
                    pages = Pages::of(part.period);
                }
                Err(Unread::List(failure)) => return Err(Stop::Incomplete(failure)),
            }
        }
        if pages.row_count() == 0 && self.ledger_holds_any(part).await? {
            return Err(Stop::Incomplete(ListFailure::Inconsistent(Contradiction::EmptyPeriod)));
        }
        Ok(self.storage.finish_listing(part.id).await?)
    }
}
