//! Orders with news, and what was decided about them.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};

use super::{
    read::{For, conditions},
    rows::{json as to_json, json_column, micros, moment, optional_json, order_id, reason, state, timestamp},
};
use crate::{
    domain::{
        order::OrderId,
        reason::Reason,
        timeline::{Entry, Event},
    },
    store::{Filter, Result, Undecided, Verdict},
};

pub(super) async fn undecided(readers: &SqlitePool, now: Timestamp, limit: i64) -> Result<Vec<Undecided>> {
    let rows = sqlx::query(
        "SELECT o.order_id, o.revision, o.state, o.history, o.received_at, o.draft, o.reason, o.findings,
                o.warnings, o.store_id, o.ordered_at, d.body,
                o.invoice_id IS NOT NULL AND o.state <> 'voided' AS invoice_stands
         FROM orders o JOIN deliveries d ON d.id = o.latest_delivery
         WHERE o.undecided = 1 AND o.lease_until <= $1 AND NOT (o.state = 'due' AND o.unsure_since <> 0)
         ORDER BY o.id LIMIT $2",
    )
    .bind(micros(now))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Undecided {
                order_id: order_id(row)?,
                revision: row.try_get("revision")?,
                state: state(row)?,
                history: json_column(row, "history")?,
                body: row.try_get("body")?,
                store_id: row.try_get("store_id")?,
                ordered_at: moment(row, "ordered_at")?,
                received_at: timestamp(row.try_get("received_at")?)?,
                draft: optional_json(row, "draft")?,
                reason: reason(row)?,
                findings: json_column(row, "findings")?,
                invoice_stands: row.try_get("invoice_stands")?,
                warnings: json_column(row, "warnings")?,
            })
        })
        .collect()
}

pub(super) async fn decide(connection: &mut SqliteConnection, verdicts: &[Verdict], now: Timestamp) -> Result<usize> {
    let rows: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            json!([
                verdict.order_id,
                verdict.revision,
                verdict.state.as_str(),
                verdict.reason.map_or("", Reason::code),
                to_json(&verdict.findings),
                to_json(&verdict.warnings),
                verdict.mapping_revision,
                verdict.draft.as_ref().map(|draft| &draft.book),
                verdict.draft.as_ref().map(to_json),
            ])
        })
        .collect();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let decided = sqlx::query(
        "UPDATE orders SET
             undecided = 0, failures = 0, changed_at = $2,
             waits_for = CASE WHEN v.value ->> 2 = 'blocked' THEN '' ELSE waits_for END,
             state = v.value ->> 2, reason = v.value ->> 3, findings = v.value ->> 4, warnings = v.value ->> 5,
             mapping_revision = v.value ->> 6, book = COALESCE(v.value ->> 7, book),
             draft = COALESCE(v.value ->> 8, draft),
             due_since = CASE WHEN v.value ->> 2 <> 'due' THEN NULL
                              WHEN state = 'due' THEN due_since ELSE $2 END,
             next_attempt_at = CASE WHEN v.value ->> 2 NOT IN ('due', 'void_due') THEN 0
                                    WHEN state = v.value ->> 2 THEN next_attempt_at ELSE $2 END
         FROM json_each($1) AS v
         WHERE orders.order_id = v.value ->> 0 AND orders.revision = v.value ->> 1 AND undecided = 1
           AND lease_until <= $2 AND NOT (state = 'due' AND unsure_since <> 0)
           AND v.value ->> 6 = (SELECT COALESCE(MAX(revision), 0) FROM mappings)
         RETURNING order_id",
    )
    .bind(to_json(&rows))
    .bind(micros(now))
    .fetch_all(&mut *transaction)
    .await?;
    let mut decided_ids = std::collections::HashSet::with_capacity(decided.len());
    for row in &decided {
        decided_ids.insert(order_id(row)?);
    }
    let taken = verdicts.iter().filter(|verdict| decided_ids.contains(&verdict.order_id));
    append(&mut transaction, taken.map(|verdict| (&verdict.order_id, verdict.events.as_slice())), now).await?;
    transaction.commit().await?;
    Ok(decided.len())
}

/// Adds events that happened now to the timelines of orders.
pub(super) async fn append<'a>(
    connection: &mut SqliteConnection,
    events: impl Iterator<Item = (&'a OrderId, &'a [Event])>,
    now: Timestamp,
) -> Result<()> {
    append_rows(connection, events.map(|(order_id, events)| (order_id, events.iter().map(move |event| (now, event)))))
        .await
}

/// Adds entries to the timelines of orders, each with its own time.
pub(super) async fn append_entries<'a>(
    connection: &mut SqliteConnection,
    entries: impl Iterator<Item = (&'a OrderId, &'a [Entry])>,
) -> Result<()> {
    let pairs = entries.map(|(order_id, entries)| (order_id, entries.iter().map(|entry| (entry.at, &entry.event))));
    append_rows(connection, pairs).await
}

async fn append_rows<'a, E: Iterator<Item = (Timestamp, &'a Event)>>(
    connection: &mut SqliteConnection,
    entries: impl Iterator<Item = (&'a OrderId, E)>,
) -> Result<()> {
    let rows: Vec<_> = entries
        .flat_map(|(order_id, entries)| {
            entries.zip(1..).map(move |((at, event), place)| json!([order_id, place, to_json(event), micros(at)]))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO timeline (order_id, seq, at, event)
         SELECT value ->> 0,
                COALESCE((SELECT MAX(seq) FROM timeline WHERE order_id = value ->> 0), 0) + (value ->> 1),
                value ->> 3, value ->> 2
         FROM json_each($1)",
    )
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// Blocked orders are decided anew; waiting ones go at once. Nothing under a lease is touched.
const REARM: &str = "UPDATE orders SET
        undecided = CASE WHEN state = 'blocked' THEN 1 ELSE undecided END,
        revision = revision + 1, failures = 0,
        next_attempt_at = CASE WHEN state = 'blocked' THEN next_attempt_at ELSE $1 END
     WHERE state IN ('blocked', 'due', 'void_due') AND lease_until <= $1";

pub(super) async fn rearm(connection: &mut SqliteConnection, filter: &Filter, now: Timestamp) -> Result<u64> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (sql, values) = conditions(filter, 2, For::Change);
    let mut query = sqlx::query(AssertSqlSafe(format!("{REARM}{sql} RETURNING order_id"))).bind(micros(now));
    for value in values {
        query = query.bind(value);
    }
    let rows = query.fetch_all(&mut *transaction).await?;
    let ids = rows.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    append(&mut transaction, ids.iter().map(|id| (id, [Event::Rearmed].as_slice())), now).await?;
    transaction.commit().await?;
    Ok(ids.len() as u64)
}

pub(super) async fn rearm_one(
    connection: &mut SqliteConnection,
    order_id: &OrderId,
    now: Timestamp,
) -> Result<Option<u64>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let known = sqlx::query("SELECT 1 FROM orders WHERE order_id = $1")
        .bind(order_id.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
    if known.is_none() {
        return Ok(None);
    }
    let rearmed = sqlx::query(AssertSqlSafe(format!("{REARM} AND order_id = $2")))
        .bind(micros(now))
        .bind(order_id.as_str())
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    if rearmed > 0 {
        append(&mut transaction, std::iter::once((order_id, [Event::Rearmed].as_slice())), now).await?;
    }
    transaction.commit().await?;
    Ok(Some(rearmed))
}
