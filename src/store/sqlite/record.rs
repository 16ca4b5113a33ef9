//! Recording deliveries: many in one commit, each folded into its order.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use sqlx::{Connection, Row, SqliteConnection};

use super::rows::{from_json, json as to_json, micros, order_id, state};
use crate::{
    domain::{
        history::{History, Sighting},
        order::OrderId,
    },
    store::{Content, Delivery, InvoiceRef, OrderFacts, Receipt, Result, State},
};

/// What is known of an order while a batch is folded into it.
struct Known {
    history: History,
    revision: i64,
    state: State,
    invoice: Option<InvoiceRef>,
    /// Facts of the newest snapshot, when this batch brought it.
    facts: Option<OrderFacts>,
    received_at: i64,
    changed: bool,
}

pub(super) async fn record(connection: &mut SqliteConnection, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let rows = insert_deliveries(&mut transaction, deliveries).await?;
    let mut known = load_orders(&mut transaction, deliveries).await?;
    let mut receipts = Vec::with_capacity(deliveries.len());
    let mut new_in_batch = HashSet::new();
    for delivery in deliveries {
        let Content::Order(facts) = &delivery.content else {
            receipts.push(Receipt { repeat: false, state: State::Received, invoice: None });
            continue;
        };
        let (id, first_times) = rows[&(facts.order_id.as_str().to_owned(), delivery.fingerprint)];
        let is_new = first_times == 1 && new_in_batch.insert(id);
        if is_new {
            fold(&mut known, facts, delivery, id);
        }
        let order = &known[&facts.order_id];
        receipts.push(Receipt { repeat: !is_new, state: order.state, invoice: order.invoice.clone() });
    }
    write_orders(&mut transaction, &known).await?;
    transaction.commit().await?;
    Ok(receipts)
}

/// Row id of each delivery and how often it had come after its first sight in this batch.
type DeliveryRows = HashMap<(String, [u8; 32]), (i64, i64)>;

async fn insert_deliveries(connection: &mut SqliteConnection, deliveries: &[Delivery]) -> Result<DeliveryRows> {
    // All bodies go as one blob that the statement cuts up: nothing is escaped or copied twice.
    let mut blob = Vec::with_capacity(deliveries.iter().map(|delivery| delivery.body.len() + 32).sum());
    let facts: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            let (order_id, event, status, problem) = match &delivery.content {
                Content::Order(facts) => (facts.order_id.as_str(), &*facts.event, &*facts.status_text, None),
                Content::Unreadable(problem) => ("", "", "", Some(problem)),
            };
            let start = blob.len() + 1;
            blob.extend_from_slice(&delivery.fingerprint);
            blob.extend_from_slice(&delivery.body);
            json!([order_id, event, status, micros(delivery.received_at), problem, start, delivery.body.len()])
        })
        .collect();
    let rows = sqlx::query(
        "INSERT INTO deliveries (order_id, fingerprint, event, status, received_at, last_at, problem, body)
         SELECT value ->> 0, substr($2, value ->> 5, 32), value ->> 1, value ->> 2, value ->> 3, value ->> 3,
                value ->> 4, substr($2, (value ->> 5) + 32, value ->> 6)
         FROM json_each($1) WHERE true
         ON CONFLICT (order_id, fingerprint) DO UPDATE SET times = times + 1, last_at = excluded.last_at
         RETURNING id, order_id, fingerprint, times",
    )
    .bind(to_json(&facts))
    .bind(blob)
    .fetch_all(connection)
    .await?;
    let mut ids = DeliveryRows::with_capacity(rows.len());
    for row in rows {
        let fingerprint = row.try_get::<&[u8], _>("fingerprint")?.try_into().unwrap_or_default();
        let times: i64 = row.try_get("times")?;
        let entry = ids.entry((row.try_get("order_id")?, fingerprint)).or_insert((row.try_get("id")?, times));
        entry.1 = entry.1.min(times);
    }
    Ok(ids)
}

