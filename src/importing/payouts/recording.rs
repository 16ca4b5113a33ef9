//! Records the payouts of a file in batches.

use std::ops::ControlFlow;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::PayoutFile;
use crate::{
    domain::{
        payout::{Payout, Recorded, RowOutcome, check},
        payout_file::Made,
        reason::Language,
    },
    spreadsheet::Unreadable,
    storage::{AfterSaleStorage, RowRecorded, StorageError},
};

/// Payouts that are recorded together.
const BATCH: usize = 200;

/// Batches that are read ahead.
const WAITING: usize = 2;

/// How many payouts were recorded in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New ones.
    pub accepted: u64,
    /// Known with the same content.
    pub repeat: u64,
    /// Known with other content.
    pub corrected: u64,
    /// Not recorded.
    pub refused: u64,
}

/// Why a file was recorded only in part. What is recorded stays; importing the file again records the rest.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The file cannot be read any more.
    #[error("the file can no longer be read; it has changed or was removed")]
    Unreadable(Unreadable),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The outcomes could not be written.
    #[error("the outcomes cannot be written: {0}")]
    Outcomes(#[from] std::io::Error),
}

impl Counts {
    fn add(&mut self, outcome: Recorded) {
        match outcome {
            Recorded::Accepted => self.accepted += 1,
            Recorded::Repeat => self.repeat += 1,
            Recorded::Corrected => self.corrected += 1,
            Recorded::Refused => self.refused += 1,
        }
    }
}

/// Records the payouts of a file that was checked, in batches. Rows that are alike but for their figures are in one
/// batch. `tell` receives the outcome of each payout.
pub async fn record(
    mut file: PayoutFile,
    counts: &mut Counts,
    store: impl AsyncFn(Vec<Payout>) -> Result<Vec<RowOutcome>, StorageError>,
    mut tell: impl FnMut(&Made, &RowOutcome) -> std::io::Result<()>,
) -> Result<(), Failed> {
    let (sender, mut batches) = mpsc::channel::<Vec<Made>>(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        file.payouts(&mut |made| {
            batch.extend(made);
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            match sender.blocking_send(std::mem::take(&mut batch)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        if !batch.is_empty() {
            // The receiver is gone if recording failed, which is reported there.
            let _ = sender.blocking_send(batch);
        }
        Ok(())
    });
    while let Some(batch) = batches.recv().await {
        let outcomes = store(batch.iter().map(|made| made.payout.clone()).collect()).await?;
        for (made, outcome) in batch.iter().zip(&outcomes) {
            counts.add(outcome.outcome);
            tell(made, outcome)?;
        }
    }
    reading.await.unwrap_or(Err(Unreadable::Damaged)).map_err(Failed::Unreadable)
}

/// Records payouts, and refuses those with which nothing could be done. In this language, it says why a payout would
/// lose money of an earlier file.
pub async fn record_all(
    storage: &dyn AfterSaleStorage,
    payouts: Vec<Payout>,
    now: Timestamp,
    language: Language,
) -> Result<Vec<RowOutcome>, StorageError> {
    let problem = |payout| check(payout).err().map(|unusable| unusable.in_words(language));
    let problems: Vec<_> = payouts.iter().map(problem).collect();
    let fine = payouts.iter().zip(&problems).filter(|(_, problem)| problem.is_none());
    let rows: Vec<_> = fine.map(|(payout, _)| payout.clone()).collect();
    let mut recorded = storage.record_file(&rows, now).await?.into_iter();
    let outcome = |(payout, problem): (Payout, Option<String>)| {
        let recorded = if problem.is_none() { recorded.next() } else { None };
        let (key, recorded) = recorded.map_or((payout.key, None), |(key, recorded)| (key, Some(recorded)));
        let problem = problem.or_else(|| recorded.as_ref()?.problem(language));
        let outcome = match recorded {
            Some(RowRecorded::Accepted) => Recorded::Accepted,
            Some(RowRecorded::Repeat) => Recorded::Repeat,
            Some(RowRecorded::Corrected) => Recorded::Corrected,
            _ => Recorded::Refused,
        };
        RowOutcome { key, outcome, problem }
    };
    Ok(payouts.into_iter().zip(problems).map(outcome).collect())
}
