//! Blocked documents that are rechecked for their own sake: their save may still arrive, or Accurate kept failing.

use jiff::Timestamp;

use super::{
    DocumentKey, Result,
    dialect::{Columns, Dialect},
    rows::document_key,
    timeline::append,
};
use crate::domain::timeline::Event;

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
    let sql = "UPDATE documents SET failures = 0, recheck_at = 0
               WHERE order_id = $1 AND kind = $2 AND part = $3 AND state = 'blocked'";
    if db.execute(sql, &[order_id.into(), kind.as_str().into(), part.0.into()]).await? > 0 {
        let sql = "UPDATE orders SET undecided = 1, revision = revision + 1 WHERE order_id = $1";
        db.execute(sql, &[order_id.into()]).await?;
        append(db, std::iter::once((order_id, [Event::TriedAgain].as_slice())), now).await?;
    }
    Ok(())
}
