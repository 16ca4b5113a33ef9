//! What operators, pages and metrics ask for. Each query has its index.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use super::rows::{ORDER_COLUMNS, json_column, order_record, reason, state, timestamp};
use crate::{
    domain::{
        order::OrderId,
        reason::Warning,
        timeline::{Entry, Event},
    },
    store::{Count, Filter, OrderRecord, Result, State, UnreadableDelivery},
};

pub(super) async fn order(readers: &SqlitePool, order_id: &OrderId) -> Result<Option<OrderRecord>> {
    let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE order_id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(order_id.as_str()).fetch_optional(readers).await?;
    row.as_ref().map(order_record).transpose()
}

pub(super) async fn timeline(readers: &SqlitePool, order_id: &OrderId) -> Result<Vec<Entry>> {
    let deliveries =
        sqlx::query("SELECT received_at, status, event, times FROM deliveries WHERE order_id = $1 ORDER BY id")
            .bind(order_id.as_str())
            .fetch_all(readers)
            .await?;
    let events = sqlx::query("SELECT at, event FROM timeline WHERE order_id = $1 ORDER BY seq")
        .bind(order_id.as_str())
        .fetch_all(readers)
        .await?;
    let mut entries = Vec::with_capacity(deliveries.len() + events.len());
    for row in &deliveries {
        let event = Event::Received {
            status: row.try_get("status")?,
            event: row.try_get("event")?,
            times: row.try_get("times")?,
        };
        entries.push(Entry { at: timestamp(row.try_get("received_at")?)?, event });
    }
    for row in &events {
        entries.push(Entry { at: timestamp(row.try_get("at")?)?, event: json_column(row, "event")? });
    }
    // Stable: at the same moment what Forstok sent stands before what was done about it.
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

/// Of orders, marketplace numbers and invoice numbers each, how many are looked at when many begin with what is
/// searched for: those that sort last, which as a rule are the newest.
const MOST_FOUND: usize = 1_000;

/// What the orders that match a filter are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// A page of a list, out of [`LISTED`].
    List,
    /// A change of all of them.
    Change,
}

/// Where a list by warning takes its orders from: newest first, without gathering all of them.
const LISTED: &str = "(SELECT warning AS warned_of, id AS warned FROM order_warnings) CROSS JOIN orders ON id = warned";

/// ` AND …` for a filter, with its values, numbered from `first`.
pub(super) fn conditions(filter: &Filter, first: usize, wanted_for: For) -> (String, Vec<String>) {
    let mut sql = String::new();
    let mut values = Vec::new();
    let mut add = |condition: &str, value: String| {
        sql.push_str(" AND ");
        sql.push_str(&condition.replace('?', &format!("${}", first + values.len())));
        values.push(value);
    };
    if let Some(state) = filter.state {
        add("state = ?", state.as_str().to_owned());
    }
    if let Some(reason) = filter.reason {
        add("reason = ? AND reason <> ''", reason.code().to_owned());
    }
    if let Some(warning) = filter.warning {
        let condition = match wanted_for {
            For::List => "warned_of = ? AND warned < $1",
            For::Change => "id IN (SELECT id FROM order_warnings WHERE warning = ?)",
        };
        add(condition, warning.code().to_owned());
    }
    if let Some(store_id) = &filter.store_id {
        add("store_id = ?", store_id.clone());
    }
    if let Some(text) = &filter.text {
        // Ranges, not LIKE: they use the indexes. U+10FFFF sorts behind every other character.
        let any = ["order_id", "channel_order_id", "invoice_number"].map(|column| {
            let range = format!("SELECT id FROM orders WHERE {column} >= ? AND {column} < ? || char(1114111)");
            match wanted_for {
                For::List => format!("SELECT id FROM ({range} ORDER BY {column} DESC LIMIT {MOST_FOUND})"),
                For::Change => range,
            }
        });
        add(&format!("id IN ({})", any.join(" UNION ")), text.clone());
    }
    (sql, values)
}

