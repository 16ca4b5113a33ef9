//! Recording deliveries: many in one commit.

use rusqlite::{CachedStatement, Connection, params};

use super::connection::cached;
use crate::{
    domain::ids::DocumentNumber,
    storage::{Content, Delivery, DocumentRef, Receipt, Result, State, StorageError, rows::micros},
};

/// A repeated content adds no row. Without `RETURNING`, which would first copy the row to a temporary table.
const APPEND: &str = "
    INSERT INTO deliveries (id, order_id, fingerprint, event, status, received_at, last_at, problem, body, names_order, origin)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (order_id, fingerprint) DO NOTHING";

/// Counts a repeated content.
const REPEAT: &str = "
    UPDATE deliveries SET times = times + 1, last_at = MAX(last_at, ?3) WHERE order_id = ?1 AND fingerprint = ?2";

/// Queues all new deliveries about orders to be folded.
const ENQUEUE: &str = "INSERT INTO unfolded (delivery) SELECT id FROM deliveries WHERE id >= ?1 AND order_id <> ''";

const STATE: &str = "SELECT state, invoice_number, invoice_id FROM orders WHERE order_id = ?1";

/// Appends deliveries with ids from `first_id` on, which must be greater than every existing id.
pub(super) fn append(connection: &Connection, first_id: i64, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
    let (mut append, mut repeat) = (cached(connection, APPEND)?, cached(connection, REPEAT)?);
    let mut state = cached(connection, STATE)?;
    let mut receipts = Vec::with_capacity(deliveries.len());
    for (delivery, id) in deliveries.iter().zip(first_id..) {
        let is_repeat = !append_one(&mut append, id, delivery)?;
        if is_repeat {
            let order_id = delivery.content.order_id();
            repeat.execute(params![order_id, delivery.fingerprint.as_slice(), micros(delivery.received_at)])?;
        }
        receipts.push(match &delivery.content {
            Content::Order { order_id, .. } => Receipt { repeat: is_repeat, ..receipt(&mut state, order_id.as_str())? },
            Content::Unreadable { .. } => Receipt::first(),
        });
    }
    cached(connection, ENQUEUE)?.execute([first_id])?;
    Ok(receipts)
}

/// Adds a row unless one with this content exists; returns whether it was added.
fn append_one(append: &mut CachedStatement<'_>, id: i64, delivery: &Delivery) -> Result<bool> {
    let (event, status, problem) = match &delivery.content {
        Content::Order { event, status_text, .. } => (&**event, &**status_text, None),
        Content::Unreadable { problem, .. } => ("", "", Some(problem)),
    };
    let order_id = delivery.content.order_id();
    let at = micros(delivery.received_at);
    let names_order = delivery.content.names_order();
    let values = params![
        id,
        order_id,
        delivery.fingerprint.as_slice(),
        event,
        status,
        at,
        problem,
        delivery.body.as_ref(),
        names_order,
        delivery.origin.as_str()
    ];
    Ok(append.execute(values)? > 0)
}

/// The receipt for a new content, from the order's row if there is one.
fn receipt(state: &mut CachedStatement<'_>, order_id: &str) -> Result<Receipt> {
    let mut rows = state.query([order_id])?;
    let Some(row) = rows.next()? else { return Ok(Receipt::first()) };
    let word = row.get_ref("state")?.as_str().map_err(rusqlite::Error::from)?;
    let state = State::parse(word).ok_or_else(|| StorageError::Unreadable(format!("state {word:?}")))?;
    let number =
        row.get::<_, Option<String>>("invoice_number")?.filter(|_| state != State::Voided).map(DocumentNumber::from);
    let invoice = number.zip(row.get::<_, Option<i64>>("invoice_id")?);
    Ok(Receipt { repeat: false, state, invoice: invoice.map(|(number, id)| DocumentRef { number, id }) })
}
