//! What Accurate showed: the rows of the list, each with the order that it belongs to, and answers to single questions.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use serde_json::json;

use super::day;
use crate::{
    domain::{
        ids::BookName,
        order::{OrderId, words},
        reconciliation::{Listed, Period, Seen, Shown, sums::Count},
    },
    storage::{
        Answer, Result, SeenOf,
        dialect::{Columns, Dialect},
        rows::{json as to_json, order_id, storable, timestamp},
    },
};

/// Words of a description that may be an order's id.
const MOST_WORDS: usize = 30;

/// Longest word that may be an order's id.
const LONGEST_WORD: usize = 100;

/// Adds rows of the list. `rows_expected` is how many rows it has.
pub(in crate::storage) async fn add<T: Dialect>(
    db: &mut T,
    part: i64,
    book: &BookName,
    rows: &[Listed],
    rows_expected: i64,
) -> Result<()> {
    put(db, part, book, rows).await?;
    let sql = "UPDATE reconciled_books SET rows_read = rows_read + $2, rows_expected = $3 WHERE id = $1";
    db.execute(sql, &[part.into(), (rows.len() as i64).into(), rows_expected.into()]).await?;
    Ok(())
}

/// Writes what an answer says in place of what was shown before.
pub(in crate::storage) async fn answer<T: Dialect>(
    db: &mut T,
    part: i64,
    book: &BookName,
    answer: &Answer,
) -> Result<()> {
    for id in &answer.absent {
        db.execute("DELETE FROM listed_invoices WHERE part = $1 AND id = $2", &[part.into(), (*id).into()]).await?;
    }
    put(db, part, book, &answer.found).await?;
    let numbered = answer.numbered.unwrap_or_default();
    let sql = "INSERT INTO asked_orders (part, order_id, at, numbered) VALUES ($1, $2, $3, $4)
               ON CONFLICT (part, order_id) DO UPDATE SET at = excluded.at, numbered = excluded.numbered";
    db.execute(sql, &[part.into(), (&answer.order_id).into(), answer.at.into(), numbered.into()]).await?;
    db.execute("UPDATE reconciled_books SET asked = asked + 1 WHERE id = $1", &[part.into()]).await?;
    Ok(())
}

