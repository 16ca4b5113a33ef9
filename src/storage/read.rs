//! Queries for operators, pages and metrics. Each has its index.

use jiff::Timestamp;

use super::{
    Cause, Count, OpenWarning, OrderRecord, Result, State, Sums, UnreadableDelivery,
    dialect::{Columns, Dialect},
    mappings::IS_ON,
    rows::{ORDER_COLUMNS, json_column, order_record, reason, state, timestamp},
};
use crate::domain::{
    ids::DeliveryId,
    order::OrderId,
    reason::{Finding, Warning},
};

pub(super) async fn order(db: &mut impl Dialect, order_id: &OrderId) -> Result<Option<OrderRecord>> {
    let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE order_id = $1");
    db.fetch(sql, &[order_id.into()]).await?.first().map(order_record).transpose()
}

/// The causes of blocked orders, those with the most orders first, each described by its oldest order.
pub(super) async fn causes<T: Dialect>(db: &mut T, limit: i64) -> Result<Vec<Cause>> {
    let sql = format!(
        "SELECT c.reason, c.subject, c.n, c.total, o.created_at, o.findings
         FROM (SELECT reason, subject, n, total,
                      (SELECT id FROM orders AS o WHERE o.state = 'blocked' AND o.reason = cause_counts.reason
                          AND o.subject = cause_counts.subject ORDER BY id LIMIT 1) AS oldest
               FROM cause_counts WHERE n > 0 ORDER BY n DESC, total DESC, reason, subject LIMIT $1) AS c
         {} orders AS o ON o.id = c.oldest ORDER BY c.n DESC, c.total DESC, c.reason, c.subject",
        T::THEN_JOIN
    );
    let mut causes = Vec::new();
    for row in &db.fetch(sql, &[limit.into()]).await? {
        let findings: Vec<Finding> = json_column(row, "findings")?;
        if let (Some(reason), Some(first)) = (reason(row)?, findings.into_iter().next()) {
            let sums = Sums { orders: row.number("n")?, hundredths: row.number("total")?, exact: true };
            let subject = row.text("subject")?.to_owned();
            let oldest = timestamp(row.number("created_at")?)?;
            causes.push(Cause { reason, subject, about: first.about, oldest, sums });
        }
    }
    Ok(causes)
}

pub(super) async fn waiting_bodies(db: &mut impl Dialect, limit: i64) -> Result<Vec<Vec<u8>>> {
    let sql = "SELECT (SELECT d.body FROM deliveries d WHERE d.id = o.latest_delivery) AS body FROM orders o
               WHERE o.state IN ('due', 'blocked', 'watching') ORDER BY o.id DESC LIMIT $1";
    let rows = db.fetch(sql, &[limit.into()]).await?;
    rows.iter().filter_map(|row| row.bytes_if_any("body").transpose()).collect()
}

pub(super) async fn counts(db: &mut impl Dialect) -> Result<Vec<Count>> {
    let rows = db.fetch("SELECT state, reason, store_id, n FROM order_counts WHERE n > 0", &[]).await?;
    let mut counts = rows
        .iter()
        .map(|row| {
            let store_id = row.text("store_id")?.to_owned();
            Ok(Count { state: state(row)?, reason: reason(row)?, store_id, orders: row.number("n")? })
        })
        .collect::<Result<Vec<_>>>()?;
    counts.extend(not_folded(db).await?);
    Ok(counts)
}

/// Counts orders whose deliveries are on disk but not folded yet; their store is unknown until then.
async fn not_folded(db: &mut impl Dialect) -> Result<Option<Count>> {
    // Joins might read all deliveries and orders; subqueries read one at a time.
    let sql = "SELECT COUNT(DISTINCT waiting.order_id) AS n
               FROM (SELECT (SELECT d.order_id FROM deliveries d WHERE d.id = u.delivery) AS order_id
                     FROM unfolded u) AS waiting
               WHERE (SELECT o.id FROM orders o WHERE o.order_id = waiting.order_id) IS NULL";
    let orders = number(db, sql.to_owned()).await?.unwrap_or_default();
    Ok((orders > 0).then(|| Count { state: State::Received, reason: None, store_id: String::new(), orders }))
}

