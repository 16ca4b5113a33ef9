//! What blocked documents wait for in Accurate, and when it is rechecked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Recheck, Result, StorageError,
    dialect::{Columns, Dialect},
    order_recheck,
    rows::{order_id, timestamp},
    timeline::append,
};
use crate::domain::{ids::BookName, recheck::Subject, timeline::Event};

pub(super) async fn due(db: &mut impl Dialect, book: &BookName, now: Timestamp) -> Result<Option<Recheck>> {
    let sql = "SELECT subject, checks FROM rechecks WHERE book = $1 AND next_at <= $2 ORDER BY next_at LIMIT 1";
    let rows = db.fetch(sql, &[book.into(), now.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text = row.text("subject")?;
    let subject = Subject::parse(text).ok_or_else(|| StorageError::Unreadable(format!("waiting for {text:?}")))?;
    Ok(Some(Recheck { subject, checks: row.number("checks")? }))
}

pub(super) async fn next_at(db: &mut impl Dialect, book: &BookName) -> Result<Option<Timestamp>> {
    let rows = db.fetch("SELECT MIN(next_at) AS at FROM rechecks WHERE book = $1", &[book.into()]).await?;
    let at = rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten();
    let recheck_at = order_recheck::next_at(db, book).await?;
    at.into_iter().chain(recheck_at).min().map(timestamp).transpose()
}

pub(super) async fn put_off(db: &mut impl Dialect, book: &BookName, subject: &Subject, until: Timestamp) -> Result<()> {
    let subject = subject.to_string();
    let sql = "UPDATE rechecks SET next_at = $3, checks = checks + 1 WHERE book = $1 AND subject = $2";
    db.execute(sql, &[book.into(), (&subject).into(), until.into()]).await?;
    // What waited may have been cancelled or mapped elsewhere: nothing is rechecked for nobody.
    let sql = "DELETE FROM rechecks WHERE book = $1 AND subject = $2 AND NOT EXISTS
                   (SELECT 1 FROM documents WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')";
    db.execute(sql, &[book.into(), (&subject).into()]).await?;
    Ok(())
}

pub(super) async fn end(db: &mut impl Dialect, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
    let name = subject.to_string();
    db.execute("DELETE FROM rechecks WHERE book = $1 AND subject = $2", &[book.into(), (&name).into()]).await?;
    decide_again(db, "", book, subject, now).await
}

pub(super) async fn try_one(db: &mut impl Dialect, book: &BookName, subject: &Subject, now: Timestamp) -> Result<u64> {
    let oldest = " AND id = (SELECT MIN(id) FROM documents
                             WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')";
    decide_again(db, oldest, book, subject, now).await
}

async fn decide_again(
    db: &mut impl Dialect,
    which: &'static str,
    book: &BookName,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64> {
    const WAIT: &str = "book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked'";
    let name = subject.to_string();
    let invoices = format!(
        "UPDATE orders SET undecided = 1, revision = revision + 1
         WHERE order_id IN (SELECT order_id FROM documents WHERE {WAIT} AND kind = 'invoice'{which})
         RETURNING order_id"
    );
    let mut rows = db.fetch(invoices, &[book.into(), (&name).into()]).await?;
    // Receipts and returns have nothing to be decided again.
    let others = format!(
        "UPDATE documents SET {} WHERE {WAIT} AND kind <> 'invoice' AND lease_until <= $3{which} RETURNING order_id",
        order_recheck::retried("$3")
    );
    rows.extend(db.fetch(others, &[book.into(), (&name).into(), now.into()]).await?);
    let ids = rows.iter().map(order_id).collect::<Result<BTreeSet<_>>>()?;
    let events = [Event::Rechecked { subject: subject.clone() }];
    append(db, ids.iter().map(|id| (id, events.as_slice())), now).await?;
    Ok(ids.len() as u64)
}
