//! What imports compare with and remember: what is known of orders, the columns of exports, how far Forstok's order API
//! was read.

use jiff::Timestamp;

use super::{
    BackfillEnd, BackfillRun, BackfillState, KnownOrder, Result,
    dialect::{Columns, Dialect},
    fold::BODY_BYTES,
    rows::{from_json, json as to_json, micros, moment, optional_json, order_id},
};
use crate::domain::{history::History, import::columns::Choice, order::OrderId};

/// Largest body that is read to compare its total, in bytes. Many are read together.
const LARGEST_BODY: i64 = 256 * 1024;

/// Most orders with the same marketplace number; a seller has fewer stores.
const MOST_OF_ONE_NUMBER: i64 = 50;

/// Columns that [`read_known`] reads.
const KNOWN_COLUMNS: &str = "o.order_id, o.store_id, o.channel_order_id, o.status, o.history";

/// The body whose amounts count.
fn body() -> String {
    format!("(SELECT d.body FROM deliveries d WHERE d.id = o.latest_delivery AND {BODY_BYTES} <= $2) AS body")
}

/// What is known of these orders.
pub(super) async fn known_by_id<T: Dialect>(db: &mut T, ids: &[OrderId]) -> Result<Vec<KnownOrder>> {
    let rows: Vec<_> = ids.iter().map(|id| [id.as_str()]).collect();
    let sql = format!(
        "SELECT {KNOWN_COLUMNS}, {} FROM orders o WHERE o.order_id IN (SELECT v.value ->> 0 FROM {})",
        body(),
        T::ROWS
    );
    read_known(&db.fetch(sql, &[(&to_json(&rows)).into(), LARGEST_BODY.into()]).await?)
}

/// What is known of orders with these marketplace numbers, which are unique only within a store.
pub(super) async fn known_by_number(db: &mut impl Dialect, numbers: &[String]) -> Result<Vec<KnownOrder>> {
    let mut known = Vec::new();
    // One by one: PostgreSQL would read all orders to find a hundred numbers that it has no statistics about.
    for number in numbers {
        let sql = format!("SELECT {KNOWN_COLUMNS}, {} FROM orders o WHERE o.channel_order_id = $1 LIMIT $3", body());
        let values = [number.into(), LARGEST_BODY.into(), MOST_OF_ONE_NUMBER.into()];
        known.extend(read_known(&db.fetch(sql, &values).await?)?);
    }
    Ok(known)
}

fn read_known<R: Columns>(rows: &[R]) -> Result<Vec<KnownOrder>> {
    let known = |row: &R| {
        let history: History = from_json(row.text("history")?)?;
        Ok(KnownOrder {
            order_id: order_id(row)?,
            store_id: row.text("store_id")?.to_owned(),
            channel_order_id: row.text("channel_order_id")?.to_owned(),
            status: row.text("status")?.to_owned(),
            progress: history.progress(),
            body: row.bytes_if_any("body")?,
        })
    };
    rows.iter().map(known).collect()
}

/// What a person chose for exports with these headings.
pub(super) async fn columns(db: &mut impl Dialect, headings: &str) -> Result<Option<Choice>> {
    let rows = db.fetch("SELECT columns FROM import_columns WHERE headings = $1", &[headings.into()]).await?;
    rows.first().map(|row| from_json(row.text("columns")?)).transpose()
}

pub(super) async fn remember_columns(
    db: &mut impl Dialect,
    headings: &str,
    chosen: &Choice,
    who: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO import_columns (headings, columns, who, at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (headings) DO UPDATE SET columns = excluded.columns, who = excluded.who, at = excluded.at";
    db.execute(sql, &[headings.into(), (&to_json(chosen)).into(), who.into(), now.into()]).await?;
    Ok(())
}

/// Columns that [`read_state`] reads.
const STATE_COLUMNS: &str = "run, watermark, completed, completed_at, ended_at, result";

pub(super) async fn backfill(db: &mut impl Dialect) -> Result<BackfillState> {
    let rows = db.fetch(format!("SELECT {STATE_COLUMNS} FROM backfill WHERE id = 1"), &[]).await?;
    rows.first().map_or_else(|| Ok(BackfillState::default()), read_state)
}

/// Begins a run unless another one is under way; `until` is when it counts as given up.
pub(super) async fn begin_backfill(
    db: &mut impl Dialect,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<BackfillState>> {
    let sql = format!(
        "UPDATE backfill SET run = run + 1, busy_until = $2 WHERE id = 1 AND busy_until <= $1 RETURNING {STATE_COLUMNS}"
    );
    db.fetch(sql, &[now.into(), until.into()]).await?.first().map(read_state).transpose()
}

/// False if another run has begun.
pub(super) async fn keep_backfill(db: &mut impl Dialect, run: BackfillRun, until: Timestamp) -> Result<bool> {
    let sql = "UPDATE backfill SET busy_until = $2 WHERE id = 1 AND run = $1";
    Ok(db.execute(sql, &[run.0.into(), until.into()]).await? > 0)
}

/// False if another run has begun.
pub(super) async fn end_backfill(
    db: &mut impl Dialect,
    run: BackfillRun,
    end: &BackfillEnd<'_>,
    now: Timestamp,
) -> Result<bool> {
    let sql = "UPDATE backfill SET busy_until = 0, ended_at = $2, result = $3, completed = completed + $5,
                   completed_at = CASE WHEN $5 = 1 THEN $2 ELSE completed_at END,
                   watermark = CASE WHEN $4 > watermark THEN $4 ELSE watermark END
               WHERE id = 1 AND run = $1";
    let (watermark, completed) = (end.watermark.map_or(0, micros), i64::from(end.is_complete));
    let result = to_json(end.result);
    Ok(db.execute(sql, &[run.0.into(), now.into(), (&result).into(), watermark.into(), completed.into()]).await? > 0)
}

/// False if another run has begun.
pub(super) async fn release_backfill(db: &mut impl Dialect, run: BackfillRun) -> Result<bool> {
    let sql = "UPDATE backfill SET busy_until = 0 WHERE id = 1 AND run = $1";
    Ok(db.execute(sql, &[run.0.into()]).await? > 0)
}

fn read_state(row: &impl Columns) -> Result<BackfillState> {
    Ok(BackfillState {
        run: BackfillRun(row.number("run")?),
        watermark: moment(row, "watermark")?,
        completed: row.number("completed")?,
        completed_at: moment(row, "completed_at")?,
        ended_at: moment(row, "ended_at")?,
        result: optional_json(row, "result")?,
    })
}
