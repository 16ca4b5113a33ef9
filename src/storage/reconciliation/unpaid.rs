//! Invoices on which money is owed, and what each store's marketplace is expected to pay.

use super::day;
use crate::{
    domain::{
        ids::BookName,
        order::OrderId,
        reconciliation::{Side, Unpaid},
    },
    storage::{
        Receivable, Result,
        dialect::{Columns, Dialect},
        rows::{json as to_json, json_column, order_id},
    },
};

/// Classes that a comparison with Accurate alone neither finds nor ends: what Forstok lists and what marketplaces pay.
pub(super) const OF_OTHER_SOURCES: &str = "'missed_webhook', 'stale', 'not_settled'";

/// Those of these orders on whose invoice money is owed, of stores whose payouts are booked here.
pub(in crate::storage) async fn of_orders<T: Dialect>(
    db: &mut T,
    book: &BookName,
    orders: &[OrderId],
) -> Result<Vec<Unpaid>> {
    let sql = format!(
        "SELECT * FROM (
             SELECT d.order_id, d.accurate_id, d.number, d.customer_no, d.day, d.amount, o.store_id, o.history,
                 CAST((SELECT SUM(CASE x.kind WHEN 'invoice' THEN x.amount ELSE -x.amount END) FROM documents x
                       WHERE x.order_id = d.order_id AND x.accurate_id IS NOT NULL AND x.state <> 'gone')
                      - (SELECT COALESCE(SUM(r.settles), 0) FROM settlement_rows r
                         WHERE r.order_id = d.order_id AND r.order_id <> '') AS BIGINT) AS owed,
                 (SELECT MAX(r.day) FROM settlement_rows r
                  WHERE r.order_id = d.order_id AND r.order_id <> '' AND r.kind = 'payout') AS last_payout,
                 (SELECT COUNT(*) FROM settlement_rows r
                  WHERE r.order_id = d.order_id AND r.order_id <> ''
                    AND r.state IN ('waiting', 'due', 'blocked')) AS to_book
             FROM {} {then} documents d ON d.order_id = v.value ->> 0 AND d.kind = 'invoice' AND d.part = 0
                 AND d.book = $2 AND d.state <> 'gone' AND d.accurate_id IS NOT NULL
             {then} orders o ON o.order_id = d.order_id
             {then} receivables p ON p.store_id = o.store_id AND p.n > 0) AS invoices
         WHERE owed > 0",
        T::ROWS,
        then = T::THEN_JOIN
    );
    let ids: Vec<_> = orders.iter().map(|id| [id]).collect();
    let unpaid = |row: &T::Row| {
        let last = row.text_if_any("last_payout")?.is_some_and(|day| !day.is_empty());
        Ok(Unpaid {
            order_id: order_id(row)?,
            store_id: row.text("store_id")?.to_owned(),
            history: json_column(row, "history")?,
            accurate_id: row.number("accurate_id")?,
            invoice: Side {
                number: row.text("number")?.into(),
                customer_no: row.text("customer_no")?.to_owned(),
                day: day(row, "day")?,
                total: row.number("amount")?,
            },
            owed: row.number("owed")?,
            last_payout: if last { Some(day(row, "last_payout")?) } else { None },
            has_more_to_book: row.number("to_book")? > 0,
        })
    };
    db.fetch(sql, &[(&to_json(&ids)).into(), book.into()]).await?.iter().map(unpaid).collect()
}

/// What marketplaces still owe, by store: those whose payouts are booked here.
pub(in crate::storage) async fn by_store<T: Dialect>(db: &mut T) -> Result<Vec<Receivable>> {
    let receivable =
        |row: &T::Row| Ok(Receivable { store_id: row.text("store_id")?.to_owned(), hundredths: row.number("total")? });
    let sql = "SELECT store_id, total FROM receivables WHERE n > 0 ORDER BY store_id";
    db.fetch(sql, &[]).await?.iter().map(receivable).collect()
}
