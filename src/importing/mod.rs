//! Orders from other sources than webhooks, compared with the orders here and taken in on request; payouts from files.
//!
//! [`mod@file`] reads what a person has: webhook bodies line by line, or an export of a spreadsheet. [`comparing`]
//! compares snapshots and records them like webhooks, with their origin; which of two snapshots counts is decided where
//! they are folded. [`table`] compares the rows of an export, which do not contain enough to be recorded. [`backfill`]
//! asks Forstok's order API, and [`missing`] does so for the days of a reconciliation. [`payouts`] reads files with
//! payouts.

pub mod backfill;
pub mod comparing;
pub mod file;
pub mod missing;
pub mod payouts;
pub mod table;

use std::sync::Arc;

use crate::{
    clock::SharedClock,
    domain::{import::Known, money::Rupiah},
    forstok::payload,
    inbox::Inbox,
    storage::{ImportStorage, KnownOrder},
};

/// Snapshots or rows that are compared at once.
const BATCH: usize = 100;

/// Whether snapshots are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only compare and report.
    Report,
    /// Take in what is missing.
    Ingest,
}

/// Compares and takes in orders.
pub struct Importer {
    storage: Arc<dyn ImportStorage>,
    inbox: Arc<Inbox>,
    clock: SharedClock,
}

impl Importer {
    /// On this database, through this inbox.
    pub fn new(storage: Arc<dyn ImportStorage>, inbox: Arc<Inbox>, clock: SharedClock) -> Self {
        Self { storage, inbox, clock }
    }
}

/// What is known of an order, with the total of the snapshot that counts.
fn known(order: KnownOrder) -> Known {
    let KnownOrder { order_id, store_id, channel_order_id, status, progress, body } = order;
    Known { order_id, store_id, channel_order_id, status, progress, total: body.and_then(|body| total_of(&body)) }
}

fn total_of(body: &[u8]) -> Option<Rupiah> {
    payload::read(body).ok()?.order.total_price
}
