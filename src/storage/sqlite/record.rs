//! Recording deliveries: many in one commit.

use rusqlite::Connection;

use super::connection::{execute, fetch};
use crate::storage::{
    Content, Delivery, Receipt, Result, State,
    dialect::{Columns, Value},
    rows::{micros, receipt},
};

/// The very same content again adds no row.
const APPEND: &str = "
    INSERT INTO deliveries (id, order_id, fingerprint, event, status, received_at, last_at, problem, body, names_order)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)
    ON CONFLICT (order_id, fingerprint) DO UPDATE SET times = times + 1, last_at = MAX(last_at, excluded.last_at)
    RETURNING id";

const FOLD_LATER: &str = "INSERT INTO unfolded (delivery) VALUES ($1)";

const STATE: &str = "SELECT state, invoice_number, invoice_id FROM orders WHERE order_id = $1";

/// Appends deliveries, the first under the id `first_id`: no row has this one or a later one.
pub(super) fn append(connection: &Connection, first_id: i64, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
    deliveries.iter().zip(first_id..).map(|(delivery, id)| append_one(connection, id, delivery)).collect()
}

fn append_one(connection: &Connection, id: i64, delivery: &Delivery) -> Result<Receipt> {
    let (order_id, event, status, problem) = match &delivery.content {
        Content::Order(facts) => (facts.order_id.as_str(), &*facts.event, &*facts.status_text, None),
        Content::Unreadable { problem, .. } => ("", "", "", Some(&**problem)),
    };
    let values = [
        id.into(),
        order_id.into(),
        Value::Bytes(&delivery.fingerprint),
        event.into(),
        status.into(),
        micros(delivery.received_at).into(),
        problem.map_or(Value::Null, Value::Text),
        Value::Bytes(&delivery.body),
        delivery.content.names_order().map_or(Value::Null, Value::Text),
    ];
    let kept = fetch(connection, APPEND, &values)?;
    let is_repeat = kept.first().map(|row| row.number("id")).transpose()? != Some(id);
    let new = Receipt { repeat: is_repeat, state: State::Received, invoice: None };
    if order_id.is_empty() {
        return Ok(Receipt { repeat: false, ..new });
    }
    match fetch(connection, STATE, &[order_id.into()])?.first() {
        Some(order) => receipt(order, is_repeat),
        None => Ok(new),
    }
}

/// Those of them that are new and about an order wait to be folded.
pub(super) fn fold_later(connection: &Connection, new: &[(i64, &Delivery)]) -> Result<()> {
    for (id, delivery) in new {
        if matches!(delivery.content, Content::Order(_)) {
            execute(connection, FOLD_LATER, &[(*id).into()])?;
        }
    }
    Ok(())
}
