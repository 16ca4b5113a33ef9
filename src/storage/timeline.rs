//! The timeline of each order. An entry is added in the same commit as the change that it describes.
//!
//! A repeated entry increments the count of the existing one, so that the timeline of an order that is tried for days
//! stays readable.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Result, TimelinePage, TimelinePlace,
    dialect::{Columns, Dialect, Value},
    rows::{json as to_json, json_column, micros, origin, timestamp},
};
use crate::domain::{
    order::OrderId,
    timeline::{Entry, Event},
};

/// The source of a place: deliveries. At the same time they come before events.
const DELIVERY: i64 = 0;

/// The source of a place: events.
const EVENT: i64 = 1;

/// Adds events that happened now to the timelines of orders.
pub(super) async fn append<'a>(
    db: &mut impl Dialect,
    events: impl Iterator<Item = (&'a OrderId, &'a [Event])>,
    now: Timestamp,
) -> Result<()> {
    let mut added = Added::default();
    for (order_id, events) in events {
        added.to(order_id).extend(events.iter().map(|event| (now, event)));
    }
    append_all(db, added).await
}

/// Adds entries to the timelines of orders, each with its own time.
pub(super) async fn append_entries<'a>(
    db: &mut impl Dialect,
    entries: impl Iterator<Item = (&'a OrderId, &'a [Entry])>,
) -> Result<()> {
    let mut added = Added::default();
    for (order_id, entries) in entries {
        added.to(order_id).extend(entries.iter().map(|entry| (entry.at, &entry.event)));
    }
    append_all(db, added).await
}

/// The new events of each order. An order may occur several times, once for each of its documents or rows; its events
/// are numbered together.
#[derive(Default)]
struct Added<'a> {
    orders: Vec<(&'a OrderId, Vec<(Timestamp, &'a Event)>)>,
    places: HashMap<&'a OrderId, usize>,
}

impl<'a> Added<'a> {
    /// Those of one order.
    fn to(&mut self, order_id: &'a OrderId) -> &mut Vec<(Timestamp, &'a Event)> {
        let place = *self.places.entry(order_id).or_insert_with(|| {
            self.orders.push((order_id, Vec::new()));
            self.orders.len() - 1
        });
        &mut self.orders[place].1
    }
}

/// An entry to be added, or counted in an existing one.
struct Addition<'a> {
    order_id: &'a OrderId,
    place: i64,
    event: &'a Event,
    at: Timestamp,
    since: Timestamp,
    times: i64,
    /// Identifies a repeated event; empty if the event is always an entry of its own.
    fold_key: String,
    /// May be counted in an existing entry: no entry with an empty `fold_key` precedes it in this batch.
    continues: bool,
}

async fn append_all<T: Dialect>(db: &mut T, added: Added<'_>) -> Result<()> {
    let mut additions = Vec::new();
    for (order_id, entries) in added.orders {
        add_folded(&mut additions, order_id, entries);
    }
    let counted_up = count_up(db, &additions).await?;
    let is_new = |addition: &&Addition<'_>| {
        !addition.continues || !counted_up.contains(&(addition.order_id.as_str(), addition.fold_key.as_str()))
    };
    let rows: Vec<_> = additions.iter().filter(is_new).map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO timeline (order_id, seq, at, event, times, since, fold_key)
         SELECT v.value ->> 0,
                COALESCE((SELECT MAX(seq) FROM timeline WHERE order_id = v.value ->> 0), 0)
                    + CAST(v.value ->> 1 AS BIGINT),
                CAST(v.value ->> 3 AS BIGINT), v.value ->> 2, CAST(v.value ->> 4 AS BIGINT),
                CAST(v.value ->> 5 AS BIGINT), v.value ->> 6
         FROM {}",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(())
}

/// Adds the entries of one order; repeated ones among them become one addition.
fn add_folded<'a>(additions: &mut Vec<Addition<'a>>, order_id: &'a OrderId, entries: Vec<(Timestamp, &'a Event)>) {
    let mut run = HashMap::new();
    let mut continues = true;
    for ((at, event), place) in entries.into_iter().zip(1..) {
        let fold_key = fold_key(event);
        if fold_key.is_empty() {
            run.clear();
            continues = false;
        } else if let Some(there) = run.get(&fold_key) {
            let there: &mut Addition<'a> = &mut additions[*there];
            (there.at, there.event, there.times) = (at, event, there.times + 1);
            continue;
        } else {
            run.insert(fold_key.clone(), additions.len());
        }
        let continues = continues && !fold_key.is_empty();
        additions.push(Addition { order_id, place, event, at, since: at, times: 1, fold_key, continues });
    }
}

/// A hash by which a repeated event is recognised; empty for an event that is never counted.
fn fold_key(event: &Event) -> String {
    let Some(repeated) = event.repeated() else { return String::new() };
    hex::encode(&Sha256::digest(to_json(&repeated))[..12])
}

