//! What imports compare with, and how far Forstok's order API was read.

use jiff::Timestamp;

use crate::domain::{history::Progress, order::OrderId};

/// What is known of an order, to be compared with what another source lists.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the order")]
pub struct KnownOrder {
    pub order_id: OrderId,
    pub store_id: String,
    pub channel_order_id: String,
    pub status: String,
    /// Of the snapshot whose amounts count.
    pub progress: Progress,
    /// The body of that snapshot; `None` if it was cleared or is very large.
    pub body: Option<Vec<u8>>,
}

/// Number of a reading of Forstok's order API. A late reader names an older one and changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillRun(pub i64);

/// How a reading of Forstok's order API ended.
#[derive(Clone, Copy, Debug)]
pub struct BackfillEnd<'a> {
    /// The period was read to its end.
    pub is_complete: bool,
    /// Everything that changed before has been compared, and taken in.
    pub watermark: Option<Timestamp>,
    /// What it found.
    pub result: &'a serde_json::Value,
}

/// How far Forstok's order API was read.
#[derive(Clone, Debug, Default)]
pub struct BackfillState {
    /// The latest reading.
    pub run: BackfillRun,
    /// Everything that changed before has been compared; `None` before the first complete reading.
    pub watermark: Option<Timestamp>,
    /// Readings that came to their end.
    pub completed: i64,
    /// When a reading last came to its end.
    pub completed_at: Option<Timestamp>,
    /// When the latest reading ended.
    pub ended_at: Option<Timestamp>,
    /// What it found, as the reader wrote it.
    pub result: Option<serde_json::Value>,
}
