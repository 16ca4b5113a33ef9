//! Invoices on which money is owed, and what each store's marketplace is expected to pay.

use super::day;
use crate::{
    domain::{
        order::OrderId,
        reconciliation::{Side, Unpaid},
    },
    storage::{
        Receivable, Result, UnpaidOf,
        dialect::{Columns, Dialect},
        rows::{json_column, order_id},
    },
};

/// Classes that a comparison with Accurate alone neither finds nor ends: what Forstok lists and what marketplaces pay.
pub(super) const OF_OTHER_SOURCES: &str = "'missed_webhook', 'stale', 'not_settled'";

/// The next orders of a store, behind one, on which money is owed, with their invoices as far as they are among those
/// asked for; the last of these orders, if there is any.
pub(in crate::storage) async fn of_store<T: Dialect>(
    db: &mut T,
    of: UnpaidOf<'_>,
    after: Option<&OrderId>,
    limit: i64,
) -> Result<(Vec<Unpaid>, Option<OrderId>)> {
    let sql = "SELECT w.order_id, w.hundredths AS owed, o.store_id, o.history,
            d.accurate_id, d.number, d.customer_no, d.day, d.amount,
            (SELECT MAX(r.day) FROM settlement_rows r
             WHERE r.order_id = d.order_id AND r.order_id <> '' AND r.kind = 'payout') AS last_payout,
            (SELECT COUNT(*) FROM settlement_rows r
             WHERE r.order_id = d.order_id AND r.order_id <> ''
               AND r.state IN ('waiting', 'due', 'blocked')) AS to_book
        FROM (SELECT order_id, hundredths FROM owing
              WHERE store_id = $1 AND hundredths > 0 AND order_id > $2 ORDER BY order_id LIMIT $3) AS w
        LEFT JOIN documents d ON d.order_id = w.order_id AND d.kind = 'invoice' AND d.part = 0 AND d.book = $4
            AND d.accurate_id IS NOT NULL AND d.day >= $5 AND d.day <= $6
            AND (d.state = 'exists' OR (d.state = 'blocked' AND d.wanted = 'exist' AND d.doubt_since = 0))
        LEFT JOIN orders o ON o.order_id = d.order_id
        ORDER BY w.order_id";
    let (from, to) = (of.period.from.to_string(), of.period.to.to_string());
    let after = after.map_or("", OrderId::as_str);
    let values = [of.store_id.into(), after.into(), limit.into(), of.book.into(), (&from).into(), (&to).into()];
    let rows = db.fetch(sql, &values).await?;
    let mut all = Vec::new();
    for row in &rows {
        let Some(accurate_id) = row.number_if_any("accurate_id")? else { continue };
        let last = row.text_if_any("last_payout")?.is_some_and(|day| !day.is_empty());
        all.push(Unpaid {
            order_id: order_id(row)?,
            store_id: row.text("store_id")?.to_owned(),
            history: json_column(row, "history")?,
            accurate_id,
            invoice: Side {
                number: row.text("number")?.into(),
                customer_no: row.text("customer_no")?.to_owned(),
                day: day(row, "day")?,
                total: row.number("amount")?,
            },
            owed: row.number("owed")?,
            last_payout: if last { Some(day(row, "last_payout")?) } else { None },
            has_more_to_book: row.number("to_book")? > 0,
        });
    }
    Ok((all, rows.last().map(order_id).transpose()?))
}

/// What marketplaces still owe, by store: those whose payouts are booked here.
pub(in crate::storage) async fn by_store<T: Dialect>(db: &mut T) -> Result<Vec<Receivable>> {
    let receivable =
        |row: &T::Row| Ok(Receivable { store_id: row.text("store_id")?.to_owned(), hundredths: row.number("total")? });
    let sql = "SELECT store_id, total FROM receivables WHERE n > 0 ORDER BY store_id";
    db.fetch(sql, &[]).await?.iter().map(receivable).collect()
}
