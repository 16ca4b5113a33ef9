//! Reads recorded bodies, to fold them into their orders.

use jiff::Timestamp;

use crate::{
    domain::{
        ids::DeliveryId,
        seen::{products_of, warehouse_of},
    },
    forstok::payload::{self, Payload},
    storage::{Folding, OrderFacts, hundredths, terms_of},
};

/// Reads a recorded body; the result contains either the order's facts or why it cannot be read.
pub fn folding(delivery: DeliveryId, body: &[u8], received_at: Timestamp) -> Folding {
    let read = payload::read(body).map(|Payload { event, order }| {
        let order = order.arrived(received_at);
        Box::new(OrderFacts {
            event,
            hundredths: order.total_price.map_or(0, hundredths),
            terms: terms_of(order.channel_order_id(), order.skus()),
            products: products_of(&order),
            warehouse: warehouse_of(&order),
            unread_time: order.unread_update_time().map(|problem| problem.value.clone()),
            store_name: order.store_name_or_channel().to_owned(),
            channel_order_id: order.channel_order_id().to_owned(),
            order_id: order.id,
            status_text: order.status_text,
            status: order.status,
            updated_at: order.updated_at,
            store_id: order.store_id,
            channel: order.channel,
            ordered_at: order.ordered_at,
        })
    });
    Folding { delivery, received_at, facts: read.map_err(|unreadable| unreadable.problem) }
}
