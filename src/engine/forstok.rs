//! Asks Forstok's order API for orders that never came as webhooks, in the background.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Engine;
use crate::{
    forstok::api::ForstokApi,
    importing::{
        Mode,
        backfill::{self, Comparison, Ran},
        file::MOST_NAMED,
    },
    settings::BackfillConfig,
    storage::Result,
    supervisor::Progress,
};

/// How often the service checks whether a reading is due.
const CHECK_ANYWAY: Duration = Duration::from_secs(30);

impl Engine {
    /// Forstok's order API with its settings, for [`backfill::compare_period`]; `None` if it is off. All readings of
    /// this process share its limit of calls per minute.
    pub fn forstok(&self) -> Option<(&ForstokApi, &BackfillConfig)> {
        self.forstok.as_ref().map(|(api, config)| (api, config))
    }

    /// Asks Forstok for everything since the last time, if that is due and this replica decides. `None` if there was
    /// nothing to do.
    pub async fn ask_forstok_if_due(&self) -> Result<Option<Ran>> {
        let Some((api, config)) = self.forstok() else { return Ok(None) };
        let importer = self.importer();
        if !self.signals.decides() || !backfill::is_due(&importer).await? {
            return Ok(None);
        }
        let ran = backfill::run(&importer, api, config, None, MOST_NAMED).await?;
        if let Some(ran) = &ran {
            count_reading(ran.comparison.incomplete.as_ref());
            report(ran);
        }
        Ok(ran)
    }
}

/// Counts a reading that has ended, by its result: `incomplete` says why not everything was read.
pub(super) fn count_reading<T>(incomplete: Option<&T>) {
    let result = if incomplete.is_none() { "complete" } else { "incomplete" };
    metrics::counter!("forstok_accurate_forstok_readings_total", "result" => result).increment(1);
}

fn report(Ran { from, to, mode, comparison }: &Ran) {
    let Comparison { report, incomplete, .. } = comparison;
    let (new, newer, taken) = (report.counts.new, report.counts.newer, report.counts.ingested);
    if let Some(why) = incomplete {
        tracing::warn!("Forstok's orders from {from} to {to} could not be read to the end: {why}");
    }
    if report.counts.differences() > 0 {
        let what = match mode {
            Mode::Ingest => format!("{taken} snapshots were taken in"),
            Mode::Report => "nothing was taken in, because this was a report".to_owned(),
        };
        tracing::warn!(new, newer, "Forstok lists {new} orders that never came and {newer} that are newer: {what}");
    }
}

pub(super) async fn ask_always(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>, progress: Progress) {
    while !*stopped.borrow() {
        // A reading that is interrupted is repeated after the next start.
        let asked = async {
            tokio::select! {
                asked = engine.ask_forstok_if_due() => Some(asked),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(asked).await {
            None => return,
            Some(Ok(_)) => {}
            Some(Err(error)) => tracing::error!("Forstok's orders could not be compared: {error}"),
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
