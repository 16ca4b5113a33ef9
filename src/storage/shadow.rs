//! Shadow mode: drafts that wait to be compared with the invoices of another integration, and the results.
//!
//! Triggers keep a row in `shadow_orders` for each invoice that is due in shadow mode, and count results and
//! differences.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::json;

use super::{
    Compared, Comparison, ComparisonResult, DifferenceRow, Result, ShadowSums, StorageError, Sums, ToCompare,
    dialect::{Columns, Dialect},
    list::Binds,
    rows::{hundredths, json as to_json, json_column, micros, moment, optional_json, order_id},
};
use crate::domain::{ids::BookName, order::OrderId, shadow::Kind};

/// Drafts of a book whose time for a comparison has come, those that were never compared first.
pub(super) async fn due<T: Dialect>(db: &mut T, book: &BookName, now: Timestamp, limit: i64) -> Result<Vec<ToCompare>> {
    let sql = format!(
        "SELECT s.order_id, s.revision, o.channel_order_id, d.draft
         FROM (SELECT order_id, revision, check_at FROM shadow_orders
               WHERE book = $1 AND check_at > 0 AND check_at <= $2 ORDER BY check_at LIMIT $3) AS s
         {join} documents d ON d.order_id = s.order_id AND d.kind = 'invoice' AND d.part = 0
         {join} orders o ON o.order_id = s.order_id
         ORDER BY s.check_at",
        join = T::THEN_JOIN
    );
    let rows = db.fetch(sql, &[book.into(), now.into(), limit.into()]).await?;
    let to_compare = |row: &T::Row| {
        let draft = json_column(row, "draft").map_err(|problem: StorageError| problem.to_string());
        Ok(ToCompare {
            order_id: order_id(row)?,
            revision: row.number("revision")?,
            marketplace_number: row.text("channel_order_id")?.into(),
            draft,
        })
    };
    rows.iter().map(to_compare).collect()
}

