//! Which steps of the setup are done.

use std::borrow::Borrow;

use crate::{
    accurate::client::Session,
    domain::{mapping::UnknownStores, reason::Reason},
    http::{App, problem::Problem},
    settings::Source,
};

/// What blocks an order until the mapping says it.
const OF_MAPPING: [Reason; 4] =
    [Reason::StoreUnmapped, Reason::WarehouseUnmapped, Reason::AccountUnmapped, Reason::BranchRequired];

/// The steps of the setup.
pub(in crate::web) struct Progress {
    done: [bool; 5],
    /// Stores that orders have named and that are not in the mapping.
    pub(in crate::web) unmapped: i64,
    /// Stores in the mapping.
    pub(in crate::web) mapped: i64,
    /// Orders that wait for something in the mapping.
    pub(in crate::web) waiting: i64,
    is_finished: bool,
}

impl Progress {
    pub(in crate::web) async fn of(app: &App) -> Result<Self, Problem> {
        let storage = app.engine.storage();
        let active = app.engine.mapping();
        let mapping = &active.mapping;
        let is_unmapped = |id: &str| !mapping.stores.contains_key(id);
        let accepts_any = mapping.unknown_stores == UnknownStores::Accept;
        let seen = storage.stores().await?;
        let unmapped = if accepts_any { 0 } else { seen.iter().filter(|store| is_unmapped(&store.id)).count() as i64 };
        let mut waiting = 0;
        for reason in OF_MAPPING {
            waiting += storage.blocked_by_subject(reason).await?.iter().map(|(_, sums)| sums.orders).sum::<i64>();
        }
        let proofs = app.proofs.get();
        let has_key = proofs.sources.webhook != Source::Missing;
        let has_credentials =
            app.engine.books().iter().all(|book| app.engine.session(&book.name).is_some_and(Session::has_credentials));
        let is_on = !app.engine.is_in_shadow();
        let has_stores = accepts_any || !mapping.stores.is_empty();
        let done = [
            has_key && app.newest_webhook().await?.is_some(),
            has_credentials,
            has_stores && unmapped == 0,
            mapping.orders_from.is_some(),
            is_on,
        ];
        let is_finished = has_key && has_credentials && has_stores && is_on;
        Ok(Self { done, unmapped, mapped: mapping.stores.len() as i64, waiting, is_finished })
    }

    /// Whether a step is done; the first one is 1.
    pub(in crate::web) fn is_done(&self, step: impl Borrow<usize>) -> bool {
        self.done.get(step.borrow() - 1).copied().unwrap_or_default()
    }

    /// Whether everything before the switch is done.
    pub(in crate::web) fn is_ready(&self) -> bool {
        self.done[..4].iter().all(|done| *done)
    }

    /// The first step that is not done, while invoices are not being created; the first one is 1.
    pub(in crate::web) fn next(&self) -> Option<usize> {
        if self.is_finished {
            return None;
        }
        self.done.iter().position(|done| !done).map(|place| place + 1)
    }
}
