//! Automatic recovery once a cause is gone: the order of events, and the number of calls.

mod causes;
mod hundred;
mod rechecks;
mod restored;

use forstok_accurate::{
    sandbox::{Action, CallRecord},
    storage::State,
};
use serde_json::json;

use crate::world::{Order, World, order};

/// An item that does not exist in Accurate at first.
const NEW: &str = "BARU-01";

/// Orders with these ids that need the missing item.
async fn orders_wait_for_the_item(world: &mut World, ids: impl Iterator<Item = u32>) {
    for id in ids {
        world.forstok_sends(order(&id.to_string()).ready_to_ship().sku(NEW)).await;
    }
    world.run_at_once_until_idle().await;
}

/// An order whose shipping the seller receives, so that the invoice needs an account for it.
fn with_shipping(id: u32) -> Order {
    order(&id.to_string()).ready_to_ship().with("cashless", json!(false)).with("shipping_price", json!(9_000))
}

/// The calls of one kind, oldest first.
fn calls(world: &World, action: Action) -> Vec<CallRecord> {
    world.accurate.calls().into_iter().filter(|call| call.action == Some(action)).collect()
}

/// The number of blocked and of invoiced orders.
async fn blocked_and_invoiced(world: &World) -> (i64, i64) {
    (world.count(State::Blocked).await, world.count(State::Invoiced).await)
}