/// Writes results. A result changes nothing if the draft has changed in the meantime, or is no longer in shadow mode.
pub(super) async fn write<T: Dialect>(db: &mut T, compared: &[Compared], now: Timestamp) -> Result<()> {
    let rows: Vec<_> = compared
        .iter()
        .map(|one| {
            let result = one.result.map(ComparisonResult::as_str);
            let check_at = one.again_at.map_or(0, micros);
            json!([one.order_id, one.revision, result, check_at, one.invoice.as_ref().map(to_json)])
        })
        .collect();
    let sql = format!(
        "UPDATE shadow_orders SET
             result = COALESCE(v.value ->> 2, result), check_at = CAST(v.value ->> 3 AS BIGINT),
             compared_at = CASE WHEN v.value ->> 2 IS NULL THEN compared_at ELSE $2 END,
             invoice = CASE WHEN v.value ->> 2 IS NULL THEN invoice ELSE v.value ->> 4 END
         FROM {} WHERE shadow_orders.order_id = v.value ->> 0
             AND shadow_orders.revision = CAST(v.value ->> 1 AS BIGINT)
         RETURNING shadow_orders.order_id, shadow_orders.total",
        T::ROWS
    );
    let written = db.fetch(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    let mut totals = HashMap::with_capacity(written.len());
    for row in &written {
        totals.insert(order_id(row)?, row.number("total")?);
    }
    let read = compared.iter().filter(|one| one.result.is_some() && totals.contains_key(&one.order_id));
    let ids: Vec<_> = read.clone().map(|one| [&one.order_id]).collect();
    let sql = format!("DELETE FROM shadow_differences WHERE order_id IN (SELECT v.value ->> 0 FROM {})", T::ROWS);
    db.execute(sql, &[(&to_json(&ids)).into()]).await?;
    let rows: Vec<_> = read
        .flat_map(|one| one.differences.iter().map(move |difference| (one, difference)))
        .map(|(one, difference)| {
            let (total, amount) = (totals.get(&one.order_id), hundredths(difference.rupiah));
            json!([one.order_id, difference.kind.code(), total, amount, to_json(difference)])
        })
        .collect();
    if !rows.is_empty() {
        let sql = format!(
            "INSERT INTO shadow_differences (order_id, kind, total, difference, details)
             SELECT v.value ->> 0, v.value ->> 1, CAST(v.value ->> 2 AS BIGINT), CAST(v.value ->> 3 AS BIGINT),
                    v.value ->> 4 FROM {} WHERE true",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    }
    Ok(())
}

/// Drafts without an equal invoice are compared again now. Returns how many.
pub(super) async fn again(db: &mut impl Dialect) -> Result<u64> {
    db.execute("UPDATE shadow_orders SET check_at = 1 WHERE result IN ('absent', 'differs')", &[]).await
}

/// How many drafts have which result and which kind of difference.
pub(super) async fn sums(db: &mut impl Dialect) -> Result<ShadowSums> {
    let mut sums = ShadowSums::default();
    for row in &db.fetch("SELECT what, n, total, difference FROM shadow_counts WHERE n > 0", &[]).await? {
        let orders = Sums { orders: row.number("n")?, hundredths: row.number("total")?, exact: true };
        let what = row.text("what")?;
        if let Some(kind) = Kind::from_code(what) {
            sums.kinds.push((kind, orders, row.number("difference")?));
            continue;
        }
        match ComparisonResult::parse(what) {
            Some(ComparisonResult::Waiting) => sums.waiting = orders,
            Some(ComparisonResult::Equal) => sums.equal = orders,
            Some(ComparisonResult::Differs) => sums.differs = orders,
            Some(ComparisonResult::Absent) => sums.absent = orders,
            None => return Err(StorageError::Unreadable(format!("result of a comparison {what:?}"))),
        }
    }
    sums.kinds.sort_by_key(|(kind, ..)| *kind);
    Ok(sums)
}

/// The comparison of one order's draft.
pub(super) async fn of_order(db: &mut impl Dialect, id: &OrderId) -> Result<Option<Comparison>> {
    let sql = "SELECT result, compared_at, invoice FROM shadow_orders WHERE order_id = $1";
    let rows = db.fetch(sql, &[id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let word = row.text("result")?;
    let result = ComparisonResult::parse(word);
    let result = result.ok_or_else(|| StorageError::Unreadable(format!("result of a comparison {word:?}")))?;
    let (compared_at, invoice) = (moment(row, "compared_at")?, optional_json(row, "invoice")?);
    let sql = "SELECT details FROM shadow_differences WHERE order_id = $1 ORDER BY id";
    let rows = db.fetch(sql, &[id.into()]).await?;
    let differences = rows.iter().map(|row| json_column(row, "details")).collect::<Result<_>>()?;
    Ok(Some(Comparison { result, compared_at, invoice, differences }))
}

/// Differences, newest first, with ids below `before`; of one kind, or of all.
pub(super) async fn differences<T: Dialect>(
    db: &mut T,
    kind: Option<Kind>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DifferenceRow>> {
    let mut binds = Binds::default();
    let below = binds.number(before.unwrap_or(i64::MAX));
    let of_kind = kind.map(|kind| format!("kind = {} AND ", binds.text(kind.code()))).unwrap_or_default();
    let sql = format!(
        "SELECT s.id, s.order_id, s.total, s.details, o.channel_order_id, o.store_id
         FROM (SELECT id, order_id, total, details FROM shadow_differences WHERE {of_kind}id < {below}
               ORDER BY id DESC LIMIT {}) AS s
         {} orders o ON o.order_id = s.order_id ORDER BY s.id DESC",
        binds.number(limit),
        T::THEN_JOIN
    );
    let row = |row: &T::Row| {
        Ok(DifferenceRow {
            id: row.number("id")?,
            order_id: order_id(row)?,
            channel_order_id: row.text("channel_order_id")?.to_owned(),
            store_id: row.text("store_id")?.to_owned(),
            hundredths: row.number("total")?,
            difference: json_column(row, "details")?,
        })
    };
    db.fetch(sql, &binds.values()).await?.iter().map(row).collect()
}

/// Orders whose draft has this result, by id, beginning behind `after`.
pub(super) async fn with_result<T: Dialect>(
    db: &mut T,
    result: ComparisonResult,
    after: Option<&OrderId>,
    limit: i64,
) -> Result<Vec<(OrderId, String)>> {
    let sql = format!(
        "SELECT s.order_id, o.channel_order_id
         FROM (SELECT order_id FROM shadow_orders WHERE result = $1 AND order_id > $2 ORDER BY order_id LIMIT $3) AS s
         {} orders o ON o.order_id = s.order_id ORDER BY s.order_id",
        T::THEN_JOIN
    );
    let after = after.map_or("", OrderId::as_str);
    let rows = db.fetch(sql, &[result.as_str().into(), after.into(), limit.into()]).await?;
    rows.iter().map(|row| Ok((order_id(row)?, row.text("channel_order_id")?.to_owned()))).collect()
}
