//! Our ledger's side: what we hold of each order's invoice.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, civil::Date};

use super::day;
use crate::{
    domain::{
        document::{Kind, Progress, Wanted},
        ids::BookName,
        mapping::PostingMode,
        money::Rupiah,
        order::OrderId,
        reconciliation::{Held, Period, Posted, Settling, Standing},
    },
    storage::{
        HeldAt, Result, StorageError,
        dialect::{Columns, Dialect},
        rows::{json as to_json, moment, order_id, timestamp},
    },
};

/// What the ledger says about document `d` of order `o`.
const HELD: &str =
    "d.id, d.order_id, d.state AS progress, d.wanted, d.shadowed, d.due_since, d.doubt_since, d.accurate_id,
    d.number, d.customer_no, d.day, COALESCE(d.total, '') AS total, o.amount, o.store_id, o.changed_at,
    CAST(CASE WHEN o.state = 'ignored' AND o.reason = 'cancelled' THEN 1 ELSE 0 END AS BIGINT) AS is_cancelled,
    (SELECT CAST(COALESCE(SUM(CASE x.kind WHEN 'invoice' THEN x.amount ELSE -x.amount END), 0) AS BIGINT) FROM documents x
     WHERE x.order_id = d.order_id AND x.accurate_id IS NOT NULL AND x.state <> 'gone') AS owed,
    (SELECT CAST(MAX(CASE WHEN x.state = 'due' OR x.doubt_since <> 0 THEN 1 ELSE 0 END) AS BIGINT)
     FROM documents x WHERE x.order_id = d.order_id) AS is_under_way,
    (SELECT COUNT(*) FROM documents x WHERE x.order_id = d.order_id AND x.kind = 'return' AND x.state = 'exists')
        AS returns,
    (SELECT MAX(x.shown_at) FROM documents x WHERE x.order_id = d.order_id AND x.kind <> 'invoice') AS settled_at,
    (SELECT posting FROM mappings ORDER BY revision DESC LIMIT 1) AS posting";

fn held(row: &impl Columns, now: Timestamp) -> Result<Held> {
    let changed_at = timestamp(row.number("changed_at")?)?;
    let accurate_id = row.number_if_any("accurate_id")?;
    let unreadable = |what: &str| StorageError::Unreadable(format!("document {what:?}"));
    let (progress, wanted) = (row.text("progress")?, row.text("wanted")?);
    let posted = Posted {
        wanted: Wanted::parse(wanted).ok_or_else(|| unreadable(wanted))?,
        progress: Progress::parse(progress).ok_or_else(|| unreadable(progress))?,
        is_draft: row.number("shadowed")? == 1 && row.text_if_any("posting")? == Some(PostingMode::Shadow.as_str()),
        in_doubt: row.number("doubt_since")? != 0,
        has_id: accurate_id.is_some(),
        due_since: moment(row, "due_since")?,
        changed_at,
    };
    let total = row.text("total")?;
    let total = if total.is_empty() {
        row.number("amount")?
    } else {
        Rupiah::parse(total).map_err(|_| StorageError::Unreadable(format!("total {total:?}")))?.hundredths()
    };
    Ok(Held {
        order_id: order_id(row)?,
        store_id: row.text("store_id")?.to_owned(),
        standing: Standing::of(&posted, now),
        accurate_id,
        number: row.text("number")?.into(),
        customer_no: row.text("customer_no")?.to_owned(),
        day: day(row, "day")?,
        total,
        owed: if row.number("is_under_way")? == 0 { Some(row.number("owed")?) } else { None },
        returns: row.number("returns")?,
        changed_at: moment(row, "settled_at")?.map_or(changed_at, |settled_at| settled_at.max(changed_at)),
        is_cancelled: row.number("is_cancelled")? == 1,
    })
}

/// Invoices of a book that are booked on these days, in the order of days, behind a place.
pub(in crate::storage) async fn of_period<T: Dialect>(
    db: &mut T,
    book: &BookName,
    period: Period,
    after: Option<(Date, i64)>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<HeldAt>> {
    let sql = format!(
        "SELECT {HELD} FROM (SELECT * FROM documents
                WHERE book = $1 AND kind = 'invoice' AND day >= $2 AND day <= $3 AND (day, id) > ($4, $5)
                ORDER BY day, id LIMIT $6) AS d
         {} orders o ON o.order_id = d.order_id ORDER BY d.day, d.id",
        T::THEN_JOIN
    );
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let (after_day, after_id) = after.map_or((String::new(), 0), |(day, id)| (day.to_string(), id));
    let values = [book.into(), (&from).into(), (&to).into(), (&after_day).into(), after_id.into(), limit.into()];
    let place = |row: &T::Row| Ok(HeldAt { place: (day(row, "day")?, row.number("id")?), held: held(row, now)? });
    db.fetch(sql, &values).await?.iter().map(place).collect()
}

/// What the ledger holds of these orders' invoices in a book.
pub(in crate::storage) async fn of_orders<T: Dialect>(
    db: &mut T,
    book: &BookName,
    orders: &[OrderId],
    now: Timestamp,
) -> Result<HashMap<OrderId, Held>> {
    let sql = format!(
        "SELECT {HELD} FROM {} {then} documents d ON d.order_id = v.value ->> 0 AND d.kind = 'invoice' AND d.part = 0
             AND d.book = $2
         {then} orders o ON o.order_id = d.order_id",
        T::ROWS,
        then = T::THEN_JOIN
    );
    let ids: Vec<_> = orders.iter().map(|id| [id]).collect();
    let rows = db.fetch(sql, &[(&to_json(&ids)).into(), book.into()]).await?;
    rows.iter().map(|row| held(row, now).map(|held| (held.order_id.clone(), held))).collect()
}

/// Which of these orders are cancelled and need no invoice.
pub(in crate::storage) async fn cancelled<T: Dialect>(db: &mut T, orders: &[OrderId]) -> Result<HashSet<OrderId>> {
    let sql = format!(
        "SELECT o.order_id FROM {} {} orders o ON o.order_id = v.value ->> 0
             AND o.state = 'ignored' AND o.reason = 'cancelled'",
        T::ROWS,
        T::THEN_JOIN
    );
    let ids: Vec<_> = orders.iter().map(|id| [id]).collect();
    db.fetch(sql, &[(&to_json(&ids)).into()]).await?.iter().map(order_id).collect()
}

/// The receipts and returns of an order that exist in a book.
pub(in crate::storage) async fn settling<T: Dialect>(
    db: &mut T,
    book: &BookName,
    order: &OrderId,
) -> Result<Vec<Settling>> {
    let sql = "SELECT kind, number, accurate_id, amount FROM documents
               WHERE order_id = $1 AND book = $2 AND kind <> 'invoice' AND state = 'exists'
                 AND accurate_id IS NOT NULL ORDER BY kind, part";
    let one = |row: &T::Row| {
        let kind = row.text("kind")?;
        Ok(Settling {
            kind: Kind::parse(kind).ok_or_else(|| StorageError::Unreadable(format!("document {kind:?}")))?,
            number: row.text("number")?.into(),
            id: row.number("accurate_id")?,
            amount: row.number("amount")?,
        })
    };
    db.fetch(sql, &[order.into(), book.into()]).await?.iter().map(one).collect()
}
