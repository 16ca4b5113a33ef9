//! Orders of the past, for trying a mapping.

use jiff::civil::Date;

use super::{
    DayOf, Days, PastOrders, Position, Result,
    decide::{AND_ITS_INVOICE, DECIDED_FROM, read_undecided},
    dialect::{Columns, Dialect},
    fold::{BODY_BYTES, LARGEST_READ, first_by_size},
    list::bounds,
    rows::json as to_json,
};

/// A page of all orders of some days, newest first, beginning below `before`.
pub(super) async fn orders<T: Dialect>(
    db: &mut T,
    (from, to): (Option<Date>, Option<Date>),
    before: Option<Position>,
    limit: i64,
) -> Result<PastOrders> {
    let (begin, end) = bounds(&Days { by: DayOf::Ordered, from, to });
    let Position { key, id } = before.unwrap_or(Position { key: i64::MAX, id: i64::MAX });
    let at = "COALESCE(o.ordered_at, o.created_at)";
    let sizes = format!(
        "SELECT o.id, {at} AS at, (SELECT {BODY_BYTES} FROM deliveries d WHERE d.id = o.latest_delivery) AS bytes
         FROM orders o WHERE {at} >= $1 AND {at} <= $2 AND ({at} < $3 OR o.id < $4)
         ORDER BY {at} DESC, o.id DESC LIMIT $5"
    );
    let binds = [begin.into(), (end - 1).min(key).into(), key.into(), id.into(), limit.into()];
    let rows = db.fetch(sizes, &binds).await?;
    let ids = first_by_size(&rows, LARGEST_READ)?;
    let next = match ids.len().checked_sub(1) {
        Some(last) if ids.len() < rows.len() || rows.len() as i64 == limit => {
            Some(Position { key: rows[last].number("at")?, id: rows[last].number("id")? })
        }
        _ => None,
    };
    let sql = format!(
        "SELECT {DECIDED_FROM} FROM {} {} orders o ON o.id = CAST(v.value ->> 0 AS BIGINT) {AND_ITS_INVOICE}
         ORDER BY {at} DESC, o.id DESC",
        T::ROWS,
        T::THEN_JOIN
    );
    let (mut orders, mut unreadable) = (Vec::with_capacity(ids.len()), 0);
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        match read_undecided(row) {
            Ok(order) => orders.push(order),
            Err(_) => unreadable += 1,
        }
    }
    Ok(PastOrders { orders, unreadable, next })
}
