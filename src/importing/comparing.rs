//! Compares snapshots with what is known, batch by batch, and takes in what is missing.

use std::collections::HashMap;

use bytes::Bytes;

use super::{Importer, Mode};
use crate::{
    domain::{
        history::Progress,
        import::{Difference, Known, Report, Side, Standing, Unread, compare},
        order::{OrderId, Snapshot},
        origin::Origin,
    },
    inbox::delivery_by,
    storage::{Delivery, Result},
};

/// Orders whose newest listed snapshot is remembered while a source is read, so that a report says the same as taking
/// them in would. Beyond it, several snapshots of one new order count as several new ones.
const MOST_REMEMBERED: usize = 100_000;

/// What is said about a snapshot whose time is missing, of an order that is known.
const UNDATED: &str =
    "order.updated_at: is missing or cannot be read, so it is not clear whether it is newer than the stored data";

/// A snapshot that a source lists.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The line of the file; `None` if the source is not a file.
    pub line: Option<u64>,
    /// The body of a webhook that says the same.
    pub body: Bytes,
    /// What it says.
    pub order: Snapshot,
}

/// A comparison under way.
pub struct Comparing<'a> {
    importer: &'a Importer,
    origin: Origin,
    mode: Mode,
    /// Newest snapshots of this source so far.
    listed: HashMap<OrderId, Progress>,
    report: Report,
}

impl<'a> Comparing<'a> {
    /// A comparison of snapshots of this origin, which names at most so many differences.
    pub fn new(importer: &'a Importer, origin: Origin, mode: Mode, most_named: usize) -> Self {
        Self { importer, origin, mode, listed: HashMap::new(), report: Report::naming(most_named) }
    }

    /// What was found so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What was found.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Adds what cannot be read.
    pub fn add_unread(&mut self, unread: Unread) {
        self.report.add_unread(unread.line, unread.problem);
    }

    /// Compares a batch, and takes in what is missing in one commit.
    pub async fn add(&mut self, batch: Vec<Listed>) -> Result<()> {
        let Importer { storage, inbox, clock } = self.importer;
        // Webhooks that were accepted and not folded yet are known as well.
        inbox.fold_all().await?;
        let ids: Vec<_> = batch.iter().map(|listed| listed.order.id.clone()).collect();
        let known = storage.known_by_id(&ids).await?;
        let known: HashMap<_, _> =
            known.into_iter().map(|order| (order.order_id.clone(), super::known(order))).collect();
        let now = clock.now();
        let mut deliveries = Vec::new();
        for Listed { line, body, order } in batch {
            let order = order.arrived(now);
            let of_order = known.get(&order.id);
            match self.compare(line, &order, of_order) {
                Ok(standing) if self.takes(standing, &order) => deliveries.push(delivery_by(self.origin, body, now)),
                Ok(_) => {}
                Err(compare::Undated) => {
                    let line = line.unwrap_or_else(|| self.report.counts.listed + 1);
                    self.report.add_unread(line, UNDATED.to_owned());
                }
            }
        }
        self.take_in(&deliveries).await
    }

    fn compare(
        &mut self,
        line: Option<u64>,
        order: &Snapshot,
        known: Option<&Known>,
    ) -> std::result::Result<Standing, compare::Undated> {
        let earlier = self.listed.get(&order.id).copied();
        let newest = earlier.max(known.map(|known| known.progress));
        let standing = compare::of_snapshot(order, newest)?;
        // A new order without a time counts as of its arrival.
        let at = order.updated_at.unwrap_or_else(|| self.importer.clock.now());
        let progress = Progress::of(order.status, at).max(newest.unwrap_or_else(|| Progress::of(order.status, at)));
        if self.listed.len() < MOST_REMEMBERED || earlier.is_some() {
            self.listed.insert(order.id.clone(), progress);
        }
        self.report.add(standing, || difference(line, standing, order, known));
        Ok(standing)
    }

    /// An older snapshot in a file changes no amounts but tells when the order reached a status, which dates the
    /// invoice; Forstok's API lists only the newest one. A list without products must not replace what is known of
    /// them.
    fn takes(&self, standing: Standing, order: &Snapshot) -> bool {
        let is_import = self.origin == Origin::Import;
        let is_wanted = match standing {
            Standing::New | Standing::Newer => is_import || !order.lines.is_empty(),
            Standing::Older => is_import,
            Standing::Same => false,
        };
        is_wanted && self.mode == Mode::Ingest
    }

    async fn take_in(&mut self, deliveries: &[Delivery]) -> Result<()> {
        if deliveries.is_empty() {
            return Ok(());
        }
        self.importer.inbox.record(deliveries).await?;
        self.report.counts.ingested += deliveries.len() as u64;
        Ok(())
    }
}

fn difference(line: Option<u64>, standing: Standing, order: &Snapshot, known: Option<&Known>) -> Difference {
    Difference {
        line,
        standing,
        order_id: Some(order.id.clone()),
        channel_order_id: order.channel_order_id().to_owned(),
        store_id: order.store_id.clone(),
        listed: side(order),
        known: known.map(Side::from),
    }
}

fn side(order: &Snapshot) -> Side {
    Side { status: order.status_text.clone(), total: order.total_price, updated_at: order.updated_at }
}
