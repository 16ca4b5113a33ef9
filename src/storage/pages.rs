//! Queries for pages: an order's snapshots, store names, sums by day, the newest webhook.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{
    DayOf, DaySum, Result, SnapshotRecord, StoreName,
    dialect::{Columns, Dialect},
    rows::{origin, timestamp},
};
use crate::domain::{ids::DeliveryId, order::OrderId};

/// Most stores that are listed: nobody chooses from a longer list.
const MOST_STORES: i64 = 500;

/// Number of newest deliveries searched for a webhook after an import, whose deliveries do not prove that webhooks
/// arrive.
const MOST_IMPORTED: i64 = 100_000;

/// Columns that [`snapshot`] reads.
const SNAPSHOT_COLUMNS: &str = "d.id, d.received_at, d.last_at, d.times, d.status, d.event, d.origin, d.body,
    (SELECT o.latest_delivery FROM orders o WHERE o.order_id = d.order_id) AS latest";

pub(super) async fn snapshots(db: &mut impl Dialect, order_id: &OrderId, limit: i64) -> Result<Vec<SnapshotRecord>> {
    let sql = format!("SELECT {SNAPSHOT_COLUMNS} FROM deliveries d WHERE d.order_id = $1 ORDER BY d.id DESC LIMIT $2");
    db.fetch(sql, &[order_id.into(), limit.into()]).await?.iter().map(snapshot).collect()
}

/// One snapshot; `None` if this order has none with this id.
pub(super) async fn snapshot_of(
    db: &mut impl Dialect,
    order_id: &OrderId,
    id: DeliveryId,
) -> Result<Option<SnapshotRecord>> {
    let sql = format!("SELECT {SNAPSHOT_COLUMNS} FROM deliveries d WHERE d.id = $2 AND d.order_id = $1");
    db.fetch(sql, &[order_id.into(), id.into()]).await?.first().map(snapshot).transpose()
}

fn snapshot(row: &impl Columns) -> Result<SnapshotRecord> {
    Ok(SnapshotRecord {
        id: DeliveryId(row.number("id")?),
        received_at: timestamp(row.number("received_at")?)?,
        last_at: timestamp(row.number("last_at")?)?,
        times: row.number("times")?,
        status: row.text("status")?.to_owned(),
        event: row.text("event")?.to_owned(),
        origin: origin(row)?,
        body: row.bytes_if_any("body")?.filter(|body| !body.is_empty()),
        counts: row.number_if_any("latest")? == Some(row.number("id")?),
    })
}

pub(super) async fn stores(db: &mut impl Dialect) -> Result<Vec<StoreName>> {
    let sql = "SELECT store_id, name, channel FROM stores ORDER BY store_id LIMIT $1";
    let rows = db.fetch(sql, &[MOST_STORES.into()]).await?;
    let store = |row: &_| {
        Ok(StoreName {
            id: Columns::text(row, "store_id")?.to_owned(),
            name: Columns::text(row, "name")?.to_owned(),
            channel: Columns::text(row, "channel")?.to_owned(),
        })
    };
    rows.iter().map(store).collect()
}

pub(super) async fn days(db: &mut impl Dialect, by: DayOf, from: Date) -> Result<Vec<DaySum>> {
    // Invoices that were deleted later are not counted.
    let sql = "SELECT day, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(total) AS BIGINT) AS total FROM day_counts
               WHERE kind = $1 AND day >= $2 AND (state <> 'voided' OR kind <> 'invoiced') GROUP BY day ORDER BY day";
    let values = [by.as_str().into(), days_since_1970(from).into()];
    let sum = |row: &_| {
        let day = Date::constant(1970, 1, 1).saturating_add(Span::new().days(Columns::number(row, "day")?));
        Ok(DaySum { day, orders: Columns::number(row, "n")?, hundredths: Columns::number(row, "total")? })
    };
    db.fetch(sql, &values).await?.iter().map(sum).collect()
}

/// The number by which `day_counts` stores a day.
fn days_since_1970(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(0, |midnight| midnight.timestamp().as_second() / 86_400)
}

pub(super) async fn newest_webhook(db: &mut impl Dialect) -> Result<Option<Timestamp>> {
    // A recent repeat is usually of a recent delivery; finding the others would mean reading all deliveries.
    let sql = "SELECT MAX(last_at) AS newest
               FROM (SELECT last_at, origin FROM deliveries WHERE id > (SELECT MAX(id) FROM deliveries) - $1
                     ORDER BY id DESC LIMIT $1) AS newest
               WHERE origin = 'webhook'";
    for newest in [100_i64, MOST_IMPORTED] {
        let rows = db.fetch(sql, &[newest.into()]).await?;
        if let Some(at) = rows.first().map(|row| row.number_if_any("newest")).transpose()?.flatten() {
            return Ok(Some(timestamp(at)?));
        }
    }
    Ok(None)
}
