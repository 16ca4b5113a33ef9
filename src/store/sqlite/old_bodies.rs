//! Clearing the bodies of old deliveries, a few at a time.
//!
//! Ids are in order of arrival, so a cursor finds what has become old without reading what was cleared before.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};

use super::rows::{json as to_json, micros};
use crate::store::{Cleared, Result};

/// When a body that was still needed is looked at again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A decision may still want the body of delivery `d`.
const NEEDED: &str = "(EXISTS (SELECT 1 FROM unfolded u WHERE u.delivery = d.id)
     OR EXISTS (SELECT 1 FROM orders o WHERE o.order_id = d.order_id AND o.latest_delivery = d.id
                AND (o.undecided = 1 OR o.state IN ('received', 'watching', 'due', 'blocked', 'void_due'))))";

/// Some deliveries that came before a moment.
pub(super) struct Old {
    ids: Vec<i64>,
    not_needed: Vec<i64>,
    cursor: Option<i64>,
}

/// Finds the next of them, without the writer: what must come from the disk is in memory when the writer is held.
pub(super) async fn find(readers: &SqlitePool, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Old> {
    let mut old = Old { ids: Vec::new(), not_needed: Vec::new(), cursor: None };
    let kept = format!(
        "SELECT d.id, d.received_at, {NEEDED} AS needed FROM kept_bodies k CROSS JOIN deliveries d ON d.id = k.delivery
         WHERE k.look_at <= $1 ORDER BY k.look_at LIMIT $2"
    );
    for row in sqlx::query(AssertSqlSafe(kept)).bind(micros(now)).bind(step).fetch_all(readers).await? {
        let id = row.try_get("id")?;
        old.ids.push(id);
        // The setting may have been raised since.
        if row.try_get::<i64, _>("received_at")? < micros(older_than) && !row.try_get::<bool, _>("needed")? {
            old.not_needed.push(id);
        }
    }
    let new = format!(
        "SELECT d.id, d.received_at, {NEEDED} AS needed FROM deliveries d
         WHERE d.id > (SELECT delivery FROM cleared_up_to WHERE id = 1) ORDER BY d.id LIMIT $1"
    );
    for row in sqlx::query(AssertSqlSafe(new)).bind(step - old.ids.len() as i64).fetch_all(readers).await? {
        if row.try_get::<i64, _>("received_at")? >= micros(older_than) {
            break;
        }
        let id = row.try_get("id")?;
        old.ids.push(id);
        old.cursor = Some(id);
        if !row.try_get::<bool, _>("needed")? {
            old.not_needed.push(id);
        }
    }
    Ok(old)
}

/// Clears those that are not needed, and notes the others for another look.
pub(super) async fn clear(connection: &mut SqliteConnection, old: &Old, now: Timestamp) -> Result<Cleared> {
    let looked_at = old.ids.len() as u64;
    if looked_at == 0 {
        return Ok(Cleared { bodies: 0, looked_at });
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // What is not held any more is not known to be the same when it comes again: it is taken as new then, which
    // brings its body back for an order that lacks it and changes nothing for any other.
    let clear = format!(
        "UPDATE deliveries AS d SET body = NULL, fingerprint = CAST(id AS BLOB)
         WHERE id IN (SELECT value FROM json_each($1)) AND NOT {NEEDED} RETURNING id"
    );
    let cleared = sqlx::query(AssertSqlSafe(clear)).bind(to_json(&old.not_needed)).fetch_all(&mut *transaction).await?;
    let cleared = cleared.iter().map(|row| Ok(row.try_get("id")?)).collect::<Result<HashSet<i64>>>()?;
    let kept: Vec<_> = old.ids.iter().filter(|id| !cleared.contains(id)).collect();
    sqlx::query("DELETE FROM kept_bodies WHERE delivery IN (SELECT value FROM json_each($1))")
        .bind(to_json(&cleared))
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO kept_bodies (delivery, look_at) SELECT value, $2 FROM json_each($1) WHERE true
         ON CONFLICT (delivery) DO UPDATE SET look_at = excluded.look_at",
    )
    .bind(to_json(&kept))
    .bind(micros(now + LOOK_AGAIN))
    .execute(&mut *transaction)
    .await?;
    if let Some(cursor) = old.cursor {
        sqlx::query("UPDATE cleared_up_to SET delivery = $1 WHERE id = 1")
            .bind(cursor)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Cleared { bodies: cleared.len() as u64, looked_at })
}
