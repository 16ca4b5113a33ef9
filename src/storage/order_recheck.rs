//! Blocked documents that are rechecked for their own sake: their save may still arrive, or Accurate kept failing.

use jiff::Timestamp;

use super::{
    DocumentKey, Result,
    dialect::{Columns, Dialect},
    rows::document_key,
    timeline::append,
};
use crate::domain::{order::OrderId, timeline::Event};

pub(super) async fn due(db: &mut impl Dialect, book: &str, now: Timestamp) -> Result<Option<DocumentKey>> {
    let sql = "SELECT order_id, kind, part FROM documents WHERE book = $1 AND recheck_at > 0 AND recheck_at <= $2
               ORDER BY recheck_at LIMIT 1";
    db.fetch(sql, &[book.into(), now.into()]).await?.first().map(document_key).transpose()
}

pub(super) async fn next_at(db: &mut impl Dialect, book: &str) -> Result<Option<i64>> {
    let sql = "SELECT MIN(recheck_at) AS at FROM documents WHERE book = $1 AND recheck_at > 0";
    let rows = db.fetch(sql, &[book.into()]).await?;
    Ok(rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten())
}

pub(super) async fn put_off(db: &mut impl Dialect, document: &DocumentKey, at: Timestamp) -> Result<()> {
    // What is no longer blocked goes its own way.
    let sql = "UPDATE documents SET recheck_at = CASE WHEN state = 'blocked' THEN $4 ELSE 0 END
               WHERE order_id = $1 AND kind = $2 AND part = $3";
    let DocumentKey { order_id, kind, part } = document;
    db.execute(sql, &[order_id.into(), kind.as_str().into(), part.0.into(), at.into()]).await?;
    Ok(())
}

pub(super) async fn try_again(db: &mut impl Dialect, document: &DocumentKey, now: Timestamp) -> Result<()> {
    let DocumentKey { order_id, kind, part } = document;
    if !kind.leads_order() {
        let retried = retry(db, document, now).await?;
        let events = [Event::TriedAgain];
        let events = if retried { events.as_slice() } else { &[] };
        return append(db, std::iter::once((order_id, events)), now).await;
    }
    let sql = "UPDATE documents SET failures = 0, recheck_at = 0
               WHERE order_id = $1 AND kind = $2 AND part = $3 AND state = 'blocked'";
    if db.execute(sql, &[order_id.into(), kind.as_str().into(), part.0.into()]).await? > 0 {
        let sql = "UPDATE orders SET undecided = 1, revision = revision + 1 WHERE order_id = $1";
        db.execute(sql, &[order_id.into()]).await?;
        append(db, std::iter::once((order_id, [Event::TriedAgain].as_slice())), now).await?;
    }
    Ok(())
}

/// A blocked receipt or return is tried again; nothing else about its order changes.
async fn retry(db: &mut impl Dialect, document: &DocumentKey, now: Timestamp) -> Result<bool> {
    let DocumentKey { order_id, kind, part } = document;
    let sql = "UPDATE documents SET state = 'due', failures = 0, recheck_at = 0, waits_for = '', next_attempt_at = $4
               WHERE order_id = $1 AND kind = $2 AND part = $3 AND state = 'blocked' AND lease_until <= $4";
    let values = [order_id.into(), kind.as_str().into(), part.0.into(), now.into()];
    Ok(db.execute(sql, &values).await? > 0)
}

/// The same for all blocked receipts and returns of an order. Returns how many there were.
pub(super) async fn retry_all(db: &mut impl Dialect, order_id: &OrderId, now: Timestamp) -> Result<u64> {
    // Where only a person could look for it under another number, the retry says that there is none.
    let sql = "UPDATE documents SET state = 'due', failures = 0, recheck_at = 0, waits_for = '', next_attempt_at = $2,
                   doubt_since = CASE WHEN findings LIKE '%\"what\":\"not_searchable\"%' THEN 0 ELSE doubt_since END
               WHERE order_id = $1 AND kind <> 'invoice' AND state = 'blocked' AND lease_until <= $2";
    db.execute(sql, &[order_id.into(), now.into()]).await
}
