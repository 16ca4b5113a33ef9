//! What arrives after the sale, and what people approve of it. Pages, files and API use the same functions.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Engine;
use crate::{
    domain::{
        document::Kind,
        operator::Actor,
        payout::{PaidDay, Payout},
    },
    storage::{Approving, ByHand, Marked, Result, RowContent, RowRecorded},
};

/// Rows that are recorded in one commit. More would make webhooks wait.
const AT_ONCE: usize = 500;

impl Engine {
    /// Records payouts or returns in this order; returns when all of them are on disk. If it fails, the rows before the
    /// failure are recorded; sent again, they are repeats.
    pub async fn record_rows(&self, rows: &[RowContent]) -> Result<Vec<RowRecorded>> {
        let mut recorded = Vec::with_capacity(rows.len());
        for some in rows.chunks(AT_ONCE) {
            recorded.extend(self.storage.record_rows(some, self.now()).await?);
            self.signals.news_came();
        }
        Ok(recorded)
    }

    /// As [`Engine::record_rows`], the payouts of one webhook that has just arrived, or was kept since
    /// `kept_since`.
    pub(super) async fn record_delivered(
        &self,
        payouts: &[Payout],
        day: PaidDay,
        kept_since: Option<Timestamp>,
    ) -> Result<Vec<RowRecorded>> {
        let mut recorded = Vec::with_capacity(payouts.len());
        for some in payouts.chunks(AT_ONCE) {
            recorded.extend(self.storage.record_delivered(some, day, kept_since, self.now()).await?);
            self.signals.news_came();
        }
        Ok(recorded)
    }

    /// Names of fees that occur in payouts and have no category in the mapping.
    pub async fn fees_without_category(&self) -> Result<Vec<String>> {
        let active = self.mapping();
        let used = self.storage.fee_kinds().await?.into_iter().filter(|kind| kind.count > 0);
        let unknown = used.filter(|kind| active.mapping.payout.category(&kind.name).is_none());
        // White space around a name does not count.
        let names: BTreeSet<_> = unknown.map(|kind| kind.name.trim().to_owned()).collect();
        Ok(names.into_iter().collect())
    }

    /// Approves the current content of waiting rows; returns how many there were. Rows that have just arrived are
    /// decided about first, so that only what waits is approved.
    pub async fn approve_rows(&self, kind: Kind, which: Approving<'_>, actor: &Actor) -> Result<u64> {
        self.decide_now().await?;
        let rows = self.storage.approve_rows(kind, which, &actor.name, self.now()).await?;
        if rows > 0 {
            let documents = kind.as_str();
            tracing::info!(rows, documents, actor = actor.name, "{actor} approved {rows} rows for a {documents} each");
            self.wake();
        }
        Ok(rows)
    }

    /// Marks a row as booked by hand, or as not to be booked; with `None`, takes the mark back. A row that has just arrived is decided about
    /// first, so that its amount is known.
    pub async fn mark_by_hand(
        &self,
        kind: Kind,
        key: (&str, &str),
        by_hand: Option<&ByHand>,
        actor: &Actor,
    ) -> Result<Marked> {
        self.decide_now().await?;
        let marked = self.storage.mark_by_hand(kind, key, by_hand, &actor.name, self.now()).await?;
        if marked == Marked::Done {
            let ((source, id), is_by_hand) = (key, by_hand.is_some());
            tracing::info!(source, id, is_by_hand, actor = actor.name, "{actor} decided about row {id} of {source}");
            self.decide_now().await?;
            self.wake();
        }
        Ok(marked)
    }
}
