//! Forstok: what it sends about each order, how often and in which order, until it is answered.

use std::collections::HashSet;

use axum::body::Bytes;
use forstok_accurate::{
    sandbox::Emoji,
    storage::{Content, Delivery},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{past::Past, sales::Sold, terms::Terms};
use crate::world::order;

/// An item that does not exist in Accurate at first.
pub(crate) const LATER_ITEM: &str = "LATER-1";
/// The account that shipping is booked on.
pub(crate) const SHIPPING_ACCOUNT: &str = "700101";
/// The account that fees of payouts are booked on.
pub(crate) const FEE_ACCOUNT: &str = "600104";
/// A store in the mapping; another one is sometimes removed from the mapping.
pub(crate) const STORES: [i64; 4] = [8277, 7475, 7600, 5];

/// A permanent problem of an order, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Its product has no SKU: a person must act in Forstok, and nobody does.
    NoSku,
    /// Its product's name has an emoji, for which Accurate always fails.
    Emoji,
}

/// Everything that is sent about one order.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) flaw: Flaw,
    pub(crate) snapshots: Vec<Bytes>,
    /// As the first snapshot says.
    pub(crate) sold: Sold,
    /// What the newest snapshot says.
    newest: Newest,
}

#[derive(Clone, Debug)]
struct Newest {
    sold: Sold,
    status: &'static str,
    minute: i64,
}

/// What Forstok changes about an order that is invoiced already, for the coverage table.
pub(crate) const CHANGES: [&str; 3] = [
    "an invoiced order changes its price",
    "an invoiced order changes its pieces",
    "an invoiced order changes its product",
];

impl Script {
    /// Forstok changes what was sold; returns how.
    pub(crate) fn change(&mut self, rng: &mut fastrand::Rng) -> (Bytes, Vec<&'static str>) {
        let Newest { sold, status, minute } = &mut self.newest;
        let first = rng.usize(..CHANGES.len());
        let changes: Vec<_> = (0..CHANGES.len()).filter(|change| *change == first || rng.u8(..4) == 0).collect();
        for change in &changes {
            match change {
                0 => sold.price += 1000 * rng.i64(1..50),
                1 => sold.pieces = if sold.pieces == 4 && rng.bool() { 2 } else { sold.pieces + 1 },
                _ => sold.sku = if sold.sku == "KAOS-M" { "AAA2002" } else { "KAOS-M" },
            }
        }
        *minute += 1;
        let body = body(&self.id, self.flaw, sold, status, *minute);
        self.snapshots.push(body.clone());
        (body, changes.into_iter().map(|change| CHANGES[change]).collect())
    }

    /// How many pieces are sold according to the newest snapshot.
    pub(crate) fn newest_pieces(&self) -> i64 {
        self.newest.sold.pieces
    }
}

/// A delivery that is still to be made.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) body: Bytes,
    pub(crate) words: String,
    pub(crate) at: Timestamp,
    pub(crate) is_repeat: bool,
}

/// What must be on disk once its sender was answered: the order, empty if unreadable, and the fingerprint.
pub(crate) type Acknowledged = (String, Vec<u8>);

/// What an answered delivery must have stored.
pub(crate) fn acknowledged(delivery: &Delivery) -> Acknowledged {
    let order_id = match &delivery.content {
        Content::Order { order_id, .. } => order_id.as_str().to_owned(),
        Content::Unreadable { .. } => String::new(),
    };
    (order_id, delivery.fingerprint.to_vec())
}

/// Parts of a body that no decision uses: without them a world takes half the time.
const UNREAD: [&str; 12] = [
    "address",
    "customer_info",
    "dropshipper_info",
    "payment",
    "shipping_courier",
    "returns",
    "created_at",
    "profile_id",
    "note",
    "internal_note",
    "cod",
    "warehouse_code",
];

/// The sequences of statuses; those that begin with the chosen status come first.
const WAYS: [&[&str]; 15] = [
    &["Ready to Ship"],
    &["Ready to Ship", "Completed"],
    &["Ready to Ship", "Cancelled"],
    &["Ready to Ship", "Shipped", "Cancelled"],
    &["Open", "Ready to Ship"],
    &["Open", "Ready to Ship", "Shipped", "Delivered"],
    &["Open", "Ready to Ship", "Cancelled"],
    &["Open", "Cancelled"],
    &["Cancelled"],
    &["Open"],
    &["Open", "teleported", "Ready to Ship"],
    &["Ready to Ship", "Ready to Ship", "Cancelled"],
    // Cancelled, and then it continues.
    &["Ready to Ship", "Cancelled", "Shipped"],
    &["Cancelled", "Completed"],
    &["Ready to Ship", "Cancelled", "Shipped", "Cancelled"],
];

