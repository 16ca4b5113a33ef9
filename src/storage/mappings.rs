//! Every mapping that was ever active.

use jiff::Timestamp;

use super::{
    MappingRevision, NewMapping, Put, Result, Superseded,
    dialect::{Columns, Dialect},
    order_recheck,
    rows::{json as to_json, json_column, timestamp},
};
use crate::domain::mapping::PostingMode;

/// Authors of mappings that came from the file under `mapping.file`.
pub const MAPPING_FILE_AUTHORS: [&str; 3] = ["file at start", "file at reload", "file by mapping apply"];

/// Whether documents are sent, by the active mapping. The next claim sees any change, whichever process made it.
pub(super) const IS_ON: &str = "COALESCE((SELECT posting FROM mappings ORDER BY revision DESC LIMIT 1), 'on') = 'on'";

/// 1 for a document of an order that was known before shadow mode ended, or while it lasts: another integration may
/// have created the invoice.
pub(super) fn is_shadowed(created_at: &str) -> String {
    const LAST: &str = "(SELECT MAX(revision) FROM mappings WHERE posting = 'shadow')";
    const END: &str = "(SELECT MIN(at) FROM mappings WHERE revision >";
    format!(
        "CASE WHEN {LAST} IS NULL THEN 0 WHEN COALESCE({END} {LAST}), 9223372036854775807) >= {created_at} THEN 1
              ELSE 0 END"
    )
}

pub(super) async fn active(db: &mut impl Dialect) -> Result<Option<MappingRevision>> {
    Ok(history(db, 1).await?.pop())
}

pub(super) async fn newest_revision(db: &mut impl Dialect) -> Result<i64> {
    let rows = db.fetch("SELECT COALESCE(MAX(revision), 0) AS newest FROM mappings", &[]).await?;
    rows.first().map_or(Ok(0), |row| row.number("newest"))
}

pub(super) async fn history(db: &mut impl Dialect, limit: i64) -> Result<Vec<MappingRevision>> {
    below(db, i64::MAX, limit).await
}

/// Newest first, beginning below a revision.
pub(super) async fn below(db: &mut impl Dialect, below: i64, limit: i64) -> Result<Vec<MappingRevision>> {
    let sql = "SELECT revision, at, who, note, document, changes FROM mappings WHERE revision < $1
               ORDER BY revision DESC LIMIT $2";
    db.fetch(sql, &[below.into(), limit.into()]).await?.iter().map(revision).collect()
}

/// The newest one that came from the mapping file.
pub(super) async fn of_file(db: &mut impl Dialect) -> Result<Option<MappingRevision>> {
    let sql = "SELECT revision, at, who, note, document, changes FROM mappings WHERE who IN ($1, $2, $3)
               ORDER BY revision DESC LIMIT 1";
    let authors = MAPPING_FILE_AUTHORS.map(Into::into);
    db.fetch(sql, &authors).await?.first().map(revision).transpose()
}

fn revision(row: &impl Columns) -> Result<MappingRevision> {
    Ok(MappingRevision {
        revision: row.number("revision")?,
        at: timestamp(row.number("at")?)?,
        who: row.text("who")?.to_owned(),
        note: row.text("note")?.to_owned(),
        document: row.text("document")?.to_owned(),
        changes: json_column(row, "changes")?,
    })
}

pub(super) async fn put(db: &mut impl Dialect, new: &NewMapping, now: Timestamp) -> Result<Put> {
    let newest = newest_revision(db).await?;
    if newest != new.replaces {
        return Ok(Err(Superseded { active: newest }));
    }
    if new.posting == PostingMode::On {
        begin_to_post(db, now).await?;
    }
    let sql = "INSERT INTO mappings (revision, at, who, note, document, changes, posting)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (changes, posting) = (to_json(&new.changes), new.posting.as_str());
    let (who, note, document) = ((&new.who).into(), (&new.note).into(), (&new.document).into());
    let values = [(newest + 1).into(), now.into(), who, note, document, (&changes).into(), posting.into()];
    db.execute(sql, &values).await?;
    // Whatever is not settled may come out differently under the new rules; a cancellation does so only if the order
    // was seen again after it, since whether that contradicts it depends on the chosen status.
    for affected in [
        "state IN ('watching', 'blocked', 'due') OR (state = 'ignored' AND reason <> 'cancelled')",
        "history LIKE '%\"went_on\":true%' AND state IN ('voided', 'ignored') AND reason IN ('', 'cancelled')",
    ] {
        db.execute(format!("UPDATE orders SET undecided = 1, revision = revision + 1 WHERE {affected}"), &[]).await?;
    }
    // A cancelled order's return is ignored without a reason while a mapping keeps such invoices.
    let sql = "INSERT INTO unsettled (order_id)
                   SELECT DISTINCT order_id FROM settlement_rows
                   WHERE order_id <> '' AND kind IN ('payout', 'return')
                     AND state IN ('waiting', 'due', 'blocked', 'ignored')
                     AND (state <> 'ignored' OR (reason = '' AND kind = 'return' AND source = 'forstok'))
               ON CONFLICT (order_id) DO UPDATE SET revision = unsettled.revision + 1, due_at = 0";
    db.execute(sql, &[]).await?;
    order_recheck::retry_after_mapping(db, now).await?;
    let NewMapping { document, who, note, changes, .. } = new.clone();
    Ok(Ok(MappingRevision { revision: newest + 1, at: now, who, note, document, changes }))
}

/// Shadow mode ends: what was only drafted waits for Accurate from now on.
async fn begin_to_post(db: &mut impl Dialect, now: Timestamp) -> Result<()> {
    let sql = format!(
        "UPDATE documents SET due_since = $1, next_attempt_at = $1
         WHERE state = 'due' AND wanted = 'exist' AND shadowed = 1 AND lease_until = 0 AND NOT {IS_ON}"
    );
    db.execute(sql, &[now.into()]).await?;
    Ok(())
}
