//! Orders whose receipts and returns must be decided.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{AND_ITS_DOCUMENT, ROW, row_record, shown_row};
use crate::{
    domain::{
        document::{Kind, Part, Progress, Wanted},
        order::OrderId,
    },
    storage::{
        ExistingDocument, OrderDocument, Result, RowRecord, StorageError, UnreadableOrder, Unsettled, UnsettledNews,
        claim::drafted,
        decide::{AND_ITS_INVOICE, DECIDED_FROM, is_free, read_undecided},
        dialect::{Columns, Dialect},
        rows::{document_key, json as to_json, json_column, order_id},
    },
};

/// Orders that are due for this decision, those that wait longest first. An order is left out while its newest snapshot
/// is undecided, or while one of its documents is under an attempt.
pub(in crate::storage) async fn unsettled<T: Dialect>(db: &mut T, now: Timestamp, limit: i64) -> Result<UnsettledNews> {
    // The revisions are read first: a row that is corrected meanwhile then makes the decision outdated. Read last, the
    // revision would vouch for a row that was read before its correction.
    let sql = format!(
        "SELECT u.order_id, u.revision FROM unsettled u {} orders o ON o.order_id = u.order_id
         WHERE u.due_at <= $1 AND o.undecided = 0 AND {} ORDER BY u.due_at, u.order_id LIMIT $2",
        T::THEN_JOIN,
        is_free("$1")
    );
    let due = db.fetch(sql, &[now.into(), limit.into()]).await?;
    let revisions = due.iter().map(|row| Ok((order_id(row)?, row.number("revision")?))).collect::<Result<Vec<_>>>()?;
    orders(db, &revisions).await
}

/// These orders with the revisions of their news, and with everything that was booked about them.
async fn orders<T: Dialect>(db: &mut T, revisions: &[(OrderId, i64)]) -> Result<UnsettledNews> {
    let mut news = UnsettledNews::default();
    if revisions.is_empty() {
        return Ok(news);
    }
    let ids: Vec<_> = revisions.iter().map(|(id, _)| id.clone()).collect();
    let mut rows = rows_of_orders(db, &ids, row_record).await?;
    let mut documents = documents_of_orders(db, &ids).await?;
    let sql = format!(
        "SELECT {DECIDED_FROM}, o.channel_order_id, o.invoice_number, o.invoice_total, i.customer_no, i.day
         FROM {} {} orders o ON o.order_id = v.value ->> 0 {AND_ITS_INVOICE}",
        T::ROWS,
        T::THEN_JOIN,
    );
    let mut revisions: HashMap<_, _> = revisions.iter().cloned().collect();
    let ids: Vec<_> = ids.iter().map(|id| [id]).collect();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        let order_id = order_id(row)?;
        let Some(revision) = revisions.remove(&order_id) else { continue };
        let rows = rows.remove(&order_id).unwrap_or(Ok(Vec::new()));
        let documents = documents.remove(&order_id).unwrap_or(Ok(Vec::new())).and_then(all_are_known);
        let order = (|| {
            Ok(Unsettled {
                revision,
                channel_order_id: row.text("channel_order_id")?.to_owned(),
                invoice: invoice(row)?,
                booked_on: booked_on(row)?,
                rows: rows?,
                documents: documents?,
                order: read_undecided(row)?,
            })
        })();
        // One order that cannot be read must not keep all others from being decided.
        match order {
            Ok(order) => news.orders.push(order),
            Err(StorageError::Unreadable(problem)) => {
                news.unreadable.push(UnreadableOrder { order_id, revision, problem });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(news)
}

/// Refuses documents of which one may exist in Accurate, but nobody knows what was sent: its row would be booked again.
fn all_are_known(documents: Vec<OrderDocument>) -> Result<Vec<OrderDocument>> {
    let unknown =
        |document: &&OrderDocument| !document.kind.leads_order() && document.may_exist() && document.draft.is_none();
    match documents.iter().find(unknown) {
        Some(document) => {
            let kind = document.kind.as_str();
            Err(StorageError::Unreadable(format!("what was sent as {kind} {:?}", document.number.as_str())))
        }
        None => Ok(documents),
    }
}

/// The invoice as Accurate returned it, if it exists.
fn invoice(row: &impl Columns) -> Result<Option<ExistingDocument>> {
    let Some(id) = row.number_if_any("standing")? else { return Ok(None) };
    let total = row.text("invoice_total")?;
    let total = total.parse::<Decimal>().map_err(|error| StorageError::Unreadable(error.to_string()))?;
    Ok(Some(ExistingDocument { id, number: row.text("invoice_number")?.into(), total }))
}

/// The customer and the day of the invoice; `None` for one that was drafted before they were stored.
fn booked_on(row: &impl Columns) -> Result<Option<(String, Date)>> {
    let (customer_no, day) = (row.text_if_any("customer_no")?, row.text_if_any("day")?);
    let known = customer_no.zip(day).filter(|(customer_no, day)| !customer_no.is_empty() && !day.is_empty());
    let read = |(customer_no, day): (&str, &str)| {
        let day = day.parse().map_err(|_| StorageError::Unreadable(format!("day {day:?} of an invoice")))?;
        Ok((customer_no.to_owned(), day))
    };
    known.map(read).transpose()
}

/// All rows of each order, in the order of arrival, unless one of them cannot be read.
async fn rows_of_orders<T: Dialect>(
    db: &mut T,
    ids: &[OrderId],
    read: fn(&T::Row) -> Result<RowRecord>,
) -> Result<HashMap<OrderId, Result<Vec<RowRecord>>>> {
    let ids: Vec<_> = ids.iter().map(|id| [id]).collect();
    let sql = format!(
        "SELECT {ROW} FROM {} {} settlement_rows r ON r.order_id = v.value ->> 0 AND r.order_id <> ''
         {AND_ITS_DOCUMENT} ORDER BY r.id",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut rows: HashMap<_, Result<Vec<_>>> = HashMap::new();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        let of_order = rows.entry(order_id(row)?).or_insert_with(|| Ok(Vec::new()));
        match (of_order.as_mut(), read(row)) {
            (Ok(rows), Ok(row)) => rows.push(row),
            (Ok(_), Err(problem)) => *of_order = Err(problem),
            (Err(_), _) => {}
        }
    }
    Ok(rows)
}

/// All documents of each order, unless one of them cannot be read.
pub(in crate::storage) async fn documents_of_orders<T: Dialect>(
    db: &mut T,
    ids: &[OrderId],
) -> Result<HashMap<OrderId, Result<Vec<OrderDocument>>>> {
    let mut documents = HashMap::with_capacity(ids.len());
    // One by one: PostgreSQL would read all documents to find those of hundreds of orders.
    for id in ids {
        let sql =
            "SELECT order_id, kind, part, number, accurate_id, state, wanted, attempt, tries, doubt_since, findings,
                    draft
                   FROM documents WHERE order_id = $1 ORDER BY id";
        let found = db.fetch(sql, &[id.into()]).await?;
        documents.insert(id.clone(), found.iter().map(document).collect());
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
        number: row.text("number")?.into(),
        id: row.number_if_any("accurate_id")?,
        progress,
        wanted: wanted(row)?,
        is_doubted: row.number("doubt_since")? != 0,
        was_tried: row.number("attempt")? > 0,
        tries: row.number("tries")?,
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
    let rows = rows_of_orders(db, &ids, shown_row).await?.remove(order_id).unwrap_or(Ok(Vec::new()))?;
    let documents = documents_of_orders(db, &ids).await?.remove(order_id).unwrap_or(Ok(Vec::new()))?;
    Ok((rows, documents))
}
