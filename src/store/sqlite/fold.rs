//! Folding deliveries into their orders: many at once, each snapshot into its order's history.

use std::collections::{HashMap, HashSet};

use sqlx::{Connection, Row, SqliteConnection, SqlitePool};

use super::rows::{from_json, json as to_json, micros, order_id, timestamp};
use crate::{
    domain::{
        history::{History, Sighting},
        order::OrderId,
    },
    store::{Content, Delivery, OrderFacts, Result, Unfolded},
};

/// What is known of an order while a batch is folded into it.
pub(super) struct Known {
    history: History,
    revision: i64,
    /// Facts of the newest snapshot, when this batch brought it.
    facts: Option<OrderFacts>,
    received_at: i64,
    changed: bool,
}

pub(super) async fn unfolded(readers: &SqlitePool, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
    let query = match order_id {
        None => sqlx::query(
            "SELECT d.id, d.received_at, d.body FROM unfolded u CROSS JOIN deliveries d ON d.id = u.delivery
             ORDER BY u.delivery LIMIT $1",
        ),
        Some(_) => sqlx::query(
            "SELECT d.id, d.received_at, d.body FROM deliveries d CROSS JOIN unfolded u ON u.delivery = d.id
             WHERE d.order_id = $2 ORDER BY d.id LIMIT $1",
        ),
    };
    let query = query.bind(limit);
    let query = match order_id {
        None => query,
        Some(id) => query.bind(id.as_str()),
    };
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Unfolded {
            delivery: row.try_get("id")?,
            received_at: timestamp(row.try_get("received_at")?)?,
            body: row.try_get::<Option<Vec<u8>>, _>("body")?.unwrap_or_default(),
        })
    };
    query.fetch_all(readers).await?.iter().map(read).collect()
}

pub(super) async fn fold(connection: &mut SqliteConnection, deliveries: &[(i64, Delivery)]) -> Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let ids: Vec<_> = deliveries.iter().map(|(id, _)| id).collect();
    let taken =
        sqlx::query("DELETE FROM unfolded WHERE delivery IN (SELECT value FROM json_each($1)) RETURNING delivery")
            .bind(to_json(&ids))
            .fetch_all(&mut *transaction)
            .await?;
    let taken = taken.iter().map(|row| Ok(row.try_get("delivery")?)).collect::<Result<HashSet<i64>>>()?;
    let mut known = load_orders(&mut transaction, deliveries.iter().map(|(_, delivery)| delivery)).await?;
    for (id, delivery) in deliveries.iter().filter(|(id, _)| taken.contains(id)) {
        match &delivery.content {
            Content::Order(facts) => fold_one(&mut known, facts, delivery, *id),
            // It was readable when it was recorded; an older program wrote it. It is shown with the unreadable ones.
            Content::Unreadable(problem) => {
                sqlx::query("UPDATE OR IGNORE deliveries SET order_id = '', problem = $2 WHERE id = $1")
                    .bind(id)
                    .bind(problem)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
    }
    write_orders(&mut transaction, &known).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn load_orders(
    connection: &mut SqliteConnection,
    deliveries: impl Iterator<Item = &Delivery>,
) -> Result<HashMap<OrderId, Known>> {
    let ids: HashSet<_> = deliveries
        .filter_map(|delivery| match &delivery.content {
            Content::Order(facts) => Some(&facts.order_id),
            Content::Unreadable(_) => None,
        })
        .collect();
    let rows = sqlx::query(
        "SELECT order_id, history, revision, received_at
         FROM orders WHERE order_id IN (SELECT value FROM json_each($1))",
    )
    .bind(to_json(&ids))
    .fetch_all(connection)
    .await?;
    let mut known = HashMap::with_capacity(ids.len());
    for row in rows {
        let order = Known {
            history: from_json(row.try_get("history")?)?,
            revision: row.try_get("revision")?,
            facts: None,
            received_at: row.try_get("received_at")?,
            changed: false,
        };
        known.insert(order_id(&row)?, order);
    }
    Ok(known)
}

pub(super) fn fold_one(known: &mut HashMap<OrderId, Known>, facts: &OrderFacts, delivery: &Delivery, id: i64) {
    let at = facts.updated_at.unwrap_or(delivery.received_at);
    let sighting = Sighting { status: facts.status, at, delivery: id };
    let order = known.entry(facts.order_id.clone()).or_insert_with(|| Known {
        history: History::begin(sighting),
        revision: 0,
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

pub(super) async fn write_orders(connection: &mut SqliteConnection, known: &HashMap<OrderId, Known>) -> Result<()> {
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
            Some((
                id,
                &facts.store_id,
                &facts.store_name,
                &facts.channel,
                &facts.channel_order_id,
                &facts.status_text,
                facts.ordered_at.map(micros),
                order.received_at,
                to_json(&order.history),
                order.history.latest_delivery(),
                order.revision + 1,
            ))
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
        .map(|(id, order)| (id, order.received_at, to_json(&order.history), order.revision + 1))
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