fn row(addition: &Addition<'_>) -> serde_json::Value {
    let Addition { order_id, place, event, at, since, times, fold_key, .. } = addition;
    json!([order_id, place, to_json(event), micros(*at), times, micros(*since), fold_key])
}

/// Increments existing entries, unless an entry with an empty `fold_key` came after them; returns those incremented.
async fn count_up<'a, T: Dialect>(db: &mut T, additions: &'a [Addition<'_>]) -> Result<HashSet<(&'a str, &'a str)>> {
    let continuing: Vec<_> = additions.iter().filter(|addition| addition.continues).collect();
    if continuing.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<_> = continuing.iter().map(|addition| row(addition)).collect();
    let sql = format!(
        "UPDATE timeline SET
             times = times + CAST(v.value ->> 4 AS BIGINT), since = COALESCE(since, at),
             at = CAST(v.value ->> 3 AS BIGINT), event = v.value ->> 2
         FROM {}
         WHERE timeline.order_id = v.value ->> 0 AND timeline.fold_key = v.value ->> 6
           AND timeline.seq > COALESCE((SELECT MAX(own.seq) FROM timeline own
                                        WHERE own.order_id = v.value ->> 0 AND own.fold_key = ''), 0)
         RETURNING order_id, fold_key",
        T::ROWS
    );
    let rows = db.fetch(sql, &[(&to_json(&rows)).into()]).await?;
    let mut counted_up = HashSet::with_capacity(rows.len());
    for row in &rows {
        counted_up.insert((row.text("order_id")?.to_owned(), row.text("fold_key")?.to_owned()));
    }
    let is_counted_up = |addition: &&&Addition<'_>| {
        counted_up.contains(&(addition.order_id.as_str().to_owned(), addition.fold_key.clone()))
    };
    let of = |addition: &&'a Addition<'_>| (addition.order_id.as_str(), addition.fold_key.as_str());
    Ok(continuing.iter().filter(is_counted_up).map(of).collect())
}

pub(super) async fn all(db: &mut impl Dialect, order_id: &OrderId) -> Result<Vec<Entry>> {
    let mut entries = page(db, order_id, None, i64::MAX).await?.entries;
    entries.reverse();
    Ok(entries)
}

pub(super) async fn page(
    db: &mut impl Dialect,
    order_id: &OrderId,
    before: Option<TimelinePlace>,
    limit: i64,
) -> Result<TimelinePage> {
    // One more than is shown, to know whether there are more.
    let most = limit.saturating_add(1);
    let deliveries = "SELECT received_at AS at, id AS number, status, event, times, origin FROM deliveries
                      WHERE order_id = $1 AND (received_at, 0, id) < ($2, $3, $4) ORDER BY received_at DESC, id DESC
                      LIMIT $5";
    let events = "SELECT at, seq AS number, since, times, event FROM timeline
                  WHERE order_id = $1 AND (at, 1, seq) < ($2, $3, $4) ORDER BY at DESC, seq DESC LIMIT $5";
    let [at, source, number] = before.map_or([i64::MAX; 3], TimelinePlace::parts);
    let values: [Value<'_>; 5] = [order_id.into(), at.into(), source.into(), number.into(), most.into()];
    let mut placed = Vec::new();
    for row in db.fetch(deliveries, &values).await? {
        let event = Event::Received {
            status: row.text("status")?.to_owned(),
            event: row.text("event")?.to_owned(),
            times: row.number("times")?,
            origin: origin(&row)?,
        };
        let place = TimelinePlace::new(row.number("at")?, DELIVERY, row.number("number")?);
        placed.push((place, Entry::new(timestamp(row.number("at")?)?, event)));
    }
    let unreadable = "SELECT received_at AS at, id AS number, problem, times FROM deliveries
                      WHERE names_order = $1 AND (received_at, 0, id) < ($2, $3, $4)
                      ORDER BY received_at DESC, id DESC LIMIT $5";
    for row in db.fetch(unreadable, &values).await? {
        let problem = row.text_if_any("problem")?.unwrap_or_default().to_owned();
        let event = Event::Unreadable { problem, times: row.number("times")? };
        let place = TimelinePlace::new(row.number("at")?, DELIVERY, row.number("number")?);
        placed.push((place, Entry::new(timestamp(row.number("at")?)?, event)));
    }
    for row in db.fetch(events, &values).await? {
        let at = row.number("at")?;
        let since = timestamp(row.number_if_any("since")?.unwrap_or(at))?;
        let entry =
            Entry { at: timestamp(at)?, since, times: row.number("times")?, event: json_column(&row, "event")? };
        placed.push((TimelinePlace::new(at, EVENT, row.number("number")?), entry));
    }
    // Newest first; at the same time, a delivery is older than an event.
    placed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = placed.len() > limit;
    placed.truncate(limit);
    let next = placed.last().map(|(place, _)| *place).filter(|_| has_more);
    Ok(TimelinePage { entries: placed.into_iter().map(|(_, entry)| entry).collect(), next })
}
