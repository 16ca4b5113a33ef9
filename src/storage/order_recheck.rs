//! Blocked documents that are rechecked for their own sake: their save may still arrive, or Accurate kept failing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    DocumentKey, Filter, Result,
    dialect::{Columns, Dialect},
    list::{Binds, conditions},
    rows::{document_key, micros, order_id},
    timeline::append,
};
use crate::domain::{ids::BookName, order::OrderId, timeline::Event};

pub(super) async fn due(db: &mut impl Dialect, book: &BookName, now: Timestamp) -> Result<Option<DocumentKey>> {
    let sql = "SELECT order_id, kind, part FROM documents WHERE book = $1 AND recheck_at > 0 AND recheck_at <= $2
               ORDER BY recheck_at LIMIT 1";
    db.fetch(sql, &[book.into(), now.into()]).await?.first().map(document_key).transpose()
}

pub(super) async fn next_at(db: &mut impl Dialect, book: &BookName) -> Result<Option<i64>> {
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

/// What changes about a blocked receipt or return that is tried again; nothing else about its order changes. It is
/// still known what it waited for, so that its success shows that others can continue.
pub(super) fn retried(now: &str) -> String {
    format!("state = 'due', failures = 0, recheck_at = 0, next_attempt_at = {now}")
}

async fn retry(db: &mut impl Dialect, document: &DocumentKey, now: Timestamp) -> Result<bool> {
    let DocumentKey { order_id, kind, part } = document;
    let sql = format!(
        "UPDATE documents SET {}
         WHERE order_id = $1 AND kind = $2 AND part = $3 AND state = 'blocked' AND lease_until <= $4",
        retried("$4")
    );
    let values = [order_id.into(), kind.as_str().into(), part.0.into(), now.into()];
    Ok(db.execute(sql, &values).await? > 0)
}

/// The same at a person's request. Where only a person could look for it under another number, the request says that
/// there is none.
fn retried_by_person(now: &str) -> String {
    let changes = retried(now);
    format!(
        "{changes}, doubt_since = CASE WHEN findings LIKE '%\"what\":\"not_searchable\"%' THEN 0 ELSE doubt_since END"
    )
}

/// All blocked receipts and returns of an order are tried again. Returns how many there were.
pub(super) async fn retry_all(db: &mut impl Dialect, order_id: &OrderId, now: Timestamp) -> Result<u64> {
    let sql = format!(
        "UPDATE documents SET {}
         WHERE order_id = $1 AND kind <> 'invoice' AND state = 'blocked' AND lease_until <= $2",
        retried_by_person("$2")
    );
    db.execute(sql, &[order_id.into(), now.into()]).await
}

/// All blocked receipts and returns that a filter of orders means are tried again: its reason and its subject are those
/// of the documents. Returns their orders.
pub(super) async fn retry_matching<T: Dialect>(
    db: &mut T,
    filter: &Filter,
    now: Timestamp,
) -> Result<BTreeSet<OrderId>> {
    let mut binds = Binds::default();
    let now = binds.number(micros(now));
    let of_order = Filter { reason: None, subject: None, ..filter.clone() };
    let Some(orders) = conditions(db, &of_order, &mut binds).await? else { return Ok(BTreeSet::new()) };
    let mut tests = String::new();
    if let Some(reason) = filter.reason {
        let named = binds.text(&format!("%\"reason\":\"{}\"%", reason.code()));
        tests = format!(" AND documents.findings LIKE {named}");
    }
    if let Some(subject) = &filter.subject {
        tests = format!("{tests} AND documents.waits_for = {}", binds.text(subject));
    }
    // For each of the few that are blocked its order is looked up; joined, all orders might be read.
    let sql = format!(
        "UPDATE documents SET {}
         WHERE kind <> 'invoice' AND state = 'blocked' AND lease_until <= {now}{tests}
           AND (SELECT orders.id FROM orders WHERE orders.order_id = documents.order_id AND {orders}) IS NOT NULL
         RETURNING order_id",
        retried_by_person(&now)
    );
    db.fetch(sql, &binds.values()).await?.iter().map(order_id).collect()
}

/// Another mapping may have removed the cause: what certainly does not exist is tried again.
pub(super) async fn retry_after_mapping(db: &mut impl Dialect, now: Timestamp) -> Result<()> {
    let sql = format!(
        "UPDATE documents SET {}
         WHERE kind <> 'invoice' AND state = 'blocked' AND lease_until <= $1 AND doubt_since = 0",
        retried("$1")
    );
    db.execute(sql, &[now.into()]).await?;
    Ok(())
}
