//! Every mapping that was ever in force.

use jiff::Timestamp;
use sqlx::{Connection, Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::rows::{json as to_json, json_column, micros, timestamp};
use crate::store::{MappingRevision, NewMapping, Result};

pub(super) async fn in_force(readers: &SqlitePool) -> Result<Option<MappingRevision>> {
    Ok(history(readers, 1).await?.pop())
}

pub(super) async fn newest_revision(readers: &SqlitePool) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(revision), 0) AS newest FROM mappings").fetch_one(readers).await?;
    Ok(row.try_get("newest")?)
}

pub(super) async fn history(readers: &SqlitePool, limit: i64) -> Result<Vec<MappingRevision>> {
    let rows = sqlx::query("SELECT revision, at, who, document, changes FROM mappings ORDER BY revision DESC LIMIT $1")
        .bind(limit)
        .fetch_all(readers)
        .await?;
    rows.iter().map(revision).collect()
}

fn revision(row: &SqliteRow) -> Result<MappingRevision> {
    Ok(MappingRevision {
        revision: row.try_get("revision")?,
        at: timestamp(row.try_get("at")?)?,
        who: row.try_get("who")?,
        document: row.try_get("document")?,
        changes: json_column(row, "changes")?,
    })
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    new: &NewMapping,
    now: Timestamp,
) -> Result<Option<MappingRevision>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let newest: i64 = sqlx::query("SELECT COALESCE(MAX(revision), 0) AS newest FROM mappings")
        .fetch_one(&mut *transaction)
        .await?
        .try_get("newest")?;
    if newest != new.replaces {
        return Ok(None);
    }
    sqlx::query("INSERT INTO mappings (revision, at, who, document, changes) VALUES ($1, $2, $3, $4, $5)")
        .bind(newest + 1)
        .bind(micros(now))
        .bind(&new.who)
        .bind(&new.document)
        .bind(to_json(&new.changes))
        .execute(&mut *transaction)
        .await?;
    // Whatever is not settled may come out differently under the new rules; a cancellation never does.
    sqlx::query(
        "UPDATE orders SET undecided = 1, revision = revision + 1
         WHERE state IN ('watching', 'blocked', 'ignored', 'due') AND reason <> 'cancelled'",
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let NewMapping { document, who, changes, .. } = new.clone();
    Ok(Some(MappingRevision { revision: newest + 1, at: now, who, document, changes }))
}
