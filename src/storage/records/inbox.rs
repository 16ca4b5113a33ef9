//! What comes in: deliveries, and what is kept of them.

use bytes::Bytes;
use jiff::Timestamp;

use super::DocumentRef;
use crate::domain::{
    ids::DeliveryId,
    order::OrderId,
    origin::Origin,
    seen::{SeenProduct, SeenWarehouse},
    state::State,
    status::Status,
};

/// What was said about one order, to be recorded: as a rule by an authentic webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it came.
    pub received_at: Timestamp,
    /// The same for the same content.
    pub fingerprint: [u8; 32],
    /// How it came.
    pub origin: Origin,
    /// As it came.
    pub body: Bytes,
    /// What it holds.
    pub content: Content,
}

/// A delivery on disk that is not yet folded into its order.
#[derive(Clone, Debug)]
pub struct Unfolded {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// As it came.
    pub body: Vec<u8>,
}

/// Names an unreadable delivery that is kept. Its id alone could name another one by now: the id of the newest delivery
/// is given again once that delivery was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// When it first came.
    pub received_at: Timestamp,
}

/// A delivery that was read, to be folded into its order.
#[derive(Clone, Debug)]
pub struct Folding {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// What it says, or why that can no longer be read: an older program recorded it.
    pub facts: Result<Box<OrderFacts>, String>,
}

impl Unfolded {
    /// Its name, if it is an unreadable delivery that is kept.
    pub fn kept(&self) -> KeptDelivery {
        KeptDelivery { id: self.delivery, received_at: self.received_at }
    }
}

impl UnreadableDelivery {
    /// Its name.
    pub fn kept(&self) -> KeptDelivery {
        KeptDelivery { id: self.id, received_at: self.received_at }
    }
}

/// What a delivery holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// An order.
    Order {
        /// Which.
        order_id: OrderId,
        /// For example `orders/update`.
        event: String,
        /// The status as it was written.
        status_text: String,
    },
    /// Nothing that can be read.
    Unreadable {
        /// What was not understood.
        problem: String,
        /// The order that the body still names.
        order_id: Option<OrderId>,
    },
}

impl Content {
    /// The order; empty if it cannot be read.
    pub(in crate::storage) fn order_id(&self) -> &str {
        match self {
            Self::Order { order_id, .. } => order_id.as_str(),
            Self::Unreadable { .. } => "",
        }
    }

    /// The order that something unreadable names.
    pub(in crate::storage) fn names_order(&self) -> Option<&str> {
        match self {
            Self::Order { .. } => None,
            Self::Unreadable { order_id, .. } => order_id.as_ref().map(OrderId::as_str),
        }
    }
}

/// What the store keeps of a snapshot beside its body: enough to list, find and fold.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the order")]
pub struct OrderFacts {
    pub event: String,
    pub order_id: OrderId,
    pub status_text: String,
    pub status: Option<Status>,
    pub updated_at: Option<Timestamp>,
    /// What `updated_at` says when it cannot be read.
    pub unread_time: Option<String>,
    pub store_id: String,
    pub store_name: String,
    pub channel: String,
    pub channel_order_id: String,
    pub ordered_at: Option<Timestamp>,
    /// What it is worth as Forstok says, in hundredths of a rupiah.
    pub hundredths: i64,
    /// What it is found by beside its numbers, as [`terms_of`] makes them.
    pub terms: Vec<String>,
    /// What it contains that can be mapped.
    pub products: Vec<SeenProduct>,
    pub warehouse: Option<SeenWarehouse>,
}

/// Most terms of one order; nobody searches for the rest of a longer one.
const MOST_TERMS: usize = 200;

/// Longest term, in characters.
const LONGEST_TERM: usize = 100;

/// What an order is found by: its marketplace number from its end, and its SKUs.
pub fn terms_of<'a>(channel_order_id: &str, skus: impl Iterator<Item = &'a str>) -> Vec<String> {
    let reversed = channel_order_id.trim().to_lowercase().chars().rev().take(LONGEST_TERM).collect::<String>();
    let skus = skus.map(|sku| sku.trim().to_lowercase()).filter(|sku| !sku.is_empty());
    let skus = skus.map(|sku| format!("s:{}", sku.chars().take(LONGEST_TERM).collect::<String>()));
    let terms: std::collections::BTreeSet<_> = skus.take(MOST_TERMS).collect();
    std::iter::once(format!("r:{reversed}")).chain(terms).collect()
}

/// What a step of housekeeping came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Bodies that were cleared.
    pub bodies: u64,
    /// Deliveries that were looked at; fewer than were asked for when no others are old enough.
    pub examined: u64,
}

/// The result of recording a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The very same content came before.
    pub repeat: bool,
    /// The order's current state.
    pub state: State,
    /// Its invoice, once there is one.
    pub invoice: Option<DocumentRef>,
}

impl Receipt {
    /// The first arrival of a content about which nothing is known yet.
    pub(in crate::storage) fn first() -> Self {
        Self { repeat: false, state: State::Received, invoice: None }
    }
}

/// A snapshot of an order as Forstok sent it.
#[derive(Clone, Debug)]
pub struct SnapshotRecord {
    /// Which delivery brought it.
    pub id: DeliveryId,
    /// When it first came.
    pub received_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often it came.
    pub times: i64,
    /// Status as Forstok wrote it.
    pub status: String,
    /// For example `orders/update`.
    pub event: String,
    /// How it came first.
    pub origin: Origin,
    /// As it came; `None` once it was cleared.
    pub body: Option<Vec<u8>>,
    /// The order's amounts are taken from this one.
    pub counts: bool,
}

/// An authentic delivery that cannot be read as an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// When it first came.
    pub received_at: Timestamp,
    /// When it last came.
    pub last_at: Timestamp,
    /// The order that it names, as far as that can be read.
    pub order_id: Option<OrderId>,
    /// Bytes of its body; 0 when the body is no longer kept.
    pub bytes: i64,
    /// How often it came.
    pub times: i64,
    /// What was not understood.
    pub problem: String,
}
