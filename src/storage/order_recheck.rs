//! Blocked orders that are rechecked for their own sake: their save may still arrive, or Accurate kept failing.

use jiff::Timestamp;

use super::{
    Result,
    dialect::{Columns, Dialect},
    rows::order_id as read_order_id,
    timeline::append,
};
use crate::domain::{order::OrderId, timeline::Event};

pub(super) async fn due(db: &mut impl Dialect, book: &str, now: Timestamp) -> Result<Option<OrderId>> {
    let sql = "SELECT order_id FROM orders WHERE book = $1 AND recheck_at > 0 AND recheck_at <= $2
               ORDER BY recheck_at LIMIT 1";
    db.fetch(sql, &[book.into(), now.into()]).await?.first().map(read_order_id).transpose()
}

pub(super) async fn next_at(db: &mut impl Dialect, book: &str) -> Result<Option<i64>> {
    let sql = "SELECT MIN(recheck_at) AS at FROM orders WHERE book = $1 AND recheck_at > 0";
    let rows = db.fetch(sql, &[book.into()]).await?;
    Ok(rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten())
}

pub(super) async fn put_off(db: &mut impl Dialect, order_id: &OrderId, at: Timestamp) -> Result<()> {
    // Whatever left `blocked` meanwhile goes its own way.
    let sql = "UPDATE orders SET recheck_at = CASE WHEN state = 'blocked' THEN $2 ELSE 0 END WHERE order_id = $1";
    db.execute(sql, &[order_id.into(), at.into()]).await?;
    Ok(())
}

pub(super) async fn try_again(db: &mut impl Dialect, order_id: &OrderId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE orders SET undecided = 1, revision = revision + 1, failures = 0, recheck_at = 0
               WHERE order_id = $1 AND state = 'blocked'";
    if db.execute(sql, &[order_id.into()]).await? > 0 {
        append(db, std::iter::once((order_id, [Event::TriedAgain].as_slice())), now).await?;
    }
    Ok(())
}