pub(super) async fn orders(
    readers: &SqlitePool,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OrderRecord>> {
    let (conditions, values) = conditions(filter, 3, For::List);
    let (from, place) = if filter.warning.is_some() { (LISTED, "warned") } else { ("orders", "id") };
    let sql = format!("SELECT {ORDER_COLUMNS} FROM {from} WHERE id < $1{conditions} ORDER BY {place} DESC LIMIT $2");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(before.unwrap_or(i64::MAX)).bind(limit);
    for value in values {
        query = query.bind(value);
    }
    query.fetch_all(readers).await?.iter().map(order_record).collect()
}

pub(super) async fn waiting_bodies(readers: &SqlitePool, limit: i64) -> Result<Vec<Vec<u8>>> {
    let rows = sqlx::query(
        "SELECT d.body FROM orders o JOIN deliveries d ON d.id = o.latest_delivery
         WHERE o.state IN ('due', 'blocked', 'watching') AND d.body IS NOT NULL ORDER BY o.id DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(readers)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("body")?)).collect()
}

pub(super) async fn counts(readers: &SqlitePool) -> Result<Vec<Count>> {
    let rows =
        sqlx::query("SELECT state, reason, store_id, n FROM order_counts WHERE n > 0").fetch_all(readers).await?;
    let mut counts = rows
        .iter()
        .map(|row| {
            Ok(Count {
                state: state(row)?,
                reason: reason(row)?,
                store_id: row.try_get("store_id")?,
                orders: row.try_get("n")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    counts.extend(not_folded(readers).await?);
    Ok(counts)
}

/// Orders that are on disk but have no row yet; which store they are of is not known before they are folded.
async fn not_folded(readers: &SqlitePool) -> Result<Option<Count>> {
    let row = sqlx::query(
        "SELECT COUNT(DISTINCT d.order_id) AS n FROM unfolded u CROSS JOIN deliveries d ON d.id = u.delivery
         WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = d.order_id)",
    )
    .fetch_one(readers)
    .await?;
    let orders: i64 = row.try_get("n")?;
    Ok((orders > 0).then(|| Count { state: State::Received, reason: None, store_id: String::new(), orders }))
}

pub(super) async fn oldest_due(readers: &SqlitePool) -> Result<Option<Timestamp>> {
    // Left to itself SQLite reads every order that is due.
    let sql = "SELECT MIN(due_since) AS at FROM orders INDEXED BY orders_due_since WHERE state = 'due'";
    let row = sqlx::query(sql).fetch_one(readers).await?;
    row.try_get::<Option<i64>, _>("at")?.map(timestamp).transpose()
}

pub(super) async fn unreadable(readers: &SqlitePool, limit: i64) -> Result<(i64, Vec<UnreadableDelivery>)> {
    let count = sqlx::query("SELECT COUNT(*) AS n FROM deliveries WHERE order_id = ''").fetch_one(readers).await?;
    let rows =
        sqlx::query("SELECT received_at, times, problem FROM deliveries WHERE order_id = '' ORDER BY id DESC LIMIT $1")
            .bind(limit)
            .fetch_all(readers)
            .await?;
    let newest = rows
        .iter()
        .map(|row| {
            Ok(UnreadableDelivery {
                received_at: timestamp(row.try_get("received_at")?)?,
                times: row.try_get("times")?,
                problem: row.try_get::<Option<String>, _>("problem")?.unwrap_or_default(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((count.try_get("n")?, newest))
}

pub(super) async fn warning_counts(readers: &SqlitePool) -> Result<Vec<(Warning, i64)>> {
    let rows = sqlx::query("SELECT warning, n FROM warning_counts").fetch_all(readers).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(warning) = Warning::from_code(row.try_get("warning")?) {
            counts.push((warning, row.try_get("n")?));
        }
    }
    Ok(counts)
}
