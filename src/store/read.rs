//! What operators, pages and metrics ask for. Each query has its index.

use jiff::Timestamp;

use super::{
    Count, Filter, OrderRecord, Result, State, UnreadableDelivery,
    rows::{ORDER_COLUMNS, json_column, order_record, reason, state, storable, timestamp},
    talk::{Columns, Talk, Value},
};
use crate::domain::{
    order::OrderId,
    reason::Warning,
    timeline::{Entry, Event},
};

pub(super) async fn order(talk: &mut impl Talk, order_id: &OrderId) -> Result<Option<OrderRecord>> {
    let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE order_id = $1");
    talk.fetch(sql, &[order_id.into()]).await?.first().map(order_record).transpose()
}

pub(super) async fn timeline(talk: &mut impl Talk, order_id: &OrderId) -> Result<Vec<Entry>> {
    let sql = "SELECT received_at, status, event, times FROM deliveries WHERE order_id = $1 ORDER BY id";
    let deliveries = talk.fetch(sql, &[order_id.into()]).await?;
    let sql = "SELECT at, event FROM timeline WHERE order_id = $1 ORDER BY seq";
    let events = talk.fetch(sql, &[order_id.into()]).await?;
    let mut entries = Vec::with_capacity(deliveries.len() + events.len());
    for row in &deliveries {
        let event = Event::Received {
            status: row.text("status")?.to_owned(),
            event: row.text("event")?.to_owned(),
            times: row.number("times")?,
        };
        entries.push(Entry { at: timestamp(row.number("received_at")?)?, event });
    }
    for row in &events {
        entries.push(Entry { at: timestamp(row.number("at")?)?, event: json_column(row, "event")? });
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

/// Orders with a warning, newest first, without gathering all of them.
const WARNED: &str = "(SELECT warning AS warned_of, id AS warned FROM order_warnings) AS listed";

/// ` AND …` for a filter, with its values, numbered from `first`.
pub(super) fn conditions(filter: &Filter, first: usize, wanted_for: For) -> (String, Vec<String>) {
    let mut sql = String::new();
    let mut values = Vec::new();
    // `?` stands for the value, `??` for what sorts behind all that begins with it.
    let mut add = |condition: &str, value: &str| {
        let place = first + values.len();
        sql.push_str(" AND ");
        sql.push_str(&condition.replace("??", &format!("${}", place + 1)).replace('?', &format!("${place}")));
        values.push(storable(value).into_owned());
        if condition.contains("??") {
            // U+10FFFF sorts behind every other character.
            values.push(format!("{}\u{10ffff}", storable(value)));
        }
    };
    if let Some(state) = filter.state {
        add("state = ?", state.as_str());
    }
    if let Some(reason) = filter.reason {
        add("reason = ? AND reason <> ''", reason.code());
    }
    if let Some(warning) = filter.warning {
        let condition = match wanted_for {
            For::List => "warned_of = ? AND warned < $1",
            For::Change => "id IN (SELECT id FROM order_warnings WHERE warning = ?)",
        };
        add(condition, warning.code());
    }
    if let Some(store_id) = &filter.store_id {
        add("store_id = ?", store_id);
    }
    if let Some(text) = &filter.text {
        // Ranges, not LIKE: they use the indexes.
        let any = ["order_id", "channel_order_id", "invoice_number"].map(|column| {
            let range = format!("SELECT id FROM orders WHERE {column} >= ? AND {column} < ??");
            match wanted_for {
                For::List => {
                    format!("SELECT id FROM ({range} ORDER BY {column} DESC LIMIT {MOST_FOUND}) AS by_{column}")
                }
                For::Change => range,
            }
        });
        add(&format!("id IN ({})", any.join(" UNION ")), text);
    }
    (sql, values)
}

pub(super) async fn orders<T: Talk>(
    talk: &mut T,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OrderRecord>> {
    let (conditions, texts) = conditions(filter, 3, For::List);
    let (from, place) = match filter.warning {
        Some(_) => (format!("{WARNED} {} orders ON id = warned", T::THEN_JOIN), "warned"),
        None => ("orders".to_owned(), "id"),
    };
    let sql = format!("SELECT {ORDER_COLUMNS} FROM {from} WHERE id < $1{conditions} ORDER BY {place} DESC LIMIT $2");
    let mut values: Vec<Value<'_>> = vec![before.unwrap_or(i64::MAX).into(), limit.into()];
    values.extend(texts.iter().map(Value::from));
    talk.fetch(sql, &values).await?.iter().map(order_record).collect()
}

pub(super) async fn waiting_bodies(talk: &mut impl Talk, limit: i64) -> Result<Vec<Vec<u8>>> {
    let sql = "SELECT (SELECT d.body FROM deliveries d WHERE d.id = o.latest_delivery) AS body FROM orders o
               WHERE o.state IN ('due', 'blocked', 'watching') ORDER BY o.id DESC LIMIT $1";
    let rows = talk.fetch(sql, &[limit.into()]).await?;
    rows.iter().filter_map(|row| row.bytes_if_any("body").transpose()).collect()
}

pub(super) async fn counts(talk: &mut impl Talk) -> Result<Vec<Count>> {
    let rows = talk.fetch("SELECT state, reason, store_id, n FROM order_counts WHERE n > 0", &[]).await?;
    let mut counts = rows
        .iter()
        .map(|row| {
            let store_id = row.text("store_id")?.to_owned();
            Ok(Count { state: state(row)?, reason: reason(row)?, store_id, orders: row.number("n")? })
        })
        .collect::<Result<Vec<_>>>()?;
    counts.extend(not_folded(talk).await?);
    Ok(counts)
}

/// Orders that are on disk but have no row yet; which store they are of is not known before they are folded.
async fn not_folded<T: Talk>(talk: &mut T) -> Result<Option<Count>> {
    let sql = format!(
        "SELECT COUNT(DISTINCT d.order_id) AS n FROM unfolded u {} deliveries d ON d.id = u.delivery
         WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = d.order_id)",
        T::THEN_JOIN
    );
    let orders = number(talk, sql).await?.unwrap_or_default();
    Ok((orders > 0).then(|| Count { state: State::Received, reason: None, store_id: String::new(), orders }))
}

/// The one number `n` that a statement tells.
async fn number(talk: &mut impl Talk, sql: String) -> Result<Option<i64>> {
    let rows = talk.fetch(sql, &[]).await?;
    Ok(rows.first().map(|row| row.number_if_any("n")).transpose()?.flatten())
}

pub(super) async fn oldest_due<T: Talk>(talk: &mut T) -> Result<Option<Timestamp>> {
    let sql = format!("SELECT MIN(due_since) AS n FROM orders{} WHERE state = 'due'", T::BY_DUE_SINCE);
    number(talk, sql).await?.map(timestamp).transpose()
}

pub(super) async fn unreadable(talk: &mut impl Talk, limit: i64) -> Result<(i64, Vec<UnreadableDelivery>)> {
    let count = number(talk, "SELECT COUNT(*) AS n FROM deliveries WHERE order_id = ''".to_owned()).await?;
    let sql = "SELECT received_at, times, problem FROM deliveries WHERE order_id = '' ORDER BY id DESC LIMIT $1";
    let newest = talk.fetch(sql, &[limit.into()]).await?.iter().map(unreadable_delivery).collect::<Result<_>>()?;
    Ok((count.unwrap_or_default(), newest))
}

fn unreadable_delivery(row: &impl Columns) -> Result<UnreadableDelivery> {
    Ok(UnreadableDelivery {
        received_at: timestamp(row.number("received_at")?)?,
        times: row.number("times")?,
        problem: row.text_if_any("problem")?.unwrap_or_default().to_owned(),
    })
}

pub(super) async fn warning_counts(talk: &mut impl Talk) -> Result<Vec<(Warning, i64)>> {
    let rows = talk.fetch("SELECT warning, n FROM warning_counts", &[]).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(warning) = Warning::from_code(row.text("warning")?) {
            counts.push((warning, row.number("n")?));
        }
    }
    Ok(counts)
}
