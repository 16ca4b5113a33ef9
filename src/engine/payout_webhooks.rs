//! Payouts that arrive as webhooks, in Forstok's own payload: off unless the mapping says otherwise.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::Engine;
use crate::{
    domain::{
        day_in_wib,
        ids::DeliveryId,
        mapping::PayoutSource,
        payout::{PaidDay, Payout},
        reason::Language,
    },
    forstok::payout,
    inbox::{
        record::NotRecorded,
        reread::{STEP, Sweep},
    },
    storage::{KeptDelivery, Result, RowRecorded},
};

/// How long a webhook with payouts may wait for the database: its sender is answered within two seconds.
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);

/// How many webhooks with payouts may wait for the database at the same time. Each keeps a body of up to 4 MiB.
pub const MOST_WAITING: usize = 16;

/// What a body that is not an order turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Not a payout either.
    Other,
    /// A payout whose rows are on disk: how each was recorded.
    Rows(Vec<RowRecorded>),
    /// A payout that was not taken, and why.
    Not(String),
}

impl Engine {
    /// The field names by which payouts are read from webhooks; `None` unless the mapping accepts payouts as webhooks.
    pub(super) fn payout_fields(&self) -> Option<BTreeMap<String, String>> {
        let active = self.mapping();
        let rules = &active.mapping.payout;
        (rules.source == PayoutSource::Webhook).then(|| rules.fields.clone())
    }

    /// Takes a body that has just arrived as a payout, if it is one. Returns once its rows are on disk, or soon: its
    /// sender waits for the answer. Rows that were recorded although the answer is an error are repeats when the sender
    /// sends them again.
    pub async fn take_payout_webhook(
        &self,
        body: &[u8],
        received_at: Timestamp,
    ) -> std::result::Result<Taken, NotRecorded> {
        let (rows, day) = match self.payouts_in(body, received_at) {
            Ok(payouts) => payouts,
            Err(taken) => return Ok(taken),
        };
        let _place = self.payout_places.try_acquire().map_err(|_| NotRecorded::Busy)?;
        tokio::select! {
            biased;
            recorded = self.record_delivered(&rows, day, None) => recorded.map(taken).map_err(|error| {
                tracing::error!("the payouts of a webhook could not be stored: {error}");
                NotRecorded::Failed
            }),
            () = self.clock.sleep(LONGEST_WAIT) => {
                tracing::error!("the payouts of a webhook could not be stored in time");
                Err(NotRecorded::Failed)
            }
        }
    }

    /// Takes a kept body that arrived at `received_at` as a payout, if it is one. Returns once its rows are on disk.
    pub async fn take_payout(&self, body: &[u8], received_at: Timestamp) -> Result<Taken> {
        match self.payouts_in(body, received_at) {
            Ok((rows, day)) => self.record_delivered(&rows, day, Some(received_at)).await.map(taken),
            Err(taken) => Ok(taken),
        }
    }

    /// The payouts of a body, and how their day is known; else what the body is.
    fn payouts_in(&self, body: &[u8], received_at: Timestamp) -> std::result::Result<(Vec<Payout>, PaidDay), Taken> {
        let active = self.mapping();
        let rules = &active.mapping.payout;
        if !payout::is_one(body, rules) {
            return Err(Taken::Other);
        }
        if rules.source != PayoutSource::Webhook {
            let why = "is a payout, which payout.source of the mapping does not take from webhooks";
            return Err(Taken::Not(why.to_owned()));
        }
        payout::read(body, rules, day_in_wib(received_at)).map_err(|problem| Taken::Not(format!("payout: {problem}")))
    }

    /// Reads an unreadable webhook again: whether it is an order or a payout now, `None` if it is not among them.
    pub async fn reread(&self, id: DeliveryId) -> Result<Option<bool>> {
        if let Some((kept, Some(body))) = self.storage.unreadable_one(id).await?
            && self.take_kept(kept.kept(), &body).await?
        {
            return Ok(Some(true));
        }
        self.inbox.reread_one(id).await
    }

    /// Takes the next payouts that were kept because they could not be read or were not accepted at that time, at most
    /// [`STEP`] bodies; reports progress before each of them.
    pub async fn take_some_kept(&self, sweep: &mut Sweep, report: impl Fn() + Send + Sync) -> Result<()> {
        let bodies = self.storage.unreadable_bodies(sweep.after, STEP).await?;
        sweep.is_over = bodies.is_empty();
        for kept in &bodies {
            report();
            sweep.after = kept.delivery;
            if let Err(error) = self.take_kept(kept.kept(), &kept.body).await {
                let id = kept.delivery.0;
                tracing::error!(id, "the payouts of webhook {id} could not be stored yet: {error}");
                sweep.failed_at(kept.delivery);
                break;
            }
        }
        Ok(())
    }

    /// Takes a kept body as a payout, and removes it; otherwise it stays, with the newest reason. Returns whether it
    /// was taken.
    async fn take_kept(&self, kept: KeptDelivery, body: &[u8]) -> Result<bool> {
        match self.take_payout(body, kept.received_at).await? {
            Taken::Rows(_) => self.storage.remove_taken(kept).await.map(|()| true),
            Taken::Not(why) => self.storage.change_problem(kept, &why).await.map(|()| false),
            Taken::Other => Ok(false),
        }
    }
}

/// A body all of whose rows are on disk; otherwise, why a row was refused.
fn taken(rows: Vec<RowRecorded>) -> Taken {
    match rows.iter().find_map(|row| row.problem(Language::English)) {
        Some(problem) => Taken::Not(format!("payout: {problem}")),
        None => Taken::Rows(rows),
    }
}
