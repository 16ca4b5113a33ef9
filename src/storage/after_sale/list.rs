//! Rows of payouts and returns for people, and their figures.

use std::collections::HashMap;

use super::{AND_ITS_DOCUMENT, ROW, rows_of, shown_row};
use crate::{
    domain::{
        after_sale::{Waits, WaitsFor},
        document::Kind,
        money::Rupiah,
        payout::RowState,
    },
    storage::{
        FeeKind, Result, RowCount, RowFilter, RowRecord, RowSum, StorageError,
        dialect::{Columns, Dialect},
        list::Binds,
        rows::{json as to_json, micros, reason, timestamp},
    },
};

/// The conditions of a filter for rows `r` of one kind.
pub(super) fn conditions(kind: Kind, filter: &RowFilter, binds: &mut Binds) -> String {
    let mut conditions = vec![format!("r.kind = {}", binds.text(rows_of(kind)))];
    let texts = [
        ("r.state", filter.state.map(RowState::as_str)),
        ("r.source", filter.source.as_deref()),
        ("r.order_id", filter.order_id.as_ref().map(crate::domain::order::OrderId::as_str)),
        ("r.reason", filter.reason.map(crate::domain::reason::Reason::code)),
    ];
    for (column, text) in texts {
        conditions.extend(text.map(|text| format!("{column} = {}", binds.text(text))));
    }
    if let Some(waits) = filter.waits {
        // Written out, because only then can the database use the index of waiting rows.
        conditions.push(format!("r.state = 'waiting' AND r.waits = {}", binds.text(waits.as_str())));
    }
    if let Some(until) = filter.content_until {
        conditions.push(format!("r.content_at <= {}", binds.number(micros(until))));
    }
    conditions.join(" AND ")
}

/// Rows of one kind with numbers below `before`, newest first.
pub(in crate::storage) async fn rows<T: Dialect>(
    db: &mut T,
    kind: Kind,
    filter: &RowFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RowRecord>> {
    let mut binds = Binds::default();
    let conditions = conditions(kind, filter, &mut binds);
    let (before, limit) = (binds.number(before.unwrap_or(i64::MAX)), binds.number(limit));
    let sql = format!(
        "SELECT {ROW},
             CASE WHEN r.state = 'unmatched' AND r.channel_order_id <> '' THEN
                 (SELECT COUNT(*) FROM orders o WHERE o.channel_order_id = r.channel_order_id
                      AND (r.store_id = '' OR o.store_id = r.store_id))
                  ELSE 0 END AS with_number
         FROM settlement_rows r {AND_ITS_DOCUMENT} WHERE {conditions} AND r.id < {before}
         ORDER BY r.id DESC LIMIT {limit}"
    );
    let shown = |row: &T::Row| Ok(RowRecord { orders_with_number: row.number("with_number")?, ..shown_row(row)? });
    db.fetch(sql, &binds.values()).await?.iter().map(shown).collect()
}

/// How many rows of one kind there are, by state and reason.
pub(in crate::storage) async fn counts<T: Dialect>(db: &mut T, kind: Kind) -> Result<Vec<RowCount>> {
    let sql = "SELECT state, reason, waits, COUNT(*) AS n FROM settlement_rows
               WHERE kind = $1 AND state IN ('waiting', 'blocked') AND amount IS NULL GROUP BY state, reason, waits";
    let sort = |row: &T::Row| {
        let word = |column| row.text(column).map(str::to_owned);
        Result::Ok([word("state")?, word("reason")?, word("waits")?])
    };
    let unknown = db.fetch(sql, &[rows_of(kind).into()]).await?;
    let unknown = unknown.iter().map(|row| Ok((sort(row)?, row.number("n")?)));
    let unknown = unknown.collect::<Result<HashMap<_, _>>>()?;
    let sql = "SELECT state, reason, waits, n, total FROM settlement_counts WHERE kind = $1 AND n > 0";
    let count = |row: &T::Row| {
        let state = row.text("state")?;
        let state = RowState::parse(state)
            .ok_or_else(|| StorageError::Unreadable(format!("state {state:?} of a payout or a return")))?;
        Ok(RowCount {
            state,
            reason: reason(row)?,
            waits: Waits::parse(row.text("waits")?),
            count: row.number("n")?,
            hundredths: row.number("total")?,
            unknown: unknown.get(&sort(row)?).copied().unwrap_or_default(),
        })
    };
    db.fetch(sql, &[rows_of(kind).into()]).await?.iter().map(count).collect()
}

/// Rows of one kind that wait for nothing but an approval.
pub(in crate::storage) async fn awaiting_approval<T: Dialect>(db: &mut T, kind: Kind) -> Result<RowSum> {
    let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total FROM settlement_rows
               WHERE kind = $1 AND state = 'waiting' AND waits = 'approval' AND waits_for = $2";
    let approval = to_json(&WaitsFor::Approval);
    let rows = db.fetch(sql, &[rows_of(kind).into(), (&approval).into()]).await?;
    let Some(row) = rows.first() else { return Ok(RowSum::default()) };
    Ok(RowSum { rows: row.number("n")?, total: Rupiah::from_hundredths(row.number("total")?) })
}

/// Every name of an amount that payouts have ever used, also if corrections have removed it since.
pub(in crate::storage) async fn fee_kinds<T: Dialect>(db: &mut T) -> Result<Vec<FeeKind>> {
    let kind = |row: &T::Row| {
        Ok(FeeKind {
            source: row.text("source")?.to_owned(),
            name: row.text("name")?.to_owned(),
            count: row.number("n")?,
            hundredths: row.number("total")?,
            first_at: timestamp(row.number("first_at")?)?,
        })
    };
    let sql = "SELECT source, name, n, total, first_at FROM fee_kinds ORDER BY source, name";
    db.fetch(sql, &[]).await?.iter().map(kind).collect()
}