async fn put<T: Dialect>(db: &mut T, part: i64, book: &BookName, rows: &[Listed]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let orders = owners(db, book, rows).await?;
    let cells: Vec<_> = rows
        .iter()
        .map(|Listed { shown, .. }| {
            let (number, customer_no) = (storable(shown.number.as_str()), storable(&shown.customer_no));
            let order_id = orders.get(&shown.id).map(OrderId::as_str).unwrap_or_default();
            json!([shown.id, number, customer_no, shown.day, shown.total, order_id, shown.owed])
        })
        .collect();
    let sql = format!(
        "INSERT INTO listed_invoices (part, id, number, customer_no, day, total, order_id, owed)
         SELECT CAST($2 AS BIGINT), CAST(v.value ->> 0 AS BIGINT), v.value ->> 1, v.value ->> 2, v.value ->> 3,
                CAST(v.value ->> 4 AS BIGINT), v.value ->> 5, CAST(v.value ->> 6 AS BIGINT)
         FROM {} WHERE true
         ON CONFLICT (part, id) DO UPDATE SET number = excluded.number, customer_no = excluded.customer_no,
             day = excluded.day, total = excluded.total, order_id = excluded.order_id, owed = excluded.owed",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&cells)).into(), part.into()]).await?;
    Ok(())
}

/// To which orders invoices belong: by Accurate's id, else by the order id in the description. A number alone proves
/// nothing, because a person may have given it to another sale; it counts only where the ledger has no id yet, for
/// drafts and saves whose reply is not known.
pub(in crate::storage) async fn owners<T: Dialect>(
    db: &mut T,
    book: &BookName,
    rows: &[Listed],
) -> Result<HashMap<i64, OrderId>> {
    let ids: Vec<_> = rows.iter().map(|row| [row.shown.id]).collect();
    let sql = format!(
        "SELECT d.order_id, d.accurate_id FROM {} {} documents d ON d.book = $2 AND d.kind = 'invoice'
             AND d.accurate_id = CAST(v.value ->> 0 AS BIGINT) AND d.accurate_id IS NOT NULL AND d.state <> 'gone'",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut owners = HashMap::with_capacity(rows.len());
    for row in &db.fetch(sql, &[(&to_json(&ids)).into(), book.into()]).await? {
        owners.insert(row.number("accurate_id")?, order_id(row)?);
    }
    let rest: Vec<_> = rows.iter().filter(|row| !owners.contains_key(&row.shown.id)).collect();
    let numbers: Vec<_> = rest.iter().map(|row| json!([row.shown.id, storable(row.shown.number.as_str())])).collect();
    let sql = format!(
        "SELECT CAST(v.value ->> 0 AS BIGINT) AS id, d.order_id FROM {} {} documents d
             ON d.book = $2 AND d.number = v.value ->> 1 AND d.kind = 'invoice'
                 AND (d.accurate_id = CAST(v.value ->> 0 AS BIGINT)
                      OR d.accurate_id IS NULL AND (d.state = 'due' OR d.doubt_since <> 0))",
        T::ROWS,
        T::THEN_JOIN
    );
    for row in &db.fetch(sql, &[(&to_json(&numbers)).into(), book.into()]).await? {
        owners.insert(row.number("id")?, order_id(row)?);
    }
    let rest: Vec<_> = rest.into_iter().filter(|row| !owners.contains_key(&row.shown.id)).collect();
    let named = |row: &&Listed| {
        let id = row.shown.id;
        let words = words(&row.description).filter(|word| word.len() <= LONGEST_WORD).take(MOST_WORDS);
        words.map(|word| json!([id, storable(word)])).collect::<Vec<_>>()
    };
    let named: Vec<_> = rest.iter().flat_map(named).collect();
    if named.is_empty() {
        return Ok(owners);
    }
    let sql = format!(
        "SELECT CAST(v.value ->> 0 AS BIGINT) AS id, o.order_id FROM {} {} orders o ON o.order_id = v.value ->> 1",
        T::ROWS,
        T::THEN_JOIN
    );
    for row in &db.fetch(sql, &[(&to_json(&named)).into()]).await? {
        // The first one that the description names.
        owners.entry(row.number("id")?).or_insert(order_id(row)?);
    }
    Ok(owners)
}

/// The ids of the rows that were read.
pub(in crate::storage) async fn ids(db: &mut impl Dialect, part: i64) -> Result<HashSet<i64>> {
    let rows = db.fetch("SELECT id FROM listed_invoices WHERE part = $1", &[part.into()]).await?;
    rows.iter().map(|row| row.number("id")).collect()
}

fn shown(row: &impl Columns) -> Result<Shown> {
    Ok(Shown {
        id: row.number("id")?,
        number: row.text("number")?.into(),
        customer_no: row.text("customer_no")?.to_owned(),
        day: day(row, "day")?,
        total: row.number("total")?,
        owed: row.number_if_any("owed")?,
    })
}

/// What Accurate showed for these orders.
pub(in crate::storage) async fn of_orders<T: Dialect>(db: &mut T, part: i64, orders: &[OrderId]) -> Result<SeenOf> {
    let ids: Vec<_> = orders.iter().map(|id| [id]).collect();
    let ids = to_json(&ids);
    // Given the part, SQLite would read all of its rows for each order; an expression of it is no use to its key.
    let sql = format!(
        "SELECT l.id, l.number, l.customer_no, l.day, l.total, l.owed, l.order_id
         FROM {} {} listed_invoices l ON l.order_id = v.value ->> 0 AND l.order_id <> '' AND l.part + 0 = $2
         ORDER BY l.id",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut all = SeenOf::with_capacity(orders.len());
    for row in &db.fetch(sql, &[(&ids).into(), part.into()]).await? {
        all.entry(order_id(row)?).or_default().shown.push(shown(row)?);
    }
    let sql = format!(
        "SELECT a.order_id, a.at, l.id, l.number, l.customer_no, l.day, l.total, l.owed
         FROM {} {} asked_orders a ON a.part = $2 AND a.order_id = v.value ->> 0
         LEFT JOIN listed_invoices l ON l.part = a.part AND l.id = a.numbered AND l.order_id <> a.order_id",
        T::ROWS,
        T::THEN_JOIN
    );
    for row in &db.fetch(sql, &[(&ids).into(), part.into()]).await? {
        let seen: &mut Seen = all.entry(order_id(row)?).or_default();
        seen.asked_at = Some(timestamp(row.number("at")?)?);
        seen.namesake = row.number_if_any("id")?.is_some().then(|| shown(row)).transpose()?;
    }
    Ok(all)
}

/// Invoices that belong to no order whose invoice our ledger books in the period, by id, behind `after`; with the order
/// that each belongs to, if one is known.
pub(in crate::storage) async fn others<T: Dialect>(
    db: &mut T,
    part: i64,
    book: &BookName,
    period: Period,
    after: i64,
    limit: i64,
) -> Result<Vec<(Shown, Option<OrderId>)>> {
    let sql = "SELECT l.id, l.number, l.customer_no, l.day, l.total, l.owed, l.order_id FROM listed_invoices l
               WHERE l.part = $1 AND l.id > $2
                 AND (l.order_id = '' OR NOT EXISTS (SELECT 1 FROM documents d
                      WHERE d.order_id = l.order_id AND d.kind = 'invoice' AND d.part = 0 AND d.book = $3
                        AND d.day >= $4 AND d.day <= $5))
               ORDER BY l.id LIMIT $6";
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let values = [part.into(), after.into(), book.into(), (&from).into(), (&to).into(), limit.into()];
    let one = |row: &T::Row| {
        let order = if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) };
        Ok((shown(row)?, order))
    };
    db.fetch(sql, &values).await?.iter().map(one).collect()
}

/// How many invoices Accurate showed for each day of the period, and their sum.
pub(in crate::storage) async fn by_day<T: Dialect>(
    db: &mut T,
    part: i64,
    period: Period,
) -> Result<Vec<(Date, Count)>> {
    let sql = "SELECT day, COUNT(*) AS n, CAST(SUM(total) AS BIGINT) AS total FROM listed_invoices
               WHERE part = $1 AND day >= $2 AND day <= $3 GROUP BY day";
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let rows = db.fetch(sql, &[part.into(), (&from).into(), (&to).into()]).await?;
    let of_day = |row: &T::Row| Ok((day(row, "day")?, Count { count: row.number("n")?, total: row.number("total")? }));
    rows.iter().map(of_day).collect()
}

/// Deletes what an ended part was shown, `step` rows at most; returns how many.
pub(in crate::storage) async fn forget(db: &mut impl Dialect, part: i64, step: i64) -> Result<u64> {
    let sql = "DELETE FROM listed_invoices WHERE part = $1
                   AND id IN (SELECT id FROM listed_invoices WHERE part = $1 ORDER BY id LIMIT $2)";
    db.execute(sql, &[part.into(), step.into()]).await
}
