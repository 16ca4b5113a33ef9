//! The times of documents' next attempts, and the ends of leases.

use jiff::Timestamp;

use super::{
    Lane, LongestWaits, NextAttempts, Result,
    claim::LANE,
    dialect::{Columns, Dialect},
    mappings::IS_ON,
    rows::timestamp,
};
use crate::domain::{ids::BookName, order::OrderId};

pub(super) async fn next_at(db: &mut impl Dialect, book: &BookName) -> Result<Option<Timestamp>> {
    let earliest = Lane::ALL.map(|lane| {
        let lane = lane as usize;
        format!(
            "SELECT MIN(next_attempt_at) AS at FROM documents WHERE book = $1 AND state = 'due' AND {LANE} = {lane}
               AND {IS_ON}"
        )
    });
    let sql = format!("SELECT MIN(at) AS at FROM ({}) AS lanes", earliest.join(" UNION ALL "));
    let rows = db.fetch(sql, &[book.into()]).await?;
    let at = rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten();
    at.map(timestamp).transpose()
}

/// The lanes of what orders wait for.
const LANES_OF_ORDERS: [Lane; 3] = [Lane::Fresh, Lane::Again, Lane::Deletion];

/// From both ends of each lane, so that it does not matter how many documents are due.
pub(super) async fn next_attempts(db: &mut impl Dialect, book: &BookName) -> Result<Option<NextAttempts>> {
    let ends = LANES_OF_ORDERS.map(|lane| {
        let lane = lane as usize;
        let due = format!("FROM documents WHERE book = $1 AND state = 'due' AND {LANE} = {lane} AND {IS_ON}");
        format!(
            "SELECT CAST(0 AS BIGINT) AS is_last, at, lease_until FROM
                 (SELECT next_attempt_at AS at, lease_until {due} ORDER BY next_attempt_at LIMIT 1) AS first{lane}
             UNION ALL SELECT CAST(1 AS BIGINT) AS is_last, at, lease_until FROM
                 (SELECT next_attempt_at AS at, lease_until {due} AND lease_until = 0
                  ORDER BY next_attempt_at DESC LIMIT 1) AS last{lane}"
        )
    });
    let rows = db.fetch(ends.join(" UNION ALL "), &[book.into()]).await?;
    let (mut first, mut last) = (None, None);
    for row in &rows {
        let at = timestamp(row.number("at")?)?;
        if row.number("is_last")? == 1 {
            last = last.max(Some(at));
        } else {
            let this = (at, row.number("lease_until")? > 0);
            first = Some(first.map_or(this, |earlier: (Timestamp, bool)| earlier.min(this)));
        }
    }
    Ok(first.map(|(at, is_under_way)| NextAttempts { first: (!is_under_way).then_some(at), last }))
}

pub(super) async fn hasten(db: &mut impl Dialect, book: &BookName, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE documents SET next_attempt_at = $2
               WHERE book = $1 AND state = 'due' AND next_attempt_at > $2 AND lease_until = 0";
    db.execute(sql, &[book.into(), now.into()]).await
}

pub(super) async fn hasten_one<T: Dialect>(db: &mut T, order_id: &OrderId, now: Timestamp) -> Result<u64> {
    let sql = format!(
        "UPDATE documents SET next_attempt_at = {}(next_attempt_at, $2)
         WHERE order_id = $1 AND kind = 'invoice' AND state = 'due' AND wanted = 'exist' AND lease_until = 0",
        T::LEAST
    );
    db.execute(sql, &[order_id.into(), now.into()]).await
}

pub(super) async fn shorten_waits(
    db: &mut impl Dialect,
    book: &BookName,
    now: Timestamp,
    longest: LongestWaits,
) -> Result<u64> {
    let (attempt, lease) = (now + longest.attempt, now + longest.lease);
    let (recheck, own_recheck) = (now + longest.recheck, now + longest.order_recheck);
    // During a lease, the next attempt is due when the lease ends.
    let sql = format!(
        "UPDATE documents SET next_attempt_at = CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE $2 END,
                              lease_until = CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE 0 END
         WHERE book = $1 AND state = 'due' AND {LANE} IN (0, 1, 2, 3, 4) AND next_attempt_at > $5
           AND next_attempt_at > CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE $3 END"
    );
    let values = [book.into(), now.into(), attempt.into(), lease.into(), attempt.min(lease).into()];
    let documents = db.execute(sql, &values).await?;
    let sql = "UPDATE rechecks SET next_at = $2 WHERE book = $1 AND next_at > $3";
    let rechecks = db.execute(sql, &[book.into(), now.into(), recheck.into()]).await?;
    let sql = "UPDATE documents SET recheck_at = $2 WHERE book = $1 AND recheck_at > 0 AND recheck_at > $3";
    Ok(documents + rechecks + db.execute(sql, &[book.into(), now.into(), own_recheck.into()]).await?)
}

pub(super) async fn end_leases<T: Dialect>(db: &mut T, book: &BookName, now: Timestamp) -> Result<u64> {
    // From now on, none of these attempts sends a save, so doubt counts from now at the latest.
    let sql = format!(
        "UPDATE documents SET lease_until = 0, next_attempt_at = $2,
                doubt_since = CASE WHEN wanted = 'exist' THEN {least}(doubt_since, {now}) ELSE doubt_since END
         WHERE book = $1 AND state = 'due' AND lease_until > 0",
        least = T::LEAST,
        now = db.now("$2"),
    );
    db.execute(sql, &[book.into(), now.into()]).await
}
