//! Deliveries: what arrives, and what is stored of it.

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

/// A message about one order, to be recorded; usually an authentic webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Equal for equal content.
    pub fingerprint: [u8; 32],
    /// How it arrived.
    pub origin: Origin,
    /// The body, unchanged.
    pub body: Bytes,
    /// What was read from the body.
    pub content: Content,
}

/// A delivery on disk that is not yet folded into its order.
#[derive(Clone, Debug)]
pub struct Unfolded {
    /// The delivery.
    pub delivery: DeliveryId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The body, unchanged.
    pub body: Vec<u8>,
}

/// Identifies an unreadable delivery. The id alone is not enough, because the id of the newest delivery is assigned
/// again once that delivery is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// When it first arrived.
    pub received_at: Timestamp,
}

/// A delivery that was read, to be folded into its order.
#[derive(Clone, Debug)]
pub struct Folding {
    /// The delivery.
    pub delivery: DeliveryId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What the body says, or why this version cannot read what an older one recorded.
    pub facts: Result<Box<OrderFacts>, String>,
}

impl Unfolded {
    /// Identifies this delivery, which must be an unreadable one.
    pub fn kept(&self) -> KeptDelivery {
        KeptDelivery { id: self.delivery, received_at: self.received_at }
    }
}

impl UnreadableDelivery {
    /// Identifies this delivery.
    pub fn kept(&self) -> KeptDelivery {
        KeptDelivery { id: self.id, received_at: self.received_at }
    }
}

/// What was read from a delivery's body.
#[derive(Clone, Debug)]
pub enum Content {
    /// An order.
    Order {
        /// The order's id.
        order_id: OrderId,
        /// For example `orders/update`.
        event: String,
        /// The status as Forstok wrote it.
        status_text: String,
    },
    /// The body cannot be read as an order.
    Unreadable {
        /// Why not.
        problem: String,
        /// The order that the body names, if any.
        order_id: Option<OrderId>,
    },
}

impl Content {
    /// The order's id; empty if the body cannot be read as an order.
    pub(in crate::storage) fn order_id(&self) -> &str {
        match self {
            Self::Order { order_id, .. } => order_id.as_str(),
            Self::Unreadable { .. } => "",
        }
    }

    /// The order that an unreadable body names.
    pub(in crate::storage) fn names_order(&self) -> Option<&str> {
        match self {
            Self::Order { .. } => None,
            Self::Unreadable { order_id, .. } => order_id.as_ref().map(OrderId::as_str),
        }
    }
}

/// What is stored of a snapshot besides its body, to list, find and fold it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the order")]
pub struct OrderFacts {
    pub event: String,
    pub order_id: OrderId,
    pub status_text: String,
    pub status: Option<Status>,
    pub updated_at: Option<Timestamp>,
    /// The text of `updated_at` if it cannot be read as a time.
    pub unread_time: Option<String>,
    pub store_id: String,
    pub store_name: String,
    pub channel: String,
    pub channel_order_id: String,
    pub ordered_at: Option<Timestamp>,
    /// The total that Forstok states, in hundredths of a rupiah.
    pub hundredths: i64,
    /// Search terms besides its ids, as [`terms_of`] makes them.
    pub terms: Vec<String>,
    /// The products, which can be mapped to items.
    pub products: Vec<SeenProduct>,
    pub warehouse: Option<SeenWarehouse>,
}

/// Most SKUs of one order that become search terms.
const MOST_TERMS: usize = 200;

/// Longest search term, in characters, without its prefix.
const LONGEST_TERM: usize = 100;

/// The search terms of an order: its marketplace number reversed (`r:…`), to search by its end, and its SKUs (`s:…`).
pub fn terms_of<'a>(channel_order_id: &str, skus: impl Iterator<Item = &'a str>) -> Vec<String> {
    let reversed = channel_order_id.trim().to_lowercase().chars().rev().take(LONGEST_TERM).collect::<String>();
    let skus = skus.map(|sku| sku.trim().to_lowercase()).filter(|sku| !sku.is_empty());
    let skus = skus.map(|sku| format!("s:{}", sku.chars().take(LONGEST_TERM).collect::<String>()));
    let terms: std::collections::BTreeSet<_> = skus.take(MOST_TERMS).collect();
    std::iter::once(format!("r:{reversed}")).chain(terms).collect()
}

/// The result of one step of clearing old bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Bodies that were cleared.
    pub bodies: u64,
    /// Deliveries that were examined; fewer than requested if no others are old enough.
    pub examined: u64,
}

/// The result of recording a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The same content arrived before.
    pub repeat: bool,
    /// The order's current state.
    pub state: State,
    /// The order's invoice, if it exists.
    pub invoice: Option<DocumentRef>,
}

impl Receipt {
    /// For a new content whose order is not known yet.
    pub(in crate::storage) fn first() -> Self {
        Self { repeat: false, state: State::Received, invoice: None }
    }
}

/// A snapshot of an order as Forstok sent it.
#[derive(Clone, Debug)]
pub struct SnapshotRecord {
    /// The delivery that contained it.
    pub id: DeliveryId,
    /// When it first arrived.
    pub received_at: Timestamp,
    /// When it last arrived.
    pub last_at: Timestamp,
    /// How often it arrived.
    pub times: i64,
    /// The status as Forstok wrote it.
    pub status: String,
    /// For example `orders/update`.
    pub event: String,
    /// How it first arrived.
    pub origin: Origin,
    /// The body, unchanged; `None` once it was cleared.
    pub body: Option<Vec<u8>>,
    /// This is the newest snapshot, from which the order's amounts are taken.
    pub counts: bool,
}

/// An authentic delivery that cannot be read as an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// When it first arrived.
    pub received_at: Timestamp,
    /// When it last arrived.
    pub last_at: Timestamp,
    /// The order that the body names, if any.
    pub order_id: Option<OrderId>,
    /// Size of the body in bytes; 0 once it was cleared.
    pub bytes: i64,
    /// How often it arrived.
    pub times: i64,
    /// Why it cannot be read as an order.
    pub problem: String,
}