async fn load_orders(connection: &mut SqliteConnection, deliveries: &[Delivery]) -> Result<HashMap<OrderId, Known>> {
    let ids: HashSet<_> = deliveries
        .iter()
        .filter_map(|delivery| match &delivery.content {
            Content::Order(facts) => Some(&facts.order_id),
            Content::Unreadable(_) => None,
        })
        .collect();
    let rows = sqlx::query(
        "SELECT order_id, history, revision, state, received_at, invoice_number, invoice_id
         FROM orders WHERE order_id IN (SELECT value FROM json_each($1))",
    )
    .bind(to_json(&ids))
    .fetch_all(connection)
    .await?;
    let mut known = HashMap::with_capacity(ids.len());
    for row in rows {
        let id: Option<i64> = row.try_get("invoice_id")?;
        let number: Option<String> = row.try_get("invoice_number")?;
        let state = state(&row)?;
        let order = Known {
            history: from_json(row.try_get("history")?)?,
            revision: row.try_get("revision")?,
            state,
            invoice: number.zip(id).filter(|_| state != State::Voided).map(|(number, id)| InvoiceRef { number, id }),
            facts: None,
            received_at: row.try_get("received_at")?,
            changed: false,
        };
        known.insert(order_id(&row)?, order);
    }
    Ok(known)
}

fn fold(known: &mut HashMap<OrderId, Known>, facts: &OrderFacts, delivery: &Delivery, id: i64) {
    let at = facts.updated_at.unwrap_or(delivery.received_at);
    let sighting = Sighting { status: facts.status, at, delivery: id };
    let order = known.entry(facts.order_id.clone()).or_insert_with(|| Known {
        history: History::begin(sighting),
        revision: 0,
        state: State::Received,
        invoice: None,
        facts: Some(facts.clone()),
        received_at: micros(delivery.received_at),
        changed: true,
    });
    let before = order.history.clone();
    order.history.absorb(sighting);
    if order.history != before {
        order.changed = true;
        order.received_at = micros(delivery.received_at);
    }
    if order.history.latest_delivery() == id {
        order.facts = Some(facts.clone());
    }
}

async fn write_orders(connection: &mut SqliteConnection, known: &HashMap<OrderId, Known>) -> Result<()> {
    let mut changed: Vec<_> = known.iter().filter(|(_, order)| order.changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    // First seen, first in lists.
    changed.sort_by_key(|(_, order)| order.history.latest_delivery());
    let (with_facts, without): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, order)| order.facts.is_some());
    let rows: Vec<_> = with_facts
        .iter()
        .filter_map(|(id, order)| {
            let facts = order.facts.as_ref()?;
            Some(json!([
                id,
                facts.store_id,
                facts.store_name,
                facts.channel,
                facts.channel_order_id,
                facts.status_text,
                facts.ordered_at.map(micros),
                order.received_at,
                to_json(&order.history),
                order.history.latest_delivery(),
                order.revision + 1,
            ]))
        })
        .collect();
    sqlx::query(
        "INSERT INTO orders (order_id, store_id, store_name, channel, channel_order_id, status, ordered_at,
                             received_at, history, latest_delivery, revision, undecided, state, created_at, changed_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7, value ->> 8, value ->> 9, value ->> 10, 1, 'received', value ->> 7, value ->> 7
         FROM json_each($1) WHERE true
         ON CONFLICT (order_id) DO UPDATE SET
             store_id = excluded.store_id, store_name = excluded.store_name, channel = excluded.channel,
             channel_order_id = excluded.channel_order_id, status = excluded.status,
             ordered_at = excluded.ordered_at, received_at = excluded.received_at, history = excluded.history,
             latest_delivery = excluded.latest_delivery, revision = excluded.revision, undecided = 1",
    )
    .bind(to_json(&rows))
    .execute(&mut *connection)
    .await?;
    // Older snapshots that arrived late change the history, not what the order is.
    let rows: Vec<_> = without
        .iter()
        .map(|(id, order)| json!([id, order.received_at, to_json(&order.history), order.revision + 1]))
        .collect();
    if !rows.is_empty() {
        sqlx::query(
            "UPDATE orders SET received_at = v.value ->> 1, history = v.value ->> 2, revision = v.value ->> 3,
                    undecided = 1
             FROM json_each($1) AS v WHERE orders.order_id = v.value ->> 0",
        )
        .bind(to_json(&rows))
        .execute(connection)
        .await?;
    }
    Ok(())
}