/// The value `n` of a statement's first row; `None` if it is NULL or there is no row.
async fn number(db: &mut impl Dialect, sql: String) -> Result<Option<i64>> {
    let rows = db.fetch(sql, &[]).await?;
    Ok(rows.first().map(|row| row.number_if_any("n")).transpose()?.flatten())
}

pub(super) async fn oldest_due<T: Dialect>(db: &mut T) -> Result<Option<Timestamp>> {
    let sql = format!(
        "SELECT MIN(due_since) AS n FROM documents{} WHERE state = 'due' AND wanted = 'exist' AND {IS_ON}",
        T::BY_DUE_SINCE
    );
    number(db, sql).await?.map(timestamp).transpose()
}

/// When the oldest order that is still `received` arrived, even if its delivery is not folded yet.
pub(super) async fn oldest_received(db: &mut impl Dialect) -> Result<Option<Timestamp>> {
    // Written so that the index of undecided orders is used, and not the one by state.
    let order = "SELECT received_at AS n FROM orders WHERE undecided = 1 AND state || '' = 'received' \
                 ORDER BY id LIMIT 1"
        .to_owned();
    let delivery = "SELECT received_at AS n FROM deliveries WHERE id = (SELECT MIN(delivery) FROM unfolded)".to_owned();
    let oldest = number(db, order).await?.into_iter().chain(number(db, delivery).await?).min();
    oldest.map(timestamp).transpose()
}

/// Columns that [`unreadable_delivery`] reads.
const UNREADABLE_COLUMNS: &str = "d.id, d.received_at, d.last_at, d.times, d.problem, d.names_order,
    CAST(COALESCE(LENGTH(d.body), 0) AS BIGINT) AS bytes";

pub(super) async fn unreadable_count(db: &mut impl Dialect) -> Result<i64> {
    let count = number(db, "SELECT n FROM delivery_counts WHERE what = 'unreadable'".to_owned()).await?;
    Ok(count.unwrap_or_default())
}

pub(super) async fn unreadable(
    db: &mut impl Dialect,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<UnreadableDelivery>> {
    let sql = format!(
        "SELECT {UNREADABLE_COLUMNS} FROM deliveries d WHERE d.order_id = '' AND d.id < $1 ORDER BY d.id DESC LIMIT $2"
    );
    let rows = db.fetch(sql, &[before.map_or(i64::MAX, |id| id.0).into(), limit.into()]).await?;
    rows.iter().map(unreadable_delivery).collect()
}

pub(super) async fn unreadable_one<T: Dialect>(
    db: &mut T,
    id: DeliveryId,
) -> Result<Option<(UnreadableDelivery, Option<Vec<u8>>)>> {
    let sql = format!("SELECT {UNREADABLE_COLUMNS}, d.body FROM deliveries d WHERE d.order_id = '' AND d.id = $1");
    let rows = db.fetch(sql, &[id.into()]).await?;
    let read = |row: &T::Row| Ok((unreadable_delivery(row)?, row.bytes_if_any("body")?));
    rows.first().map(read).transpose()
}

fn unreadable_delivery(row: &impl Columns) -> Result<UnreadableDelivery> {
    Ok(UnreadableDelivery {
        id: DeliveryId(row.number("id")?),
        received_at: timestamp(row.number("received_at")?)?,
        last_at: timestamp(row.number("last_at")?)?,
        order_id: row.text_if_any("names_order")?.and_then(OrderId::parse),
        times: row.number("times")?,
        problem: row.text_if_any("problem")?.unwrap_or_default().to_owned(),
        bytes: row.number("bytes")?,
    })
}

pub(super) async fn warning_counts(db: &mut impl Dialect) -> Result<Vec<(Warning, i64)>> {
    let rows = db.fetch("SELECT warning, n FROM warning_counts", &[]).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(warning) = Warning::from_code(row.text("warning")?) {
            counts.push((warning, row.number("n")?));
        }
    }
    Ok(counts)
}

pub(super) async fn open_warnings(db: &mut impl Dialect) -> Result<Vec<OpenWarning>> {
    let sql = "SELECT warning, open FROM warning_counts WHERE open > 0 ORDER BY open DESC, warning";
    let mut open = Vec::new();
    for row in &db.fetch(sql, &[]).await? {
        if let Some(warning) = Warning::from_code(row.text("warning")?) {
            open.push(OpenWarning { warning, orders: row.number("open")? });
        }
    }
    Ok(open)
}
