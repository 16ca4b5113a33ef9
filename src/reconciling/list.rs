//! Reads the list of a period into storage, from the first page to the last.

use super::{Permission, Reconciling, Stop};
use crate::{
    accurate::{
        client::Session,
        period::{Pages, Unread},
    },
    storage::{ListedInvoice, Result, RunPart},
};

/// How often a list is read from its beginning because it became shorter meanwhile.
const MOST_READINGS: i64 = 3;

impl Reconciling {
    /// Reads the whole list; a reading that was interrupted is continued where it was.
    pub(super) async fn list(
        &self,
        session: &Session,
        part: &RunPart,
        permission: Permission<'_>,
    ) -> Result<std::result::Result<(), Stop>> {
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
            if let Err(stop) = self.wait_for_permission(&patience, permission).await {
                return Ok(Err(stop));
            }
            match pages.read(session, &call).await {
                Ok(rows) => {
                    let rows: Vec<_> = rows
                        .into_iter()
                        .map(|row| ListedInvoice { shown: row.shown, description: row.description })
                        .collect();
                    self.storage.add_listed(part, &rows, pages.row_count() as i64).await?;
                    patience = self.patience();
                }
                Err(Unread::Call(failure)) => {
                    if let Err(stop) = self.wait_after(&failure, &patience, permission).await {
                        return Ok(Err(stop));
                    }
                }
                Err(Unread::Changed) if readings < MOST_READINGS => {
                    self.storage.begin_listing(part.id, self.clock.now()).await?;
                    readings += 1;
                    pages = Pages::of(part.period);
                }
                Err(Unread::Changed) => {
                    let what = "invoices of these days were deleted or moved again and again while the list was read";
                    return Ok(Err(Stop::Incomplete(what.to_owned())));
                }
                Err(Unread::Contradiction(what)) => {
                    return Ok(Err(Stop::Incomplete(format!("Accurate's list of invoices cannot be right: {what}"))));
                }
            }
        }
        if pages.row_count() == 0 && self.ledger_holds_any(part).await? {
            let what = "Accurate lists no invoice at all for these days, although there are some here";
            return Ok(Err(Stop::Incomplete(what.to_owned())));
        }
        self.storage.finish_listing(part.id).await?;
        Ok(Ok(()))
    }
}
