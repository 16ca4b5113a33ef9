//! The part of a reconciliation that concerns Forstok: orders that it lists and that never arrived here, or arrived
//! only in an older state.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{Engine, forstok::count_reading};
use crate::{
    domain::{
        ids::BookName,
        operator::Actor,
        reconciliation::{Action, Finding, FindingState},
    },
    importing::missing::{self, Missing, NotTaken},
    storage::{Acted, ForstokConclusion, Result},
    supervisor::Progress,
};

/// How often the service checks whether a run waits for this part.
const CHECK_ANYWAY: Duration = Duration::from_secs(5);

/// Why an order was not imported at a person's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotImported {
    /// `forstok.api.orders_path` is not set.
    Off,
    /// Forstok did not give the order.
    NotTaken(NotTaken),
}

impl Engine {
    /// Compares what Forstok lists for the oldest run that waits for it. False if no run does, or if another reading is
    /// under way.
    pub async fn reconcile_forstok(&self) -> Result<bool> {
        let Some((run, period)) = self.storage.next_forstok_part().await? else { return Ok(false) };
        let Some((api, config)) = self.forstok() else {
            // The setting was removed after the run was requested.
            let incomplete = Some("forstok.api.orders_path is not set any more".to_owned());
            let off = ForstokConclusion { incomplete, ..ForstokConclusion::default() };
            self.storage.conclude_forstok(run, &off, self.now()).await?;
            return Ok(true);
        };
        let compared = missing::compare_days(&self.importer(), api, config, period).await?;
        let Some(Missing { orders, differences, incomplete }) = compared else { return Ok(false) };
        count_reading(incomplete.as_ref());
        let active = self.mapping();
        let mut findings = BTreeMap::<BookName, Vec<Finding>>::new();
        for finding in differences.iter().filter_map(|one| Finding::of_forstok(one, self.now())) {
            findings.entry(active.mapping.book_of(&finding.store_id).to_owned()).or_default().push(finding);
        }
        let found: usize = findings.values().map(Vec::len).sum();
        match &incomplete {
            None => tracing::info!(run, orders, found, "{orders} orders of Forstok compared: {found} are missing here"),
            Some(why) => tracing::warn!(run, orders, found, "Forstok's orders could not be read to the end: {why}"),
        }
        let conclusion = ForstokConclusion { orders, incomplete, findings };
        self.storage.conclude_forstok(run, &conclusion, self.now()).await?;
        Ok(true)
    }

    /// Fetches the order of an open finding from Forstok and takes it in.
    pub async fn import_order(
        &self,
        id: i64,
        reason: &str,
        actor: &Actor,
    ) -> Result<std::result::Result<Acted, NotImported>> {
        let action = Action::ImportOrder;
        let Some(finding) = self.storage.finding(id).await? else { return Ok(Ok(Acted::Unknown)) };
        let fits = finding.state == FindingState::Open && Action::fitting(finding.class).contains(&action);
        let (true, Some(order_id)) = (fits, finding.order_id) else { return Ok(Ok(Acted::NoLongerFits)) };
        let Some((api, config)) = self.forstok() else { return Ok(Err(NotImported::Off)) };
        let changed_at = finding.facts.forstok.and_then(|listed| listed.updated_at);
        if let Err(why) = missing::take_in(&self.importer(), api, config, &order_id, changed_at).await? {
            return Ok(Err(NotImported::NotTaken(why)));
        }
        let acted = self.storage.note_import(id, &actor.name, reason, self.now()).await?;
        if acted == Acted::Done {
            let what = action.as_str();
            tracing::info!(finding = id, actor = actor.name, action = what, "finding {id}: {actor} chose {what}");
            self.decide_now().await?;
            self.wake();
        }
        Ok(Ok(acted))
    }
}

pub(super) async fn reconcile_forstok_always(
    engine: Arc<Engine>,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    while !*stopped.borrow() {
        // A reading that is interrupted is repeated after the next start.
        let compared = async {
            tokio::select! {
                compared = engine.reconcile_forstok() => Some(compared),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(compared).await {
            None => return,
            Some(Ok(true)) => continue,
            Some(Ok(false)) => {}
            Some(Err(error)) => tracing::error!("Forstok's orders could not be reconciled: {error}"),
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