/// Creates the orders of a world, and the times at which their snapshots are sent.
pub(crate) fn scripts(rng: &mut fastrand::Rng, terms: &Terms, at: Timestamp) -> (Vec<Script>, Vec<Waiting>) {
    let orders = terms.orders;
    let mut scripts = Vec::with_capacity(orders);
    let mut waiting = Vec::new();
    // All at once, or one after the other.
    let spread = if terms.heap > 0 { 0 } else { *rng.choice(&[0_i64, 5, 300, 1200]).unwrap_or(&0) };
    let ways = match (terms.past, terms.heap) {
        // None is cancelled, so that there is enough for a bulk after the sale.
        (Past::Approved, _) => &WAYS[..2],
        (_, 0) => &WAYS[..],
        _ => &WAYS[..4],
    };
    for place in 0..orders {
        let script = script(rng, terms, ways, &format!("{}", 7001 + place));
        let mut at = at + SignedDuration::from_secs(rng.i64(0..=spread));
        for (nth, body) in script.snapshots.iter().enumerate() {
            let words = format!("snapshot {} of order {}", nth + 1, script.id);
            waiting.push(Waiting { body: body.clone(), words, at, is_repeat: false });
            let pause = *rng.choice(&[0_i64, 1, 4, 60, 200, 900]).unwrap_or(&0);
            at += SignedDuration::from_secs(pause);
        }
        scripts.push(script);
    }
    if rng.u8(..8) == 0 {
        let body = Bytes::from(format!("this is no order {}", rng.u8(..)));
        waiting.push(Waiting { body, words: "something unreadable".to_owned(), at, is_repeat: false });
    }
    (scripts, waiting)
}

fn script(rng: &mut fastrand::Rng, terms: &Terms, ways: &[&[&'static str]], id: &str) -> Script {
    let way = *rng.choice(ways).expect("there are ways");
    let flaw = match rng.u8(..30) {
        0 => Flaw::NoSku,
        1..4 if terms.emoji == Emoji::OwnError => Flaw::Emoji,
        _ => Flaw::None,
    };
    let sku = match (flaw, rng.u8(..10)) {
        (Flaw::NoSku, _) => "",
        (_, 0..2) => LATER_ITEM,
        (_, 2..5) => "KAOS-M",
        _ => "AAA2002",
    };
    let storage = STORES[rng.usize(..STORES.len())];
    let pays_shipping = rng.u8(..4) == 0;
    let mut price = 1000 * rng.i64(1..200);
    let mut sold =
        Sold { store: storage, sku, price, pieces: 1, voucher: 0, shipping: if pays_shipping { 9000 } else { 0 } };
    if terms.sale.is_some() {
        sold.pieces = if rng.bool() { 4 } else { 1 };
        sold.voucher = if rng.u8(..3) == 0 { 500 } else { 0 };
    }
    let mut minute = rng.i64(0..60);
    let mut snapshots = Vec::with_capacity(way.len());
    for status in way {
        // Two snapshots may have the same time.
        minute += rng.i64(0..3);
        if rng.u8(..8) == 0 {
            price += 1000;
        }
        snapshots.push(body(id, flaw, &Sold { price, ..sold.clone() }, status, minute));
    }
    // The same snapshot again is the same delivery.
    let mut seen = HashSet::new();
    snapshots.retain(|body: &Bytes| seen.insert(body.clone()));
    let status = way.last().copied().unwrap_or_default();
    let newest = Newest { sold: Sold { price, ..sold.clone() }, status, minute };
    Script { id: id.to_owned(), number: format!("INV-{id}"), flaw, snapshots, sold, newest }
}

/// What Forstok sends so many minutes after it opened.
fn body(id: &str, flaw: Flaw, sold: &Sold, status: &str, minute: i64) -> Bytes {
    let day: Timestamp = "2024-01-31T09:00:00+07:00".parse().expect("a moment");
    let updated_at = (day + SignedDuration::from_mins(minute)).to_string();
    let Sold { store, sku, price, pieces, voucher, shipping } = sold;
    let name = if flaw == Flaw::Emoji { "Kaos \u{1F600}" } else { "Kaos" };
    let order = order(id).name(name).sku(sku).price(*price).pieces(*pieces).store(*store).status(status);
    let order = order.updated_at(&updated_at);
    let order = order.with("cashless", json!(*shipping == 0)).with("shipping_price", json!(shipping));
    let order = order.with("voucher_seller", json!(voucher)).with("total_price", json!(sold.total()));
    order.without(&UNREAD).body()
}
