//! Orders whose receipts and returns must be decided.

use std::collections::HashMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{AND_ITS_DOCUMENT, ROW, row_record};
use crate::{
    domain::{
        document::{Kind, Part, Progress, Wanted},
        order::OrderId,
    },
    storage::{
        ExistingDocument, OrderDocument, Result, RowRecord, StorageError, Unsettled,
        claim::drafted,
        decide::{AND_ITS_INVOICE, DECIDED_FROM, is_free, read_undecided},
        dialect::{Columns, Dialect},
        rows::{document_key, json as to_json, json_column, order_id},
    },
};

/// Orders that are due for this decision, those that wait longest first. An order is left out while its newest snapshot
/// is undecided, or while one of its documents is under an attempt.
pub(in crate::storage) async fn unsettled<T: Dialect>(
    db: &mut T,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Unsettled>> {
    let sql = format!(
        "SELECT u.order_id FROM unsettled u {} orders o ON o.order_id = u.order_id
         WHERE u.due_at <= $1 AND o.undecided = 0 AND {} ORDER BY u.due_at, u.order_id LIMIT $2",
        T::THEN_JOIN,
        is_free("$1")
    );
    let rows = db.fetch(sql, &[now.into(), limit.into()]).await?;
    let ids = rows.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    orders(db, &ids).await
}

/// These orders, with everything that was booked about them.
async fn orders<T: Dialect>(db: &mut T, ids: &[OrderId]) -> Result<Vec<Unsettled>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = rows_of_orders(db, ids).await?;
    let mut documents = documents_of_orders(db, ids).await?;
    let ids: Vec<_> = ids.iter().map(|id| [id]).collect();
    let sql = format!(
        "SELECT {DECIDED_FROM}, o.channel_order_id, o.invoice_number, o.invoice_total, u.revision AS news
         FROM {} {join} orders o ON o.order_id = v.value ->> 0
         {join} unsettled u ON u.order_id = o.order_id {AND_ITS_INVOICE}",
        T::ROWS,
        join = T::THEN_JOIN,
    );
    let mut orders = Vec::new();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        let order = read_undecided(row)?;
        let id = order.order_id.clone();
        orders.push(Unsettled {
            revision: row.number("news")?,
            channel_order_id: row.text("channel_order_id")?.to_owned(),
            invoice: invoice(row)?,
            rows: rows.remove(&id).unwrap_or_default(),
            documents: documents.remove(&id).unwrap_or_default(),
            order,
        });
    }
    Ok(orders)
}

/// The invoice as Accurate returned it, if it exists.
fn invoice(row: &impl Columns) -> Result<Option<ExistingDocument>> {
    let Some(id) = row.number_if_any("standing")? else { return Ok(None) };
    let total = row.text("invoice_total")?;
    let total = total.parse::<Decimal>().map_err(|error| StorageError::Unreadable(error.to_string()))?;
    Ok(Some(ExistingDocument { id, number: row.text("invoice_number")?.to_owned(), total }))
}

/// All rows of these orders, in the order of arrival.
pub(in crate::storage) async fn rows_of_orders<T: Dialect>(
    db: &mut T,
    ids: &[OrderId],
) -> Result<HashMap<OrderId, Vec<RowRecord>>> {
    let ids: Vec<_> = ids.iter().map(|id| [id]).collect();
    let sql = format!(
        "SELECT {ROW} FROM {} {} settlement_rows r ON r.order_id = v.value ->> 0 AND r.order_id <> ''
         {AND_ITS_DOCUMENT} ORDER BY r.id",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut rows: HashMap<_, Vec<_>> = HashMap::new();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        rows.entry(order_id(row)?).or_default().push(row_record(row)?);
    }
    Ok(rows)
}

/// All documents of these orders.
pub(in crate::storage) async fn documents_of_orders<T: Dialect>(
    db: &mut T,
    ids: &[OrderId],
) -> Result<HashMap<OrderId, Vec<OrderDocument>>> {
    let mut documents = HashMap::with_capacity(ids.len());
    // One by one: PostgreSQL would read all documents to find those of hundreds of orders.
    for id in ids {
        let sql =
            "SELECT order_id, kind, part, number, accurate_id, state, wanted, attempt, doubt_since, findings, draft
                   FROM documents WHERE order_id = $1 ORDER BY id";
        let found = db.fetch(sql, &[id.into()]).await?;
        documents.insert(id.clone(), found.iter().map(document).collect::<Result<Vec<_>>>()?);
    }
    Ok(documents)
}

fn document(row: &impl Columns) -> Result<OrderDocument> {
    let key = document_key(row)?;
    let state = row.text("state")?;
    let progress =
        Progress::parse(state).ok_or_else(|| StorageError::Unreadable(format!("state {state:?} of a document")))?;
    let (kind, part): (Kind, Part) = (key.kind, key.part);
    Ok(OrderDocument {
        kind,
        part,
        number: row.text("number")?.to_owned(),
        id: row.number_if_any("accurate_id")?,
        progress,
        wanted: wanted(row)?,
        may_exist: row.number("doubt_since")? != 0 || (progress == Progress::Due && row.number("attempt")? > 0),
        findings: json_column(row, "findings")?,
        draft: drafted(row, kind).ok(),
    })
}

fn wanted(row: &impl Columns) -> Result<Wanted> {
    let word = row.text("wanted")?;
    Wanted::parse(word).ok_or_else(|| StorageError::Unreadable(format!("a document that is wanted as {word:?}")))
}

/// All rows and all documents of one order.
pub(in crate::storage) async fn booked<T: Dialect>(
    db: &mut T,
    order_id: &OrderId,
) -> Result<(Vec<RowRecord>, Vec<OrderDocument>)> {
    let ids = [order_id.clone()];
    let rows = rows_of_orders(db, &ids).await?.remove(order_id).unwrap_or_default();
    let documents = documents_of_orders(db, &ids).await?.remove(order_id).unwrap_or_default();
    Ok((rows, documents))
}
